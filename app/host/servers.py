"""The embedded servers that the settings ask for, and a way to have them for one command."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.host import state
from app.host.postgres import Postgres
from app.host.process import HostError, Program, stop, wait_until
from app.host.redis import Redis
from app.host.state import Addresses
from config import Settings

STOP_SECONDS = 4.0


class Servers:
    """PostgreSQL and Redis in ``var_dir``, each only where the settings name no other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.postgres = None if settings.database_url else Postgres(settings.var_dir / "postgres")
        self.redis = None if settings.redis_url else Redis(settings.var_dir / "redis")

    def programs(self) -> list[Program]:
        """What is to be started."""
        embedded = (self.postgres, self.redis)
        return [server.program() for server in embedded if server is not None]

    def provide(self) -> Addresses:
        """Where clients find the running servers; makes the application's database first."""
        database = self.postgres.provide() if self.postgres else self.settings.database_url
        redis = self.redis.url if self.redis else self.settings.redis_url
        return Addresses(str(database), str(redis))


def resolve(settings: Settings) -> Settings:
    """The settings with the addresses of the system that runs on them, where they name none."""
    if settings.database_url and settings.redis_url:
        return settings
    found = state.addresses(settings.var_dir)
    if found is None:
        return settings
    return replace(
        settings,
        database_url=settings.database_url or found.database_url,
        redis_url=settings.redis_url or found.redis_url,
    )


@contextmanager
def running(settings: Settings) -> Iterator[Addresses]:
    """The servers for as long as the block lasts: those that run already, or started for it."""
    known = resolve(settings)
    if known.database_url and known.redis_url:
        yield Addresses(known.database_url, known.redis_url)
        return
    claim = state.claim(settings.var_dir)
    claim.end_left_over()
    servers = Servers(settings)
    started: list[tuple[Program, subprocess.Popen[bytes]]] = []
    try:
        for program in servers.programs():
            process = program.start(subprocess.DEVNULL)
            started.append((program, process))
            claim.started(program.name, process.pid, program.stop_signal)
        for program, process in started:
            if program.ready and not wait_until(program.ready, process, program.ready_seconds):
                raise HostError(f"{program.name} does not start; `make run` shows what it says")
        addresses = servers.provide()
        claim.answering(addresses)
        yield addresses
    finally:
        for program, process in reversed(started):
            stop(process, program.stop_signal, STOP_SECONDS)
        claim.release()


def execute(settings: Settings, command: list[str]) -> int:
    """Run one command with the servers' addresses in its environment; its exit code."""
    with running(settings) as addresses:
        program = Program("command", tuple(command), environment=environment(addresses))
        process = program.start()
        try:
            return process.wait()
        except KeyboardInterrupt:
            stop(process, program.stop_signal, STOP_SECONDS)
            return 130


def environment(addresses: Addresses) -> dict[str, str]:
    """What a child needs to know of the servers."""
    return {"DATABASE_URL": addresses.database_url, "REDIS_URL": addresses.redis_url}
