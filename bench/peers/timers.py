"""The timers of other projects: ``timers.py NAME REDIS POSTGRES DUE PENDING`` prints how many due
jobs a second it fires among pending ones. A job counts itself; two worker processes where it has
workers. rq-scheduler is asked only to move what is due to its queue, not to run it."""

# Each library is imported by the one that needs it, and the machine's own time is what they go by.
# ruff: noqa: DTZ003, PLC0415, TID251

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import redis

AHEAD = 3.0
FAR = timedelta(days=30)
LONGEST = 300.0


def fired(counter: redis.Redis, begin: float, due: int) -> float:
    """Wait until all that were due at ``begin`` have counted themselves."""
    count = 0
    while count < due and time.time() < begin + LONGEST:
        count = int(counter.get("fired") or 0)
        time.sleep(0.01)
    return count / (time.time() - begin)


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
    begin = time.time() + seconds
    return begin, datetime.fromtimestamp(begin, UTC)


# --- Huey ---------------------------------------------------------------------------------------


def huey_app(address: str):
    from huey import RedisHuey

    app = RedisHuey("bench", url=address, utc=True, results=False)
    counter = redis.Redis.from_url(address)

    @app.task(name="tick")
    def tick() -> None:
        counter.incr("fired")

    return app, tick


def huey(address: str, _: str, due: int, pending: int) -> float:
    _app, tick = huey_app(address)
    far = datetime.now(UTC) + FAR
    for _n in range(pending):
        tick.schedule(eta=far.replace(tzinfo=None))
    begin, at = moment(AHEAD + due / 2000)
    for _n in range(due):
        tick.schedule(eta=at.replace(tzinfo=None))
    consumer = worker(sys.executable, __file__, "huey-consumer", address)
    found = fired(redis.Redis.from_url(address), begin, due)
    stop(consumer)
    return found


def huey_consumer(address: str) -> None:
    app, _ = huey_app(address)
    app.create_consumer(workers=2, worker_type="process", scheduler_interval=1).run()


# --- Celery -------------------------------------------------------------------------------------


def celery_app(address: str):
    from celery import Celery

    path = address.removeprefix("unix://").split("?")[0].replace("%2F", "/")
    app = Celery("bench", broker=f"redis+socket://{path}?virtual_host=0")
    app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
    counter = redis.Redis.from_url(address)

    @app.task(name="tick")
    def tick() -> None:
        counter.incr("fired")

    return app, tick


def celery(address: str, _: str, due: int, pending: int) -> float:
    app, tick = celery_app(address)
    begin, at = moment(AHEAD + (due + pending) / 300)
    with app.pool.acquire(block=True) as connection:
        for _n in range(due):
            tick.apply_async(eta=at, connection=connection)
        for _n in range(pending):
            tick.apply_async(eta=at + FAR, connection=connection)
    consumer = worker(sys.executable, __file__, "celery-worker", address)
    if time.time() > begin:
        raise SystemExit("celery: too slow to give the work out")
    found = fired(redis.Redis.from_url(address), begin, due)
    stop(consumer)
    return found


def celery_worker(address: str) -> None:
    app, _ = celery_app(address)
    app.worker_main(["worker", "-c", "2", "-l", "ERROR", "--without-gossip", "--without-mingle"])


# --- rq-scheduler -------------------------------------------------------------------------------


def nothing() -> None:
    pass


def rq_scheduler(address: str, _: str, due: int, pending: int) -> float:
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


def tick() -> None:
    COUNT[0] += 1


def apscheduler(_: str, url: str, due: int, pending: int) -> float:
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    store = SQLAlchemyJobStore(url=url.replace("postgresql://", "postgresql+psycopg://", 1))
    scheduler = BackgroundScheduler(
        jobstores={"default": store}, timezone="UTC", job_defaults={"misfire_grace_time": None}
    )
    scheduler.start(paused=True)
    now = datetime.now(UTC)
    for at, count in ((now, due), (now + FAR, pending)):
        for _n in range(count):
            scheduler.add_job("__main__:tick", "date", run_date=at)
    begin = time.time()
    scheduler.resume()
    while COUNT[0] < due and time.time() < begin + LONGEST:
        time.sleep(0.01)
    found = COUNT[0] / (time.time() - begin)
    scheduler.shutdown(wait=False)
    return found


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    if name == "huey-consumer":
        huey_consumer(rest[0])
    elif name == "celery-worker":
        celery_worker(rest[0])
    else:
        run = {
            "huey": huey,
            "celery": celery,
            "rq-scheduler": rq_scheduler,
            "apscheduler": apscheduler,
        }[name]
        address, url, due, pending = rest
        redis.Redis.from_url(address).flushall()
        print(run(address, url, int(due), int(pending)), flush=True)
