"""How the machinery is doing: which processes live, and how far behind they are.

A process that lives says so in Redis, under a key that lapses by itself; what is behind is counted
in the database, where it is true even when every process is dead.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from app import clock
from app import models as m

_PREFIX = "sifang:alive:"
_EVERY, _LAPSES = 5.0, 60


@dataclass(slots=True)
class Pulse:
    """The sign of life of this process; Redis is written every few seconds at most."""

    kind: str
    _last: float = field(default=-_EVERY, init=False)

    def beat(self, redis: Redis) -> None:
        if clock.monotonic() - self._last < _EVERY:
            return
        self._last = clock.monotonic()
        value = {"kind": self.kind, "host": socket.gethostname(), "pid": os.getpid()}
        key = f"{_PREFIX}{value['kind']}:{value['host']}:{value['pid']}"
        redis.set(key, json.dumps({**value, "at": clock.now().isoformat()}), ex=_LAPSES)


@dataclass(frozen=True, slots=True)
class Alive:
    kind: str
    host: str
    pid: int
    at: datetime


def alive(redis: Redis) -> list[Alive]:
    """The processes that gave a sign of life within the last minute. Raises RedisError."""
    values = (redis.get(key) for key in redis.scan_iter(f"{_PREFIX}*"))
    found = [json.loads(value) for value in values if value is not None]
    processes = [
        Alive(v["kind"], v["host"], v["pid"], datetime.fromisoformat(v["at"])) for v in found
    ]
    return sorted(processes, key=lambda a: (a.kind, a.host, a.pid))


@dataclass(frozen=True, slots=True)
class Backlog:
    """Seconds by which the oldest clock and the oldest notice are late, and how many there are;
    ``dead`` notices were given up and wait for a person."""

    clocks: int
    clock_seconds: float
    notices: int
    notice_seconds: float
    dead: int


def backlog(session: Session, now: datetime) -> Backlog:
    clocks, clock_at = session.execute(
        sa.select(sa.func.count(), sa.func.min(m.Clock.next_at)).where(m.Clock.next_at <= now)
    ).one()
    notices, notice_at = session.execute(
        sa.select(sa.func.count(), sa.func.min(m.Notice.next_at)).where(
            sa.text("notice.status IN ('waiting', 'sending')"), m.Notice.next_at <= now
        )
    ).one()
    dead = session.scalar(
        sa.select(sa.func.count()).select_from(m.Notice).where(m.Notice.status == "dead")
    )
    return Backlog(clocks, _late(clock_at, now), notices, _late(notice_at, now), dead or 0)


def _late(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else (now - at).total_seconds()


# --- all of it --------------------------------------------------------------------------------

QUEUE_KEY = "rq:queue:notices"
LATE = 60.0
"""Seconds behind that somebody should look at."""


@dataclass(frozen=True, slots=True)
class Health:
    """``redis``: it answers. ``jobs``: on the queue; None without Redis. ``open``: notices that
    are not yet out, by channel, those of later included."""

    redis: bool
    processes: tuple[Alive, ...]
    jobs: int | None
    backlog: Backlog
    open: dict[str, int]

    def count(self, kind: str) -> int:
        return sum(process.kind == kind for process in self.processes)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is amiss, most pressing first."""
        late = max(self.backlog.clock_seconds, self.backlog.notice_seconds) > LATE
        found = {
            "redis": not self.redis,
            "sweep": self.redis and not self.count("sweep"),
            "worker": self.redis and not self.count("worker"),
            "late": late,
        }
        return tuple(name for name, wrong in found.items() if wrong)


def snapshot(session: Session, redis: Redis | None, now: datetime) -> Health:
    """How it is at this moment; Redis may be away."""
    processes: tuple[Alive, ...] = ()
    jobs, answers = None, False
    if redis is not None:
        try:
            processes = tuple(alive(redis))
            jobs, answers = int(redis.llen(QUEUE_KEY)), True
        except RedisError:
            answers = False
    waiting = session.execute(
        sa.select(m.Notice.channel, sa.func.count())
        .where(sa.text("notice.status IN ('waiting', 'sending')"))
        .group_by(m.Notice.channel)
        .order_by(m.Notice.channel)
    )
    counts = {channel: count for channel, count in waiting}  # noqa: C416  a typed row
    return Health(answers, processes, jobs, backlog(session, now), counts)
