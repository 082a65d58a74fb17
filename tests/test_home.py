"""Home: everybody's own, nothing empty, nothing twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.services import hints, today
from tests.assembly import Assembly
from tests.cast import Cast
from tests.raising import Matter
from tests.visitor import Visitor

ROLES = (
    "admin",
    "designer",
    "street",
    "secretary",
    "staff",
    "grid",
    "property",
    "council",
    "facilitator",
)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=3))


def home(app: Flask, login: str, language: str = "en") -> str:
    visitor = Visitor(app).sign_in(login).speak(language)
    assert visitor.get("/").status_code == 200, visitor.text[-800:]
    return visitor.text


@pytest.mark.parametrize("login", ROLES)
def test_everybody_has_a_home_in_both_languages_even_when_nothing_is_there(
    app: Flask, session: Session, login: str
) -> None:
    assert "<h1>Home</h1>" in home(app, login)
    text = home(app, login, "zh")
    assert "<h1>首页</h1>" in text
    assert text.count("btn-primary") <= 1


def test_what_is_mine_comes_first_with_what_is_overdue_on_top(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    Matter(session, cast, now).begin(title="还早")
    late = Matter(session, cast, now - timedelta(days=3)).begin(title="迟了")
    late.press("staff", "accept")
    session.commit()
    text = home(app, "secretary")
    assert text.index("迟了") < text.index("还早")
    assert "1 case is overdue" in text
    assert "All 2" in text


def test_the_rates_stand_beside_their_exact_fraction_and_last_month(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    for when in (now, now - timedelta(days=31)):
        matter = Matter(session, cast, when).begin().press("staff", "accept")
        matter.press("secretary", "reply", reply="好")
    Matter(session, cast, now - timedelta(days=2)).begin().press("staff", "accept")
    session.commit()
    text = home(app, "secretary")
    assert "50%" in text
    assert "1 / 2" in text
    assert "Down 50.0 points from last month (1 / 1)" in text
    for login in ("council", "facilitator", "designer"):
        assert "Response rate" not in home(app, login)


def test_property_staff_see_how_their_own_company_does(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    matter = Matter(session, cast, now).begin().press("staff", "accept")
    matter.press("secretary", "reply", reply="好")
    matter.press("secretary", "assign", bodies=[cast.parties["property"].id], instruction="请办")
    matter.press("property", "take_on", matter.duties()[0].id)
    session.commit()
    text = home(app, "property")
    assert "Taken on within its time" in text
    assert "1 / 1" in text
    assert "Taken on within its time" not in home(app, "secretary")


def test_the_facilitator_begins_with_todays_meeting_and_sees_it_once(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    meeting = Assembly(session, cast, now)
    meeting.begin(title="今天的协调会")
    Matter(session, cast, now).begin(title="某件诉求")
    session.commit()
    text = home(app, "facilitator")
    main = text[text.index("<main") :]
    case = session.scalars(sa.select(m.Case).where(m.Case.leg == "meeting")).one()
    assert main.count(f'href="/meetings/{case.id}"') == 1
    assert f'href="/cases/{case.id}"' not in main
    assert home(app, "secretary").index("某件诉求") < home(app, "secretary").index("今天的协调会")
    assert "今天的协调会" not in home(app, "outsider")


def test_without_one_today_the_next_meeting_is_shown_and_none_that_is_cancelled(
    session: Session, cast: Cast, now: datetime
) -> None:
    meeting = Assembly(session, cast, now)
    meeting.begin(title="协调会")
    case = session.scalars(sa.select(m.Case).where(m.Case.leg == "meeting")).one()
    row = session.get_one(m.Meeting, case.id)
    row.scheduled_at = now + timedelta(days=3)
    case.state = "convened"
    session.flush()
    viewer = cast.viewer("secretary")
    found, is_today = today.meetings(session, viewer, now)
    assert [each.id for each in found] == [case.id]
    assert not is_today
    case.state_kind = "cancelled"
    session.flush()
    assert today.meetings(session, viewer, now) == ([], False)


def test_who_has_no_place_reads_whom_to_ask(app: Flask, session: Session, cast: Cast) -> None:
    session.execute(sa.delete(m.Staff).where(m.Staff.user_id == cast.users["grid"].id))
    session.commit()
    text = home(app, "grid")
    assert "You are not bound to any place today" in text
    assert "管理员" in text


def test_administrators_read_what_is_to_be_set_up(app: Flask, session: Session, cast: Cast) -> None:
    session.execute(
        sa.update(m.Staff)
        .where(m.Staff.user_id.in_((cast.users["secretary"].id, cast.users["outsider"].id)))
        .values(until=date(2026, 3, 1))
    )
    session.commit()
    text = home(app, "admin")
    assert "2 communities have no secretary" in text
    assert "2 logins see nothing" in text
    assert "outsider, secretary" in text
    assert "communities have no secretary" not in home(app, "staff")


def test_hints_name_the_machinery_that_stands_still(
    session: Session, cast: Cast, now: datetime
) -> None:
    october = now.replace(month=10)
    assert hints.hints(session, october) == []
    assert [hint.key for hint in hints.hints(session, now)] == ["calendar"]
    Matter(session, cast, now).begin()
    found = {hint.key for hint in hints.hints(session, now + timedelta(days=2))}
    assert found == {"stale", "calendar"}


def test_it_asks_few_statements(app: Flask, session: Session, cast: Cast, now: datetime) -> None:
    for number in range(6):
        Matter(session, cast, now).begin(title=f"{number}")
    session.commit()
    for login, most in (("secretary", 22), ("street", 22), ("grid", 16), ("council", 12)):
        visitor = Visitor(app).sign_in(login)
        visitor.get("/")
        visitor.get("/")
        assert len(visitor.statements) <= most, (login, len(visitor.statements))


def test_the_figures_of_a_wide_area_come_after_the_page(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    Matter(session, cast, now).begin()
    session.commit()
    visitor = Visitor(app).sign_in("street").speak("en")
    visitor.get("/")
    assert 'hx-get="/home/figures"' in visitor.text
    assert "Response rate" not in visitor.text
    visitor.get("/home/figures")
    assert "Response rate" in visitor.text
    assert "<html" not in visitor.text


def test_who_answers_for_no_figures_gets_none(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("facilitator")
    assert visitor.get("/home/figures").status_code == 404
