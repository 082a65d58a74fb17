"""A place comes under another one: other local days hold there, and what runs is counted anew."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from app import models as m
from app.services import actors, adjustments, calendars, recounts, relocations
from app.services.actors import SYSTEM
from app.services.adjustments import Day, Why
from tests import lamps

FLOOD = date(2026, 11, 23)


@pytest.fixture
def flood(session, cast, now):
    """The neighbours' community doesn't work on Monday."""
    where = cast.places["hongmian"].id
    adjustments.set_days(session, [Day(FLOOD, where, (), "洪水")], Why(SYSTEM, now, "洪水"))


@pytest.fixture
def admin(session, cast, now):
    return actors.viewer(session, cast.users["admin"], today=now.date())


@pytest.fixture
def case(session, cast, now):
    lamps.publish(session, now)
    return lamps.open_case(session, cast, now)


def due(session, case):
    return session.scalar(sa.select(m.Clock.due_at).where(m.Clock.case_id == case.id))


def move(session, place, parent, admin, now):
    place.parent_id = parent.id
    return relocations.settle(session, place, actor=admin, now=now)


def test_the_days_of_the_new_place_hold_and_what_runs_is_counted_anew(
    session, cast, now, flood, admin, case
):
    place = session.get(m.Place, session.get(m.Case, case.id).place_id)
    compound = cast.places["compound"]
    assert place.path.startswith(compound.path)
    assert calendars.book(session).at(session, place.id).is_working(FLOOD)
    before = due(session, case)
    job = move(session, compound, cast.places["hongmian"], admin, now)
    assert job.kind == recounts.KIND
    assert compound.name in job.label["zh"]
    assert not calendars.book(session).at(session, place.id).is_working(FLOOD)
    found = recounts.batch(session, 0, job.parameters["reason"], actor=admin, now=now)
    assert [one.case_id for one in found.moved] == [case.id]
    assert due(session, case) > before


def test_where_no_local_day_is_touched_nothing_is_counted(session, cast, now, admin, case):
    assert move(session, cast.places["compound"], cast.places["hongmian"], admin, now) is None
    assert session.scalar(sa.select(sa.func.count()).select_from(m.CalendarChange)) == 0


def test_where_nothing_runs_only_the_calendar_is_read_again(session, cast, now, flood, admin):
    before = calendars.book(session).version
    assert move(session, cast.places["compound"], cast.places["hongmian"], admin, now) is None
    assert calendars.book(session).version > before
    assert not calendars.book(session).at(session, cast.places["compound"].id).is_working(FLOOD)
