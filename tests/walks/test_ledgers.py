"""The ledgers in a real browser: on a phone, with a searching select, and without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.views.admin import LEDGERS
from tests.cast import PASSWORD
from tests.walks.steps import look_up

pytestmark = pytest.mark.browser

SMALL = """
[...document.querySelectorAll('main a, main button, main summary, main input, main select,' +
  'main textarea, header a, header summary, nav a')].filter(e => {
  const box = e.getBoundingClientRect();
  const inline = e.tagName === 'A' && getComputedStyle(e).display === 'inline';
  const ticked = e.type === 'checkbox' && e.closest('.form-check');
  return box.width && box.height && box.height < 44 && !inline && !ticked
    && e.type !== 'hidden';
}).map(e => e.outerHTML.slice(0, 100))
"""
TINY = """
[...document.querySelectorAll('main input, main select, main textarea')]
  .filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.name)
"""


def fits(page: Page) -> None:
    """Nothing sideways, nothing too small to hit, nothing that makes a phone zoom."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    assert page.evaluate(SMALL) == [], page.url
    assert page.evaluate(TINY) == [], page.url


@pytest.mark.long
def test_every_ledger_fits_a_phone(enter, site):
    page = enter("admin", phone=True)
    seen = 0
    for group in LEDGERS:
        for view in group.views:
            page.goto(f"{site.url}{view.route_base}/list/")
            fits(page)
            seen += 1
            if "add" in view.abilities:
                page.goto(f"{site.url}{view.route_base}/add")
                fits(page)
            filters = page.locator("details.filters summary")
            if filters.count():
                filters.click()
                fits(page)
    assert seen == sum(len(group.views) for group in LEDGERS)


def test_a_searching_select_finds_by_keys_alone(enter, site, shoot):
    page = enter("secretary")
    page.goto(f"{site.url}/ledgers/residents/add")
    page.fill("#name", "钱大爷")
    box = page.get_by_role("combobox", name="场所")
    look_up(box, "1单元")
    option = page.get_by_role("option", name="1单元 · 第一网格 / 翠微南里 / 4号楼")
    expect(page.get_by_role("option")).to_have_count(1)
    shoot(page, "lookup-desk")
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("1单元 · 第一网格 / 翠微南里 / 4号楼")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已保存")
    expect(page.get_by_role("heading", level=1)).to_have_text("钱大爷")


def test_pressing_save_twice_saves_once(enter, site):
    page = enter("secretary")
    page.goto(f"{site.url}/ledgers/residents/add")
    page.fill("#name", "连按两次")
    look_up(page.get_by_role("combobox", name="场所"), "1单元")
    page.get_by_role("option").click()
    page.evaluate(
        "() => { const b = document.querySelector('.actions .btn-primary'); b.click(); b.click(); }"
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("连按两次")
    found = site.ask("SELECT count(*) FROM person WHERE name = '连按两次'")
    assert found[0][0] == 1


def test_everything_works_without_script(chromium: Browser, site):
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{site.url}/login/")
    page.fill("#username", "secretary")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.goto(f"{site.url}/ledgers/residents/add")
    page.fill("#name", "孙大妈")
    page.fill("#place", "单元")
    page.get_by_role("button", name="保存").click()
    page.get_by_label("场所").select_option(label="2单元 · 第一网格 / 翠微南里 / 4号楼")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("孙大妈")
    page.get_by_role("link", name="删除").click()
    page.get_by_role("button", name="删除").click()
    expect(page.get_by_role("status")).to_contain_text("已删除")
    context.close()


def test_language_and_signing_out_work_without_script(chromium: Browser, site):
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{site.url}/login/?next=/ledgers/places/list/")
    page.fill("#username", "outsider_property")  # the choice is kept: nobody else walks as this one
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.locator("header details.menu summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Places")
    page.locator("header details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login/$"))
    context.close()


def test_the_look_of_the_ledgers(enter, site, shoot):
    for phone in (False, True):
        page = enter("secretary", phone=phone)
        kind = "phone" if phone else "desk"
        for name, path in (("ledgers", "/settings/"), ("places", "/ledgers/places/list/")):
            page.goto(site.url + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            shoot(page, f"{name}-{kind}")
