"""The working calendar that due times are counted on: as shipped, as imported, as edited, by place.

Each process keeps it in memory together with its version. Whoever reads a case reads the present
version along with it, so a change is noticed at the next step and nothing is asked in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import lru_cache
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import edge
from app.services.providers import CaseRow
from app.workflows.calendar import OFFICE, Calendar, Hours, Segment, china

Days = dict[date, tuple[Segment, ...]]


def current() -> Calendar:
    """The calendar as shipped: the State Council's holidays and make-up days, default hours."""
    return _china(edge.timezone().key)


@lru_cache(maxsize=8)
def _china(timezone: str) -> Calendar:
    return china(timezone)


_ZERO = sa.literal_column("0", sa.BigInteger)
VERSION = sa.select(sa.func.coalesce(sa.func.max(m.CalendarChange.id), _ZERO)).scalar_subquery()
"""To be selected beside whatever is read for a step."""


@dataclass(slots=True)
class Book:
    """All calendars of one version. ``local``: days of their own by place, its path beside them."""

    version: int
    base: Calendar
    local: Mapping[int, Days] = field(default_factory=dict)
    _by_places: dict[tuple[int, ...], Calendar] = field(default_factory=dict)
    _paths: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def at(self, session: Session, place_id: int) -> Calendar:
        """The calendar of a place: what is said nearest to it counts."""
        if not self.local:
            return self.base
        if place_id not in self._paths:
            path = session.scalar(sa.select(m.Place.path).where(m.Place.id == place_id)) or ""
            self._paths[place_id] = _upwards(path)
        return self.along(self._paths[place_id])

    def on_path(self, path: str) -> Calendar:
        """The calendar of the place with that path."""
        return self.along(_upwards(path)) if self.local else self.base

    def along(self, way: tuple[int, ...]) -> Calendar:
        """``way``: the places from the place itself up to the root."""
        known = tuple(place for place in way if place in self.local)
        if not known:
            return self.base
        if known not in self._by_places:
            special = dict(self.base.special)
            for place in reversed(known):
                special.update(self.local[place])
            self._by_places[known] = _with(self.base, special)
        return self._by_places[known]


_books: WeakKeyDictionary[sa.Engine, Book] = WeakKeyDictionary()
_lock = Lock()


def of(session: Session, case: CaseRow) -> Calendar:
    """The calendar that the deadlines of a case are counted on."""
    return book(session, case.calendar).at(session, case.place_id)


def book(session: Session, version: int | None = None) -> Book:
    """All calendars as of ``version`` (None: it is asked for), or newer."""
    if version is None:
        version = session.scalar(sa.select(VERSION)) or 0
    engine = session.get_bind().engine
    known = _books.get(engine)
    if known is None or known.version != version:
        with _lock:
            known = _books[engine] = load(session)
    return known


def forget(session: Session) -> None:
    """For whoever has changed it and may still undo that."""
    _books.pop(session.get_bind().engine, None)


def load(session: Session, *, changed: bool = False) -> Book:
    """Read it anew; the version first, so that what comes in between is noticed later. ``changed``:
    something was written that has no version yet."""
    version = session.scalar(sa.select(VERSION)) or 0
    shipped = current()
    if version == 0 and not changed:
        return Book(0, shipped)
    years = set(session.scalars(sa.select(m.CalendarYear.year)))
    everywhere: Days = {}
    local: dict[int, Days] = {}
    for place_id, day, kept in session.execute(
        sa.select(m.CalendarDay.place_id, m.CalendarDay.day, m.CalendarDay.segments)
    ):
        days = everywhere if place_id is None else local.setdefault(place_id, {})
        days[day] = segments(kept)
    rows = session.scalars(sa.select(m.CalendarHours).order_by(m.CalendarHours.since))
    base = Calendar(
        zone=shipped.zone,
        off=frozenset(day for day in shipped.off if day.year not in years),
        on=frozenset(day for day in shipped.on if day.year not in years),
        announced=shipped.announced | years,
        later=tuple(Hours(row.since, week(row.week), segments(row.makeup)) for row in rows),
        special=everywhere,
    )
    return Book(version, base, local)


def week(kept: Mapping[str, Any]) -> dict[int, tuple[Segment, ...]]:
    return {int(day): segments(found) for day, found in kept.items()}


def segments(kept: Any) -> tuple[Segment, ...]:
    return tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in kept)


def written(found: tuple[Segment, ...]) -> list[list[str]]:
    return [[begin.strftime("%H:%M"), end.strftime("%H:%M")] for begin, end in found]


def usual(calendar: Calendar, day: date) -> tuple[Segment, ...]:
    """The hours of a make-up day at that date."""
    found = [hours.makeup for hours in calendar.later if hours.since <= day]
    return found[-1] if found else OFFICE


def _with(base: Calendar, special: Days) -> Calendar:
    return Calendar(
        zone=base.zone,
        off=base.off,
        on=base.on,
        announced=base.announced,
        later=base.later,
        special=special,
    )


def _upwards(path: str) -> tuple[int, ...]:
    return tuple(int(part) for part in reversed(path.split("/")) if part)
