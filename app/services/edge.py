"""Where inside meets outside: local time and the site's own address.

Inside, every instant is aware and in UTC; only here it becomes a local date or a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


@dataclass(slots=True)
class _Edge:
    timezone: ZoneInfo
    base_url: str
    language: str


_edge = _Edge(ZoneInfo("Asia/Shanghai"), "http://127.0.0.1:8080", "zh")


def use(timezone: str, base_url: str, language: str = "zh") -> None:
    """Set once, at start, from the settings."""
    _edge.timezone = ZoneInfo(timezone)
    _edge.base_url = base_url.rstrip("/")
    _edge.language = language


def language() -> str:
    """The language of those who have chosen none."""
    return _edge.language


def timezone() -> ZoneInfo:
    return _edge.timezone


def local(at: datetime) -> datetime:
    return at.astimezone(_edge.timezone)


def instant(naive: datetime) -> datetime:
    """The instant that a local clock reading (naive, as typed into a form) stands for, in UTC."""
    return naive.replace(tzinfo=_edge.timezone).astimezone(UTC)


def today(now: datetime) -> date:
    """The local date at ``now``: what staff bindings and due dates are compared with."""
    return local(now).date()


def shown(at: datetime | None) -> str:
    """``2026-11-21 14:05`` in local time; empty for None."""
    return "" if at is None else local(at).isoformat(" ", "minutes")[:16]


def address(path: str) -> str:
    return f"{_edge.base_url}{path}"
