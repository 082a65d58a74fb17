"""Notices on their way out: claims, outcomes, and what a dead worker leaves behind."""

from __future__ import annotations

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
from app import channels
from app import models as m
from app.services import deliveries, outbox
from app.services.deliveries import Outcome
from tests.cast import Cast
from tests.mailbox import Mailbox
from worker import context, jobs, schedule, tasks

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        channels.use(running.url, "四方 <sifang@example.org>")
        yield running
        channels.use(None, "")


@pytest.fixture
def write(session: Session, cast: Cast, now: datetime) -> Any:
    """Put notices into the outbox; returns their ids."""
    made = iter(range(10_000))

    def _write(count: int = 1, channel: str = "email", **given: Any) -> list[int]:
        rows = [
            {
                "user_id": cast.users["grid"].id,
                "address": "grid@example.org" if channel == "email" else "",
                "channel": channel,
                "key": "told",
                "subject": {"zh": "待办", "en": "To do"},
                "body": {"zh": "请处理。", "en": "Please see to it."},
                "dedupe": f"test:{next(made)}",
                "created_at": now,
                "next_at": LONG_AGO,
                **given,
            }
            for _ in range(count)
        ]
        outbox.write(session, rows)
        session.commit()
        keys = [row["dedupe"] for row in rows]
        mine = sa.select(m.Notice.id).where(m.Notice.dedupe.in_(keys))
        return list(session.scalars(mine.order_by(m.Notice.id)))

    return _write


def notice(session: Session, notice_id: int) -> m.Notice:
    return session.get_one(m.Notice, notice_id, populate_existing=True)


def statuses(session: Session) -> dict[str, int]:
    rows = session.execute(sa.select(m.Notice.status, sa.func.count()).group_by(m.Notice.status))
    return {status.value: count for status, count in rows}


class TestClaim:
    def test_counts_the_attempt_and_holds_the_notice_for_the_lease(self, session, write, now):
        (notice_id,) = write()
        (claim,) = deliveries.claim(session, [notice_id], now, LEASE)
        row = notice(session, notice_id)
        assert (row.status, row.attempts, row.next_at) == ("sending", 1, now + LEASE)
        assert (claim.id, claim.attempt, claim.message.key) == (notice_id, 1, row.dedupe)

    def test_is_given_to_one_only_until_it_lapses(self, session, write, now):
        ids = write(3)
        assert len(deliveries.claim(session, ids, now, LEASE)) == 3
        assert deliveries.claim(session, ids, now + LEASE - SECOND, LEASE) == []
        assert deliveries.waiting(session, now + LEASE - SECOND, 10) == {}
        assert deliveries.waiting(session, now + LEASE, 10) == {"email": ids}
        again = deliveries.claim(session, ids, now + LEASE, LEASE)
        assert [claim.attempt for claim in again] == [2, 2, 2]

    def test_a_heap_of_mail_does_not_hide_the_bell(self, session, write, now):
        mails, shown = write(5), write(2, "inapp", next_at=now)
        assert deliveries.waiting(session, now, 3) == {"inapp": shown, "email": mails[:3]}

    def test_waits_for_the_time_of_the_next_attempt(self, session, write, now):
        ids = write(next_at=now + LEASE)
        assert deliveries.claim(session, ids, now, LEASE) == []
        assert deliveries.next_due(session, now) == now + LEASE

    def test_what_was_tried_as_often_as_may_be_and_never_came_back_is_dead(
        self, session, write, now
    ):
        (notice_id,) = write(attempts=deliveries.MOST_ATTEMPTS, status="sending")
        assert deliveries.claim(session, [notice_id], now, LEASE) == []
        row = notice(session, notice_id)
        assert (row.status, row.next_at) == ("dead", None)
        assert "never reported back" in row.error

    @pytest.mark.parametrize(
        ("language", "subject", "body"),
        [
            ("", "待办", "请处理。"),
            ("zh", "待办", "请处理。"),
            ("en", "To do", "Please see to it."),
        ],
    )
    def test_speaks_the_recipients_language(
        self, session, cast, write, now, language, subject, body
    ):
        session.add(m.Account(user_id=cast.users["grid"].id, language=language))
        session.flush()
        (claim,) = deliveries.claim(session, write(), now, LEASE)
        assert (claim.message.subject, claim.message.body) == (subject, body)

    def test_asks_the_user_for_the_address_when_none_was_written(self, session, write, now):
        (claim,) = deliveries.claim(session, write(address=""), now, LEASE)
        assert claim.message.address == "grid@example.org"


