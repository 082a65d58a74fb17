"""What goes wrong with a channel, told without its secrets: servers repeat what they were sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.channels.protocol import Channel, ChannelError, Message, Send

HIDDEN = "•••"
_LEAST = 16
"""Shorter pieces of an address are words like ``access_token``."""
_BETWEEN = re.compile(r"[/?&=@:#]+")


@dataclass(slots=True)
class Veil:
    """Another channel, whose errors hold none of ``secrets``."""

    channel: Channel
    secrets: Collection[str]
    inside: bool = False

    @contextmanager
    def open(self) -> Iterator[Send]:
        with self.channel.open() as send:

            def veiled(message: Message) -> None:
                try:
                    send(message)
                except ChannelError as error:
                    error.message = hidden(error.message, self.secrets)
                    error.args = (error.message,)
                    raise

            yield veiled


def hidden(text: str, secrets: Collection[str]) -> str:
    """``text`` without the secrets. Of an address that is one, the pieces behind its host count
    too: the key of a robot."""
    found = set(secrets)
    for secret in secrets:
        _scheme, mark, rest = secret.partition("://")
        if mark:
            pieces = _BETWEEN.split(rest)[1:]
            found |= {piece for piece in pieces if len(piece) >= _LEAST}
    for each in sorted(filter(None, found), key=len, reverse=True):
        text = text.replace(each, HIDDEN)
    return text
