"""The sweep: what is due now, found in the database; woken by pokes, never dependent on them."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from types import FrameType

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

import config
from app import clock
from app.queue import POKE_KEY
from app.services import adjustments, audit, deadlines, deliveries, health, leases
from app.services.claims import Front
from app.transaction import unit_of_work
from worker import context, jobs, tasks
from worker.broom import Broom
from worker.handout import Handout

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Notices looked at in one round: a hundred jobs."""
BREATH = 0.02
"""Seconds between two rounds at least, so that many pokes make one."""
ANCHOR_EVERY = timedelta(hours=1)
_LOOK_FOR_ANCHOR = 60.0


class Dispatcher:
    """Gives notices that wait to the workers.

    It remembers what it has put on the queue, and forgets it when the queue is found empty or the
    lease has passed: so nothing is queued over and over, and nothing that Redis lost stays lost.
    """

    def __init__(self, redis: Redis, lease: int) -> None:
        self.redis = redis
        self.lease = lease
        self._queued: dict[int, float] = {}
        self._away = False

    def __call__(self, session: Session) -> int:
        """Returns how many notices were given out."""
        now = deliveries.instant(session)
        waiting = deliveries.waiting(session, now, MOST_WAITING)
        session.rollback()  # hold no snapshot while Redis is asked
        if not waiting:
            return 0
        try:
            fresh = self._fresh(waiting)
            jobs.enqueue(self.redis, fresh, self.lease)
        except RedisError as error:
            if not self._away:
                log.warning("Redis away, only the bell goes on: %s", error)
            self._away = True
            self._queued.clear()
            return _show(waiting)
        self._away = False
        self._queued.update(dict.fromkeys(_flat(fresh), clock.monotonic()))
        return len(_flat(fresh))

    def _fresh(self, waiting: dict[str, list[int]]) -> dict[str, list[int]]:
        if len(jobs.queue(self.redis)) == 0:
            self._queued.clear()
        since = clock.monotonic() - self.lease
        self._queued = {key: at for key, at in self._queued.items() if at > since}
        return {
            channel: [notice for notice in ids if notice not in self._queued]
            for channel, ids in waiting.items()
        }


def _flat(waiting: dict[str, list[int]]) -> list[int]:
    return [notice for ids in waiting.values() for notice in ids]


def _show(waiting: dict[str, list[int]]) -> int:
    """What needs no call outside needs no worker either."""
    count = 0
    for channel, ids in waiting.items():
        if deliveries.is_inside(channel):
            tasks.deliver(channel, ids)
            count += len(ids)
    return count


class Sweep:
    """One sweeping process."""

    def __init__(self, settings: config.Settings) -> None:
        self.seconds = settings.sweep_seconds
        self.redis = jobs.connect(settings)
        self.dispatch = Dispatcher(self.redis, settings.lease_seconds)
        self.handout = Handout(self.redis, settings.lease_seconds)
        self.broom = Broom(settings)
        self.pulse = health.Pulse("sweep")
        self.front = Front()
        self._anchor_looked = -_LOOK_FOR_ANCHOR
        self._waiting = False

    def run(self) -> None:
        """Until SIGTERM; database and Redis may come and go meanwhile."""
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, self._leave)
        log.info("looking for what is due every %g s, and when poked", self.seconds)
        pause = 0.0
        while not context.stopping():
            try:
                with context.session() as session:
                    seconds = self.round(session)
                pause = 0.0
            except tasks.AWAY as error:
                seconds = pause = min(pause * 2 or 0.25, 5.0)
                log.warning("database away, trying again in %.1f s: %s", pause, error.orig)
            except Exception:
                seconds = pause = min(pause * 2 or 1.0, 30.0)
                log.exception("this round failed, the next is in %.1f s", pause)
            self._wait(seconds, poked=pause == 0.0)

    def round(self, session: Session) -> float:
        """Everything that is due; returns how many seconds until something else is."""
        while not context.stopping():
            sweep(session, self.front)
            self.dispatch(session)
            self.handout(session)
            if self.front.done:
                break
        self._anchor(session)
        self.broom(session)
        now = deliveries.instant(session)
        moments = (
            deadlines.next_due(session, now),
            deliveries.next_due(session, now),
            leases.next_due(session, now),
        )
        session.rollback()
        ahead = [(moment - now).total_seconds() for moment in moments if moment is not None]
        return min([self.seconds, *ahead])

    def _anchor(self, session: Session) -> None:
        """What is done once an hour, by whichever of the sweeps comes first."""
        if clock.monotonic() - self._anchor_looked < _LOOK_FOR_ANCHOR:
            return
        self._anchor_looked = clock.monotonic()
        with unit_of_work(session, poke=False):
            now = deliveries.instant(session)
            if audit.is_older(session, now - ANCHOR_EVERY):
                audit.anchor(session, now)
                adjustments.warn(session, now)

    def _wait(self, seconds: float, *, poked: bool) -> None:
        """Sleep until something is due or somebody pokes; SIGTERM ends it at once."""
        self._waiting = True
        try:
            if context.stopping():
                return
            time.sleep(BREATH)
            rest = max(seconds - BREATH, 0.001)
            if not poked:
                time.sleep(rest)
                return
            try:
                self.pulse.beat(self.redis)
                self.redis.blpop([POKE_KEY], timeout=rest)
            except RedisError:
                time.sleep(min(rest, self.seconds))
        except _WokenError:
            pass
        finally:
            self._waiting = False

    def _leave(self, signum: int, frame: FrameType | None) -> None:
        context.stop()
        if self._waiting:
            self._waiting = False
            raise _WokenError


class _WokenError(BaseException):
    """Raised by the signal handler out of the wait, and only there."""


def sweep(session: Session, front: Front) -> int:
    """One batch of clocks; returns how many were due."""
    with unit_of_work(session, poke=False):
        swept = deadlines.sweep(session, deliveries.instant(session), front=front)
    moments = swept.levels + _advance(session, swept.alone)
    if swept.due:
        log.info("%d clocks due, %d moments, %d notices", swept.due, moments, swept.notices)
    return swept.due


def _advance(session: Session, alone: Sequence[int]) -> int:
    """Each clock for itself; one that can't be processed is reported and set aside."""
    count = 0
    for clock_id in alone:
        if context.stopping():
            break
        try:
            with unit_of_work(session, poke=False):
                count += deadlines.advance(session, clock_id, deliveries.instant(session))
        except tasks.AWAY:
            raise
        except Exception:
            log.exception("clock %d can't be processed, set aside", clock_id)
            with unit_of_work(session, poke=False):
                deadlines.set_aside(session, clock_id, deliveries.instant(session))
    return count