class TestSettle:
    def test_a_sent_one_is_sent(self, session, write, now):
        (claim,) = deliveries.claim(session, write(), now, LEASE)
        assert deliveries.settle(session, claim, Outcome(), now + SECOND)
        row = notice(session, claim.id)
        assert (row.status, row.sent_at, row.next_at) == ("sent", now + SECOND, None)
        assert not deliveries.settle(session, claim, Outcome(), now + LEASE), "only once"

    def test_a_failed_one_waits_longer_each_time_and_says_why(self, session, write, now):
        (notice_id,) = write()
        waits = []
        for _ in range(12):
            (claim,) = deliveries.claim(session, [notice_id], now, LEASE)
            deliveries.settle(session, claim, Outcome("451 try later"), now)
            row = notice(session, notice_id)
            assert (row.status, row.error) == ("waiting", "451 try later")
            waits.append(int((row.next_at - now).total_seconds()))
            now = row.next_at
        assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]

    @pytest.mark.parametrize(
        ("attempts", "outcome"),
        [(0, Outcome("550 nobody", permanent=True)), (29, Outcome("451 try later"))],
    )
    def test_hopeless_ones_are_dead_with_the_reason(self, session, write, now, attempts, outcome):
        (claim,) = deliveries.claim(session, write(attempts=attempts), now, LEASE)
        deliveries.settle(session, claim, outcome, now)
        row = notice(session, claim.id)
        assert (row.status, row.error, row.next_at) == ("dead", outcome.error, None)
        assert deliveries.waiting(session, now + 100 * LEASE, 10) == {}

    def test_a_failure_told_too_late_changes_nothing(self, session, write, now):
        (late,) = deliveries.claim(session, write(), now, LEASE)
        (present,) = deliveries.claim(session, [late.id], now + LEASE, LEASE)
        assert not deliveries.settle(session, late, Outcome("x", permanent=True), now + LEASE)
        assert notice(session, late.id).status == "sending"
        assert deliveries.settle(session, present, Outcome(), now + LEASE)

    def test_a_success_told_too_late_still_counts(self, session, write, now):
        (late,) = deliveries.claim(session, write(), now, LEASE)
        (present,) = deliveries.claim(session, [late.id], now + LEASE, LEASE)
        assert deliveries.settle(session, present, Outcome("451 try later"), now + LEASE)
        assert deliveries.settle(session, late, Outcome(), now + LEASE)
        assert notice(session, late.id).status == "sent"

    def test_what_was_not_tried_costs_no_attempt(self, session, write, now):
        claims = deliveries.claim(session, write(2), now, LEASE)
        deliveries.release(session, claims, now + SECOND)
        row = notice(session, claims[0].id)
        assert (row.status, row.attempts, row.next_at) == ("waiting", 0, now + SECOND)

    def test_the_bell_shows_each_once(self, session, write, now):
        ids = write(5, "inapp")
        assert deliveries.show(session, ids, now) == 5
        assert deliveries.show(session, ids, now) == 0
        assert {notice(session, i).attempts for i in ids} == {1}


