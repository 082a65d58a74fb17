"""Leg three in a real browser: an entrance decides about its pipes, door to door."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app import clock
from app.models import Owner, Ownership, Place, Unit
from tests.walks.steps import fill, leaving, look_up, press, sideways, state

pytestmark = pytest.mark.browser

FLATS = ("101", "102", "201", "202", "301", "302")


@pytest.fixture(scope="module")
def flats(site):
    """Six flats of entrance 1; one owner has two of them, so there are five heads."""
    with Session(site.engine) as session:
        # the first: imports of other tests may have made another
        entrance = session.query(Place).filter_by(name="1单元").order_by(Place.id).first()
        owners = [Owner(name=f"演示业主{n}", demo=True) for n in range(5)]
        session.add_all(owners)
        for n, label in enumerate(FLATS):
            unit = Unit(place_id=entrance.id, label=label, floor=int(label[0]), area=Decimal("60"))
            session.add(unit)
            session.flush()
            session.add(Ownership(unit_id=unit.id, owner_id=owners[min(n, 4)].id))
        session.commit()


def visit(page, flat: str, voice: str, reason: str = "") -> None:
    page.locator("main a").filter(has_text=re.compile(rf"(?<!\d){flat}(?!\d)")).first.click()
    page.locator("label.voice").filter(has_text=re.compile(f"{voice}$")).first.click()
    if reason:
        page.fill("#reason", reason)
    with leaving(page):
        page.locator("button.btn-outline-secondary").filter(has_text="保存").click()


def test_an_entrance_is_asked_counted_and_decided(enter, site, shoot, flats):
    staff = enter("staff")
    staff.goto(f"{site.url}/consultations/new")
    staff.fill("#title", "1单元给水管改造")
    look_up(staff.locator("#scope_id"), "1单元")
    staff.locator(".lookup [role=option]").filter(has_text=re.compile("4号楼")).first.click()
    staff.locator("[name=rule_set][value*=special]").check()
    fill(staff, "matter", "更换本单元给水立管。")
    shoot(staff, "consultation-new-desk")
    with leaving(staff):
        staff.get_by_role("button", name="发起协商").or_(
            staff.locator("main form .btn-primary")
        ).first.click()
    [(case_id,)] = site.ask("SELECT max(case_id) FROM consultation")
    case = f"{site.url}/cases/{case_id}"
    board = f"{site.url}/consultations/{case_id}/board"

    staff.goto(f"{site.url}/consultations/{case_id}/schemes")
    staff.fill("[name=title]", "一单元一策：立管全换")
    staff.fill("[name=text]", "更换立管，户内接口由产权人决定，费用走维修资金。")
    with leaving(staff):
        staff.locator("main form .btn-primary").first.click()
    staff.goto(case)
    press(staff, "公示方案")
    until = (clock.now() + timedelta(days=10)).strftime("%Y-%m-%d")
    press(staff, "开始征集意见", answer_by=until)
    assert state(staff) == "意见征集"

    walker = enter("grid", phone=True)
    for flat, voice, reason in (
        ("101", "同意", ""),
        ("102", "同意", ""),
        ("201", "同意", ""),
        ("202", "不同意", "刚装修过。"),
        ("301", "同意", ""),
    ):
        walker.goto(board)
        visit(walker, flat, voice, reason)
    walker.goto(board)
    shoot(walker, "consultation-board-phone")
    assert not sideways(walker)

    staff.goto(case)
    press(staff, "截止计票")
    secretary = enter("secretary")
    secretary.goto(f"{site.url}/consultations/{case_id}/result")
    shoot(secretary, "consultation-result-desk")
    text = secretary.locator("main").inner_text()
    assert "5 / 5" in text or "5/5" in text
    assert "4 / 5" in text or "4/5" in text
    secretary.goto(case)
    press(secretary, "确认通过并公示")
    assert state(secretary) == "结果公示"
    [(passed,)] = site.ask(
        "SELECT result IS NOT NULL FROM consultation WHERE case_id = :id", id=case_id
    )
    assert passed
