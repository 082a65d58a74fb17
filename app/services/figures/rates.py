"""The three rates, as exact fractions, by period, place, category and party.

Each question is one statement: the promises that were decided, the stars that were given, and the
ends without stars, counted by one key. All of them are defined in docs/figures.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services import edge
from app.services.actors import Viewer
from app.services.figures import keys, parts
from app.services.figures.clocks import RESOLUTION, RESPONSE
from app.services.figures.keys import By, Key
from app.services.figures.parts import Question
from app.services.figures.span import Span
from app.services.figures.within import Within


@dataclass(frozen=True, slots=True)
class Rate:
    """``good`` of ``all``; of all, ``extended`` had an extension and ``again`` came after the case
    was taken up once more."""

    good: int = 0
    all: int = 0
    extended: int = 0
    again: int = 0

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.good, self.all) if self.all else None


@dataclass(frozen=True, slots=True)
class Rates:
    """``stars`` is the sum of all stars that were given; ``unrated`` ended without any."""

    response: Rate = Rate()
    resolution: Rate = Rate()
    satisfaction: Rate = Rate()
    stars: int = 0
    unrated: int = 0

    @property
    def average(self) -> Fraction | None:
        """Of the stars that were given: no rating is no zero."""
        rated = self.satisfaction.all
        return Fraction(self.stars, rated) if rated else None

    @property
    def empty(self) -> bool:
        return not (self.response.all or self.resolution.all or self.satisfaction.all)


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a table. Of what belongs to none of the rows, ``id`` is empty."""

    id: str
    name: str
    rates: Rates


def versus(
    session: Session, viewer: Viewer, within: Within, span: Span, now: datetime
) -> tuple[Rates, Rates]:
    """The rates of a period and of the one before it; one statement."""
    asked = Question(viewer, within, span.before.since, min(span.until, now))
    found = _counted(session, asked, keys.halves(span))
    return found.get("now", Rates()), found.get("before", Rates())


def trend(
    session: Session, viewer: Viewer, within: Within, span: Span, now: datetime
) -> list[tuple[date, Rates]]:
    """The rates of each step of a period up to now, empty ones included; one statement."""
    asked = Question(viewer, within, span.since, min(span.until, now))
    found = _counted(session, asked, keys.steps(span))
    past = [day for day in span.steps() if day <= edge.today(now)]
    return [(day, found.get(day.isoformat(), Rates())) for day in past]


def grouped(
    session: Session, viewer: Viewer, within: Within, span: Span, now: datetime, *, by: By
) -> list[Group]:
    """The rates of a period by place (one level below the chosen one), category or party, most
    promises first. By party they are about the parts that each was given."""
    if by is By.PARTY:
        within = Within(within.place_id, within.category, within.parties, duties=True)
    asked = Question(viewer, within, span.since, min(span.until, now))
    found = _counted(session, asked, keys.of(session, viewer, within, by))
    named = keys.names(session, by, found)
    groups = [
        Group(key, named.get(key, ""), rates) for key, rates in found.items() if not rates.empty
    ]
    return sorted(
        groups, key=lambda g: (not g.id, -g.rates.resolution.all - g.rates.response.all, g.name)
    )


def _counted(session: Session, asked: Question, key: Key) -> dict[str, Rates]:
    if asked.until <= asked.since:
        return {}
    selects = (parts.promises(asked, key), parts.ratings(asked, key), parts.ends(asked, key))
    counted: dict[str, dict[str, Any]] = {}
    for row in session.execute(sa.union_all(*selects)):
        counted.setdefault(row.key or "", {})[row.measure] = row
    return {key: _rates(rows) for key, rows in counted.items()}


def _rates(rows: dict[str, Any]) -> Rates:
    stars, unrated = rows.get(parts.STARS), rows.get(parts.UNRATED)
    return Rates(
        response=_rate(rows.get(RESPONSE)),
        resolution=_rate(rows.get(RESOLUTION)),
        satisfaction=_rate(stars),
        stars=0 if stars is None else int(stars.stars),
        unrated=0 if unrated is None else unrated.all,
    )


def _rate(row: Any) -> Rate:
    return Rate() if row is None else Rate(row.good, row.all, row.extended, row.again)
