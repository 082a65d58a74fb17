"""A hundred other services by Apprise, where it is installed.

It is imported when a channel of this kind is first used: that takes a second. Its pauses between
two sends are switched off, and while it sends, no connection of the process leads into a private
network: it resolves names and follows redirects by itself, so the rule stands at the socket.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from app.channels import guard, text, wire
from app.channels.protocol import ChannelError, Message, Send, UnreachableError
from app.channels.settings import Values, complete, field, refusal

NATIVE = {"wecombot": "wecom", "dingtalk": "dingtalk", "feishu": "feishu", "lark": "feishu"}
"""Robots that Apprise reports as told when they answered with an error: ours read the answer."""
LOCAL = frozenset(
    (
        *("dbus", "qt", "kde", "glib", "gnome", "macosx", "windows", "syslog", "rsyslog"),
        *("mqtt", "mqtts", "mailto", "mailtos"),
    )
)
"""What does something on this machine, or speaks what ``email`` does better."""

FIELDS = (
    field(
        "url",
        "Apprise 地址",
        "Apprise address",
        ("如 tgram://…、slack://…，见 Apprise 文档。", "Such as tgram://… or slack://…"),
        secret=True,
    ),
)
_caught: ContextVar[list[str] | None] = ContextVar("caught", default=None)
"""While Apprise sends: the forbidden addresses that it wanted to connect to."""


@dataclass(slots=True)
class _Hook:
    set: bool = False


_hook = _Hook()


def installed() -> bool:
    return importlib.util.find_spec("apprise") is not None


class Relay:
    inside = False
    fields = FIELDS

    def __init__(self, values: Values, seconds: float = wire.SECONDS) -> None:
        """Raises InvalidError when the values will not do."""
        complete(FIELDS, values)
        schema = values["url"].partition("://")[0].lower()
        if schema in NATIVE:
            raise refusal(
                "url",
                f"请改用“{NATIVE[schema]}”渠道：Apprise 不检查它的应答。",
                f"Use the channel {NATIVE[schema]}: Apprise doesn't read its answers.",
            )
        if schema in LOCAL:
            raise refusal("url", "这种地址不能使用。", "Addresses of this kind can't be used.")
        if not installed():
            raise refusal(
                "url",
                "这台服务器没有安装 Apprise，请运维人员执行 pip install apprise。",
                "Apprise is not installed here; the operator installs it with pip.",
            )
        self._service = _service(values["url"], seconds)
        host = getattr(self._service, "host", None)
        if isinstance(host, str) and "." in host:
            guard.refuse(f"https://{host}", "url")

    @contextmanager
    def open(self) -> Iterator[Send]:
        yield self._send

    def _send(self, message: Message) -> None:
        words = _Words()
        log = logging.getLogger("apprise")
        log.addHandler(words)
        caught: list[str] = []
        before = _caught.set(caught)
        try:
            sent = self._service.notify(body=text.whole(message), title="")
        except Exception as error:
            raise ChannelError(f"Apprise: {type(error).__name__}") from error
        finally:
            _caught.reset(before)
            log.removeHandler(words)
        if caught:
            raise UnreachableError(f"{caught[0]} is forbidden")
        if not sent:
            raise ChannelError(f"Apprise: {words.said()}")


def _service(url: str, seconds: float) -> Any:
    apprise = importlib.import_module("apprise")
    service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        raise refusal("url", "Apprise 不认识这个地址。", "Apprise doesn't know this address.")
    service.request_rate_per_sec = 0  # it would sleep seconds between two sends
    service.socket_connect_timeout = service.socket_read_timeout = seconds
    if not _hook.set:
        sys.addaudithook(_watch)
        _hook.set = True
    return service


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Of every connection while Apprise sends; by address, so after names were resolved."""
    if event != "socket.connect":
        return
    caught = _caught.get()
    if caught is None:
        return
    sock, address = arguments
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or guard.forbidden(str(address[0])):
        caught.append(str(address[0]) if isinstance(address, tuple) else "a local socket")
        raise guard.InsideError(f"{caught[-1]} is forbidden")


class _Words(logging.Handler):
    """What Apprise has to say of a failure; it only returns False."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    def said(self) -> str:
        return " ".join(" ".join(self._lines).split())[:500] or "it failed without a word"
