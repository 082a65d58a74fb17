"""Pokes to the workers. Redis carries no truth: what it loses, the sweep finds in the database."""

from __future__ import annotations

import logging
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

POKE_KEY = "sifang:poke"

_IMPATIENT: dict[str, Any] = {
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.5,
    "retry": Retry(NoBackoff(), 0),  # a poke is not worth keeping a person waiting
}

_redis: Redis | None = None


def connect(url: str | None) -> None:
    """Name the server that pokes go to; None: nobody is poked (tests of services, scripts)."""
    global _redis
    _redis = None if url is None else Redis.from_url(url, **_IMPATIENT)


def connection() -> Redis | None:
    return _redis


def poke() -> None:
    """Wake the sweep now instead of at its next tick."""
    if _redis is None:
        return
    try:
        with _redis.pipeline(transaction=False) as pipe:
            pipe.lpush(POKE_KEY, "1")
            pipe.ltrim(POKE_KEY, 0, 0)
            pipe.execute()
    except RedisError as error:
        log.warning("poke not delivered, the sweep will catch up: %s", error)
