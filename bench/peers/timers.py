"""The timers of other projects: ``timers.py NAME WORK REDIS POSTGRES DUE PENDING`` prints how many
due jobs a second it fires among pending ones, from the first that is seen done to the last.

``WORK`` is what a job does: ``empty`` counts itself, ``durable`` writes what our clocks write (see
``durable.py``). Two worker processes where it has workers. rq-scheduler is asked only to move what
is due to its queue, not to run it."""

# Each library is imported by the one that needs it, and the machine's own time is what they go by.
# ruff: noqa: DTZ003, PLC0415, TID251

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import durable
import psycopg
import redis

AHEAD = 3.0
FAR = timedelta(days=30)
LONGEST = 300.0


def rate(done: Callable[[], int], due: int) -> float:
    """Wait until all are done; the time before the first is done doesn't count."""
    limit = time.time() + LONGEST
    first = 0
    while first == 0 and time.time() < limit:
        time.sleep(0.002)
        first = done()
    begin, count = time.time(), first
    while count < due and time.time() < limit:
        time.sleep(0.005)
        count = done()
    return (count - first) / (time.time() - begin)


def counted(address: str, url: str, work: str) -> Callable[[], int]:
    """How many jobs are done."""
    if work == "empty":
        counter = redis.Redis.from_url(address)
        return lambda: int(counter.get("fired") or 0)
    server = psycopg.connect(url, autocommit=True)
    return lambda: server.execute(durable.DONE).fetchone()[0]


def job(address: str, url: str, work: str) -> Callable[[int], None]:
    """What is called with the number of a clock."""
    if work == "durable":
        return lambda clock: durable.fire(url, clock)
    counter = redis.Redis.from_url(address)

    def count(_: int) -> None:
        counter.incr("fired")

    return count


def clocks(url: str, work: str, due: int) -> list[int]:
    return durable.due(url, due) if work == "durable" else list(range(due))


def worker(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def moment(seconds: float) -> tuple[float, datetime]:
    begin = math.ceil(time.time() + seconds)  # of the fractions some know nothing
    return begin, datetime.fromtimestamp(begin, UTC)


# --- Huey ---------------------------------------------------------------------------------------


def huey_app(address: str, url: str, work: str):
    from huey import RedisHuey

    app = RedisHuey("bench", url=address, utc=True, results=False)
    run = job(address, url, work)

    @app.task(name="tick")
    def tick(clock: int) -> None:
        run(clock)

    return app, tick


def huey(address: str, url: str, work: str, due: int, pending: int) -> float:
    _app, tick = huey_app(address, url, work)
    far = datetime.now(UTC) + FAR
    for n in range(pending):
        tick.schedule((n,), eta=far.replace(tzinfo=None))
    _begin, at = moment(AHEAD + due / 2000)
    for clock in clocks(url, work, due):
        tick.schedule((clock,), eta=at.replace(tzinfo=None))
    consumer = worker(sys.executable, __file__, "huey-consumer", work, address, url)
    found = rate(counted(address, url, work), due)
    stop(consumer)
    return found


def huey_consumer(address: str, url: str, work: str) -> None:
    app, _ = huey_app(address, url, work)
    app.create_consumer(workers=2, worker_type="process", scheduler_interval=1).run()


# --- Celery -------------------------------------------------------------------------------------


def celery_app(address: str, url: str, work: str):
    from celery import Celery

    path = address.removeprefix("unix://").split("?")[0].replace("%2F", "/")
    app = Celery("bench", broker=f"redis+socket://{path}?virtual_host=0")
    app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
    run = job(address, url, work)

    @app.task(name="tick")
    def tick(clock: int) -> None:
        run(clock)

    return app, tick


def celery(address: str, url: str, work: str, due: int, pending: int) -> float:
    app, tick = celery_app(address, url, work)
    begin, at = moment(AHEAD + (due + pending) / 300)
    with app.pool.acquire(block=True) as connection:
        for clock in clocks(url, work, due):
            tick.apply_async((clock,), eta=at, connection=connection)
        for n in range(pending):
            tick.apply_async((n,), eta=at + FAR, connection=connection)
    consumer = worker(sys.executable, __file__, "celery-worker", work, address, url)
    if time.time() > begin:
        raise SystemExit("celery: too slow to give the work out")
    found = rate(counted(address, url, work), due)
    stop(consumer)
    return found


def celery_worker(address: str, url: str, work: str) -> None:
    app, _ = celery_app(address, url, work)
    app.worker_main(["worker", "-c", "2", "-l", "ERROR", "--without-gossip", "--without-mingle"])


# --- rq-scheduler -------------------------------------------------------------------------------


def nothing() -> None:
    pass


def rq_scheduler(address: str, _url: str, _work: str, due: int, pending: int) -> float:
    from rq_scheduler import Scheduler

    connection = redis.Redis.from_url(address)
    scheduler = Scheduler(connection=connection, interval=1)
    at = datetime.utcnow()
    for _n in range(pending):
        scheduler.enqueue_at(at + FAR, nothing)
    for _n in range(due):
        scheduler.enqueue_at(at, nothing)
    begin = time.time()
    scheduler.enqueue_jobs()
    return due / (time.time() - begin)


# --- APScheduler --------------------------------------------------------------------------------

COUNT = [0]
RUN: list[Callable[[int], None]] = []


def tick(clock: int) -> None:
    RUN[0](clock)


def count(_: int) -> None:
    COUNT[0] += 1


def apscheduler(_: str, url: str, work: str, due: int, pending: int) -> float:
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    done = (lambda: COUNT[0]) if work == "empty" else counted("", url, work)
    RUN.append(count if work == "empty" else job("", url, work))
    store = SQLAlchemyJobStore(url=url.replace("postgresql://", "postgresql+psycopg://", 1))
    scheduler = BackgroundScheduler(
        jobstores={"default": store},
        timezone="UTC",
        job_defaults={"misfire_grace_time": None},
    )
    scheduler.start(paused=True)
    now = datetime.now(UTC)
    for clock in clocks(url, work, due):
        scheduler.add_job("__main__:tick", "date", run_date=now, args=(clock,))
    for n in range(pending):
        scheduler.add_job("__main__:tick", "date", run_date=now + FAR, args=(n,))
    scheduler.resume()
    found = rate(done, due)
    scheduler.shutdown(wait=False)
    return found


if __name__ == "__main__":
    name, work, address, url, *rest = sys.argv[1:]
    if name == "huey-consumer":
        huey_consumer(address, url, work)
    elif name == "celery-worker":
        celery_worker(address, url, work)
    else:
        run = {
            "huey": huey,
            "celery": celery,
            "rq-scheduler": rq_scheduler,
            "apscheduler": apscheduler,
        }[name]
        due, pending = map(int, rest)
        redis.Redis.from_url(address).flushall()
        print(run(address, url, work, due, pending), flush=True)
