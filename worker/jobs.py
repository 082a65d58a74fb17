"""The queue: RQ jobs that carry ids and nothing else, and the process that runs them.

The database is the truth. A job that Redis loses is made again by the sweep, one that runs twice
finds nothing to claim. One queue only: RQ loses a job that a worker of several queues dies with.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import InvalidJobOperation, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

import config
from app.services import deliveries, health
from worker import context

log = logging.getLogger(__name__)

QUEUE = "notices"
SIZE = 100
"""Notices per job: a job costs RQ some milliseconds whatever it does."""
HEARTBEAT = 30
"""Seconds after which RQ asks Redis anew; also how long a dead connection goes unnoticed."""


def connect(settings: config.Settings) -> Redis:
    """A connection for blocking reads, apart from that of the pokes."""
    if settings.redis_url is None:
        raise config.SettingError("REDIS_URL", "is not set, and nothing runs on this folder")
    return Redis.from_url(settings.redis_url, socket_connect_timeout=2.0)


def queue(redis: Redis) -> Queue:
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def enqueue(redis: Redis, waiting: Mapping[str, Sequence[int]], seconds: int) -> int:
    """Make jobs of the notices that wait, by channel; returns how many jobs. ``seconds`` is the
    lease: a job is ended before what it has claimed lapses. What needs no call outside goes first.
    """
    jobs = [
        Queue.prepare_data(
            "worker.tasks.deliver",
            args=(channel, list(ids[start : start + SIZE])),
            timeout=seconds,
            result_ttl=0,
            failure_ttl=3600,
            description=f"deliver {channel}",
            at_front=deliveries.is_inside(channel),
        )
        for channel, ids in waiting.items()
        for start in range(0, len(ids), SIZE)
    ]
    if jobs:
        queue(redis).enqueue_many(jobs)
    return len(jobs)


def hand_out(redis: Redis, ids: Sequence[int]) -> None:
    """Put long jobs behind what is on the queue, a slice of each. What hangs is ended after an
    hour; leases take care of what dies."""
    if ids:
        queue(redis).enqueue_many(
            Queue.prepare_data(
                "worker.tasks.advance",
                args=(job_id,),
                timeout=3600,
                result_ttl=0,
                failure_ttl=3600,
                description=f"advance {job_id}",
            )
            for job_id in ids
        )


class Worker(SimpleWorker):
    """No fork for each job (five times slower), no commands over Redis."""

    max_connection_wait_time = 5.0
    log_result_lifespan = False
    pulse = health.Pulse("worker")

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        context.stop()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        if isinstance(exc_info[1], InvalidJobOperation):
            log.warning("Redis forgot a job while it ran; what it did is done")
        else:
            super().handle_exception(job, *exc_info)

    def set_shutdown_requested_date(self) -> None:
        """RQ calls this within the signal handler; Redis may be away, and nobody reads it."""

    def subscribe(self) -> None:
        """Whoever reaches Redis shall not be able to stop a worker or a job."""

    def unsubscribe(self) -> None:
        """There is no subscription."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        if pipeline is None:
            self.pulse.beat(self.connection)


def work(settings: config.Settings) -> None:
    """Run jobs until SIGTERM; Redis may come and go meanwhile."""
    log.info("waiting for work")
    pause = 0.5
    while not context.stopping():
        context.leave_on_signal()
        try:
            redis = connect(settings)
            worker = Worker(
                [queue(redis)],
                connection=redis,
                serializer=JSONSerializer,
                worker_ttl=HEARTBEAT,
                log_job_description=False,
            )
            worker.work(logging_level="WARNING")
            pause = 0.5
        except StopRequested:
            return
        except RedisError as error:
            log.warning("Redis away, trying again: %s", error)
        if not context.stopping():
            context.leave_on_signal()
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
