"""The real thing, small: sweep and workers as processes on a database, a Redis and a mail server
of their own, to be killed at will."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

import config
from app.host.process import stop, wait_until
from app.host.redis import Redis as RedisHost
from app.services import outbox
from tests.mailbox import Mailbox
from tests.servers import Servers

ROOT = Path(__file__).resolve().parent.parent
LEASE_SECONDS = 2


@dataclass
class Site:
    """``kill`` ends a process as a power cut would; ``run`` starts one more."""

    servers: Servers
    folder: Path
    mailbox: Mailbox
    database: str
    running: dict[str, list[int]] = field(default_factory=dict)
    log: IO[bytes] | None = None

    def __post_init__(self) -> None:
        self.url = self.servers.create_database(self.database, "template_sifang")
        self.engine = sa.create_engine(self.url, pool_pre_ping=True)
        self.redis_host = RedisHost(self.folder / "redis", durable=False)
        self.log = (self.folder / "log").open("ab")
        self.start_redis()
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            cwd=ROOT,
            env=config.environment(self._environment()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )

    def start_redis(self) -> None:
        program = self.redis_host.program()
        self._redis = program.start(self.log)
        assert program.ready is not None
        assert wait_until(program.ready, self._redis, 30)

    def stop_redis(self) -> None:
        """It keeps nothing: started again it is empty."""
        stop(self._redis, signal.SIGTERM, 3)

    def connect_redis(self) -> Redis:
        return Redis.from_url(self.redis_host.url)

    def run(self, *names: str) -> None:
        for name in names:
            self.running.setdefault(name, []).append(self._ask("start", name))

    def _ask(self, word: str, argument: object) -> int:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(f"{word} {argument}\n".encode())
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline() or self.said())

    def _environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url.replace("+psycopg", ""),
            "REDIS_URL": self.redis_host.url,
            "SMTP_URL": self.mailbox.url,
            "MAIL_FROM": "sifang@example.org",
            "PRIVATE_NETWORKS": "127.0.0.0/8",
            "SIFANG_VAR": str(self.folder),
            "SECRET_KEY": "test-" * 8,
            "SWEEP_SECONDS": "0.2",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "PYTHONUNBUFFERED": "1",
        }

    def kill(self, name: str) -> None:
        pid = self.running[name].pop(0)
        os.kill(pid, signal.SIGKILL)
        assert self._ask("wait", pid) == -signal.SIGKILL, f"it was dead:\n{self.said()}"

    def end(self, name: str) -> list[tuple[int, float]]:
        """SIGTERM to all of that name; exit code and seconds of each."""
        pids, begun = self.running.pop(name), time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        return [(self._ask("wait", pid), time.monotonic() - begun) for pid in pids]

    def close(self) -> None:
        for name, pids in self.running.items():
            for _ in tuple(pids):
                self.kill(name)
        self._nursery.communicate(timeout=30)
        self.stop_redis()
        self.engine.dispose()
        self.servers.drop_database(self.database)
        if self.log is not None:
            self.log.close()

    def said(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def admin(self) -> psycopg.Connection:
        return self.servers.connect(self.database)

    def cut_connections(self, seconds: float) -> None:
        """What a restart of the database looks like from outside."""
        with self.admin() as inside, self.servers.connect("postgres") as outside:
            outside.execute(f'ALTER DATABASE "{self.database}" ALLOW_CONNECTIONS false')
            inside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(seconds)
            outside.execute(f'ALTER DATABASE "{self.database}" ALLOW_CONNECTIONS true')

    def write(self, rows: Iterable[dict[str, object]]) -> None:
        with Session(self.engine) as session, session.begin():
            outbox.write(session, list(rows))

    def hurry(self) -> None:
        """As if the time until the next attempt had passed."""
        with self.engine.begin() as connection:
            query = "UPDATE notice SET next_at = clock_timestamp() WHERE status = 'waiting'"
            connection.execute(sa.text(query))
        with suppress(RedisError):
            self.connect_redis().lpush("sifang:poke", "1")

    def count(self, query: str, **parameters: object) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(sa.text(query), parameters).scalar_one())

    def wait(self, what: Callable[[], bool], seconds: float = 40.0) -> None:
        """Until it holds; else the processes' words explain why not."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)
