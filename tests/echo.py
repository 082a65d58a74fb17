"""A site that gives back what it is sent, and as much as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any


def app(
    environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    stream: BytesIO = environ["wsgi.input"]
    body = stream.read() + b"." * int(environ["QUERY_STRING"] or 0)
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
