"""Calls to other people's servers by HTTP: one kept connection, hard limits, no way inside.

What is configured on a screen must not become a way into the network that the server stands in:
the addresses that a name has are looked at after it was resolved, and the connection goes to the
very address that was looked at, so that a name which changes its mind in between gains nothing.
Redirects are not followed. An answer has seconds and bytes to spend, and not one more.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from app.channels import guard
from app.channels.protocol import ChannelError, UnreachableError

MOST = 65_536
"""Bytes of an answer that are read; what decides stands in far fewer."""
SECONDS = 10.0
"""For a whole call: connection, request and answer."""


class _Guarded:
    """Where urllib3 connects: to an address that has been looked at, and to no other."""

    host: str
    port: int
    timeout: Any

    def _new_conn(self) -> socket.socket:
        found = guard.resolved(self.host.strip("[]"), self.port)
        inside = [address[0] for _family, address in found if guard.forbidden(address[0])]
        if inside:
            raise guard.InsideError(f"{self.host} leads to {inside[0]}, which is forbidden")
        last: OSError = OSError(f"{self.host} has no address")
        for family, address in found:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.timeout)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError as error:
                sock.close()
                last = error
            else:
                return sock
        raise last


class _Plain(_Guarded, HTTPConnection):
    pass


class _Secure(_Guarded, HTTPSConnection):
    pass


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    patience: float = 0.0
    """Seconds that the server asks us to wait."""


class Client:
    """Calls one server, over one connection for as long as that lives. Not for several threads."""

    def __init__(self, url: str, seconds: float = SECONDS) -> None:
        self._connection: HTTPConnection | None = None
        self._url = guard.parsed(url)
        self._seconds = seconds

    def post(self, body: bytes, headers: Mapping[str, str], *, query: str = "") -> Answer:
        return self.call("POST", self.path(query), body, headers)

    def path(self, query: str = "") -> str:
        """The address without its host, with more of a query."""
        path = self._url.request_uri
        return path if not query else f"{path}{'&' if '?' in path else '?'}{query}"

    def call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """One request. Raises UnreachableError when there is no answer worth the name."""
        again = self._connection is not None and self._connection.sock is not None
        try:
            return self._call(method, path, body, headers)
        except _ClosedError as error:
            if not again:
                raise UnreachableError(str(error)) from error
        try:  # a kept connection may be closed by the other side at any time
            return self._call(method, path, body, headers)
        except _ClosedError as error:
            raise UnreachableError(str(error)) from error

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        self.close()

    def _call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        connection = self._ready()
        alarm = _Alarm(connection, self._seconds)
        try:
            with alarm:
                all_headers = {"User-Agent": "sifang", "Accept-Encoding": "identity", **headers}
                connection.request(
                    method,
                    path,
                    body,
                    all_headers,
                    preload_content=False,
                    decode_content=False,
                )
                answer = self._read(connection)
        except (HTTPError, HTTPException, OSError, UnicodeError, ValueError) as error:
            self.close()
            raise self._said(error, late=alarm.rang) from error
        if alarm.rang:  # what was read is only a part of it
            self.close()
            raise self._said(TimeoutError(), late=True)
        return answer

    def _ready(self) -> HTTPConnection:
        connection = self._connection
        if connection is not None and connection.sock is not None and not connection.is_connected:
            connection.close()
        if connection is None:
            kind = _Secure if self._url.scheme == "https" else _Plain
            connection = kind(guard.name(self._url), guard.port(self._url), timeout=self._seconds)
            self._connection = connection
        return connection

    def _read(self, connection: HTTPConnection) -> Answer:
        response = connection.getresponse()
        body = response.read(MOST + 1)
        if len(body) > MOST:
            self.close()
        else:
            response.release_conn()
        asked = response.headers.get("Retry-After", "")
        patience = float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0.0
        return Answer(response.status, body, patience)

    def _said(self, error: Exception, *, late: bool) -> Exception:
        if isinstance(error, guard.InsideError):
            return UnreachableError(str(error))
        silent = late or isinstance(error, TimeoutError) or "timed out" in str(error)
        if silent:
            return UnreachableError(f"the server did not answer within {self._seconds:g} seconds")
        if isinstance(error, ConnectionResetError | BrokenPipeError) or "closed" in str(error):
            return _ClosedError(f"the server hung up: {error}")
        return UnreachableError(f"the server can't be reached: {error}")


class _ClosedError(Exception):
    """The connection ended before an answer."""


class _Alarm:
    """Ends a call that takes too long, however busily the other side keeps it alive: a timeout of
    a socket begins anew with every byte."""

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self.rang = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def _ring(self) -> None:
        self.rang = True
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def judge(answer: Answer) -> None:
    """Raise for an answer whose status says no. What is wrong with the message itself is final;
    what is wrong with the address, the secret or the server can be mended, and waits."""
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise UnreachableError(f"HTTP {status}: redirects are not followed, enter the new address")
    said = f"HTTP {status}: {words(answer.body)}"
    if status in (400, 413, 422):
        raise ChannelError(said, permanent=True)
    raise UnreachableError(said, pause=answer.patience or (60.0 if status == 429 else 0.0))


def words(body: bytes) -> str:
    """The beginning of an answer, on one line."""
    return " ".join(body[:300].decode("utf-8", "replace").split())
