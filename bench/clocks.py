"""Deadlines: fired in sets beside the timers of other projects, delivered in batches beside one job
for each notice, and how long it takes from due to delivered."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from redis import Redis as Connection

from app.extensions import db
from app.host.process import stop, wait_until
from app.host.redis import Redis
from app.services import cases, deliveries
from app.services.actors import SYSTEM
from app.services.cases import Opening
from app.transaction import unit_of_work
from bench import crowd, others
from bench.cluster import Cluster, application
from bench.times import Round, turns
from worker import jobs

SCRIPT = others.FOLDER / "timers.py"
PEERS = {
    "Huey, 2 worker processes": "huey",
    "rq-scheduler, moved to the queue only": "rq-scheduler",
    "APScheduler 3, SQLAlchemy store": "apscheduler",
    "Celery ETA on Redis, 2 processes": "celery",
}
OURS = "sweep, 2 processes"
SWEEPS, ROUNDS = 2, 3
PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Sizes:
    few: int
    many: int
    due: int
    peers: int
    """Due jobs of each peer, and as many pending."""
    notices: int
    single: int
    """Notices that go one by one."""
    ticks: int
    """Deadlines of which the lag is measured."""


FULL = Sizes(20_000, 1_000_000, 100_000, 2_000, 40_000, 2_000, 300)
QUICK = Sizes(4_000, 40_000, 10_000, 500, 4_000, 300, 60)


@dataclass(frozen=True, slots=True)
class Found:
    """``rates``: fired a second in each round, by contender; ``few`` and ``many``: processor time
    of one clock, among few and among many."""

    rates: dict[str, list[float]]
    few: float
    many: float
    batches: float
    single: float
    lags: list[float]


def measure(cluster: Cluster, sizes: Sizes) -> Found:
    with _redis(cluster) as address:
        with _crowd(cluster, "few", sizes.few, sizes.few // 2) as few:
            few(sizes.few // 2)
        contenders: dict[str, Round] = {
            name: _Peer(cluster, address, key, sizes.peers) for name, key in _peers().items()
        }
        with _crowd(cluster, "many", sizes.many, sizes.due) as many:
            contenders[OURS] = lambda: many(sizes.due // (ROUNDS + 1))
            rates = turns(contenders, ROUNDS)
            many(sizes.due)  # what is left over
        batches, single, lags = _delivered(cluster, address, sizes)
    return Found(rates, few.cost, many.cost, batches, single, lags)


@dataclass(slots=True)
class Crowd:
    """Clocks that wait to be fired, and those who do it. Called, they fire so many together."""

    sweeps: list[subprocess.Popen[str]]
    fired: int = 0
    spent: float = 0.0

    @property
    def cost(self) -> float:
        return self.spent / max(self.fired, 1)

    def __call__(self, count: int) -> float:
        begin, before = time.perf_counter(), self.fired
        for sweep in self.sweeps:
            assert sweep.stdin is not None
            sweep.stdin.write(f"{crowd.DUE.isoformat()} {count // len(self.sweeps)}\n")
            sweep.stdin.flush()
        for sweep in self.sweeps:
            assert sweep.stdout is not None
            fired, spent = sweep.stdout.readline().split()
            self.fired += int(fired)
            self.spent += float(spent)
        return (self.fired - before) / (time.perf_counter() - begin)


@contextmanager
def _crowd(cluster: Cluster, name: str, count: int, due: int) -> Iterator[Crowd]:
    with crowd.gathered(cluster, name, count, due) as engine:
        engine.dispose()
        address = cluster.postgres.url(name)
        with ExitStack() as stack:
            made = Crowd([stack.enter_context(_sweeper(address)) for _ in range(SWEEPS)])
            yield made
        _check(address, due, made.fired)


def fired(cluster: Cluster, name: str, count: int, due: int) -> float:
    """Clocks a second: ``due`` of ``count``; raises RuntimeError when one is missing or doubled."""
    with _crowd(cluster, name, count, due) as made:
        return made(due)


def _check(address: str, due: int, done: int) -> None:
    """Everything once: an event, a notice and a level for each."""
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM event WHERE kind = 'level'),"
            " (SELECT count(DISTINCT dedupe) FROM notice),"
            " (SELECT count(*) FROM clock WHERE next_level = 1)"
        ).fetchone()
    if row != (due, due, due) or done != due:
        raise RuntimeError(f"{due} were due, {done} claimed, written {row}")


@contextmanager
def _sweeper(address: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sweeper", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


# --- the timers of others -----------------------------------------------------------------------


def _peers() -> dict[str, str]:
    return PEERS if others.prepare() else {}


@dataclass(slots=True)
class _Peer:
    """One of them: called, it fires its jobs in a process of its own."""

    cluster: Cluster
    address: str
    key: str
    jobs: int

    def __call__(self) -> float:
        url = self.cluster.create(f"timers_{self.key.replace('-', '_')}")
        python = str(others.HOME / "bin" / "python")
        command = [python, "-W", "ignore", str(SCRIPT), self.key, self.address, url]
        answer = subprocess.run(
            [*command, str(self.jobs), str(self.jobs)],
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE * 2,
            check=True,
        )
        return float(answer.stdout.split()[-1])


@contextmanager
def _redis(cluster: Cluster) -> Iterator[str]:
    server = Redis(cluster.folder / "redis")
    program = server.program()
    with (cluster.folder / "redis.log").open("wb") as log:
        child = program.start(log)
    try:
        if program.ready is None or not wait_until(program.ready, child, 30):
            raise RuntimeError("Redis doesn't start")
        yield server.url
    finally:
        stop(child, program.stop_signal, 10)


# --- delivery -----------------------------------------------------------------------------------


def _delivered(cluster: Cluster, address: str, sizes: Sizes) -> tuple[float, float, list[float]]:
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
    return batches, single, lags


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
