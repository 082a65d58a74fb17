"""What every way of telling somebody has in common.

A channel opens once per batch and is then given one message after the other. Sending returns, or
raises ChannelError; nothing else. It never looks at the database and never retries: whether and
when there is another attempt is for ``services.deliveries``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class ChannelError(Exception):
    """The message did not go out. ``permanent``: it never will, another attempt is no use.
    ``pause``: the other side asks for so many seconds of patience."""

    def __init__(self, message: str, *, permanent: bool = False, pause: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.pause = pause


class UnreachableError(ChannelError):
    """The other side can't be reached at all, so the rest of the batch need not be tried now."""


@dataclass(frozen=True, slots=True)
class Message:
    """One notice, in the recipient's language. ``key`` is its dedupe key: the same for every
    attempt, so that whoever receives it twice can tell."""

    key: str
    address: str
    language: str
    subject: str
    body: str
    at: datetime
    """When what it tells of happened."""
    link: str = ""
    """Where the recipient reads on; the body has it too."""
    topic: str = ""
    """The workflow's key of the notice, for machines."""


Send = Callable[[Message], None]


class Channel(Protocol):
    """``inside``: the notice's row is itself the message, so marking it sent is all there is."""

    inside: bool

    def open(self) -> AbstractContextManager[Send]:
        """Ready for one batch. Connects at the first message, not before."""
        ...
