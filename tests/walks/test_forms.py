"""Forms in a real browser: drafts, photos, uploads, what is said when something is wrong."""

from __future__ import annotations

import base64
import re
import struct
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.cast import PASSWORD
from tests.walks.steps import fill, look_up, picture, press, sideways, until

pytestmark = pytest.mark.browser

DRAFTS = "Object.keys(localStorage).filter(key => key.startsWith('sifang:draft:')).length"
PREPARED = """document.querySelector('form[data-preparing]') === null
  && document.querySelector('.thumb') !== null"""
CHOSEN = """async () => {
  const [file] = document.querySelector("input[type=file][name]").files;
  const text = new TextDecoder("latin1").decode(await file.arrayBuffer());
  const image = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").drawImage(image, 0, 0);
  const [red, green, blue] = canvas.getContext("2d").getImageData(9, 9, 1, 1).data;
  const corner = blue > red && blue > green ? "blue" : red > green ? "red" : "green";
  const {width, height} = image;
  return {name: file.name, size: file.size, type: file.type, width, height, corner,
    exif: text.includes("Exif")};
}"""
DRAWN = """([width, height]) => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, {width, height});
  const context = canvas.getContext("2d");
  const fill = (colour, ...where) => { context.fillStyle = colour; context.fillRect(...where); };
  fill("#c22", 0, 0, width / 2, height / 2);
  fill("#2c2", width / 2, 0, width / 2, height / 2);
  fill("#22c", 0, height / 2, width / 2, height / 2);
  fill("#cc2", width / 2, height / 2, width / 2, height / 2);
  return canvas.toDataURL("image/jpeg", 0.95).split(",")[1];
}"""


def photo(page, folder: Path, width: int, height: int, name: str = "现场.jpg") -> str:
    """As a phone takes it: lying on its side, with a note of which way up and of where."""
    plain = base64.b64decode(page.evaluate(DRAWN, [width, height]))
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    body = b"Exif\0\0" + tiff + b"where it was"
    marked = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]
    path = folder / name
    path.write_bytes(marked)
    return str(path)


def write(page, **more: str) -> None:
    """What a grievance needs."""
    form = page.locator("main form.card")
    fill(form, "title", "楼道堆物挡路")
    form.locator("[name=field-place_id]").select_option(label="翠微南里")
    fill(form, "category", "设施")
    fill(form, "description", "纸箱堆到二楼，老人下不来。")
    fill(form, "source", "来访")
    for key, value in more.items():
        fill(form, key, value)


def send(page) -> None:
    page.locator("main form.card .actions .btn-primary").click()


# --- drafts ---------------------------------------------------------------------------------------


def test_what_was_typed_comes_back_and_goes_when_it_is_saved(enter, site, shoot):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    assert page.evaluate(DRAFTS) == 0
    write(page, phone="13812345678", address="4号楼，电话 138 1234 5678 或 0571-87654321")
    page.goto(f"{site.url}/work/")
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "老人下不来" in kept
    for part in ("1234", "8765"):
        assert part not in kept, "no telephone number, wherever it was written"
    page.goto(f"{site.url}/grievances/new")
    note = page.locator(".draft-note")
    assert re.search(r"您在 \d\d:\d\d 填写过", note.inner_text())
    shoot(page, "draft-desk")
    note.get_by_text("恢复").click()
    form = page.locator("main form.card")
    assert form.locator("[name=field-description]").input_value() == "纸箱堆到二楼，老人下不来。"
    assert form.locator("[name=field-phone]").input_value() == ""
    assert "不保留" in note.inner_text()
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    assert page.evaluate(DRAFTS) == 0
    page.goto(f"{site.url}/grievances/new")
    assert page.locator(".draft-note").count() == 0


