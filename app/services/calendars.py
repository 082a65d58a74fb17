"""The working calendar that due times are counted on."""

from __future__ import annotations

from functools import lru_cache

from app.services import edge
from app.workflows.calendar import Calendar, china


def current() -> Calendar:
    """The calendar in force: the State Council's holidays and make-up days, default hours."""
    return _china(edge.timezone().key)


@lru_cache(maxsize=8)
def _china(timezone: str) -> Calendar:
    return china(timezone)
