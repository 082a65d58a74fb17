"""The ways of telling somebody, by the name that workflow files use.

The bell is always there, and ``use`` sets up e-mail once at start. All others (``KINDS``) are set
up on a screen, once for each group or receiver: ``services.gateways``. The names themselves, with
what people read about them, are ``workflows.registry.CHANNELS``.
"""

from __future__ import annotations

from email.utils import parseaddr

from app.channels.email import Email, Server
from app.channels.inapp import InApp
from app.channels.kinds import KINDS
from app.channels.protocol import Channel, ChannelError, Message, Send, UnreachableError

__all__ = [
    "KINDS",
    "NAMES",
    "Channel",
    "ChannelError",
    "Message",
    "Send",
    "UnreachableError",
    "find",
    "is_on",
    "use",
]

NAMES = ("inapp", "email", *KINDS)
"""Every channel that there is code for; the test of the registry compares the two."""

_on: dict[str, Channel] = {"inapp": InApp()}


def use(smtp_url: str | None, mail_from: str) -> None:
    """Switch on what is configured; ValueError names the setting and says what is wrong."""
    _on.pop("email", None)
    if smtp_url is not None:
        if "@" not in parseaddr(mail_from)[1]:
            raise ValueError("the sender MAIL_FROM must be an address like sifang@example.org")
        _on["email"] = Email(Server.parse(smtp_url), mail_from)


def is_on(name: str) -> bool:
    return name in _on


def find(name: str) -> Channel:
    """Raises ChannelError when it isn't set up here; another host or a later start may have it."""
    channel = _on.get(name)
    if channel is None:
        raise ChannelError(f"the channel {name} is not set up on this host")
    return channel
