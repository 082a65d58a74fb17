"""Texts made to fit: whole characters, counted in the bytes that the other side counts."""

from __future__ import annotations

from app.channels.protocol import Message


def whole(message: Message) -> str:
    """Subject and body as one text."""
    return f"{message.subject.strip()}\n{message.body.strip()}".strip()


def fitting(message: Message, most: int) -> str:
    """Subject and body in at most ``most`` bytes; what is cut off stands behind the link."""
    text = whole(message)
    if len(text.encode()) <= most:
        return text
    tail = f"…\n{message.link}" if message.link else "…"
    plain = text.replace(message.link, "").rstrip() if message.link else text
    return cut(plain, most - len(tail.encode())).rstrip() + tail


def cut(text: str, most: int) -> str:
    """As many whole characters from the beginning as have room in ``most`` bytes."""
    return text.encode()[: max(most, 0)].decode("utf-8", "ignore")
