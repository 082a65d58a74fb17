"""How many past cases a draft's new deadlines would have made overdue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import EventKind
from app.services import calendars, edge
from app.services.actors import Viewer
from app.services.traffic import counted
from app.workflows import replay
from app.workflows.calendar import Calendar
from app.workflows.replay import Past, UnknownError
from app.workflows.spec import Deadline, Label, Workflow

DAYS = 180
MOST = 500
"""Cases that are looked at, the last ones that ended."""
_WORDS = {"label", "levels"}
"""Parts of a deadline that decide nothing about when it is due."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of ``cases`` in which the deadline would have run, ``overdue`` would have been late;
    ``before`` are those that the deadline of the version in force makes of them (None: it is new).
    ``unknown`` are left out: a condition asks for what history doesn't tell."""

    key: str
    label: Label
    cases: int
    overdue: int
    before: int | None
    unknown: int

    @property
    def percent(self) -> int:
        return round(self.overdue * 100 / self.cases) if self.cases else 0


@dataclass(frozen=True, slots=True)
class Estimates:
    """``sample`` are the last cases that ended, at most MOST, none longer ago than DAYS."""

    sample: int
    since: datetime | None
    deadlines: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class _Story:
    calendar: Calendar
    past: tuple[Past, ...]


def fresh(draft: Workflow, current: Workflow | None) -> list[Deadline]:
    """The deadlines that are new, or that are counted otherwise than those in force."""
    known = {} if current is None else {d.key: _counting(d) for d in current.deadlines}
    return [d for d in draft.deadlines if known.get(d.key) != _counting(d)]


def _counting(deadline: Deadline) -> dict[str, Any]:
    return deadline.model_dump(exclude=_WORDS)


def of(
    session: Session, viewer: Viewer, row: m.Workflow, draft: Workflow, now: datetime
) -> Estimates:
    """Replays the sample through every deadline of ``draft`` that is new or counted otherwise than
    the one in force; nothing is read when there is none."""
    current = _current(session, row)
    wanted = fresh(draft, current)
    if not wanted:
        return Estimates(0, None, ())
    stories = _stories(session, viewer, row.id, now)
    since = min((story.past[-1].at for story in stories), default=None)
    after = _judged(draft, [d.key for d in wanted], stories)
    old = {d.key for d in current.deadlines} if current else set()
    before = _judged(current, old & {d.key for d in wanted}, stories) if current else {}
    found = (
        Estimate(
            key=deadline.key,
            label=deadline.label,
            cases=len(after[deadline.key].late),
            overdue=sum(after[deadline.key].late),
            before=sum(before[deadline.key].late) if deadline.key in before else None,
            unknown=after[deadline.key].unknown,
        )
        for deadline in wanted
    )
    return Estimates(len(stories), since, tuple(found))


def _current(session: Session, row: m.Workflow) -> Workflow | None:
    if row.current_id is None:
        return None
    return Workflow.model_validate(session.get_one(m.WorkflowVersion, row.current_id).spec)


@dataclass(slots=True)
class _Judged:
    """Whether each case would have been late, of those in which the deadline would have run; and
    of how many nobody can tell."""

    late: list[bool] = field(default_factory=list)
    unknown: int = 0


def _judged(spec: Workflow, keys: Iterable[str], stories: Iterable[_Story]) -> dict[str, _Judged]:
    """By deadline; all in one go, one by one in the cases in which one of them can't be told."""
    found = {key: _Judged() for key in keys}
    every, zone = replay.only(spec, found), edge.timezone()
    alone = {key: replay.only(spec, [key]) for key in found}
    for story in stories:
        try:
            late = replay.overdue(every, story.past, story.calendar, zone)
        except UnknownError:
            late = {}
            for key, index in alone.items():
                try:
                    late |= replay.overdue(index, story.past, story.calendar, zone)
                except UnknownError:
                    found[key].unknown += 1
        for key, was in late.items():
            found[key].late.append(was)
    return found


def _stories(session: Session, viewer: Viewer, workflow_id: int, now: datetime) -> list[_Story]:
    """The sample with its events; two statements beside the calendar."""
    rows = session.execute(
        sa.select(m.Case.id, m.Place.path)
        .join(m.Place, m.Place.id == m.Case.place_id)
        .where(
            counted(viewer),
            m.Case.workflow_id == workflow_id,
            m.Case.closed_at >= now - timedelta(days=DAYS),
        )
        .order_by(m.Case.closed_at.desc(), m.Case.id.desc())
        .limit(MOST)
    ).all()
    paths = {row.id: row.path for row in rows}
    past: dict[int, list[Past]] = {}
    for event in session.execute(_events(list(paths))):
        one = Past(event.at, event.event, event.source, event.target, event.form or {})
        past.setdefault(event.case_id, []).append(one)
    book = calendars.book(session)
    return [_Story(book.along(_way(paths[key])), tuple(found)) for key, found in past.items()]


def _events(ids: Sequence[int]) -> sa.Select[Any]:
    event = m.Event
    return (
        sa.select(
            event.case_id,
            event.at,
            event.event,
            event.source,
            event.target,
            event.data["form"].label("form"),
        )
        .where(event.case_id.in_(ids), event.kind != EventKind.LEVEL)
        .order_by(event.case_id, event.seq)
    )


def _way(path: str) -> tuple[int, ...]:
    """From the place itself up to the root."""
    return tuple(int(step) for step in reversed(path.strip("/").split("/")))
