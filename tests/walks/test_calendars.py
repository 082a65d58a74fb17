"""The working calendar in a real browser: the year by keyboard and on a phone, a flood day and what
it moves, hours in spans, holidays from a file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.walks.steps import look_up, sideways

pytestmark = pytest.mark.browser

JSON = """{"year": 2031, "papers": ["https://example.org"], "days": [
  {"name": "元旦", "date": "2031-01-01", "isOffDay": true},
  {"name": "元旦", "date": "2031-01-02", "isOffDay": true},
  {"name": "元旦", "date": "2031-01-11", "isOffDay": false}]}"""


def carry_out(page: Page) -> None:
    """Confirm the preview and wait for the job that counts anew."""
    page.locator(".calendar-confirm .btn-primary").click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("status").first).to_contain_text("个时限", timeout=60_000)


def test_the_year_is_walked_by_keyboard(enter, site, shoot):
    page = enter("admin")
    page.goto(f"{site.url}/settings/")
    page.get_by_role("link", name="年历、工作时间与放假安排").click()
    page.goto(f"{site.url}/calendars/?year=2026")
    days = page.locator("a.day")
    expect(days).to_have_count(365)
    assert page.locator("a.day[tabindex='0']").count() == 1, "one stop for the Tab key"
    page.locator("a.day[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    said = page.evaluate("document.activeElement.title")
    assert said.startswith("2026年1月9日"), said
    assert "工作日" in said
    page.keyboard.press("Enter")
    expect(page.locator("#first")).to_have_value("2026-01-09")
    page.go_back()
    page.get_by_role("link", name="2027").click()
    expect(page.locator(".calendar-warning")).to_contain_text("还没有公布")
    shoot(page, "calendar-provisional")


def test_on_a_phone_a_month_fills_the_width(enter, site, shoot):
    page = enter("admin", phone=True)
    page.goto(f"{site.url}/calendars/?year=2026")
    months = page.locator("table.month")
    boxes = [months.nth(n).bounding_box() for n in range(12)]
    assert all(box["width"] > 340 for box in boxes)
    assert [box["y"] for box in boxes] == sorted({box["y"] for box in boxes}), "one a row"
    day = page.locator("a.day").first.bounding_box()
    assert min(day["width"], day["height"]) >= 44
    assert not sideways(page)
    shoot(page, "calendar-phone")


def test_a_flood_day_is_tried_made_and_taken_back(enter, site, shoot):
    page = enter("admin")
    page.goto(f"{site.url}/calendars/days?first=2030-06-05")
    box = page.get_by_role("combobox", name="地点")
    look_up(box, "翠微南里")
    page.get_by_role("option").first.click()
    page.fill("#name", "洪水")
    page.fill("#reason", "洪水停工")
    page.get_by_role("button", name="查看影响").click()
    expect(page.locator(".altered")).to_contain_text("2030年6月5日")
    shoot(page, "calendar-preview")
    page.get_by_role("button", name="返回修改").click()
    expect(page.locator("#reason")).to_have_value("洪水停工")
    page.get_by_role("button", name="查看影响").click()
    carry_out(page)
    place = site.ask("SELECT place_id FROM calendar_day WHERE day = '2030-06-05'")[0][0]
    page.goto(f"{site.url}/calendars/?year=2030&place={place}")
    expect(page.locator("a.day-local")).to_have_count(1)
    expect(page.locator("a.day-local")).to_contain_text("特")
    page.locator("a.day-local").click()
    page.get_by_label("恢复通常安排").check()
    page.fill("#reason", "水退了")
    page.get_by_role("button", name="查看影响").click()
    carry_out(page)
    assert site.ask("SELECT count(*) FROM calendar_day WHERE day = '2030-06-05'")[0][0] == 0


def test_hours_in_several_spans_hold_from_a_date_on(enter, site, shoot):
    page = enter("admin", phone=True)
    page.goto(f"{site.url}/calendars/hours")
    page.fill("#since", "2031-05-01")
    monday = page.locator("[data-hours]").first
    monday.get_by_text("更多时段").click()
    for label, value in (
        ("星期一 第 1 段开始", "08:30"),
        ("星期一 第 3 段开始", "18:00"),
        ("星期一 第 3 段结束", "19:30"),
    ):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="周二至周五相同").click()
    expect(page.get_by_label("星期五 第 3 段结束")).to_have_value("19:30")
    assert not sideways(page)
    page.fill("#reason", "夏季作息")
    page.get_by_role("button", name="查看影响").click()
    expect(page.locator(".altered").first).to_contain_text("18:00–19:30")
    assert not sideways(page)
    shoot(page, "calendar-hours-preview-phone")
    carry_out(page)
    page.goto(f"{site.url}/calendars/hours?since=2031-05-01")
    page.fill("#reason", "不改了")
    page.get_by_role("button", name="撤回这个版本").click()
    carry_out(page)
    assert site.ask("SELECT count(*) FROM calendar_hours")[0][0] == 0


def test_a_year_is_read_from_a_file(enter, site, shoot, tmp_path):
    path = tmp_path / "2031.json"
    path.write_text(JSON, "utf-8")
    page = enter("admin")
    page.goto(f"{site.url}/calendars/holidays")
    page.set_input_files("#file", str(path))
    page.fill("#reason", "国务院办公厅通知")
    page.get_by_role("button", name="查看影响").click()
    expect(page.locator(".altered").filter(has_text="2031年1月11日")).to_contain_text("不上班")
    assert site.ask("SELECT count(*) FROM calendar_year WHERE year = 2031")[0][0] == 0
    carry_out(page)
    page.goto(f"{site.url}/calendars/?year=2031")
    expect(page.locator(".calendar-sum")).to_contain_text("放假安排已导入")
    expect(page.locator("a.day-makeup")).to_have_count(1)