def test_a_draft_can_be_thrown_away_and_ends_with_signing_out(enter, site):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    fill(page.locator("main form.card"), "description", "写到一半")
    page.goto(f"{site.url}/work/")
    page.goto(f"{site.url}/grievances/new")
    page.locator(".draft-note").get_by_text("丢弃").click()
    assert page.evaluate(DRAFTS) == 0
    fill(page.locator("main form.card"), "description", "又写了一半")
    until(page, f"{DRAFTS} === 1")
    page.route("**/logout/", lambda route: (time.sleep(1), route.continue_()))
    page.locator(".topbar .menu > summary").last.click()
    page.locator("form[action$='/logout/'] button").last.click()
    page.wait_for_url(re.compile("/login"))
    assert page.evaluate(DRAFTS) == 0, "not even when signing out takes longer than keeping"


def test_after_signing_in_again_the_text_is_still_there(enter, site):
    """The session ended while somebody was writing."""
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    write(page)
    page.context.clear_cookies()
    send(page)
    page.get_by_text("登录后继续").click()
    page.fill("#username", "staff")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url(re.compile("/grievances/new"))
    form = page.locator("main form.card")
    assert form.locator("[name=field-description]").input_value() == "纸箱堆到二楼，老人下不来。"
    assert form.locator("[name=field-title]").input_value() == "楼道堆物挡路"
    assert "已恢复" in page.locator(".draft-note").inner_text()
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    assert page.evaluate(DRAFTS) == 0


def test_somebody_else_at_the_same_browser_finds_nothing(enter, site):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    fill(page.locator("main form.card"), "description", "只给自己看的")
    until(page, f"{DRAFTS} === 1")
    page.context.clear_cookies()
    page.goto(f"{site.url}/login/")
    assert page.evaluate(DRAFTS) == 1
    page.fill("#username", "grid")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url(lambda url: "/login" not in url)
    assert page.evaluate(DRAFTS) == 0


def test_leaving_with_unsaved_text_is_asked_about(enter, site):
    page = enter("staff")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{site.url}/grievances/new")
    page.get_by_label("情况说明").press_sequentially("没有保存")
    page.goto(f"{site.url}/work/")
    assert asked == ["beforeunload"]
    page.goto(f"{site.url}/grievances/new")
    page.goto(f"{site.url}/work/")
    assert asked == ["beforeunload"], "nothing was typed the second time"


def test_the_form_of_a_step_keeps_its_draft_too(enter, site):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    write(page)
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    case = page.url
    press(page, "受理")
    secretary = enter("secretary")
    secretary.goto(case)
    secretary.locator(".offers").get_by_text("回复", exact=True).click()
    secretary.locator("[name=field-reply]").fill("已经联系物业清走，今天下午完成。")
    secretary.goto(f"{site.url}/work/")
    secretary.goto(case)
    secretary.locator(".draft-note").get_by_text("恢复").click()
    reply = secretary.locator("[name=field-reply]")
    assert reply.is_visible(), "the form opens with its text"
    assert reply.input_value() == "已经联系物业清走，今天下午完成。"


# --- photos and files -----------------------------------------------------------------------------


def test_a_large_photo_is_made_small_upright_and_bare(enter, site, shoot, tmp_path):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    write(page)
    page.set_input_files("input[type=file][name]", photo(page, tmp_path, 4000, 3000))
    until(page, PREPARED)
    found = page.evaluate(CHOSEN)
    assert (found["width"], found["height"]) == (1536, 2048)
    assert found["corner"] == "blue", "turned as the phone said"
    assert not found["exif"]
    page.locator(".thumbs").scroll_into_view_if_needed()
    shoot(page, "photos-desk")
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    assert page.locator("main img[alt='现场.jpg']").count() == 1
    assert page.locator(".flash-ok").count() == 1, "the message of the page isn't lost on the way"


HELD = """() => {
  const made = HTMLCanvasElement.prototype.toBlob;
  HTMLCanvasElement.prototype.toBlob = function (...asked) {
    window.goOn = () => made.apply(this, asked);
  };
}"""
"""Photos are made smaller only when the test says so."""
GO_ON = "() => window.goOn()"


def held(page, site, *paths) -> None:
    """A new grievance whose files were chosen, and sent while the first is still made smaller."""
    page.goto(f"{site.url}/grievances/new")
    write(page)
    page.evaluate(HELD)
    page.set_input_files("input[type=file][name]", list(paths))
    until(page, "window.goOn !== undefined")
    send(page)


