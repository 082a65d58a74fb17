"""What the supervisor is to run; for our own system and, in tests, for small stand-ins."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.host import web
from app.host.postgres import Postgres
from app.host.process import HostError, Program
from app.host.servers import Servers, environment
from app.host.stamp import Stamp, digest
from app.host.state import Claim
from config import ROOT, Settings

WORKERS = 2
PREPARING = ("app", "migrations", "config.py", "requirements/base.txt")
"""What decides what the preparing steps do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Servers until they are ready, steps one after another, programs for good.

    ``provide`` is called between servers and steps; what it gives is added to the environment of
    all that follows. Programs are awaited in turn; when all are ready, ``greeting`` is said and
    what the step ``words`` had written. While ``stamp`` is current, no step is run.
    """

    servers: Sequence[Program] = ()
    provide: Callable[[], dict[str, str]] = dict
    steps: Sequence[Program] = ()
    words: Program | None = None
    stamp: Stamp | None = None
    programs: Sequence[Program] = ()
    greeting: str = ""


def full(settings: Settings, claim: Claim) -> Plan:
    """The whole system on one machine."""
    servers = Servers(settings)

    def provide() -> dict[str, str]:
        addresses = servers.provide()
        claim.answering(addresses)
        return environment(addresses)

    common = {"PYTHONUNBUFFERED": "1", "SIFANG_VAR": str(settings.var_dir)}

    def python(name: str, *arguments: str) -> Program:
        return Program(name, (sys.executable, *arguments), environment=common)

    workers = [python(f"worker-{n}", "-m", "worker.main", "work") for n in range(1, WORKERS + 1)]
    return Plan(
        servers=servers.programs(),
        provide=provide,
        steps=(
            python("deploy", "-m", "app.main", "deploy"),
            python("seed", "-m", "app.main", "seed", "--if-empty"),
        ),
        words=python("logins", "-m", "app.main", "demo-logins"),
        stamp=_stamp(servers.postgres),
        programs=(_web(settings, common), *workers, python("sweep", "-m", "worker.main", "sweep")),
        greeting=f"\n  四方 Sifang   {settings.base_url}   (Ctrl-C 停止 / stops it)\n",
    )


def _stamp(postgres: Postgres | None) -> Stamp | None:
    """Of a database of our own we know that nobody else changes it; of another we don't."""
    if postgres is None:
        return None

    def fingerprint() -> str:
        return f"{digest(ROOT, PREPARING)} {postgres.revision()}"

    return Stamp(postgres.home / "prepared.json", fingerprint)


def _web(settings: Settings, common: dict[str, str]) -> Program:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return Program(
        name="web",
        command=web.command(settings, f"{host}:{settings.port}"),
        environment=common,
        ready=lambda: _answers(settings),
        ready_seconds=60.0,
    )


def _answers(settings: Settings) -> bool:
    wildcard = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    host = wildcard.get(settings.host, settings.host)
    try:
        with socket.create_connection((host, settings.port), timeout=1.0):
            return True
    except OSError:
        return False


def refuse_taken(settings: Settings) -> None:
    """Raise HostError when the web's port is in use, before anything has been started."""
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        raise HostError(f"HOST: {settings.host} is no address of this machine ({error})") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise HostError(_refusal(settings, error)) from None


def _refusal(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"PORT: {settings.port} on {settings.host} is in use by another program; choose"
            f" another one, for example: make run PORT={settings.port % 65535 + 1}"
        )
    if error.errno == errno.EACCES:
        return f"PORT: {settings.port} may not be used by this user; choose one above 1023"
    return f"HOST: {settings.host} can't be listened on ({error.strerror})"
