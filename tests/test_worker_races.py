"""Sweeps and people at the same case at the same time, on real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import config
from app import models as m
from app.services import actors, audit, cases, claims, deadlines, deliveries
from app.services.actors import Viewer
from app.services.cases import Opened
from app.services.claims import Front
from tests import watched
from tests.cast import found
from tests.conftest import NOW
from tests.servers import Servers

HOUR = timedelta(hours=1)


@pytest.fixture
def engine(servers: Servers, settings: config.Settings) -> Iterator[sa.Engine]:
    name = servers.name("sifang_races")
    made = sa.create_engine(servers.create_database(name, "template_sifang"))
    with Session(made) as session, session.begin():
        watched.publish(session, NOW)
    yield made
    made.dispose()
    servers.drop_database(name)


def begin(engine: sa.Engine, count: int) -> list[Opened]:
    with Session(engine) as session, session.begin():
        place = session.scalars(sa.select(m.Place).where(m.Place.name == "翠微南里")).one()
        return [watched.begin(session, place.id, NOW) for _ in range(count)]


def secretary(session: Session) -> Viewer:
    return actors.viewer(session, found(session).users["secretary"], today=NOW.date())


def drain(engine: sa.Engine, hours: int) -> int:
    """Sweep like a process until nothing is due."""
    levels, front = 0, Front()
    with Session(engine) as session:
        while True:
            with session.begin():
                swept = deadlines.sweep(session, NOW + hours * HOUR, limit=20, front=front)
            levels += swept.levels
            for clock_id in swept.alone:
                with session.begin():
                    levels += deadlines.advance(session, clock_id, NOW + hours * HOUR)
            if front.done:
                return levels


def test_two_sweeps_share_the_work_and_double_nothing(engine):
    begin(engine, 60)
    with ThreadPoolExecutor(2) as pool:
        levels = sum(pool.map(drain, [engine] * 2, [27] * 2))
    with Session(engine) as session:
        events = session.execute(
            sa.select(m.Event.event, sa.func.count())
            .where(m.Event.kind.in_(["level", "moved"]))
            .group_by(m.Event.event)
        )
        assert dict(events.all()) == {"reply": 180, "escalate": 60}
        assert levels == 180
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Notice)) == 60 * 5
        assert list(audit.verify(session)) == []


def test_two_workers_share_the_notices_and_double_nothing(engine):
    begin(engine, 60)
    drain(engine, 27)

    def show(_: int) -> int:
        with Session(engine) as session:
            ids = deliveries.waiting(session, deliveries.instant(session), 1000)["inapp"]
            count = 0
            for start in range(0, len(ids), 10):
                now = deliveries.instant(session)
                count += deliveries.show(session, ids[start : start + 10], now)
                session.commit()
            return count

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(show, range(2))) == 60 * 5


def test_a_case_that_somebody_works_on_is_left_for_the_next_sweep(engine):
    (case,) = begin(engine, 1)
    with Session(engine) as person, Session(engine) as sweeping:
        cases.fire(person, case.id, "wait", actor=secretary(person), now=NOW + HOUR)
        assert deadlines.sweep(sweeping, NOW + 12 * HOUR) == deadlines.Swept()
        person.commit()
        sweeping.rollback()
        assert deadlines.sweep(sweeping, NOW + 12 * HOUR) == deadlines.Swept(), "paused by now"


def test_what_somebody_held_is_swept_after_what_lies_behind_it(engine):
    """A sweep goes on where it was, but what it had to leave behind is not forgotten."""
    first, *_ = begin(engine, 5)
    at, front = NOW + 12 * HOUR, Front()
    held = sa.select(m.Case.id).where(m.Case.id == first.id).with_for_update()
    with Session(engine) as person, Session(engine) as sweeping:
        person.scalars(held).one()
        assert deadlines.sweep(sweeping, at, limit=3, front=front).due == 3
        assert front.since is not None
        sweeping.commit()
        person.rollback()
        found = [deadlines.sweep(sweeping, at, limit=3, front=front).due for _ in range(4)]
        sweeping.commit()
    assert sum(found) == 2
    assert found[-1] == 0
    assert front.done


@pytest.mark.parametrize("looks", [1, 100])
def test_a_sweep_that_never_comes_to_an_end_looks_from_the_beginning_too(engine, looks):
    begin(engine, 2)
    front = Front(looks=looks)
    with Session(engine) as session, session.begin():
        seen = 0
        while front.since is not None or not seen:
            front.move(claims.batch(session, NOW + 12 * HOUR, 1, None))
            seen += 1
    assert seen <= 40


def after(engine: sa.Engine, first: Callable[[Session], object], then: str, case: Opened) -> None:
    """``first`` holds the case while somebody presses ``then`` and has to wait for it."""

    def press() -> None:
        with Session(engine) as session, session.begin():
            actor = secretary(session)
            ready.set()
            cases.fire(session, case.id, then, actor=actor, now=NOW + 13 * HOUR)

    ready = threading.Event()
    with Session(engine) as session, ThreadPoolExecutor(1) as pool:
        first(session)
        pressing = pool.submit(press)
        assert ready.wait(30)
        waiting = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        while not session.scalar(waiting):
            assert not pressing.done(), pressing.result()
        session.commit()
        pressing.result(30)


def test_whoever_waited_for_a_case_finds_its_clocks_as_they_are_now(engine):
    (case,) = begin(engine, 1)
    after(
        engine,
        lambda session: cases.fire(
            session, case.id, "wait", actor=secretary(session), now=NOW + HOUR
        ),
        "go_on",
        case,
    )
    with Session(engine) as session:
        clock = session.scalars(sa.select(m.Clock).where(m.Clock.key == "reply")).one()
        assert [entry["what"] for entry in clock.log] == ["start", "pause", "resume"]
        assert clock.next_at == NOW + 24 * HOUR


def test_a_level_that_fires_while_somebody_waits_is_not_undone(engine):
    (case,) = begin(engine, 1)
    after(engine, lambda session: deadlines.sweep(session, NOW + 12 * HOUR), "wait", case)
    with Session(engine) as session:
        clock = session.scalars(sa.select(m.Clock).where(m.Clock.key == "reply")).one()
        assert (clock.status, clock.next_level) == ("paused", 1)
        assert list(audit.verify(session)) == []