def test_who_sends_before_a_photo_is_ready_need_not_press_again(enter, site, tmp_path):
    page = enter("staff")
    held(page, site, photo(page, tmp_path, 4000, 3000))
    assert page.locator("form[data-preparing]:not([data-uploading])").count() == 1
    page.evaluate(GO_ON)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    assert page.locator("main img[alt='现场.jpg']").count() == 1


def test_a_file_that_turns_out_too_large_is_not_sent_by_the_press_before(enter, site, tmp_path):
    page = enter("staff")
    large = tmp_path / "图纸.pdf"
    large.write_bytes(b"%PDF-" + bytes(21 * 1024 * 1024))
    held(page, site, photo(page, tmp_path, 4000, 3000), str(large))
    page.evaluate(GO_ON)
    page.get_by_text("“图纸.pdf”太大，最多 20 MB。").wait_for()
    assert page.locator("form[data-preparing], form[data-uploading]").count() == 0
    assert page.locator(".thumb").count() == 1
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    assert page.locator("main img[alt='现场.jpg']").count() == 1


def test_a_small_photo_is_sent_as_it_is_and_kept_bare(enter, site, tmp_path):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    write(page)
    path = photo(page, tmp_path, 400, 300)
    page.set_input_files("input[type=file][name]", path)
    until(page, PREPARED)
    assert page.evaluate(CHOSEN)["size"] == Path(path).stat().st_size
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    image = page.locator("main img[alt='现场.jpg']")
    image.scroll_into_view_if_needed()
    whole = page.locator("main a.photo").get_attribute("href")
    for address in (whole, image.get_attribute("src")):
        assert b"where it was" not in page.request.get(site.url + address).body()
    until(page, "[...document.images].every(image => image.complete)")
    size = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size == [300, 400], "still the right way up"


def test_files_add_up_and_can_be_taken_out_again(enter, site, tmp_path):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    files = "input[type=file][name]"
    page.set_input_files(files, [picture(tmp_path, "一.png"), picture(tmp_path, "二.png")])
    page.locator(".thumb").nth(1).wait_for()
    page.set_input_files(files, picture(tmp_path, "三.png"))
    page.locator(".thumb").nth(2).wait_for()
    page.get_by_role("button", name="移除 二.png").click()
    names = "[...document.querySelector('input[type=file][name]').files].map(file => file.name)"
    assert page.evaluate(names) == ["一.png", "三.png"]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "移除 三.png"


def test_a_wrong_or_too_large_file_is_told_before_it_is_sent(enter, site, tmp_path):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    film = tmp_path / "录像.mp4"
    film.write_bytes(b"film")
    page.set_input_files("input[type=file][name]", str(film))
    problem = page.locator(".file-choice ~ .field-error")
    assert "“录像.mp4”不能上传" in problem.inner_text()
    large = tmp_path / "图纸.pdf"
    large.write_bytes(b"%PDF-" + bytes(21 * 1024 * 1024))
    page.set_input_files("input[type=file][name]", str(large))
    page.get_by_text("“图纸.pdf”太大，最多 20 MB。").wait_for()
    assert page.locator(".thumb").count() == 0


def test_files_for_imports_are_chosen_in_our_words_too(enter, site, tmp_path):
    page = enter("designer")
    page.goto(f"{site.url}/workflows/")
    chooser = page.get_by_role("group", name="YAML 或 JSON 文件").get_by_role("button")
    expect(chooser).to_have_text("选择文件")
    wrong, right = tmp_path / "flow.pdf", tmp_path / "flow.yaml"
    for path in (wrong, right):
        path.write_text("key: x")
    page.set_input_files("#file", wrong)
    page.get_by_text("“flow.pdf”在这里无法读取，请选择以下格式的文件：.yaml .yml .json").wait_for()
    assert page.locator(".thumb").count() == 0
    page.get_by_role("button", name="查看会改变什么").click()
    page.get_by_text("请先选择一个流程文件").wait_for()
    page.set_input_files("#file", right)
    expect(page.locator(".thumb-name")).to_have_text("flow.yaml")
    page.get_by_role("button", name="查看会改变什么").click()
    page.get_by_text("请先选择一个流程文件").wait_for(state="detached")
    page.locator("main .flash-bad, main .flash-danger, main .field-error").first.wait_for()


