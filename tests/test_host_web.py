"""Phones that fall silent, browsers that open connections in store: nobody else waits for them."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.host import web
from config import ROOT, Settings

THREADS = 2
SOON = 25
"""Seconds: a process that serves one after the other takes longer, as long as it lives."""
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"


@pytest.fixture(scope="module")
def port(settings: Settings) -> Iterator[int]:
    """Of one process with THREADS threads, that waits a second for what is missing."""
    few = replace(settings, web_workers=1, web_threads=THREADS)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        command = [*web.command(few, f"fd://{number}", patience=1)]
        command[command.index("app.factory:create_app()")] = "tests.echo:app"
        server = subprocess.Popen(command, cwd=ROOT, pass_fds=[number], stderr=subprocess.DEVNULL)
        try:
            yield listening.getsockname()[1]
        finally:
            server.terminate()
            server.wait(10)


def answer(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    connection.request("POST", "/", b"hello")
    found = connection.getresponse().read()
    connection.close()
    return found


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST / HT", id="half a line"),
        pytest.param(HEAD, id="half a head"),
        pytest.param(HEAD + b"\r\n12345", id="half a body"),
    ],
)
def test_who_falls_silent_keeps_nobody_waiting(port: int, said: bytes) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(2 * THREADS)]
    try:
        for each in silent:
            each.sendall(said)
        assert answer(port) == b"hello"
        assert answer(port) == b"hello"
    finally:
        for each in silent:
            each.close()


def test_who_takes_no_answer_keeps_nobody_waiting(port: int) -> None:
    deaf = [socket.create_connection(("127.0.0.1", port)) for _ in range(2 * THREADS)]
    try:
        for each in deaf:
            each.sendall(b"GET /?20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(port) == b"hello"
    finally:
        for each in deaf:
            each.close()


def test_a_connection_is_kept_for_the_next_request(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    for word in (b"one", b"two"):
        connection.request("POST", "/", word)
        assert connection.getresponse().read() == word
        used = connection.sock
        assert used is not None, "the server has not closed it"
    connection.close()
