"""The web server: processes of gunicorn with threads, and nobody who falls silent holds one.

Phones lose their network in the middle of a photo, and browsers open connections that they may need
later. In a process that serves one after the other, two of them keep everybody else waiting.
"""

from __future__ import annotations

import logging
import socket
import struct
import sys
from contextlib import suppress

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from config import Settings

PATIENCE = 30
"""Seconds within which the next bytes of a request must come, those of an answer must be taken, and
the next request must begin on a connection that is kept open."""
LINGER = 0.5
"""Seconds that the other side has to close after the last answer."""


def command(settings: Settings, address: str, patience: int = PATIENCE) -> tuple[str, ...]:
    """To serve at ``address``: host and port, or ``fd://`` and the number of an open socket."""
    return (
        *(sys.executable, "-m", "gunicorn", "app.factory:create_app()"),
        *("--bind", address, "--worker-class", f"{__name__}.{Worker.__name__}"),
        *("--workers", str(settings.web_workers), "--threads", str(settings.web_threads)),
        # create_app() opens no connection, so the workers may share what it built.
        *("--preload", "--no-control-socket", "--graceful-timeout", "2", "--timeout", "60"),
        *("--keep-alive", str(patience), "--log-level", "warning"),
    )


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Gives a thread only to who has begun to ask, and takes it away from who has stopped."""

    def init_process(self) -> None:
        self.log.error_log.addFilter(_is_news)
        super().init_process()

    def handle(self, conn: TConn) -> object:
        if not conn.initialized and not conn.wait_for_data(0):
            return _DEFER  # the main thread watches it, and calls again when there is something
        # by the kernel: what Python is told of time, gunicorn's own calls take back
        limit = struct.pack("@ll", self.cfg.keepalive, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        kept = super().handle(conn)
        if not kept:
            _part(conn.sock)
        return kept


def _part(sock: socket.socket) -> None:
    """Leaves the other side a moment to read and to close. gunicorn would wait for that, too, but
    in the one thread that accepts everybody else."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(LINGER)
        for _ in range(16):
            if not sock.recv(4096):
                break
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RD)


def _is_news(record: logging.LogRecord) -> bool:
    """That somebody fell silent is no fault of ours."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))
