"""Leg one in a real browser: from "reported" to "rated", by everybody who has a part in it."""

from __future__ import annotations

import re

import pytest

from tests.walks.steps import fill, leaving, picture, press, sideways, soon, state

pytestmark = pytest.mark.browser


def raise_it(page, site, folder) -> str:
    """A resident without a login tells the community; returns the tracking address."""
    page.goto(f"{site.url}/r/?q=翠微南里")
    page.get_by_text("翠微南里").first.click()
    form = page.locator("main form.card")
    fill(form, "category", "设施")
    fill(form, "description", "4号楼前围栏施工后没有恢复，还堆在路边。")
    fill(form, "reporter", "演示居民")
    fill(form, "phone", "13800138000")
    fill(form, "photos", picture(folder))
    form.locator("button.btn-primary").click()
    page.wait_for_url(re.compile("/r/t/"))
    return page.url


def test_from_the_residents_phone_to_five_stars(enter, site, shoot, tmp_path):
    resident = enter(None, phone=True)
    link = raise_it(resident, site, tmp_path)
    shoot(resident, "public-sent-phone")
    assert not sideways(resident)
    number = re.search(r"G\d{4}-\d{6}", resident.content())[0]

    secretary = enter("secretary")
    secretary.goto(f"{site.url}/work/")
    shoot(secretary, "work-desk")
    secretary.get_by_text(number).first.click()
    shoot(secretary, "case-reported-desk")
    press(secretary, "受理")
    press(secretary, "回复", reply="收到，今天就安排。")
    press(secretary, "交办", bodies="翠微物业公司", instruction="今天内恢复围栏，拍照回传。")
    assert state(secretary) == "已交办"
    shoot(secretary, "case-assigned-desk")
    case = secretary.url

    worker = enter("property", phone=True)
    worker.goto(f"{site.url}/work/")
    shoot(worker, "work-property-phone")
    worker.locator("a.row-item").filter(has_text="4号楼前围栏").first.click()
    press(worker, "领办")
    press(worker, "报告结果", result="围栏已装回并加固。", photos=picture(tmp_path, "完工.png"))
    shoot(worker, "duty-reported-phone")
    assert not sideways(worker)
    duty = worker.url

    grid = enter("grid", phone=True)
    grid.goto(duty)
    press(grid, "核实通过")
    assert state(grid) == "已办结"

    secretary.goto(case)
    assert state(secretary) == "待核实"
    press(secretary, "报告结果", result_kind="已解决", result="围栏已恢复，现场查看无误。")
    press(secretary, "回访", callback="满意")
    press(secretary, "办结")
    assert state(secretary) == "已办结待评价"

    resident.goto(link)
    assert "收到，今天就安排。" in resident.content()
    press(resident, "评价", stars="5", comment="很快，谢谢。")
    shoot(resident, "public-rated-phone")
    assert state(resident) == "已评价"
    assert not sideways(resident)

    secretary.goto(case)
    shoot(secretary, "case-rated-desk")
    assert state(secretary) == "已评价"
    [(stars,)] = site.ask(
        'SELECT stars FROM grievance g JOIN "case" c ON c.id = g.case_id WHERE number = :n',
        n=number,
    )
    assert stars == 5


def test_a_deadline_fires_by_itself_and_is_seen_in_the_bell(enter, site, shoot):
    """Only the start of the clock is moved, by 20 of its 24 hours; the rest happens by itself."""
    staff = enter("staff")
    staff.goto(f"{site.url}/grievances/new")
    form = staff.locator("main form.card")
    fill(form, "title", "2单元门禁坏了")
    fill(form, "place_id", "翠微南里")
    fill(form, "source", "电话")
    fill(form, "category", "设施")
    fill(form, "description", "刷卡没有反应，门一直开着。")
    with leaving(staff):
        form.locator("button.btn-primary").click()
    secretary = enter("secretary")
    site.change(
        "UPDATE clock SET next_at = now(), started_at = now() - interval '20 hours', log ="
        " jsonb_set(log, '{0,at}', to_jsonb(now() - interval '20 hours')) WHERE case_id ="
        " (SELECT id FROM \"case\" WHERE title = '2单元门禁坏了')"
    )

    def told() -> bool:
        secretary.goto(f"{site.url}/notices/")
        return secretary.get_by_text("的首次回复时限将至").count() > 0

    soon(secretary, told)
    shoot(secretary, "bell-desk")
    assert secretary.get_by_text("的首次回复时限将至").first.is_visible()
    assert int(secretary.locator(".bell-count").inner_text()) >= 1


def test_a_double_click_and_a_stale_page_make_no_second_event(enter, site):
    staff = enter("staff")
    staff.goto(f"{site.url}/grievances/")
    one, two = enter("secretary"), enter("secretary")
    [(case_id,)] = site.ask("SELECT max(id) FROM \"case\" WHERE state = 'reported'")
    for page in (one, two):
        page.goto(f"{site.url}/cases/{case_id}")
    press(one, "受理")
    press(two, "受理")
    assert "受理" in two.locator("[role=alert]").first.inner_text()
    [(count,)] = site.ask(
        "SELECT count(*) FROM event WHERE case_id = :id AND event = 'accept'", id=case_id
    )
    assert count == 1
