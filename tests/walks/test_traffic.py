"""A workflow's figures in a real browser: the heat on its picture, the tables, the workbook, and
what a stricter draft would have meant."""

from __future__ import annotations

import re
import zipfile
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from app import clock
from tests import cast as casting
from tests import passage
from tests.passage import Passage
from tests.walks.steps import sideways

pytestmark = pytest.mark.browser
KEY = "grievance"


@pytest.fixture(scope="module")
def address(site):
    """Twelve cases with a history: nine were called back after two hours, three wait."""
    now = clock.now()
    made = []
    for number in range(12):
        one = Passage("building", now - timedelta(days=10, hours=number))
        one.add(0, "open", "reported").add(1800, "accept", "accepted")
        one.add(5400, "reply", "replied")
        if number > 2:
            one.add(9000, "take_on", "in_progress").add(90_000, "report_result", "resolved")
            one.add(97_200, "call_back", "called_back").add(97_300, "withdraw", "withdrawn")
        made.append(one)
    with Session(site.engine) as session:
        passage.write(session, casting.found(session), KEY, made)
        session.commit()
    (row,) = site.ask("SELECT id FROM workflow WHERE key = :key", key=KEY)
    return f"{site.url}/workflows/{row[0]}"


def test_the_heat_is_on_the_picture_and_in_the_tables(enter, site, address, shoot):
    page = enter("designer")
    page.goto(address)
    page.get_by_role("link", name="运行情况").click()
    waiting = page.locator(".picture-state[data-state=replied]")
    held = "SELECT count(*) FROM \"case\" WHERE leg = 'grievance' AND state = 'replied'"
    ((count,),) = site.ask(held)
    expect(waiting).to_contain_text(str(count))
    expect(waiting).to_have_class(re.compile(r"is-heat-\d"))  # others may hold more cases
    pressed = "SELECT count(*) FROM event JOIN \"case\" c ON c.id = case_id WHERE event = 'accept'"
    ((count,),) = site.ask(f"{pressed} AND c.leg = 'grievance'")
    expect(page.locator(".picture-button", has_text=f"受理 · {count}")).to_be_visible()
    row = page.get_by_role("row", name="已回复").first
    expect(row).to_contain_text("10 天")
    shoot(page, "traffic")
    page.get_by_label("图上显示").select_option("time")
    page.get_by_role("button", name="查看结果").click()
    expect(page.locator(".picture-state[data-state=resolved]")).to_contain_text("2 小时")
    with page.expect_download() as waits:
        page.get_by_role("link", name="导出 Excel").click()
    with zipfile.ZipFile(waits.value.path()) as book:
        assert "xl/worksheets/sheet1.xml" in book.namelist()
    assert not sideways(page)


def test_the_figures_fit_a_phone(enter, site, address, shoot):
    page = enter("secretary", phone=True)
    page.goto(f"{address}/figures?days=30")
    expect(page.get_by_role("heading", name="状态", exact=True)).to_be_visible()
    assert not sideways(page)
    shoot(page, "traffic-phone")
    # the number leads to the cases behind it
    page.locator(".heat-link[href$='f_state=replied']").first.click()
    page.wait_for_url("**/grievances/?f_state=replied")
    expect(page.locator(".row-title", has_text="经过")).to_have_count(3)


def test_a_stricter_draft_says_what_it_would_have_meant(enter, site, address, shoot):
    strict = "UPDATE draft_deadline SET within = '{}' WHERE key = 'call_back'"
    (before,) = site.ask("SELECT within FROM draft_deadline WHERE key = 'call_back' LIMIT 1")
    site.change(strict.format("1 hours"))
    try:
        page = enter("designer")
        page.goto(address)
        estimate = page.locator("#estimating")
        expect(estimate).to_contain_text(re.compile("会有 9 件（.*）超期"))
        expect(estimate).to_contain_text("按现行版本为 0 件")
        holding = page.locator("#holding")
        gap = holding.locator("details", has_text="居委会工作人员").first
        expect(gap).to_contain_text("1 个社区没有人")
        expect(gap.locator(".is-nobody")).to_contain_text("红棉社区")
        holding.scroll_into_view_if_needed()
        shoot(page, "outlook")
        assert not sideways(page)
    finally:
        site.change(strict.format(before[0]))
