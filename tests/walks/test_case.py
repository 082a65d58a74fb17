"""The page of a case in a real browser: in the hand, by the keyboard, and without script."""

from __future__ import annotations

import re

import pytest

from tests.walks.steps import fill, leaving, press, sideways, state
from tests.walks.test_grievance import raise_it

pytestmark = pytest.mark.browser


@pytest.fixture
def case(enter, site, tmp_path) -> str:
    """The address of a grievance with a photo that a resident has just raised."""
    page = enter(None)
    raise_it(page, site, tmp_path)
    number = re.search(r"G\d{4}-\d{6}", page.content())[0]
    [(case_id,)] = site.ask('SELECT id FROM "case" WHERE number = :number', number=number)
    return f"{site.url}/cases/{case_id}"


def test_the_usual_step_is_within_the_thumbs_reach_until_a_form_is_open(enter, case, shoot):
    page = enter("secretary", phone=True)
    page.goto(case)
    main = page.locator(".offer-main .btn")
    box = main.bounding_box()
    assert box["y"] > 844 * 0.75
    assert box["height"] >= 44
    assert page.evaluate("getComputedStyle(document.querySelector('.offer-main')).position") == (
        "fixed"
    )
    shoot(page, "case-phone")
    page.locator("#next .offers").get_by_text("回复", exact=True).click()
    assert page.locator("#do-reply").is_visible()
    assert not main.is_visible()
    assert page.evaluate("document.activeElement.name") == "field-reply"
    shoot(page, "case-form-phone")
    page.locator("#do-reply").get_by_text("取消").click()
    assert not page.locator("#do-reply").is_visible()
    assert main.is_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    end = page.locator("#history").bounding_box()
    assert end["y"] + end["height"] <= main.bounding_box()["y"], "the bar hides nothing for good"
    assert not sideways(page)


def test_a_refused_form_stays_open_with_what_was_typed_and_closes_when_cancelled(enter, case):
    page = enter("secretary")
    page.goto(case)
    press(page, "受理")
    assert "已完成：受理" in page.locator(".flashes").inner_text()
    assert "已受理" in page.locator(".flashes").inner_text()
    press(page, "回复", reply="马上来。")
    page.locator("#next .offers").get_by_text("交办", exact=True).click()
    form = page.locator("#do-assign")
    fill(form, "instruction", "今天内恢复。")
    form.locator("form").evaluate("form => { form.noValidate = true; }")
    with leaving(page):
        form.locator("button.btn-primary").click()
    assert form.is_visible()
    assert form.locator("[name=field-instruction]").input_value() == "今天内恢复。"
    assert "责任单位" in form.locator(".field-error").first.inner_text()
    form.get_by_text("取消").click()
    assert not form.is_visible()
    assert page.locator(".offer-main .btn").is_visible(), "the button is there again"


def test_photos_open_large_and_close_by_the_keyboard(enter, case, shoot):
    page = enter("secretary")
    page.goto(case)
    photo = page.locator("a.photo").first
    photo.focus()
    page.keyboard.press("Enter")
    view = page.locator("#photo-view")
    assert view.is_visible()
    assert "现场" in view.locator(".photo-name").inner_text()
    shoot(page, "case-photo")
    page.keyboard.press("Escape")
    assert not view.is_visible()
    assert page.evaluate("document.activeElement.className") == "photo"


def test_the_history_turns_round_and_parts_unfold_in_place(enter, case):
    page = enter("secretary")
    page.goto(case)
    press(page, "受理")
    heads = page.locator("#history .timeline-head")
    assert heads.first.inner_text().startswith("受理")
    page.get_by_text("旧的在前").click()
    page.get_by_text("新的在前").wait_for()
    assert heads.first.inner_text().startswith("登记")
    told = page.locator("#history .fold")
    told.locator("summary").click()
    told.locator(".told-list").wait_for()
    way = page.locator("#way .fold")
    way.locator("summary").first.click()
    way.locator("svg.picture").wait_for()
    assert page.url.split("#")[0].split("?")[0] == case
    assert not sideways(page)


def test_the_picture_tells_where_the_case_is_and_may_go(enter, case):
    page = enter("secretary", phone=True)
    page.goto(case)
    drawn = page.locator("#way svg.picture").first
    assert drawn.get_attribute("role") == "img"
    assert drawn.locator(".is-now").get_attribute("data-state") == "reported"
    following = drawn.locator(".picture-arrow.is-next").evaluate_all(
        "all => all.map(one => one.dataset.to)"
    )
    assert set(following) == {"accepted", "replied", "rejected", "withdrawn"}
    box = drawn.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    size = page.evaluate(
        "() => { const svg = document.querySelector('#way svg');"
        " return 14 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width; }"
    )
    assert size >= 14


def test_everything_works_without_script(chromium, site, enter, case):
    signed = enter("secretary")
    cookies = signed.context.cookies()
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    try:
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto(case)
        page.locator("#next .offers").get_by_text("回复", exact=True).click()
        form = page.locator("#do-reply")
        assert form.is_visible()
        form.locator("textarea").fill("收到。")
        with leaving(page):
            form.locator("button.btn-primary").click()
        assert state(page) == "已回复"
        page.locator("#history .fold summary").click()
        page.locator("#history .fold-content a").click()
        page.wait_for_url(re.compile("/told"))
        page.goto(case)
        page.locator("#way .fold summary").click()
        page.locator("#way .fold-content a").click()
        page.wait_for_url(re.compile("/way"))
        assert page.locator("svg.picture").is_visible()
        page.get_by_text("用文字说明").click()
        assert page.locator(".picture-lines [aria-current=step]").is_visible()
    finally:
        context.close()
