"""The sweeping process from inside: rounds, waiting, signs of life, the command line."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import config
from app import models as m
from app import queue
from app.services import deadlines, deliveries, health
from tests import watched
from tests.cast import Cast
from worker import context, jobs, main, schedule

HOUR = timedelta(hours=1)


@pytest.fixture
def redis(settings: config.Settings) -> Iterator[Redis]:
    connection = jobs.connect(settings)
    connection.flushdb()
    yield connection
    connection.flushdb()
    connection.close()


@pytest.fixture
def sweep(settings: config.Settings, redis: Redis) -> Iterator[schedule.Sweep]:
    made = schedule.Sweep(replace(settings, sweep_seconds=5.0))
    yield made
    made.redis.close()


@pytest.fixture
def present(session: Session) -> datetime:
    """The processes live by the database's clock, whatever the tests think."""
    return deliveries.instant(session)


@pytest.fixture
def place(session: Session, cast: Cast, present: datetime) -> int:
    watched.publish(session, present)
    return cast.places["compound"].id


class TestRound:
    def test_does_all_that_is_due_and_says_when_to_come_back(
        self, session, sweep, place, present, redis
    ):
        watched.begin(session, place, present - 12 * HOUR)
        watched.begin(session, place, present - 12 * HOUR + timedelta(seconds=60))
        session.commit()
        sweep.seconds = 120.0
        seconds = sweep.round(session)
        assert 0 < seconds <= 60
        assert session.scalar(sa.select(sa.func.count()).where(m.Event.kind == "level")) == 1
        assert len(jobs.queue(redis)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Anchor)) == 1

    def test_with_nothing_ahead_comes_back_after_the_usual_time(self, session, sweep):
        assert sweep.round(session) == 5.0

    def test_makes_an_anchor_once_an_hour_whoever_sweeps(
        self, session, settings, sweep, place, present
    ):
        watched.begin(session, place, present)
        session.commit()
        sweep.round(session)
        watched.begin(session, place, present)
        session.commit()
        other = schedule.Sweep(settings)
        other.round(session)
        other.redis.close()
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Anchor)) == 1

    def test_sets_aside_what_can_not_be_processed_and_says_so(
        self, session, sweep, place, present, caplog
    ):
        bad, good = (watched.begin(session, place, present - 12 * HOUR) for _ in range(2))
        clock = sa.update(m.Clock).where(m.Clock.case_id == bad.id, m.Clock.key == "reply")
        session.execute(clock.values(key="gone"))
        session.commit()
        with caplog.at_level(logging.WARNING):
            sweep.round(session)
        assert "set aside" in caplog.text
        assert session.scalars(sa.select(m.Event.case_id).where(m.Event.kind == "level")).all() == [
            good.id
        ]
        later = session.scalar(sa.select(m.Clock.next_at).where(m.Clock.key == "gone"))
        assert later - present > timedelta(minutes=59)


class TestWaiting:
    def test_ends_when_somebody_pokes(self, sweep, settings):
        queue.connect(settings.redis_url)
        threading.Timer(0.1, queue.poke).start()
        begun = datetime.now(UTC)  # noqa: TID251
        sweep._wait(90.0, poked=True)
        assert timedelta(seconds=0.05) < datetime.now(UTC) - begun < timedelta(seconds=30)  # noqa: TID251

    def test_many_pokes_are_one(self, sweep, settings, redis):
        queue.connect(settings.redis_url)
        for _ in range(50):
            queue.poke()
        assert redis.llen(queue.POKE_KEY) == 1

    def test_is_no_longer_than_it_takes_until_something_is_due(self, sweep):
        begun = datetime.now(UTC)  # noqa: TID251
        sweep._wait(0.1, poked=True)
        assert datetime.now(UTC) - begun < timedelta(seconds=30)  # noqa: TID251


class TestRun:
    @pytest.fixture
    def failing(self, sweep, app, monkeypatch) -> list[Exception]:
        """Rounds raise what is in this list, then one ends the process."""
        failures: list[Exception] = []

        def round_(_: Session) -> float:
            if failures:
                raise failures.pop(0)
            context.stop()
            return 0.0

        monkeypatch.setattr(sweep, "round", round_)
        monkeypatch.setattr(sweep, "_wait", lambda *_, **__: None)
        monkeypatch.setattr(schedule.signal, "signal", lambda *_: None)
        monkeypatch.setattr(context._process, "stopping", False)
        context.use(app)
        return failures

    def test_goes_on_when_the_database_was_away(self, sweep, failing, caplog):
        failing += [OperationalError("SELECT", {}, ConnectionError("gone"))] * 3
        sweep.run()
        assert caplog.text.count("database away") == 3

    def test_goes_on_after_a_fault_of_its_own(self, sweep, failing, caplog):
        failing.append(ValueError("a fault"))
        sweep.run()
        assert "this round failed" in caplog.text


class TestHealth:
    def test_a_process_that_lives_is_named(self, redis):
        health.Pulse("sweep").beat(redis)
        (alive,) = health.alive(redis)
        assert (alive.kind, alive.host != "", alive.pid > 0) == ("sweep", True, True)
        (key,) = redis.keys("sifang:alive:*")
        assert 0 < redis.ttl(key) <= 60

    def test_redis_is_not_asked_at_every_turn(self, redis):
        pulse = health.Pulse("worker")
        pulse.beat(redis)
        redis.flushdb()
        pulse.beat(redis)
        assert health.alive(redis) == []

    def test_the_backlog_is_counted_where_it_is_true(self, session, place, present):
        watched.begin(session, place, present - 13 * HOUR)
        found = health.backlog(session, present)
        assert (found.clocks, found.notices, found.dead) == (1, 0, 0)
        assert found.clock_seconds == 3600
        deadlines.sweep(session, present)
        found = health.backlog(session, present + HOUR)
        assert (found.clocks, found.notices) == (0, 1)
        assert found.notice_seconds == 3600


class TestCommand:
    @pytest.mark.parametrize("arguments", [[], ["sleep"], ["sweep", "work"]])
    def test_says_how_to_use_it(self, arguments, capsys):
        assert main.main(arguments) == 2
        assert "usage" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["sweep", "work"])
    def test_without_redis_it_names_the_setting(self, name, settings, monkeypatch, capsys):
        bare: Any = replace(settings, redis_url=None)
        monkeypatch.setattr(config, "load", lambda: bare)
        monkeypatch.setattr(main, "create_app", lambda _: None)
        monkeypatch.setattr(context, "leave_on_signal", lambda: None)
        assert main.main([name]) == 2
        assert "REDIS_URL" in capsys.readouterr().err
