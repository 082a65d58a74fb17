"""Notices delivered in batches beside one job for each, and how long it takes from due to
delivered."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from redis import Redis as Connection

from app.extensions import db
from app.services import cases, deliveries
from app.services.actors import SYSTEM
from app.services.cases import Opening
from app.transaction import unit_of_work
from bench import crowd
from bench.cluster import Cluster, application
from worker import jobs

PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Sizes:
    notices: int
    single: int
    """Notices that go one by one."""
    ticks: int
    """Deadlines of which the lag is measured."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Notices a second, and the lags in seconds."""

    batches: float
    single: float
    lags: list[float]


def measure(cluster: Cluster, address: str, sizes: Sizes) -> Delivered:
    with application(cluster, "delivery"):
        with unit_of_work(db.session(), poke=False) as session:
            crowd.lay(session)
        session.close()
        redis = Connection.from_url(address)
        redis.flushall()
        url = cluster.postgres.url("delivery")
        with _process(cluster, url, address, "work"), _process(cluster, url, address, "work"):
            _shown(url, redis, 500, jobs.SIZE)  # warm
            batches = _shown(url, redis, sizes.notices, jobs.SIZE)
            single = _shown(url, redis, sizes.single, 1)
            with _process(cluster, url, address, "sweep"):
                time.sleep(3)
                lags = _lags(url, sizes.ticks)
    return Delivered(batches, single, lags)


def _shown(url: str, redis: Connection, count: int, size: int) -> float:
    """Notices a second, from the first job enqueued to the last one shown."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "INSERT INTO notice (user_id, channel, key, subject, body, dedupe, created_at, next_at)"
            " SELECT (SELECT min(id) FROM ab_user), 'inapp', 'soon', '{\"zh\": \"到期\"}',"
            " '{\"zh\": \"请处理\"}', 'bench:' || gen_random_uuid(), now(), now()"
            " FROM generate_series(1, %s) RETURNING id",
            (count,),
        ).fetchall()
        ids = [row[0] for row in rows]
        usual, jobs.SIZE = jobs.SIZE, size
        try:
            begin = time.perf_counter()
            for start in range(0, count, 10_000):
                jobs.enqueue(redis, {"inapp": ids[start : start + 10_000]}, 60)
        finally:
            jobs.SIZE = usual
        open_ = "SELECT count(*) FROM notice WHERE status IN ('waiting', 'sending')"
        while connection.execute(open_).fetchone() != (0,):
            if time.perf_counter() - begin > PATIENCE:
                raise RuntimeError("the notices are not delivered")
            time.sleep(0.005)
        return count / (time.perf_counter() - begin)


def _lags(url: str, count: int) -> list[float]:
    """Seconds from due to delivered, of deadlines that come one by one, five a second."""
    place = crowd.community(db.session())
    with unit_of_work(db.session(), poke=False) as session:
        first = deliveries.instant(session) + timedelta(seconds=2 + count / 100)
        for number in range(count):
            at = first + number * timedelta(seconds=0.2) - timedelta(minutes=60)
            opening = Opening("watch", f"第 {number} 件", place)
            cases.open_case(session, opening, actor=SYSTEM, now=at)
    last = first + count * timedelta(seconds=0.2) + timedelta(seconds=5)
    while deliveries.instant(db.session()) < last:
        db.session.rollback()
        time.sleep(0.5)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM n.sent_at - k.due_at) FROM notice n"
            " JOIN clock k ON n.dedupe LIKE 'clock:' || k.id || ':%%' AND k.case_id = n.case_id"
            " WHERE k.key = 'tick' AND n.sent_at IS NOT NULL AND k.due_at >= %s",
            (first,),
        ).fetchall()
    if len(rows) != count:
        raise RuntimeError(f"{len(rows)} of {count} were delivered")
    return sorted(float(row[0]) for row in rows)


@contextmanager
def _process(cluster: Cluster, url: str, redis: str, what: str) -> Iterator[None]:
    settings = {
        "DATABASE_URL": url,
        "REDIS_URL": redis,
        "SIFANG_VAR": str(cluster.folder / "var"),
        "SECRET_KEY": "bench-" * 8,
    }
    log = Path(cluster.folder / f"{what}.log")
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.main", what],
            env={**os.environ, **settings},  # noqa: TID251  the bench hands on what it was given
            stdout=out,
            stderr=out,
        )
    try:
        for _ in range(600):
            if b"w" in log.read_bytes() or process.poll() is not None:
                break
            time.sleep(0.05)
        if process.poll() is not None:
            raise RuntimeError(log.read_text(errors="replace"))
        yield
    finally:
        process.terminate()
        process.wait(20)
