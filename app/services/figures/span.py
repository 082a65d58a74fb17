"""Periods: local days, both ends included, each with the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.services import edge

_DAY = timedelta(days=1)
LONGEST = timedelta(days=3660)
"""Beyond ten years nobody reads a report; it keeps a typing error from being one."""


FEW, MANY = 14, 100
"""Up to so many days a trend has a point for each day, for each week: a day's rate of two or three
promises says nothing, it only jumps."""


class Kind(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Span:
    """``kind`` says what the period before is: the month before a month, however long it is."""

    kind: Kind
    first: date
    last: date

    @classmethod
    def around(cls, kind: Kind, day: date) -> Span:
        """The week (from Monday), month, quarter or year that holds ``day``."""
        first = _first(kind, day)
        return cls(kind, first, _next(kind, first) - _DAY)

    @classmethod
    def last_days(cls, count: int, today: date) -> Span:
        """So many days up to and including today."""
        return cls(Kind.CUSTOM, today - _DAY * (count - 1), today)

    @property
    def before(self) -> Span:
        """The period that ends where this one begins."""
        if self.kind is Kind.CUSTOM:
            return Span(self.kind, self.first - _DAY * self.days, self.first - _DAY)
        return Span.around(self.kind, self.first - _DAY)

    @property
    def after(self) -> Span:
        if self.kind is Kind.CUSTOM:
            return Span(self.kind, self.last + _DAY, self.last + _DAY * self.days)
        return Span.around(self.kind, self.last + _DAY)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        return edge.instant(datetime.combine(self.first, time()))

    @property
    def until(self) -> datetime:
        """The first instant that no longer belongs to it."""
        return edge.instant(datetime.combine(self.last + _DAY, time()))

    @property
    def step(self) -> str:
        """What a point of its trend stands for: ``day``, ``week`` or ``month``."""
        if self.days <= FEW:
            return "day"
        return "week" if self.days <= MANY else "month"

    def steps(self) -> list[date]:
        """The first day of each step, as ``date_trunc`` names it."""
        kind = {"day": None, "week": Kind.WEEK, "month": Kind.MONTH}[self.step]
        day = self.first if kind is None else _first(kind, self.first)
        found = []
        while day <= self.last:
            found.append(day)
            day = day + _DAY if kind is None else _next(kind, day)
        return found


def _first(kind: Kind, day: date) -> date:
    match kind:
        case Kind.WEEK:
            return day - _DAY * day.weekday()
        case Kind.MONTH:
            return day.replace(day=1)
        case Kind.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case Kind.YEAR:
            return date(day.year, 1, 1)
        case Kind.CUSTOM:
            return day


def _next(kind: Kind, first: date) -> date:
    match kind:
        case Kind.WEEK:
            return first + _DAY * 7
        case Kind.MONTH | Kind.QUARTER:
            months = first.month + (1 if kind is Kind.MONTH else 3)
            return date(first.year + (months - 1) // 12, (months - 1) % 12 + 1, 1)
        case Kind.YEAR:
            return date(first.year + 1, 1, 1)
        case Kind.CUSTOM:
            return first + _DAY
