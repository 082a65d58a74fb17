"""A year of the working calendar, day by day, as a screen draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import CalendarDay, CalendarHours, CalendarYear, Place
from app.services import calendars
from app.workflows.almanac import festival
from app.workflows.calendar import Calendar, Segment

WORK, OFF, HOLIDAY, MAKEUP, LOCAL = "work", "off", "holiday", "makeup", "local"
KINDS = (WORK, OFF, HOLIDAY, MAKEUP, LOCAL)


@dataclass(frozen=True, slots=True)
class Day:
    """``kind`` says why it is as it is; ``works`` whether anybody works. ``where`` is the place
    that a local day was written for; None: everywhere."""

    day: date
    kind: str
    segments: tuple[Segment, ...]
    name: dict[str, str]
    where: str | None = None

    @property
    def works(self) -> bool:
        return bool(self.segments)


@dataclass(frozen=True, slots=True)
class Year:
    """``announced``: its holidays are known; ``imported``: from a file, published at ``papers``."""

    year: int
    announced: bool
    imported: bool
    papers: tuple[str, ...]
    days: tuple[Day, ...]

    def months(self) -> list[list[list[Day | None]]]:
        """Twelve months of weeks of seven, Monday first; None: another month's."""
        found: list[list[list[Day | None]]] = []
        for month in range(1, 13):
            mine: list[Day | None] = [day for day in self.days if day.day.month == month]
            assert mine[0] is not None
            cells = [None] * mine[0].day.weekday() + mine
            cells += [None] * (-len(cells) % 7)
            found.append([cells[n : n + 7] for n in range(0, len(cells), 7)])
        return found

    def count(self, kind: str) -> int:
        return sum(day.kind == kind for day in self.days)

    @property
    def working(self) -> int:
        return sum(day.works for day in self.days)


@dataclass(frozen=True, slots=True)
class _Own:
    name: dict[str, str]
    local: bool
    where: str | None


def drawn(session: Session, year: int, place_id: int | None = None) -> Year:
    """The year at a place, or as it is everywhere."""
    book = calendars.book(session)
    way = () if place_id is None else upwards(session, place_id)
    calendar = book.along(way)
    kept = session.scalar(sa.select(CalendarYear).where(CalendarYear.year == year))
    own = _own(session, year, way)
    first = date(year, 1, 1)
    days = [first + timedelta(n) for n in range((date(year + 1, 1, 1) - first).days)]
    return Year(
        year,
        year in calendar.announced,
        kept is not None,
        tuple(kept.papers) if kept else (),
        tuple(_day(calendar, day, own) for day in days),
    )


def upwards(session: Session, place_id: int) -> tuple[int, ...]:
    """The place and those above it, from below."""
    path = session.scalar(sa.select(Place.path).where(Place.id == place_id)) or ""
    return tuple(int(part) for part in reversed(path.split("/")) if part)


def _own(session: Session, year: int, way: tuple[int, ...]) -> dict[date, _Own]:
    """What is said of single days; the place nearest counts."""
    rows = session.execute(
        sa.select(CalendarDay, Place.name)
        .outerjoin(Place, Place.id == CalendarDay.place_id)
        .where(
            CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)),
            sa.or_(CalendarDay.place_id.is_(None), CalendarDay.place_id.in_(way)),
        )
    ).all()
    rank: dict[int | None, int] = {place: len(way) - n for n, place in enumerate(way)}
    ordered = sorted(rows, key=lambda row: rank.get(row[0].place_id, 0))
    return {row.day: _Own(_both(row.name), row.source == "local", where) for row, where in ordered}


def _day(calendar: Calendar, day: date, own: Mapping[date, _Own]) -> Day:
    segments, said = calendar.segments(day), own.get(day)
    if said is not None and said.local:
        return Day(day, LOCAL, segments, said.name, said.where)
    if said is not None:
        return Day(day, MAKEUP if segments else HOLIDAY, segments, said.name)
    if day in calendar.on:
        return Day(day, MAKEUP, segments, festival(day))
    if day in calendar.off:
        return Day(day, HOLIDAY, segments, festival(day))
    if day.year not in calendar.announced and (day.month, day.day) in calendar.fixed:
        return Day(day, HOLIDAY, segments, {})
    return Day(day, WORK if segments else OFF, segments, {})


def _both(name: str) -> dict[str, str]:
    return {"zh": name, "en": name} if name else {}


def versions(session: Session) -> list[CalendarHours]:
    """Working hours by the date from which they hold, newest first."""
    rows = session.scalars(sa.select(CalendarHours).order_by(CalendarHours.since.desc()))
    return list(rows)
