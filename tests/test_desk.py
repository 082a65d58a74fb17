"""My work, the lists and the bell: whose turn it is, by time left, within scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import desk, turns
from app.services.filters import Filter
from tests.cast import Cast
from tests.raising import Matter
from tests.visitor import Visitor

Make = Callable[..., Matter]


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Make:
    return lambda title="盼装长椅", **form: Matter(session, cast, now).begin(title=title, **form)


def mine(session: Session, cast: Cast, name: str) -> list[int]:
    return [row.id for row in desk.work(session, cast.viewer(name)).mine]


def others(session: Session, cast: Cast, name: str) -> list[int]:
    return [row.id for row in desk.work(session, cast.viewer(name)).others]


def test_a_new_grievance_lies_on_the_desks_of_those_who_may_accept_it(
    session: Session, cast: Cast, make: Make
) -> None:
    matter = make()
    for name in ("secretary", "staff", "grid"):
        assert mine(session, cast, name) == [matter.id], name
    for name in ("property", "council", "facilitator", "street", "outsider", "admin", "designer"):
        assert mine(session, cast, name) == [], name


def test_what_somebody_has_taken_on_leaves_the_desks_of_the_others(
    session: Session, cast: Cast, make: Make
) -> None:
    matter = make().press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("grid", "take_on")
    assert mine(session, cast, "grid") == [matter.id]
    assert mine(session, cast, "staff") == []


def test_what_waits_for_others_is_kept_apart(session: Session, cast: Cast, make: Make) -> None:
    matter = make().resolved_by_community()
    assert mine(session, cast, "grid") == []
    assert others(session, cast, "grid") == [matter.id]


def test_a_step_that_the_assignee_may_not_take_is_for_those_who_may(
    session: Session, cast: Cast, make: Make
) -> None:
    matter = make().press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("grid", "take_on")
    matter.press("grid", "report_result", result_kind="fixed", result="好了")
    assert mine(session, cast, "grid") == [matter.id]
    matter.press("grid", "call_back", callback="satisfied")
    assert mine(session, cast, "secretary") == [matter.id], "the grid worker may not close"
    assert others(session, cast, "grid") == [matter.id]


def test_a_part_lies_with_its_party_until_one_of_them_takes_it_on(
    session: Session, cast: Cast, make: Make
) -> None:
    matter = make().press("staff", "accept").press("secretary", "reply", reply="好")
    bodies = [cast.parties["property"].id, cast.parties["water"].id]
    matter.press("secretary", "assign", bodies=bodies, instruction="请办")
    part = next(d for d in matter.duties() if d.party_id == cast.parties["property"].id)
    assert mine(session, cast, "property") == [part.id]
    assert mine(session, cast, "outsider_property") == []
    matter.press("property", "take_on", part.id)
    assert mine(session, cast, "property") == [part.id]


def test_the_nearest_due_time_comes_first(
    session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    calm, urgent, old = make("一般"), make("紧急", urgency="urgent"), make("旧的")
    session.execute(
        sa.update(m.Case).where(m.Case.id == old.id).values(due_at=now - timedelta(days=2))
    )
    assert mine(session, cast, "staff") == [old.id, urgent.id, calm.id]


def test_each_version_is_read_once(session: Session, cast: Cast, make: Make) -> None:
    make()
    first = turns.all_(session)
    assert turns.all_(session) == first
    assert any(turn.state == "reported" for turn in first)


def test_my_work_says_what_is_late_and_what_to_do_when_nothing_is(
    app: Flask, session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    visitor = Visitor(app).sign_in("staff")
    visitor.get("/work/")
    assert "手头的事都办完了" in visitor.text
    matter = make()
    session.execute(
        sa.update(m.Case).where(m.Case.id == matter.id).values(due_at=now - timedelta(days=1))
    )
    visitor.get("/work/")
    assert "有 1 件已超期" in visitor.text
    assert 'class="row-item is-late"' in visitor.text
    visitor.get("/work/", tab="others", leg="nonsense")
    assert "没有在等别人办的事项" in visitor.text


# --- lists ------------------------------------------------------------------------------------


def found(session: Session, cast: Cast, name: str, now: datetime, **wanted: object) -> list[int]:
    page = desk.listed(session, cast.viewer(name), Filter(**wanted), page=1, now=now)
    return [row.id for row in page.rows]


def test_a_list_finds_by_number_telephone_and_words(
    session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    bench, leak = make("盼装长椅"), make("顶楼漏水", category="leak")
    number = bench.row().number
    for words in ("长椅", number, number.lower(), "盼装 长椅", "19号楼前"):
        assert bench.id in found(session, cast, "staff", now, words=words), words
    assert found(session, cast, "staff", now, words=number[-6:].lstrip("0")) == [bench.id]
    assert found(session, cast, "staff", now, words="漏水") == [leak.id]
    assert found(session, cast, "staff", now, words="5678") == [leak.id, bench.id]
    assert found(session, cast, "staff", now, words="13812345678") == [leak.id, bench.id]
    for words in ("5679", "天上", "'; DROP TABLE case; --", "%", "椅 & !漏", "\\", "'"):
        assert found(session, cast, "staff", now, words=words) == [], words


def test_a_list_is_searched_by_telephone_only_by_those_who_may_see_it(
    session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    matter = make()
    for name, hits in (("grid", [matter.id]), ("street", []), ("facilitator", [])):
        assert found(session, cast, name, now, words="5678") == hits, name
        assert found(session, cast, name, now, words="13812345678") == hits, name


def test_a_list_narrows_by_state_urgency_and_time(
    session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    open_, urgent, done = make("一般"), make("紧急", urgency="urgent"), make("办结")
    done.resolved_by_community().press("resident", "rate", stars="5")
    everything = [done.id, urgent.id, open_.id]
    assert found(session, cast, "staff", now, leg="grievance") == everything
    assert found(session, cast, "staff", now, leg="meeting") == []
    assert found(session, cast, "staff", now, kind="open") == [urgent.id, open_.id]
    assert found(session, cast, "staff", now, kind="done") == [done.id]
    assert found(session, cast, "staff", now, urgent=True) == [urgent.id]
    later = now + timedelta(hours=3)
    assert found(session, cast, "staff", later, overdue=True) == [urgent.id]
    assert found(session, cast, "staff", now, mine=True) == everything
    assert found(session, cast, "grid", now, mine=True) == []


def test_a_list_shows_nothing_from_outside_the_scope(
    session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    make()
    for name in ("outsider", "property", "council", "designer"):
        assert found(session, cast, name, now) == [], name


def test_pages_follow_each_other_and_end(
    app: Flask, session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    for number in range(desk.PAGE + 2):
        make(f"第{number}件")
    visitor = Visitor(app).sign_in("staff")
    visitor.get("/grievances/", q="第")
    visitor.get("/grievances/")
    assert 'rel="next"' in visitor.text
    assert "第26件" in visitor.text
    visitor.get("/grievances/", page=2)
    assert "第0件" in visitor.text
    assert 'rel="next"' not in visitor.text
    for page in ("0", "-1", "x", "999999999999", "٣"):
        assert visitor.get("/grievances/", page=page).status_code == 200


def test_the_list_of_all_cases_holds_every_leg(app: Flask, cast: Cast, make: Make) -> None:
    matter = make().press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("secretary", "assign", bodies=[cast.parties["water"].id], instruction="请办")
    visitor = Visitor(app).sign_in("staff")
    visitor.get("/all-cases/")
    assert "盼装长椅 · 自来水公司" in visitor.text


def test_a_card_says_once_whose_part_it_is(app: Flask, cast: Cast, make: Make) -> None:
    matter = make().press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("secretary", "assign", bodies=[cast.parties["property"].id], instruction="请办")
    visitor = Visitor(app).sign_in("property")
    visitor.get("/work/")
    row = visitor.text.split('class="row-item')[1].split("</a>")[0]
    assert row.count(cast.parties["property"].name) == 1


# --- the bell ---------------------------------------------------------------------------------


def test_the_bell_lists_my_notices_and_marks_them_read(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    make("路灯不亮")
    session.execute(sa.update(m.Notice).values(status=m.NoticeStatus.SENT))
    visitor = Visitor(app).sign_in("secretary")
    visitor.get("/work/")
    assert 'class="bell-count">1<' in visitor.text
    visitor.get("/notices/")
    assert "路灯不亮" in visitor.text
    assert "is-unread" in visitor.text
    assert visitor.post("/notices/read", upto=visitor.hidden("upto")).status_code == 302
    visitor.get("/notices/")
    assert "is-unread" not in visitor.text
    assert 'class="bell-count"' not in visitor.text
    assert visitor.post("/notices/read", upto="x").status_code == 302
    outsider = Visitor(app).sign_in("outsider")
    outsider.get("/notices/")
    assert "路灯不亮" not in outsider.text