class TestTask:
    def test_sends_a_batch_over_one_connection(self, session, write, mailbox):
        tasks.deliver("email", write(30))
        assert (len(mailbox.mails), mailbox.connections) == (30, 1)
        assert statuses(session) == {"sent": 30}

    def test_run_twice_sends_once(self, session, write, mailbox):
        ids = write(3)
        tasks.deliver("email", ids)
        tasks.deliver("email", ids)
        assert len(mailbox.mails) == 3

    def test_one_bad_address_stops_no_other(self, session, write, mailbox):
        ids = [*write(2), *write(1, address="nobody"), *write(2)]
        tasks.deliver("email", ids)
        assert len(mailbox.mails) == 4
        assert statuses(session) == {"sent": 4, "dead": 1}

    def test_4xx_is_tried_again_and_5xx_is_dead(self, session, write, mailbox):
        answers = {"later@example.org": "451 later", "never@example.org": "550 never"}
        mailbox.rcpt = answers.get
        later, never = *write(address="later@example.org"), *write(address="never@example.org")
        tasks.deliver("email", [later, never])
        assert (notice(session, later).status, notice(session, later).error) == (
            "waiting",
            "451 later",
        )
        assert (notice(session, never).status, notice(session, never).error) == (
            "dead",
            "550 never",
        )

    def test_an_absent_server_is_asked_once_for_a_whole_batch(self, session, write, mailbox):
        mailbox.sender = lambda _: "550 not from here"
        tasks.deliver("email", write(50))
        assert mailbox.connections == 1
        assert statuses(session) == {"waiting": 50}

    def test_a_channel_that_is_not_set_up_here_is_tried_again(self, session, write):
        (notice_id,) = write()
        tasks.deliver("email", [notice_id])
        row = notice(session, notice_id)
        assert (row.status, row.attempts) == ("waiting", 1)
        assert "not set up" in row.error

    def test_a_slow_batch_gives_back_what_it_has_not_come_to(
        self, session, write, mailbox, monkeypatch
    ):
        mailbox.delay = 0.02
        monkeypatch.setattr(tasks, "PATIENCE", 0.05)
        tasks.deliver("email", write(20))
        found = statuses(session)
        assert 0 < found["sent"] < 10
        assert found["sent"] + found["waiting"] == 20
        assert session.scalar(sa.select(sa.func.max(m.Notice.attempts))) == 1

    def test_asked_to_stop_it_ends_after_the_present_one(
        self, session, write, mailbox, monkeypatch
    ):
        monkeypatch.setattr(context, "stopping", lambda: True)
        tasks.deliver("email", write(20))
        assert statuses(session) == {"sent": 1, "waiting": 19}

    def test_the_outcome_is_written_even_if_the_database_is_away_for_a_moment(
        self, session, write, mailbox, monkeypatch
    ):
        settle, failures = deliveries.settle, iter([True, True])

        def flaky(*arguments: Any) -> bool:
            if next(failures, False):
                raise OperationalError("UPDATE", {}, ConnectionError("gone"))
            return settle(*arguments)

        monkeypatch.setattr(deliveries, "settle", flaky)
        tasks.deliver("email", write(2))
        assert (len(mailbox.mails), statuses(session)) == (2, {"sent": 2})


class TestDispatcher:
    @pytest.fixture
    def redis(self, settings: config.Settings) -> Iterator[Redis]:
        redis = jobs.connect(settings)
        redis.flushdb()
        yield redis
        redis.flushdb()
        redis.close()

    @staticmethod
    def queued(redis: Redis) -> list[tuple[str, int]]:
        found = jobs.queue(redis).get_jobs()
        return [(job.args[0], len(job.args[1])) for job in found]

    def test_makes_jobs_of_a_hundred_the_bell_first(self, session, write, redis):
        write(120)
        write(230, "inapp")
        assert schedule.Dispatcher(redis, 60)(session) == 350
        assert sorted(self.queued(redis)[:3]) == [("inapp", 30), ("inapp", 100), ("inapp", 100)]
        assert self.queued(redis)[3:] == [("email", 100), ("email", 20)]

    def test_does_not_queue_again_what_is_queued(self, session, write, redis):
        dispatch = schedule.Dispatcher(redis, 60)
        write(10)
        assert dispatch(session) == 10
        assert dispatch(session) == 0
        write(5)
        assert dispatch(session) == 5

    def test_makes_anew_what_redis_has_lost(self, session, write, redis):
        dispatch = schedule.Dispatcher(redis, 60)
        write(10)
        dispatch(session)
        redis.flushdb()
        assert dispatch(session) == 10

    def test_shows_the_bell_itself_while_redis_is_away(self, session, write, settings):
        away = replace(settings, redis_url="redis://127.0.0.1:1/0")
        write(10, "inapp")
        write(2)
        assert schedule.Dispatcher(jobs.connect(away), 60)(session) == 10
        assert statuses(session) == {"sent": 10, "waiting": 2}
