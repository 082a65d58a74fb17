"""An HTTP server on loopback that keeps what it is sent and misbehaves as a test tells it to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Taken:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Said:
    """An answer. ``drip``: a byte of it every so many seconds; ``silent``: never one."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    silent: bool = False
    hangs_up: bool = False


OK = Said({"errcode": 0, "errmsg": "ok"})


@dataclass
class Receiver:
    """``answer`` is asked with each request."""

    answer: Callable[[Taken], Said] = lambda _: OK
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/robot?key=k"

    def says(self, *answers: Said) -> None:
        """These answers in turn, the last one for ever."""
        waiting = list(answers)
        self.answer = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def __enter__(self) -> Receiver:
        self._stop = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                receiver.connections += 1
                super().setup()

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                taken = Taken(self.command, self.path, dict(self.headers), body)
                receiver.taken.append(taken)
                try:
                    receiver._say(self, receiver.answer(taken))
                except OSError:
                    self.close_connection = True

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # clients that hang up are what it is for
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wrap(self, context: ssl.SSLContext) -> None:
        """From now on it speaks TLS."""
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def _say(self, handler: BaseHTTPRequestHandler, said: Said) -> None:
        if said.silent:
            self._stop.wait(30)
        if said.silent or said.hangs_up:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        body = said.body if isinstance(said.body, bytes) else _text(said.body).encode()
        handler.send_response(said.status)
        for name, value in {"Content-Length": str(len(body)), **said.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if not said.drip:
            handler.wfile.write(body)
            return
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if self._stop.wait(said.drip):
                return


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def wait(what: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
