"""A curve of days: what came in, what was resolved, and what fell overdue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import edge
from app.services.actors import Viewer
from app.services.figures import clocks, keys
from app.services.figures import within as choice
from app.services.figures.parts import Question, alive
from app.services.figures.span import Span
from app.services.figures.within import Within

OPENED, CLOSED, OVERDUE = "opened", "closed", "overdue"
_case = m.Case


@dataclass(frozen=True, slots=True)
class Day:
    """``closed`` counts results, not ends: that a resident may still give stars keeps nobody
    waiting. ``overdue`` are cases of which a promise was missed on that day."""

    day: date
    opened: int = 0
    closed: int = 0
    overdue: int = 0


def curve(session: Session, viewer: Viewer, within: Within, span: Span, now: datetime) -> list[Day]:
    """Each local day of the span up to today; one statement."""
    since, until = span.since, min(span.until, now)
    if until <= since:
        return []
    asked = Question(viewer, within, since, until)
    matters = choice.cases(viewer, within)
    made = clocks.of_cases(sa.null(), duties=within.of_parties)
    promise = made.where(*matters, *alive(asked)).cte("promise")
    resolved = (promise.c.measure == clocks.RESOLUTION, ~promise.c.left)
    parts = (
        _daily(OPENED, _case.opened_at, _case.id, asked).where(*matters),
        _daily(CLOSED, promise.c.stopped, promise.c.case_id, asked).where(*resolved),
        _daily(OVERDUE, promise.c.at, promise.c.case_id, asked).where(~promise.c.kept),
    )
    rows = session.execute(sa.union_all(*parts))
    found: dict[tuple[date, str], int] = {(row.day, row.what): row.often for row in rows}
    past = (day for day in _days(span) if day <= edge.today(now))
    return [
        Day(day, *(found.get((day, what), 0) for what in (OPENED, CLOSED, OVERDUE))) for day in past
    ]


def _days(span: Span) -> list[date]:
    return [date.fromordinal(span.first.toordinal() + n) for n in range(span.days)]


def _daily(what: str, at: Any, case_id: Any, asked: Question) -> Any:
    """Cases per local day: one that comes twice on a day counts once."""
    return (
        sa.select(
            sa.cast(keys.local(at), sa.Date).label("day"),
            sa.literal_column(f"'{what}'", sa.Text).label("what"),
            sa.func.count(case_id.distinct()).label("often"),
        )
        .where(at >= asked.since, at < asked.until)
        .group_by(sa.text("1"))
    )
