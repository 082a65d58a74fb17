"""The designer in a real browser: a workflow from nothing to its first case, two at one draft, and
all of it by keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.walks.steps import fill, press, sideways, soon, state, until

pytestmark = pytest.mark.browser

READY = "#designer[data-drawn]"
BUTTONS = "同意", "领取", "催还", "归还"
STATES = "待领取", "借用中", "逾期未还", "已归还"
KEY, NAME, PLACE = "borrow", "物资借用", "翠微南里"


def field(page: Page, label: str, value: str) -> None:
    page.locator(".dr-panel").get_by_label(label, exact=True).first.fill(value)


def choose(page: Page, label: str, words: str) -> None:
    page.locator(".dr-panel").get_by_label(label, exact=True).first.select_option(label=words)


def tick(page: Page, group: str, words: str, on: bool = True) -> None:
    box = page.locator(".dr-panel fieldset", has=page.get_by_text(group, exact=True)).first
    box.get_by_label(words, exact=True).set_checked(on)


def contents(page: Page, name: str | re.Pattern[str]) -> None:
    """Open what has this name from the list of everything."""
    back = page.locator(".dr-panel").get_by_role("button", name="目录", exact=True)
    if back.count():
        back.click()
    page.locator(".dr-contents").get_by_role("button", name=name, exact=True).first.click()


def new_state(page: Page, name: str, kind: str = "") -> None:
    # to the letter: what the checker says of a state that has no other name yet is a button, too
    page.get_by_role("button", name="新状态", exact=True).click()
    field(page, "名称（中文）", name)
    if kind:
        choose(page, "类别", kind)


def new_step(page: Page, source: str, target: str, name: str) -> None:
    contents(page, re.compile(rf"^{source}(?! →)"))
    choose(page, "新操作，到达", target)
    field(page, "按钮文字（中文）", name)


def save(page: Page) -> None:
    page.get_by_role("button", name="保存草稿").click()
    page.locator(".dr-end", has_text=re.compile(r"已于 \d\d:\d\d 保存")).wait_for()


def begin(page: Page, site: object, key: str, name: str) -> str:
    """A new workflow; returns its address."""
    page.goto(f"{site.url}/workflows/")  # type: ignore[attr-defined]
    page.get_by_role("link", name="新建流程").click()
    page.fill("#label_zh", name)
    page.fill("#key", key)
    page.get_by_role("button", name="新建并开始绘制").click()
    page.wait_for_selector(READY)
    return page.url.removesuffix("/draw")


def play(page: Page, workflow: str) -> None:
    """The draft is tried before it is published: as far as its end."""
    page.goto(f"{workflow}/play")
    page.locator("#parts .chip", has_text="居委会工作人员").first.click()
    page.get_by_label("借什么").fill("人字梯")
    page.get_by_role("button", name="开始", exact=True).click()
    for button, after in (("同意", "待领取"), ("领取", "借用中"), ("归还", "已归还")):
        page.locator("#next .offers").get_by_text(button, exact=True).click()
        expect(page.locator(".play-state .state")).to_have_text(after)


def test_a_workflow_from_nothing_to_its_first_case(enter, site, shoot):
    page = enter("designer")
    workflow = begin(page, site, KEY, NAME)
    contents(page, "办理中 · 初始状态")
    field(page, "名称（中文）", "待审核")
    contents(page, "已办结")
    field(page, "名称（中文）", "已归还")
    new_state(page, "待领取", "等待中")
    new_state(page, "借用中")
    new_state(page, "逾期未还")
    new_state(page, "不予出借", "已终止")
    contents(page, re.compile("^办结"))
    field(page, "按钮文字（中文）", "同意")
    choose(page, "去向", "待领取")
    new_step(page, "待审核", "不予出借", "不同意")
    new_step(page, "待领取", "借用中", "领取")
    new_step(page, "借用中", "已归还", "归还")
    new_step(page, "借用中", "逾期未还", "催还")
    shoot(page, "designer-fault-desk")

    # Nothing leads out of “逾期未还”: the checker says so while it is drawn, and stops the way on.
    wrong = page.locator(".dr-findings li.is-error")
    wrong.filter(has_text="逾期未还").first.wait_for()
    assert page.locator(".dr-flow .dr-mark.is-error").count() >= 1
    wrong.filter(has_text="逾期未还").first.get_by_role("button").click()
    assert page.locator(".dr-panel").get_by_label("名称（中文）").first.input_value() == "逾期未还"
    save(page)
    page.goto(workflow)
    assert page.get_by_role("button", name="发布", exact=False).count() == 0

    page.goto(f"{workflow}/draw")
    page.wait_for_selector(READY)
    new_step(page, "逾期未还", "已归还", "归还")
    page.locator(".dr-findings-head", has_text="0 处错误").or_(
        page.locator(".dr-findings-head", has_text="没有发现问题")
    ).wait_for()

    # A field of the opening form, made in place.
    contents(page, re.compile(f"^{NAME}"))
    page.get_by_role("button", name="新建字段").click()
    field(page, "名称（中文）", "借什么")
    contents(page, re.compile(f"^{NAME}"))
    tick(page, "登记时填写", "必填")
    save(page)
    shoot(page, "designer-whole-desk")

    play(page, workflow)
    page.goto(workflow)
    page.get_by_role("button", name=re.compile("发布")).first.click()
    page.get_by_text("新事项按第 1 版办理").or_(page.locator(".flash-ok")).first.wait_for()

    staff = enter("staff")
    staff.goto(f"{site.url}/work/")
    staff.get_by_role("link", name="登记事项").click()
    staff.get_by_role("link", name=NAME).click()
    staff.fill("[name=field-title]", "借人字梯")
    fill(staff.locator("main form"), "place_id", PLACE)
    staff.locator("main form input[type=text][name^=field-field]").fill("人字梯")
    staff.get_by_role("button", name="登记", exact=True).click()
    staff.wait_for_url(re.compile(r"/cases/\d+$"))
    for button, after in (
        ("同意", "待领取"),
        ("领取", "借用中"),
        ("催还", "逾期未还"),
        ("归还", "已归还"),
    ):
        press(staff, button)
        assert state(staff) == after


# --- two at one draft -----------------------------------------------------------------------------


def test_the_second_sees_what_the_first_did_before_saving_over_it(enter, site, shoot):
    first, second = enter("designer"), enter("admin")
    workflow = begin(first, site, f"{KEY}2", f"{NAME}二")
    second.goto(f"{workflow}/draw")
    second.wait_for_selector(READY)
    contents(first, re.compile("^办理中"))
    field(first, "名称（中文）", "受理中")
    save(first)
    contents(second, re.compile("^办结"))
    field(second, "按钮文字（中文）", "完成")
    second.get_by_role("button", name="保存草稿").click()
    notice = second.locator(".dr-notice")
    notice.get_by_text("保存过这份草稿").wait_for()
    assert "由 “办理中” / “In progress” 改为 “受理中”" in notice.inner_text()
    shoot(second, "designer-conflict-desk")

    # The second looks, keeps the own version, and the first is told in turn.
    notice.get_by_role("button", name="用我的覆盖").click()
    second.locator(".dr-end", has_text="保存").wait_for()
    second.locator(".dr-end", has_text="已于").wait_for()
    new_state(first, "新的")
    first.get_by_role("button", name="保存草稿").click()
    first.locator(".dr-notice").get_by_text("“办结”").first.wait_for()
    first.locator(".dr-notice").get_by_role("button", name="采用对方的").click()
    first.locator(".dr-end", has_text="已全部保存").wait_for()
    contents(first, re.compile("^完成"))
    first.get_by_role("button", name="撤销（Ctrl+Z）").click()
    contents(first, re.compile("^新的"))


# --- what isn't saved -----------------------------------------------------------------------------


def test_unsaved_work_is_there_again_after_a_reload(enter, site):
    page = enter("designer")
    workflow = begin(page, site, f"{KEY}3", f"{NAME}三")
    contents(page, re.compile("^办理中"))
    field(page, "名称（中文）", "还没保存")
    until(page, "Object.keys(localStorage).some(key => key.includes(':workflow:'))")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{workflow}/draw")
    page.wait_for_selector(READY)
    page.locator(".dr-notice").get_by_role("button", name="恢复").click()
    contents(page, re.compile("^还没保存"))
    save(page)
    page.reload()
    page.wait_for_selector(READY)
    assert page.locator(".dr-notice").count() == 0
    contents(page, re.compile("^还没保存"))


# --- by keys, and as text -------------------------------------------------------------------------


def test_everything_by_keys_and_the_same_as_text(enter, site, shoot):
    page = enter("designer")
    begin(page, site, f"{KEY}4", f"{NAME}四")
    canvas = page.locator(".dr-canvas")
    waits = "document.activeElement.matches('[data-first]')"
    canvas.focus()
    page.keyboard.press("n")
    until(page, waits)
    page.keyboard.type("键盘新建")
    canvas.focus()
    spot = "document.querySelectorAll('.dr-box')[2].getAttribute('y')"
    before = float(page.evaluate(spot))
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    until(page, f"{spot} === '{before + 30:g}'")
    page.keyboard.press("c")
    until(page, waits)
    page.keyboard.type("键盘操作")
    canvas.focus()
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    contents(page, re.compile("^键盘操作"))
    canvas.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    assert page.locator(".dr-box").count() == 3
    page.keyboard.press("Enter")
    until(page, "document.activeElement.value === '办理中'")

    page.get_by_role("button", name="文字", exact=True).click()
    text = page.locator(".dr-text textarea")
    assert "键盘新建" in text.input_value()
    text.fill(text.input_value().replace("states:", "stats:"))
    page.get_by_role("button", name="流程图", exact=True).click()
    page.locator(".dr-text").get_by_text("没有这样的项目").wait_for()
    text.fill(text.input_value().replace("stats:", "states:").replace("键盘新建", "文字改名"))
    shoot(page, "designer-text-desk")
    page.get_by_role("button", name="流程图", exact=True).click()
    contents(page, re.compile("^文字改名"))


def test_a_phone_shows_the_picture_and_says_why(enter, site):
    page = enter("designer", phone=True)
    page.goto(f"{site.url}/workflows/")
    page.get_by_role("link", name="交办单").click()
    page.get_by_role("link", name="绘制").click()
    page.get_by_text("请用电脑打开").wait_for()
    page.locator("main svg.picture").wait_for()
    assert not page.locator("#designer").is_visible()
    assert not sideways(page)


# --- by mouse -----------------------------------------------------------------------------------


def middle(page: Page, name: str) -> tuple[float, float]:
    """Where a state stands on the screen."""
    box = page.locator(".dr-flow .dr-state", has_text=name).locator(".dr-box").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], parts: int) -> None:
    page.mouse.move(start[0] - 3, start[1])
    page.mouse.move(*start)
    page.mouse.down()
    for part in range(1, parts + 1):
        page.mouse.move(*(a + (b - a) * part / parts for a, b in zip(start, end, strict=True)))
    page.mouse.up()


def pull(page: Page, source: str, target: str, parts: int) -> None:
    """Out of the dot on the left side of a state, to another state."""
    x, y = middle(page, source)
    page.mouse.move(x, y)
    page.locator(".dr-flow .lf-anchor").first.wait_for()
    drag(page, (x - 88, y), middle(page, target), parts)


@pytest.mark.parametrize("parts", [2, 30], ids=["quick", "slow"])
def test_a_state_is_moved_and_a_step_drawn_by_mouse(enter, site, parts):
    page = enter("designer")
    begin(page, site, f"mouse_{parts}", "鼠标")
    stood = middle(page, "办理中")
    new_state(page, "核实")
    x, y = middle(page, "核实")
    assert x - stood[0] > 200, "beside the others, with room for the words of a step"
    assert middle(page, "办理中") == stood, "the picture stays where it is"
    drag(page, (x, y), (x - 100, y + 150), 10)
    soon(page, lambda: middle(page, "核实")[1] > y + 130)  # it keeps to a grid
    page.locator(".dr-flow").click(position={"x": 15, "y": 15})
    stands = middle(page, "办理中")
    drag(page, stands, (stands[0] - 120, stands[1]), 10)
    soon(page, lambda: middle(page, "办理中")[0] < stands[0] - 90)
    page.keyboard.press("Control+z")
    soon(page, lambda: middle(page, "办理中") == stands)  # where nobody had put it
    pull(page, "办理中", "核实", parts)
    heading = page.locator(".dr-panel .dr-heading")
    expect(heading).to_have_text("步骤")
    field(page, "按钮文字（中文）", "派人核实")
    pull(page, "核实", "已办结", parts)
    expect(page.locator(".dr-panel").get_by_label("按钮文字（中文）")).to_have_value("新操作")
    field(page, "按钮文字（中文）", "核实无误")
    save(page)
    page.reload()
    page.wait_for_selector(READY)
    for words in ("派人核实 → 核实", "核实无误 → 已办结"):
        expect(page.locator(".dr-contents").get_by_role("button", name=words)).to_be_visible()
    again = middle(page, "核实"), middle(page, "已办结")
    assert again[0][1] > again[1][1], "where it was put"
