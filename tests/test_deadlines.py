"""The sweep: what happens when a deadline's moment comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import channels
from app import models as m
from app.services import audit, cases, deadlines
from app.services.cases import Opened
from tests import watched
from tests.cast import Cast

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def mail() -> Iterator[None]:
    channels.use("smtp://127.0.0.1:1", "sifang@example.org")
    yield
    channels.use(None, "")


@pytest.fixture
def case(session: Session, cast: Cast, now: datetime) -> Opened:
    watched.publish(session, now)
    return watched.begin(session, cast.places["compound"].id, now)


def sweep(session: Session, now: datetime) -> deadlines.Swept:
    """As the sweeping process does it: the batch, then each clock that stands alone."""
    swept = deadlines.sweep(session, now)
    for clock_id in swept.alone:
        deadlines.advance(session, clock_id, now)
    return swept


def clock(session: Session, key: str) -> m.Clock:
    return session.scalars(
        sa.select(m.Clock)
        .where(m.Clock.key == key)
        .order_by(m.Clock.id.desc())
        .execution_options(populate_existing=True)
    ).first()


def events(session: Session, case: Opened) -> list[tuple[Any, ...]]:
    rows = session.scalars(sa.select(m.Event).filter_by(case_id=case.id).order_by(m.Event.seq))
    return [(event.kind.value, event.event, event.data.get("level")) for event in rows]


def notices(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(
        sa.select(m.Notice.key, m.Notice.channel, User.username)
        .join(User, User.id == m.Notice.user_id)
        .order_by(m.Notice.id)
    )
    return [(f"{key}:{channel}", name) for key, channel, name in rows]


def test_nothing_happens_before_its_time(session, case, now):
    assert deadlines.sweep(session, now + 12 * HOUR - timedelta(seconds=1)) == deadlines.Swept()
    assert deadlines.next_due(session, now) == now + 12 * HOUR


def test_a_level_is_an_event_of_the_case_and_tells_whom_it_names_once(session, case, now):
    at = now + 12 * HOUR
    assert sweep(session, at) == deadlines.Swept(due=1, levels=1, notices=1)
    assert sweep(session, at) == deadlines.Swept()
    assert events(session, case) == [("opened", "open", None), ("level", "reply", 0)]
    assert notices(session) == [("soon:inapp", "secretary")]
    told = session.scalars(sa.select(m.Notice)).one()
    assert told.body["zh"] == "4号楼漏水，2026-11-20 10:30 到期。"
    assert told.dedupe.startswith(f"clock:{clock(session, 'reply').id}:0@")
    event = session.scalars(sa.select(m.Event).filter_by(kind="level")).one()
    assert event.label == {
        "zh": "“首次答复”用时达 50%",
        "en": "“First reply” at 50 % of the time",
    }
    assert (event.source, event.target, event.actor_kind) == ("raised", "raised", "system")


def test_a_page_that_somebody_has_open_stays_valid(session, cast, case, now):
    before = session.scalar(sa.select(m.Case.row_version))
    sweep(session, now + 12 * HOUR)
    actor = cast.viewer("secretary")
    fired = cases.fire(
        session, case.id, "finish", actor=actor, now=now + 13 * HOUR, expected=before
    )
    assert fired.seq == 3
    assert list(audit.verify(session)) == []


def test_the_due_time_makes_it_late_and_the_next_level_waits(session, case, now):
    sweep(session, now + 12 * HOUR)
    sweep(session, now + 24 * HOUR)
    reply = clock(session, "reply")
    assert reply.breached_at == reply.due_at == now + 24 * HOUR
    assert (reply.next_level, reply.next_at) == (2, now + 26 * HOUR)
    assert sorted(notices(session)[1:]) == [
        ("late:email", "secretary"),
        ("late:email", "street"),
        ("late:inapp", "secretary"),
        ("late:inapp", "street"),
    ]


def test_a_level_may_press_a_button(session, case, now):
    for hours in (12, 24, 26):
        sweep(session, now + hours * HOUR)
    assert events(session, case)[3:] == [("level", "reply", 2), ("moved", "escalate", None)]
    assert session.scalar(sa.select(m.Case.state)) == "raised_up"
    reply = clock(session, "reply")
    assert (reply.status, reply.next_at, reply.next_level) == ("stopped", None, 3)
    assert list(audit.verify(session)) == []


def test_all_that_was_slept_through_happens_in_order(session, case, now):
    swept = deadlines.sweep(session, now + 200 * HOUR)
    assert (swept.due, len(swept.alone)) == (3, 2)
    for clock_id in swept.alone:
        deadlines.advance(session, clock_id, now + 200 * HOUR)
    assert [name for name in events(session, case) if name[1] == "reply"] == [
        ("level", "reply", 0),
        ("level", "reply", 1),
        ("level", "reply", 2),
    ]
    assert len(notices(session)) == 1 + 4 + 4
    assert deadlines.sweep(session, now + 200 * HOUR) == deadlines.Swept()
    assert deadlines.next_due(session, now) is None
    assert list(audit.verify(session)) == []


def test_a_deadline_without_levels_is_late_all_the_same(session, cast, case, now):
    cases.fire(session, case.id, "wait", actor=cast.viewer("secretary"), now=now)
    sweep(session, now + 30 * HOUR)
    assert events(session, case)[2:] == [("level", "quiet", None)]
    quiet = clock(session, "quiet")
    assert (quiet.breached_at, quiet.next_at) == (now + 30 * HOUR, None)
    event = session.scalars(sa.select(m.Event).filter_by(kind="level")).one()
    assert event.label == {"zh": "“内部期限”已到期", "en": "“Inner limit” is due"}


def test_a_paused_clock_is_left_alone_and_goes_on_later(session, cast, case, now):
    actor = cast.viewer("secretary")
    cases.fire(session, case.id, "wait", actor=actor, now=now + HOUR)
    assert clock(session, "reply").next_at is None
    cases.fire(session, case.id, "go_on", actor=actor, now=now + 6 * HOUR)
    assert clock(session, "reply").next_at == now + 17 * HOUR


def test_what_the_rules_refuse_is_written_down_and_holds_up_nothing(session, cast, case, now):
    at = now + 100 * HOUR
    session.execute(sa.delete(m.Clock).where(m.Clock.key != "wrong"))
    (alone,) = deadlines.sweep(session, at).alone
    assert deadlines.advance(session, alone, at) == 1
    event = session.scalars(sa.select(m.Event).filter_by(kind="level")).one()
    assert event.data["fire"] == "explain"
    assert "承办人" in event.data["refused"][0]["zh"]
    assert session.scalar(sa.select(m.Case.state)) == "raised"
    wrong = clock(session, "wrong")
    assert (wrong.next_at, wrong.next_level, wrong.breached_at) == (None, 1, at)
    assert list(audit.verify(session)) == []


def test_one_that_can_not_be_processed_holds_up_no_other(session, cast, case, now):
    other = watched.begin(session, cast.places["compound"].id, now)
    poisoned = sa.update(m.Clock).where(m.Clock.case_id == case.id)
    session.execute(poisoned.where(m.Clock.key == "reply").values(key="gone"))
    at = now + 12 * HOUR
    swept = deadlines.sweep(session, at)
    assert (swept.due, swept.levels, len(swept.alone)) == (2, 0, 2)
    bad, good = clock(session, "gone").id, clock(session, "reply").id
    with pytest.raises(LookupError, match="no deadline gone"):
        deadlines.advance(session, bad, at)
    deadlines.set_aside(session, bad, at)
    assert deadlines.advance(session, good, at) == 1
    assert events(session, other)[1:] == [("level", "reply", 0)]
    assert deadlines.sweep(session, at) == deadlines.Swept()
    assert clock(session, "gone").next_at == at + HOUR


def test_many_clocks_of_one_case_stay_one_chain(session, case, now):
    session.execute(sa.update(m.Clock).values(next_at=now + 12 * HOUR))
    session.execute(sa.delete(m.Clock).where(m.Clock.key == "wrong"))
    sweep(session, now + 40 * HOUR)
    assert [event[1] for event in events(session, case)].count("quiet") == 1
    assert list(audit.verify(session)) == []


def test_a_moment_that_moved_away_is_noticed(session, case, now):
    """The cached moment may be out of date, e.g. after a change of the calendar."""
    session.execute(sa.update(m.Clock).values(next_at=now))
    assert deadlines.sweep(session, now + HOUR).levels == 0
    assert clock(session, "reply").next_at == now + 12 * HOUR


def vacate(session: Session, *names: str) -> None:
    """Whoever these are, they are bound nowhere any more."""
    ids = sa.select(User.id).where(User.username.in_(names))
    session.execute(sa.delete(m.Staff).where(m.Staff.user_id.in_(ids)))


def test_where_nobody_holds_the_role_the_place_above_is_told(session, case, now):
    vacate(session, "secretary")
    sweep(session, now + 12 * HOUR)
    assert notices(session) == [("soon:inapp", "street")]
    event = session.scalars(sa.select(m.Event).filter_by(kind="level")).one()
    assert event.data["instead"] == [{"notice": "soon", "to": "above:Subdistrict"}]
    assert list(audit.verify(session)) == []


def test_where_nobody_is_left_the_administrators_hear_of_it_once_a_day(session, cast, case, now):
    watched.begin(session, cast.places["compound"].id, now)
    session.execute(sa.delete(m.Staff))
    assert sweep(session, now + 12 * HOUR).levels == 2
    told = set(notices(session))
    assert {key for key, _ in told} == {"alarm:inapp", "alarm:email"}
    assert len(notices(session)) == len(told)
    event = session.scalars(sa.select(m.Event).filter_by(kind="level")).first()
    assert event.data["instead"] == [{"notice": "soon", "to": "administrators"}]