def test_a_broken_connection_loses_nothing(enter, site, tmp_path):
    page = enter("staff")
    page.goto(f"{site.url}/grievances/new")
    write(page)
    page.set_input_files("input[type=file][name]", picture(tmp_path))
    page.locator(".thumb").wait_for()
    page.route("**/grievances/new", lambda route: route.abort())
    send(page)
    page.get_by_text("网络中断，没有保存").wait_for()
    assert page.locator(".thumb").count() == 1
    page.unroute("**/grievances/new")
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))


def test_a_phone_has_a_button_for_its_camera(chromium, site, shoot):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="zh-CN"
    )
    page = context.new_page()
    page.goto(f"{site.url}/r/?q=翠微南里")
    page.get_by_text("翠微南里").first.click()
    page.get_by_role("button", name="拍照").wait_for()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="拍照").click()
    shot = chooser.value.element
    assert shot.get_attribute("capture") == "environment"
    assert page.locator("[name=field-phone]").get_attribute("inputmode") == "tel"
    assert page.locator("[name=field-phone]").get_attribute("autocomplete") == "tel"
    assert not sideways(page)
    page.locator("[name=field-reporter]").press("Enter")
    assert page.evaluate("document.activeElement.name") == "field-phone", "on, not off"
    page.get_by_role("button", name="拍照").scroll_into_view_if_needed()
    shoot(page, "public-camera-phone")
    context.close()


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("with_file", [False, True])
def test_what_is_wrong_is_listed_with_the_way_to_each_field(
    enter, site, shoot, tmp_path, with_file
):
    page = enter("staff", phone=True)
    page.goto(f"{site.url}/grievances/new")
    write(page, phone="一二三")
    if with_file:
        page.set_input_files("input[type=file][name]", picture(tmp_path))
        page.locator(".thumb").wait_for()
    send(page)
    summary = page.locator(".form-summary")
    summary.wait_for()
    assert page.evaluate("document.activeElement.hasAttribute('data-summary')")
    shoot(page, "form-wrong-phone")
    summary.get_by_role("link", name="联系电话").click()
    field = page.locator("[name=field-phone]")
    assert field.evaluate("node => node === document.activeElement")
    assert field.get_attribute("aria-invalid") == "true"
    assert page.locator("[name=field-description]").input_value() == "纸箱堆到二楼，老人下不来。"
    assert page.locator("[name=field-photos-kept]").count() == int(with_file)
    field.fill("13800138000")
    send(page)
    page.wait_for_url(re.compile(r"/cases/\d+"))
    assert page.locator("main img[alt='现场.png']").count() == int(with_file)


# --- searching selects ----------------------------------------------------------------------------


def test_a_searching_select_by_keyboard_with_a_way_back(enter, site):
    page = enter("staff")
    page.goto(f"{site.url}/ledgers/residents/add")
    box = page.locator(".lookup input[type=text]").first
    look_up(box, "4号")
    first = "document.querySelector('.lookup-list [role=option]')"
    until(page, f"{first} !== null && {first}.textContent.startsWith('4号楼')")
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    active = box.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    box.press("Enter")
    assert "4号楼" in box.input_value()
    hidden = page.locator(".lookup input[type=hidden]").first
    assert hidden.input_value() != ""
    page.get_by_role("button", name=re.compile("清除选择")).click()
    assert (box.input_value(), hidden.input_value()) == ("", "")
    assert box.evaluate("node => node === document.activeElement")
    look_up(box, "没有这里")
    page.locator(".lookup-note").get_by_text("没有找到").wait_for()
    box.press("Escape")
    assert not page.locator(".lookup-list").is_visible()
