"""Leg two in a real browser: four parties meet, one of them has a reservation, they decide."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app import clock
from tests.walks.steps import leaving, press, sideways, state

pytestmark = pytest.mark.browser

PEOPLE = {
    "翠微社区党委": "舒记",
    "翠微社区居委会": "居小委",
    "翠微居民议事会": "易事会",
    "翠微物业公司": "吴业",
}


def call(page, site) -> None:
    """The facilitator calls a meeting of the four parties with one item."""
    page.goto(f"{site.url}/meetings/new")
    page.fill("#title", "南里电动车充电桩协调会")
    tomorrow = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT09:00")
    page.fill("#scheduled_at", tomorrow)
    page.locator("[name='field-kind']").select_option(label="四方联席会")
    for party, person in PEOPLE.items():
        bench = page.locator("fieldset.invited").filter(has_text=party)
        bench.locator("legend input").check()
        bench.get_by_label(person, exact=True).check()
    page.fill("#topic-1", "南里增设电动车充电桩")
    page.get_by_role("button", name="保存会议").click()
    page.wait_for_url(re.compile(r"/meetings/\d+"))


def speak(page, party: str, stance: str, reason: str = "") -> None:
    bench = page.locator(".bench").filter(has_text=party)
    record = bench.locator("details.speak")
    if record.get_attribute("open") is None:
        record.locator("summary").click()
    record.get_by_text(stance, exact=True).click()
    record.get_by_text(PEOPLE[party], exact=True).click()
    if reason:
        record.locator("textarea").fill(reason)
    with leaving(page):
        record.get_by_role("button").click()


def test_four_parties_meet_decide_and_follow_up(enter, site, shoot):
    leader = enter("facilitator", phone=True)
    call(leader, site)
    room = leader.url.split("?")[0]
    with leaving(leader):
        leader.get_by_role("button", name="发出会议通知").or_(
            leader.get_by_role("link", name=re.compile("发出会议通知"))
        ).first.click()
    if "/cases/" in leader.url:
        press(leader, "发出会议通知")

    leader.goto(f"{room}?tab=check-in")
    assert leader.get_by_text("人数不足").or_(leader.get_by_text("未达到")).first.is_visible()
    for person in PEOPLE.values():
        with leaving(leader):
            leader.get_by_label(re.compile(f"(签到.*{person}|{person}.*签到)")).click()
    shoot(leader, "meeting-checkin-phone")
    assert not sideways(leader)
    with leaving(leader):
        leader.get_by_role("button", name="宣布开会").click()

    leader.goto(f"{room}?tab=positions")
    speak(leader, "翠微社区党委", "同意")
    speak(leader, "翠微社区居委会", "同意")
    speak(leader, "翠微居民议事会", "有保留地同意", "充电价格要公开。")
    leader.goto(f"{room}?tab=decision")
    assert leader.get_by_text("翠微物业公司").first.is_visible()
    assert leader.locator("#d-text").count() == 0
    shoot(leader, "meeting-still-open-phone")
    leader.goto(f"{room}?tab=positions")
    speak(leader, "翠微物业公司", "同意")
    shoot(leader, "meeting-positions-phone")

    leader.goto(f"{room}?tab=decision")
    leader.fill("#d-text", "在南里东门建二十个充电位，价格公示。")
    leader.select_option("#d-owner", label="翠微物业公司")
    leader.fill("#d-due", (clock.now() + timedelta(days=30)).strftime("%Y-%m-%d"))
    with leaving(leader):
        leader.get_by_role("button", name=re.compile("决议")).click()
    shoot(leader, "meeting-decided-phone")
    leader.locator("details.confirm summary").filter(has_text="宣布散会").click()
    with leaving(leader):
        leader.get_by_role("button", name=re.compile("宣布散会")).click()

    case = room.replace("/meetings/", "/cases/")
    leader.goto(case)
    assert state(leader) == "待发布纪要"
    press(leader, "发布纪要", minutes="四方一致同意建充电桩。")
    assert state(leader) == "决议落实中"
    leader.goto(f"{room}/minutes")
    shoot(leader, "meeting-minutes-phone")
    assert leader.get_by_text("充电价格要公开。").first.is_visible()

    worker = enter("property")
    worker.goto(f"{site.url}/work/")
    worker.locator("a.row-item").filter(has_text="充电").first.click()
    shoot(worker, "followup-desk")
    assert "充电" in worker.locator("h1").inner_text()


def test_a_council_member_looks_on_and_records_nothing(enter, site):
    [(meeting,)] = site.ask("SELECT max(case_id) FROM meeting")
    council = enter("council")
    council.goto(f"{site.url}/meetings/{meeting}?tab=positions")
    assert council.get_by_text("充电价格要公开。").first.is_visible()
    assert council.locator("details.speak").count() == 0
    outsider = enter("outsider")
    assert outsider.goto(f"{site.url}/meetings/{meeting}").status == 404
