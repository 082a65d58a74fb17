"""Deadlines: fired in sets beside the timers of other projects, delivered in batches beside one job
for each notice, and how long it takes from due to delivered."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from app.host.process import stop, wait_until
from app.host.redis import Redis
from bench import crowd, delivery, others
from bench.cluster import Cluster
from bench.times import Round, turns

SCRIPT = others.FOLDER / "timers.py"
EMPTY, DURABLE = "empty job", "the same rows"
PEERS = {
    "Huey, 2 worker processes": "huey",
    "rq-scheduler, moved to the queue only": "rq-scheduler",
    "APScheduler 3, SQLAlchemy store": "apscheduler",
    "Celery ETA on Redis, 2 processes": "celery",
}
RUNNING = ("huey", "apscheduler", "celery")
"""Those that run their jobs, so that these can do something."""
OURS = "sweep, 2 processes"
POOL = "pool"
SWEEPS, ROUNDS = 2, 3
PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Sizes:
    few: int
    many: int
    due: int
    fast: int
    """Due jobs of Huey, and as many pending."""
    slow: int
    """Of the others, and of all where a job writes its rows."""
    delivery: delivery.Sizes


FULL = Sizes(20_000, 1_000_000, 100_000, 10_000, 1_000, delivery.Sizes(40_000, 2_000, 300))
QUICK = Sizes(4_000, 40_000, 10_000, 2_000, 300, delivery.Sizes(4_000, 300, 60))


@dataclass(frozen=True, slots=True)
class Found:
    """``rates``: fired a second in each round, by contender; ``few`` and ``many``: processor time
    of one clock, among few and among many."""

    rates: dict[str, list[float]]
    few: float
    many: float
    delivered: delivery.Delivered


def measure(cluster: Cluster, sizes: Sizes) -> Found:
    with _redis(cluster) as address:
        with _crowd(cluster, "few", sizes.few, sizes.few // 2) as few:
            few(sizes.few // 2)
        contenders = _peers(cluster, address, sizes)
        with _crowd(cluster, "many", sizes.many, sizes.due) as many:
            contenders[OURS] = lambda: many(sizes.due // (ROUNDS + 1))
            rates = turns(contenders, ROUNDS)
            many(sizes.due)  # what is left over
        delivered = delivery.measure(cluster, address, sizes.delivery)
    return Found(rates, few.cost, many.cost, delivered)


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


def _peers(cluster: Cluster, address: str, sizes: Sizes) -> dict[str, Round]:
    """Each with empty jobs; and, where it runs them, with jobs that write what ours writes."""
    found: dict[str, Round] = {}
    if not others.prepare():
        return found
    with crowd.gathered(cluster, POOL, sizes.slow, sizes.slow):
        pass  # the rows, to be copied for each round
    for name, key in PEERS.items():
        jobs = sizes.fast if key == "huey" else sizes.slow
        found[f"{name}: {EMPTY}"] = _Peer(cluster, address, key, jobs)
        if key in RUNNING:
            found[f"{name}: {DURABLE}"] = _Peer(cluster, address, key, sizes.slow, durable=True)
    return found


@dataclass(slots=True)
class _Peer:
    """One of them: called, it fires its jobs in a process of its own."""

    cluster: Cluster
    address: str
    key: str
    jobs: int
    durable: bool = False

    def __call__(self) -> float:
        template = POOL if self.durable else "template1"
        url = self.cluster.create(f"timers_{self.key.replace('-', '_')}", template)
        python = str(others.HOME / "bin" / "python")
        work = "durable" if self.durable else "empty"
        command = [python, "-W", "ignore", str(SCRIPT), self.key, work, self.address, url]
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
