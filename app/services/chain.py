"""The hash chain of history: each event seals itself and the one before it in its case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SEALED = (
    "case_id",
    "seq",
    "at",
    "kind",
    "event",
    "label",
    "source",
    "target",
    "target_label",
    "actor_kind",
    "actor_id",
    "actor_name",
    "data",
)
"""The columns of an event that its hash covers, in this order."""


def seal(event: Mapping[str, Any], before: bytes) -> bytes:
    """SHA-256 over the hash before it and the event's text."""
    return digest(text(event), before)


def digest(sealed: str, before: bytes) -> bytes:
    return hashlib.sha256(before + sealed.encode()).digest()


COMMON = SEALED[2:-1]
"""What many events share: all but case, sequence and data."""


def common(event: Mapping[str, Any]) -> str:
    """That part of the sealed text, so that many events with the same need it made only once."""
    return _canonical([_plain(event[name]) for name in COMMON])[1:-1]


def join(case_id: int, seq: int, common_text: str, data: str) -> str:
    """The same as ``text``, of parts that are canonical JSON already."""
    return f"[{case_id},{seq},{common_text},{data}]"


def canonical(value: Any) -> str:
    return _canonical(value)


def text(event: Mapping[str, Any]) -> str:
    """The event's sealed columns as canonical JSON."""
    return _canonical([_plain(event[name]) for name in SEALED])


_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return getattr(value, "value", value)
