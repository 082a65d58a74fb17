"""Leg two in a real browser: called, held on a phone, signed, and lived on in a follow-up."""

from __future__ import annotations

import re

import pytest

from tests.walks.steps import press, sideways, state

pytestmark = pytest.mark.browser

FOUR = {
    "翠微社区党委": "舒记",
    "翠微社区居委会": "居小委",
    "翠微居民议事会": "易事会",
    "翠微物业公司": "吴业",
}


def call(page, site) -> str:
    """The facilitator calls the meeting; returns the room's address."""
    page.goto(f"{site.url}/meetings/new")
    page.get_by_label("标题", exact=True).fill("电动车充电桩四方协调会")
    page.get_by_label("开会时间").fill("2027-05-20T14:30")
    page.get_by_label("会议地点").fill("社区议事厅")
    page.get_by_label("会议形式").select_option(label="四方联席会")
    page.get_by_label("议题 1", exact=True).fill("加装电动车充电桩")
    page.get_by_label("议题 2", exact=True).fill("垃圾分类桶站移位")
    page.get_by_role("button", name="保存会议").click()
    page.wait_for_url(re.compile(r"/meetings/\d+$"))
    return page.url


def open_tab(page, name: str) -> None:
    page.locator(".room-tabs").get_by_text(name, exact=True).click()
    page.wait_for_load_state()


def check_in(page, person: str) -> None:
    page.get_by_role("button", name=f"为{person}签到").click()
    page.wait_for_load_state()


def record(page, party: str, stance: str, reason: str = "") -> None:
    """On the positions' part: open the party's form unless it is open, and fill it in."""
    card = page.locator(".bench").filter(has_text=party)
    form = card.locator("details.speak")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    form.locator(".choice", has_text=re.compile(f"^{stance}$")).click()
    form.locator(".choice").filter(has_text=FOUR[party]).click()
    form.locator("textarea").fill(reason)
    form.get_by_role("button", name="记录在案").click()
    page.wait_for_load_state()


def test_a_meeting_is_held_on_a_phone_and_its_decision_lives_on(enter, site, shoot):
    host = enter("facilitator", phone=True)
    room = call(host, site)
    shoot(host, "meeting-called-phone")
    host.get_by_role("button", name="发出会议通知").click()

    for party, person in list(FOUR.items())[:3]:
        check_in(host, person)
        assert person in host.locator(".bench.is-there").filter(has_text=party).inner_text()
    assert "未达到法定人数" in host.locator(".quorum").inner_text()
    host.locator(".quorum summary").click()
    assert "未到会：翠微物业公司" in host.locator(".quorum").inner_text()
    shoot(host, "meeting-check-in-phone")
    assert not sideways(host)
    check_in(host, "吴业")
    assert "4/4 方" in host.locator(".quorum").inner_text()
    host.get_by_role("button", name="宣布开会").click()
    host.wait_for_load_state()

    open_tab(host, "表态")
    for party in list(FOUR)[:3]:
        record(host, party, "同意")
    record(host, "翠微物业公司", "不同意", "变压器容量不足")
    shoot(host, "meeting-positions-phone")
    assert not sideways(host)
    open_tab(host, "决议")
    assert "翠微物业公司不同意" in host.locator(".verdict").inner_text()
    assert host.locator("#d-text").count() == 0
    open_tab(host, "表态")
    record(host, "翠微物业公司", "有保留地同意", "供电公司先完成增容")

    council = enter("council")
    council.goto(f"{room}?tab=positions")
    assert "供电公司先完成增容" in council.content()
    assert council.locator("details.speak").count() == 0
    shoot(council, "meeting-positions-desk")

    open_tab(host, "决议")
    host.locator("#d-text").fill("在南里东侧车棚安装十个充电桩。")
    host.locator("#d-owner").select_option(label="吴业 · 翠微物业公司")
    host.locator("#d-due").fill("2027-06-30")
    shoot(host, "meeting-decision-phone")
    host.get_by_role("button", name="记下决议").click()
    host.wait_for_load_state()

    host.locator(".item-chooser a").nth(1).click()
    host.get_by_text("本议题延期到下次会议").click()
    host.locator("#a-why").fill("等新站位的图纸")
    host.get_by_role("button", name="延期再议").click()
    host.get_by_text("宣布散会", exact=True).click()
    host.get_by_role("button", name="确定：宣布散会").click()
    host.wait_for_load_state()
    assert "待发布纪要" in host.locator(".meeting-head").inner_text()

    host.goto(f"{room}/minutes")
    assert host.locator(".signature").count() == 4
    assert "在南里东侧车棚安装十个充电桩。" in host.content()
    shoot(host, "meeting-minutes-phone")
    assert not sideways(host)

    worker = enter("property", phone=True)
    worker.goto(f"{site.url}/work/")
    worker.locator("a.row-item").filter(has_text="加装电动车充电桩").first.click()
    press(worker, "开始落实")
    press(worker, "报告完成", result="十个充电桩已通电。")
    follow_up = worker.url
    host.goto(follow_up)
    press(host, "核验通过")
    assert state(host) == "已办成"

    host.goto(f"{site.url}/meetings/new")
    assert "垃圾分类桶站移位" in host.locator("fieldset", has_text="尚未完成").inner_text()
    shoot(host, "meeting-next-phone")
