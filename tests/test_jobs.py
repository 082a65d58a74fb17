"""Long work: safe points, leases, slices, cancelling, going on, tidying away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from redis import Redis
from sqlalchemy.orm import Session

import config
from app import clock
from app import models as m
from app.errors import MissingError, RefusedError
from app.models import Job, JobItem, JobOutcome, JobState
from app.services import jobs, leases
from app.services.deliveries import instant
from app.services.jobs import Order
from app.services.kinds import KINDS, Step, kind
from app.services.leases import LostError
from tests import labour
from tests.cast import Cast
from worker import context, handout, runner
from worker import jobs as queue
from worker.broom import Broom

LEASE = timedelta(seconds=60)


@pytest.fixture
def owner(session: Session, cast: Cast) -> int:
    return cast.users["secretary"].id


@pytest.fixture
def redis(settings: config.Settings) -> Iterator[Redis]:
    connection = queue.connect(settings)
    connection.flushdb()
    yield connection
    connection.flushdb()
    connection.close()


def lapse(session: Session, job: Job) -> None:
    """The lease of whoever holds the job has run out."""
    job.next_at = instant(session)
    session.commit()


class TestRunning:
    def test_does_all_of_it_and_says_so(self, session, owner):
        job = labour.finish(session, labour.order(session, owner, count=25))
        assert (job.state, job.done, job.total, job.failed) == (JobState.DONE, 25, 25, 2)
        assert labour.made(session, job) == 25
        assert job.message == labour.DONE
        assert job.result == {"count": 25}
        assert job.next_at is None
        assert jobs.tally(session, job) == {JobOutcome.DONE: 23, JobOutcome.FAILED: 2}

    def test_commits_about_twice_a_second(self, session, owner, monkeypatch):
        written = []
        real = leases.settle
        monkeypatch.setattr(leases, "settle", lambda *a: written.append(a[2].done) or real(*a))
        job = labour.order(session, owner, count=60, seconds=0.02)
        begun = clock.monotonic()
        labour.finish(session, job)
        spent = clock.monotonic() - begun
        assert 2 <= len(written) <= spent / 0.5 + 1 + job.claim, (written, spent)

    def test_gives_the_job_back_after_a_slice_and_goes_on_where_it_was(
        self, session, owner, monkeypatch
    ):
        monkeypatch.setattr(runner, "SLICE", 0.05)
        job = labour.order(session, owner, count=20, seconds=0.01)
        runner.run(job.id)
        session.expire_all()
        assert job.state is JobState.RUNNING
        assert 0 < job.done < 20
        assert labour.made(session, job) == job.done == job.cursor["next"]
        assert leases.due(session, instant(session), 9)[0].id == job.id
        labour.finish(session, job)
        assert labour.made(session, job) == 20
        assert job.claim > 2

    def test_what_is_done_in_one_go_is_done_whole_or_not_at_all(self, session, owner, monkeypatch):
        monkeypatch.setattr(runner, "SLICE", 0.05)
        job = labour.order(session, owner, "whole", count=30, seconds=0.01)
        seen = []
        real = leases.settle
        monkeypatch.setattr(leases, "settle", lambda *a: seen.append(a[2].done) or real(*a))
        labour.finish(session, job)
        assert job.claim == 1, "without a safe point a slice isn't cut"
        assert seen, "but the bar moves"
        assert (job.done, labour.made(session, job)) == (30, 30)

    def test_asked_to_end_the_process_writes_down_what_it_has(self, session, owner, monkeypatch):
        job = labour.order(session, owner, count=10)
        monkeypatch.setattr(context, "stopping", lambda: True)
        runner.run(job.id)
        session.expire_all()
        assert (job.state, job.done, labour.made(session, job)) == (JobState.RUNNING, 1, 1)

    def test_who_waited_long_is_told(self, session, owner):
        short, long = (labour.order(session, owner, count=1) for _ in range(2))
        long.created_at -= timedelta(seconds=11)
        session.commit()
        labour.finish(session, short)
        labour.finish(session, long)
        (notice,) = session.scalars(sa.select(m.Notice).where(m.Notice.key == "job.ended"))
        assert notice.path == f"/jobs/{long.id}"
        assert notice.subject["zh"] == "数数：已完成"
        assert notice.user_id == owner


class TestFaults:
    def test_two_workers_never_both_count(self, session, owner):
        job = labour.order(session, owner, count=5)
        first = leases.claim(session, job.id, instant(session), LEASE)
        assert leases.claim(session, job.id, instant(session), LEASE) is None
        lapse(session, job)
        second = leases.claim(session, job.id, instant(session), LEASE)
        assert first is not None
        assert second is not None
        assert second.claim == first.claim + 1
        work = leases.work(session, second, context.settings().files_dir, instant(session))
        step = Step(3, {"next": 3}, total=5)
        with pytest.raises(LostError):
            leases.settle(session, first, step, instant(session), LEASE, work)
        assert leases.settle(session, second, step, instant(session), LEASE, work)

    def test_what_says_why_it_can_t_be_done_is_not_tried_again(self, session, owner):
        job = labour.finish(session, labour.order(session, owner, count=9, refuse=4))
        assert (job.state, job.claim) == (JobState.FAILED, 1)
        assert job.message == {"zh": "到此为止。", "en": "No further."}

    def test_an_unexpected_fault_is_tried_three_times_then_told(self, session, cast, owner):
        job = labour.order(session, owner, count=9, fault=4)
        for _ in range(3):
            lapse(session, job)
            runner.run(job.id)
            session.expire_all()
        assert job.state is JobState.FAILED
        assert "编号" in job.message["zh"]
        (context.settings().files_dir / "jobs" / str(job.id) / "mended").touch()
        jobs.retry(session, job.id, cast.viewer("secretary"), instant(session))
        session.commit()
        labour.finish(session, job)
        assert (job.state, labour.made(session, job)) == (JobState.DONE, 9)

    def test_a_job_that_kills_its_workers_is_given_up(self, session, owner):
        job = labour.order(session, owner, count=5)
        for _ in range(leases.MOST_ATTEMPTS):
            assert leases.claim(session, job.id, instant(session), LEASE) is not None
            lapse(session, job)
        assert leases.claim(session, job.id, instant(session), LEASE) is None
        session.expire_all()
        assert job.state is JobState.FAILED


class TestOwner:
    def test_what_has_not_begun_is_cancelled_at_once(self, session, cast, owner):
        job = labour.order(session, owner, count=5)
        jobs.cancel(session, job.id, cast.viewer("secretary"), instant(session))
        assert job.state is JobState.CANCELLED
        runner.run(job.id)
        assert labour.made(session, job) == 0

    def test_what_runs_is_cancelled_at_the_next_safe_point_and_can_be_gone_on_with(
        self, session, cast, owner, monkeypatch
    ):
        monkeypatch.setattr(runner, "SLICE", 0.02)
        job = labour.order(session, owner, count=50, seconds=0.01)
        runner.run(job.id)
        session.expire_all()
        jobs.cancel(session, job.id, cast.viewer("secretary"), instant(session))
        session.commit()
        labour.finish(session, job)
        assert job.state is JobState.CANCELLED
        assert 0 < labour.made(session, job) == job.done < 50
        assert "保留" in job.message["zh"]
        jobs.retry(session, job.id, cast.viewer("secretary"), instant(session))
        session.commit()
        monkeypatch.undo()
        labour.finish(session, job)
        assert (job.state, labour.made(session, job)) == (JobState.DONE, 50)

    def test_is_cancelled_while_it_runs(self, session, cast, owner, monkeypatch):
        job = labour.order(session, owner, "whole", count=9, seconds=0.1)
        monkeypatch.setattr(leases, "settle", lambda *a: False)
        runner.run(job.id)
        session.expire_all()
        assert (job.state, labour.made(session, job)) == (JobState.CANCELLED, 0)
        assert "什么都没有改变" in job.message["zh"]

    def test_nobody_else_finds_it_but_the_administrator(self, session, cast, owner):
        job = labour.order(session, owner, count=1)
        for name in ("staff", "outsider", "street"):
            with pytest.raises(MissingError):
                jobs.find(session, job.id, cast.viewer(name))
            assert job not in jobs.listed(session, cast.viewer(name))
        assert jobs.find(session, job.id, cast.viewer("admin")) is job
        with pytest.raises(MissingError):
            jobs.own(session, job.id, cast.viewer("admin"))
        assert jobs.own(session, job.id, cast.viewer("secretary")) is job

    def test_too_many_are_refused(self, session, owner, monkeypatch):
        monkeypatch.setattr(jobs, "MOST_OPEN", 2)
        labour.order(session, owner, count=1)
        labour.order(session, owner, count=1)
        with pytest.raises(RefusedError):
            labour.order(session, owner, count=1)

    def test_knows_what_is_under_way_by_one_statement(self, session, owner):
        assert jobs.running(session, owner) is None
        first = labour.order(session, owner, count=1)
        second = labour.order(session, owner, count=1)
        assert jobs.running(session, owner) == jobs.Running(2, second.id, 0, None)
        labour.finish(session, first)
        assert jobs.running(session, owner) == jobs.Running(1, second.id, 0, None)

    def test_time_left_goes_by_what_was_done(self, session, owner, now):
        job = Job(state=JobState.RUNNING, done=25, total=100, started_at=now)
        assert jobs.left(job, now + timedelta(seconds=10)) == timedelta(seconds=30)
        job.done = 0
        assert jobs.left(job, now) is None


class TestHandout:
    def test_half_of_the_workers_and_nothing_twice(self, session, settings, redis, owner):
        give = handout.Handout(redis, settings.lease_seconds)
        first = labour.order(session, owner, count=1)
        labour.order(session, owner, count=1)
        assert give(session) == 1, "one of two workers, or of one"
        assert give(session) == 0
        labour.finish(session, first)
        assert give(session) == 1

    def test_what_redis_lost_is_given_out_again(self, session, settings, redis, owner):
        give = handout.Handout(redis, settings.lease_seconds)
        labour.order(session, owner, count=1)
        assert give(session) == 1
        redis.flushdb()
        assert give(session) == 1


class TestBroom:
    def test_old_jobs_go_with_items_and_folder(self, session, settings, owner):
        old, young = (
            labour.finish(session, labour.order(session, owner, count=3)) for _ in range(2)
        )
        old.ended_at -= timedelta(days=15)
        session.commit()
        folder = jobs.folder(settings.files_dir, old.id)
        stranger = jobs.folder(settings.files_dir, 10**9)
        fresh = jobs.folder(settings.files_dir, 10**9 + 1)
        for path in (stranger, fresh):
            path.mkdir(parents=True)
        for path in (folder, stranger, jobs.folder(settings.files_dir, young.id)):
            os.utime(path, (0, 0))
        broom = Broom(replace(settings, job_days=14))
        assert broom(session) == 1
        assert broom(session) == 0, "once an hour"
        assert session.scalars(sa.select(Job.id)).all() == [young.id]
        assert set(session.scalars(sa.select(JobItem.job_id))) == {young.id}
        assert not folder.exists()
        assert not stranger.exists()
        assert fresh.exists()
        assert jobs.folder(settings.files_dir, young.id).exists()


def test_a_kind_is_registered_once():
    labour.register()
    with pytest.raises(ValueError, match="twice"):
        kind("count", {})(KINDS["count"].run)


def test_every_kind_is_said_in_both_languages(app):
    assert {key for key, each in KINDS.items() if each.label.keys() != {"zh", "en"}} == set()


def test_an_order_says_what_it_is(session, owner, now):
    labour.register()
    order = Order("count", {"count": 1}, {"zh": "导出", "en": "Export"})
    assert str(jobs.start(session, order, owner_id=owner, now=now)) == "导出"
