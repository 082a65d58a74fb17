"""The servers of a test run: one throw-away PostgreSQL and one Redis, on this machine only.

``conftest.py`` makes one ``Servers()`` per process as a session fixture and stops it at the end.
The processes of one run (xdist's workers) share the two servers, which the first that asks
starts; so databases are named after the worker (``servers.name("sifang")``), and a schema that
takes long to build is built once: ``servers.copy("sifang", build)``.

The servers belong to a keeper process. Everybody who uses them holds a shared lock on one file;
when the kernel gives the keeper that lock alone, nobody is left, however they went, and it stops
the servers and removes their files.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

import psycopg

from app.host.postgres import ADMIN, ROLE, Postgres
from app.host.process import Program, stop, wait_until
from app.host.redis import Redis

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "sifang-test-"
DATABASES = 64
SLOTS = 4


class Servers:
    """The servers of this run, started if nobody has yet (about 0.8 s)."""

    def __init__(self, run: str | None = None) -> None:
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "main")  # noqa: TID251
        run = run or os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))  # noqa: TID251
        digest = sha256(f"{os.getuid()} {run}".encode()).hexdigest()[:12]
        self.folder = Path(tempfile.gettempdir()) / f"{PREFIX}{digest}"
        _remove_stale()
        self._use = _join(self.folder)
        with locked(self.folder / "start"):
            if not (self.folder / "ready").exists():
                _start_keeper(self.folder)
        self._postgres = Postgres(self.folder / "postgres", durable=False)
        addresses = json.loads((self.folder / "ready").read_text())
        self._redis: str = addresses["redis"]
        self.redis_url = self.redis(0)

    def redis(self, slot: int) -> str:
        """Redis for this process alone; ``slot`` 0 is its tests', others are for whole sites,
        whose workers would otherwise take the jobs of the tests beside them."""
        number = -1 if self.worker == "main" else int(self.worker.removeprefix("gw"))
        return self._redis.replace("db=0", f"db={(number * SLOTS + slot) % DATABASES}")

    def name(self, name: str) -> str:
        """A database name that no other process of the run uses."""
        return f"{name}_{self.worker}"

    def connect(self, name: str) -> psycopg.Connection:
        """A connection as the database's superuser, for tests that look behind the application."""
        host = str(self._postgres.sockets)
        password = self._postgres.password()
        return psycopg.connect(
            host=host, user=ADMIN, password=password, dbname=name, autocommit=True
        )

    def database_url(self, name: str) -> str:
        """The address with the role that the application has in a real installation."""
        return self._postgres.url(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def create_database(self, name: str, template: str = "template1") -> str:
        with self.connect("postgres") as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(
                f'CREATE DATABASE "{name}" OWNER {ROLE} TEMPLATE "{template}" STRATEGY file_copy'
            )
        return self.database_url(name)

    def copy(self, name: str, build: Callable[[str], None], like: str | None = None) -> str:
        """A database of this worker's that is a copy of what ``build(url)`` makes once a run for
        all that are ``like`` it (else: for this name)."""
        template = f"template_{like or name}"
        with locked(self.folder / template):
            done = self.folder / f"{template}.done"
            if not done.exists():
                build(self.create_database(template))
                done.touch()
            return self.create_database(self.name(name), template)

    def drop_database(self, name: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """Use them no more; when nobody does, they stop."""
        self._use.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _join(folder: Path) -> IO[str]:
    """A shared lock on the folder's list of users; the folder stays while the file is open."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            file = (folder / "users").open("a")
        except FileNotFoundError:
            continue
        fcntl.flock(file, fcntl.LOCK_SH)
        if _is_at(file, folder / "users"):
            return file
        file.close()  # an ending keeper removed it while we waited


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _start_keeper(folder: Path) -> None:
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )
    if not wait_until((folder / "ready").exists, keeper, 90):
        raise RuntimeError(f"the test servers don't start:\n{(folder / 'log').read_text()}")
    keeper.returncode = 0  # it outlives us on purpose: no warning about a child still running


def _remove_stale() -> None:
    """Remove what runs left behind whose keeper was killed too."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / "users").open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Postgres(folder / "postgres").clear()
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # in use, somebody else's, or just removed


def keep(folder: Path) -> None:
    """Run the servers for as long as anybody uses them."""
    postgres = Postgres(folder / "postgres", durable=False)
    redis = Redis(folder / "redis", durable=False)
    programs = [postgres.program(), redis.program()]
    children = [program.start() for program in programs]
    try:
        for program, child in zip(programs, children, strict=True):
            if program.ready is None or not wait_until(program.ready, child, 60):
                raise RuntimeError(f"{program.name} did not start")
        postgres.provide()
        draft = folder / "ready.new"
        draft.write_text(json.dumps({"redis": redis.url}))
        draft.rename(folder / "ready")
        with (folder / "users").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _stop(programs, children)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        _stop(programs, children)


def _stop(programs: list[Program], children: list[subprocess.Popen[bytes]]) -> None:
    for program, child in zip(programs, children, strict=True):
        if child.poll() is None:
            # Nothing here is worth a checkpoint.
            stop(child, signal.SIGQUIT if program.name == "postgres" else signal.SIGTERM, 3)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keep(Path(sys.argv[1]))
