"""The one search in a real browser: by keyboard, by thumb, and without script."""

from __future__ import annotations

import re

import pytest

from tests.walks.conftest import DESK
from tests.walks.steps import fill, sideways

pytestmark = pytest.mark.browser

BOX = "#search-field"
OPTION = "#search-list [role=option]"


def register(page, site, title: str) -> str:
    page.goto(f"{site.url}/grievances/new")
    form = page.locator("main form.card")
    fill(form, "title", title)
    form.locator("[name=field-place_id]").select_option(label="翠微南里")
    fill(form, "category", "设施")
    fill(form, "description", "铁皮松动，刮风时响。")
    fill(form, "source", "来访")
    form.locator(".actions .btn-primary").click()
    page.wait_for_url(re.compile(r"/cases/\d+"))
    return re.search(r"G\d{4}-\d{6}", page.content())[0]


def test_a_slash_arrows_and_enter_lead_to_a_case(enter, site, shoot):
    page = enter("staff")
    number = register(page, site, "雨棚铁皮松动")
    case = page.url
    page.goto(f"{site.url}/work/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search-field"
    page.keyboard.insert_text("雨棚")
    page.locator(OPTION).first.wait_for()
    assert page.locator(BOX).get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    first = page.locator(OPTION).first
    assert first.get_attribute("aria-selected") == "true"
    assert page.locator(BOX).get_attribute("aria-activedescendant") == first.get_attribute("id")
    shoot(page, "search-box-desk")
    page.keyboard.press("Enter")
    page.wait_for_url(case)
    page.fill(BOX, number)
    page.locator(f"{OPTION}[data-exact][aria-selected=true]").wait_for()
    assert "打开 " + number in page.locator(OPTION).first.inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#search-list").is_visible()


def test_enter_without_a_choice_opens_all_results(enter, site, shoot):
    page = enter("secretary")
    page.goto(f"{site.url}/work/")
    page.keyboard.press("/")
    page.keyboard.type("翠微")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search/"))
    assert page.locator("#found-places").is_visible()
    assert page.locator(BOX).count() == 0, "one box is enough"
    shoot(page, "search-desk")
    page.fill("#search-words", "物业")
    page.locator("#found-parties").wait_for()
    page.wait_for_url(re.compile("q=%E7%89%A9%E4%B8%9A"))


def test_on_a_phone_a_sign_leads_to_the_page(enter, site, shoot):
    page = enter("grid", phone=True)
    page.goto(f"{site.url}/work/")
    page.locator(".search-link").click()
    page.wait_for_url(re.compile("/search/"))
    assert page.evaluate("document.activeElement.id") == "search-words"
    assert "可以这样查找" in page.locator("#found").inner_text()
    shoot(page, "search-empty-phone")
    page.fill("#search-words", "4号楼")
    page.locator("#found-places").wait_for()
    assert not sideways(page)
    shoot(page, "search-phone")


def test_without_script_the_box_is_a_plain_form(chromium, site, enter):
    page = enter("staff")
    cookies = page.context.cookies()
    context = chromium.new_context(java_script_enabled=False, viewport=DESK)
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"{site.url}/work/")
    plain.fill(BOX, "翠微南里")
    plain.locator(BOX).press("Enter")
    plain.wait_for_url(re.compile("/search/"))
    assert "翠微南里" in plain.locator(".search-group").first.inner_text()
    context.close()
