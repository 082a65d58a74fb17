"""Long jobs given to the workers: to half of them at most, so that notices go out meanwhile."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from app import clock
from app.services import deliveries, health, leases
from app.services.leases import Held
from worker import jobs

log = logging.getLogger(__name__)

MOST = 50
"""Jobs looked at in one round: no more workers than that at once."""


@dataclass(slots=True)
class Handout:
    """Remembers what it has put on the queue until it was claimed, the queue is found empty or
    the lease has passed: so nothing is queued twice, and nothing that Redis lost stays lost."""

    redis: Redis
    lease: int
    _queued: dict[Held, float] = field(default_factory=dict)

    def __call__(self, session: Session) -> int:
        """Returns how many were given out."""
        now = deliveries.instant(session)
        due = leases.due(session, now, MOST)
        active = leases.active(session, now) if due else 0
        session.rollback()  # hold no snapshot while Redis is asked
        if not due:
            self._queued.clear()
            return 0
        try:
            fresh = self._fresh(due, active)
            jobs.hand_out(self.redis, [held.id for held in fresh])
        except RedisError as error:
            log.warning("Redis away, long jobs wait: %s", error)
            self._queued.clear()
            return 0
        self._queued.update(dict.fromkeys(fresh, clock.monotonic()))
        return len(fresh)

    def _fresh(self, due: list[Held], active: int) -> list[Held]:
        if len(jobs.queue(self.redis)) == 0:
            self._queued.clear()
        since = clock.monotonic() - self.lease
        self._queued = {held: self._queued[held] for held in due if self._at(held) > since}
        workers = sum(each.kind == "worker" for each in health.alive(self.redis))
        room = max(workers // 2, 1) - active - len(self._queued)
        return [held for held in due if held not in self._queued][: max(room, 0)]

    def _at(self, held: Held) -> float:
        return self._queued.get(held, float("-inf"))
