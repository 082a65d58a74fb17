"""Lists in a real browser: in place, by thumb and by keys, and without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.cast import PASSWORD
from tests.walks.test_ledgers import fits

pytestmark = pytest.mark.browser
PLACES = "/ledgers/places/list/"
PATHS = ("/work/", "/grievances/", "/meetings/", "/consultations/", "/all-cases/")
NARROW = "?f_opened=2000-01-01"
"""An empty list shows its filters only when it is narrowed."""


def mark(page: Page) -> None:
    """A reload of the page would wipe this away."""
    page.evaluate("window.untouched = true")


def in_place(page: Page) -> bool:
    return bool(page.evaluate("window.untouched === true"))


def rows(page: Page) -> Locator:
    return page.locator(".row-open a")


def names(page: Page) -> list[str]:
    return rows(page).all_inner_texts()


def test_every_work_list_fits_a_phone_with_its_filters_open(enter, site, shoot):
    page = enter("staff", phone=True)
    for path in PATHS:
        page.goto(site.url + path)
        fits(page)
        page.goto(site.url + path + NARROW)
        page.locator("#list-filters").click()
        fits(page)
        apply_ = page.locator("#list-apply")
        expect(apply_).to_be_in_viewport()
        shoot(page, f"list{path.replace('/', '-')}phone")


def test_filters_order_and_pages_change_the_list_in_place(enter, site, shoot):
    page = enter("secretary")
    page.goto(site.url + PLACES)
    mark(page)
    page.locator("#list-filters").click()
    page.locator("#f_kind").select_option("entrance")
    page.locator("#list-apply").click()
    expect(page).to_have_url(re.compile(r"\?f_kind=entrance$"))
    expect(page.locator("#list-live")).to_have_text(re.compile("^共 .* 条$"))
    expect(page.locator("#list-count")).to_be_focused()
    assert names(page) == ["1单元", "2单元"]
    sort = page.locator("#sort-name")
    sort.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("order=name"))
    page.locator("#sort-name").press("Enter")
    expect(page).to_have_url(re.compile("order=-name"))
    assert in_place(page)
    expect(page.locator("#sort-name")).to_be_focused()
    assert names(page) == ["2单元", "1单元"]
    shoot(page, "list-places-desk")
    page.go_back()
    expect(page).to_have_url(re.compile("order=name"))
    expect(page.locator(".row-open a").first).to_have_text("1单元")
    expect(page.locator("header").first).to_be_visible()
    page.locator(".chip-set").click()
    expect(page.locator(".chip-set")).to_have_count(0)
    expect(page.locator(".row-open a", has_text="4号楼")).to_be_visible()


def test_a_view_is_saved_opened_first_renamed_and_deleted(enter, site, shoot):
    page = enter("facilitator", phone=True)
    page.goto(f"{site.url}{PLACES}?f_kind=entrance")
    mark(page)
    page.locator("#list-view summary").click()
    fits(page)
    page.fill("#view-name", "所有单元")
    page.locator("#view-usual").check()
    page.locator("#list-view .btn-accent").click()
    expect(page.get_by_role("status").first).to_contain_text("视图“所有单元”已保存")
    assert in_place(page)
    shoot(page, "list-view-phone")
    page.goto(site.url + PLACES)
    assert names(page) == ["1单元", "2单元"]
    page.locator(".view-tabs").get_by_text("全部", exact=True).click()
    expect(page.locator(".row-open a", has_text="4号楼")).to_be_visible()
    page.locator(".view-tabs").get_by_text("所有单元").click()
    expect(page.locator(".row-open a")).to_have_count(2)
    page.locator("#list-view summary").click()
    page.fill("#view-name", "单元")
    page.locator("#list-view .btn-accent").click()
    expect(page.locator(".view-tabs [aria-current]")).to_have_text(
        re.compile(r"^\s*默认视图：\s*单元\s*$")
    )
    page.locator("#list-view summary").click()
    page.get_by_role("button", name="删除此视图").click()
    expect(page.locator(".view-tabs")).to_have_count(0)


def test_columns_move_by_keys_and_the_panel_stays_open(enter, site, shoot):
    page = enter("staff")
    page.goto(site.url + "/ledgers/parties/list/")
    mark(page)
    head = page.locator("thead th")
    before = head.all_inner_texts()
    page.locator("#list-columns summary").click()
    shoot(page, "list-columns-desk")
    page.locator("#later-name").focus()
    page.keyboard.press("Enter")
    expect(head.nth(1)).to_have_text(before[0])
    expect(page.locator("#later-name")).to_be_focused()
    page.locator("#column-active").uncheck()
    page.locator("#columns-apply").click()
    expect(head).to_have_count(len(before) - 1)
    page.reload()
    expect(head.nth(1)).to_have_text(before[0])
    page.locator("#list-columns summary").click()
    page.get_by_role("button", name="恢复默认列").click()
    expect(head).to_have_text(before)


def test_a_phone_sorts_by_a_select(enter, site):
    page = enter("staff", phone=True)
    page.goto(site.url + PLACES)
    mark(page)
    page.locator("#list-order").focus()
    page.locator("#list-order").select_option("-name")
    expect(page).to_have_url(re.compile("order=-name"))
    expect(page.locator("#list-order")).to_be_focused()
    assert in_place(page)
    assert len(names(page)) > 5


def test_filters_and_views_work_without_script(chromium: Browser, site):
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{site.url}/login/")
    page.fill("#username", "grid")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.goto(site.url + PLACES)
    page.locator("#list-filters").click()
    page.fill("#f_parent", "4号楼")
    page.locator("#list-apply").click()
    expect(rows(page)).to_have_text(["1单元", "2单元"])
    page.locator("#sort-name").click()
    expect(page).to_have_url(re.compile("order=name"))
    page.locator("#sort-name").click()
    expect(rows(page)).to_have_text(["2单元", "1单元"])
    page.locator("#list-view summary").click()
    page.fill("#view-name", "四号楼")
    page.locator("#list-view .btn-accent").click()
    expect(page.locator(".view-tabs [aria-current]")).to_have_text("四号楼")
    expect(rows(page)).to_have_text(["2单元", "1单元"])
    context.close()
