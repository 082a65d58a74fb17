"""What a workflow has carried: where its cases are and wait, how long each step takes, what nobody
ever uses. Defined in docs/figures.md.

What is in each state now is counted whole. Where a window holds more than MOST cases, the times and
the steps are those of that many, drawn by blocks of the table; ``whole`` reads all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql.util import ClauseAdapter

from app import models as m
from app.models import EventKind
from app.permissions import Role
from app.services.actors import Viewer
from app.services.scope import places_below, visible

WINDOWS = (30, 90, 365)
MOST = 10_000
"""Cases whose events are read while somebody waits."""
FIRST, LAST = 2.0, 50.0
"""Percent of the table in which that many are looked for first, and from which on all is read."""
OLDEST = 20_000
"""Open cases, the oldest of them, among which the one that waits longest is looked for."""
_case, _event = m.Case, m.Event


@dataclass(frozen=True, slots=True)
class Question:
    """About which cases: those that were open at any time of the last ``days``, of one version or
    of all of them."""

    workflow_id: int
    days: int = 90
    version_id: int | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took: half of them no longer than ``median``, nine of ten than ``p90``."""

    count: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A state: ``now`` are the cases that are in it and have not ended, ``since`` is when the one
    came that has waited longest, ``stays`` how long those took that went on within the window.
    ``came`` are arrivals within the window."""

    now: int = 0
    since: datetime | None = None
    stays: Times = Times()
    came: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """A step from one state to another (or the same): ``times`` from coming into the state to the
    step; ``system`` of them were taken by deadlines (``deadline``), children or commands."""

    source: str
    target: str
    event: str
    times: Times
    system: int = 0
    deadline: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """``cases`` are those of the window (about, where ``sampled``), ``read`` those whose events
    were counted."""

    at: datetime
    days: int
    cases: int
    read: int
    spots: Mapping[str, Spot] = field(default_factory=dict)
    steps: tuple[Used, ...] = ()

    @property
    def sampled(self) -> bool:
        return self.read < self.cases


def counted(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Cases that go into the figures: those that the viewer may see, and for workflow
    administrators, who are shown numbers and no case, all of their places."""
    if Role.WORKFLOW_ADMIN not in viewer.roles or viewer.everywhere:
        return visible(viewer, _case)
    below = sa.select(m.Place.id).where(places_below(viewer))
    return sa.or_(visible(viewer, _case), _case.place_id.in_(below))


def count(
    session: Session, viewer: Viewer, asked: Question, now: datetime, *, whole: bool = False
) -> Traffic:
    """Four to six statements, and one more for each time that too few were drawn."""
    since = now - timedelta(days=asked.days)
    cases = [counted(viewer), *_chosen(asked)]
    ids, total = _drawn(session, [*cases, _alive(since)], whole=whole)
    steps, stays = _moves(session, ids, since)
    standing, waiting = _standing(session, cases), _waiting(session, cases)
    came = Counter[str]()
    for step in steps:
        if step.source != step.target:
            came[step.target] += step.times.count
    return Traffic(
        at=now,
        days=asked.days,
        cases=total,
        read=len(ids),
        spots={
            key: Spot(standing.get(key, 0), waiting.get(key), stays.get(key, Times()), came[key])
            for key in sorted({*standing, *stays, *came})
        },
        steps=tuple(steps),
    )


def _chosen(asked: Question) -> list[sa.ColumnElement[bool]]:
    found = [_case.workflow_id == asked.workflow_id]
    if asked.version_id is not None:
        found.append(_case.version_id == asked.version_id)
    return found


def _alive(since: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_case.closed_at.is_(None), _case.closed_at >= since)


def _drawn(
    session: Session, cases: list[sa.ColumnElement[bool]], *, whole: bool
) -> tuple[list[int], int]:
    """The cases to be read, and how many there are in all."""
    query = sa.select(_case.id).where(*cases)
    ids = list(session.scalars(query if whole else query.limit(MOST + 1)))
    if whole or len(ids) <= MOST:
        return ids, len(ids)
    percent, ids = FIRST, _some(session, cases, FIRST)
    while len(ids) < MOST and percent < LAST:
        percent *= max(2, 1.2 * MOST / max(len(ids), 1))
        ids = _some(session, cases, percent) if percent < LAST else list(session.scalars(query))
    total = len(ids) if percent >= LAST else round(len(ids) * 100 / percent)
    if len(ids) > MOST:
        ids = [ids[n * len(ids) // MOST] for n in range(MOST)]
    return ids, total


def _some(session: Session, cases: list[sa.ColumnElement[bool]], percent: float) -> list[int]:
    """Those in that share of the table's blocks; the same at each call, so that who comes back
    sees the same figures."""
    some = sa.tablesample(
        _case.__table__, sa.func.system(percent), name="some", seed=sa.literal_column("1")
    )
    of_some = ClauseAdapter(some).traverse
    return list(session.scalars(sa.select(some.c.id).where(*map(of_some, cases))))


def _standing(session: Session, cases: list[sa.ColumnElement[bool]]) -> dict[str, int]:
    """How many are in each state now."""
    query = (
        sa.select(_case.state, sa.func.count())
        .where(*cases, _case.closed_at.is_(None))
        .group_by(_case.state)
    )
    return {state: number for state, number in session.execute(query)}  # noqa: C416  a typed row


def _waiting(session: Session, cases: list[sa.ColumnElement[bool]]) -> dict[str, datetime]:
    """When the case came that has waited longest in each state."""
    oldest = (
        sa.select(_case.id, _case.state)
        .where(*cases, _case.closed_at.is_(None))
        .order_by(_case.id)
        .limit(OLDEST)
        .subquery("oldest")
    )
    came = (
        sa.select(_event.at)
        .where(_event.case_id == oldest.c.id, _entering())
        .order_by(_event.seq.desc())
        .limit(1)
        .lateral("came")
    )
    query = (
        sa.select(oldest.c.state, sa.func.min(came.c.at))
        .join(came, sa.true())
        .group_by(oldest.c.state)
    )
    return {state: at for state, at in session.execute(query)}  # noqa: C416  a typed row


def _entering() -> sa.ColumnElement[bool]:
    """Events by which a case came into a state, whatever moved it."""
    return sa.or_(_event.kind == EventKind.OPENED, _event.source != _event.target)


def _moves(
    session: Session, ids: Sequence[int], since: datetime
) -> tuple[list[Used], dict[str, Times]]:
    """The steps of these cases, and how long they stayed in each state; one pass."""
    step = _steps(ids, since)
    took, moved = step.c.took, step.c.source != step.c.target
    query = sa.select(
        step.c.source,
        step.c.target,
        step.c.event,
        sa.func.count().label("often"),
        sa.func.count().filter(moved).label("left"),
        sa.func.count().filter(step.c.actor_kind == "system").label("system"),
        sa.func.count().filter(step.c.fired).label("deadline"),
        _share(took).label("times"),
        _share(took, moved).label("stays"),
    ).group_by(
        sa.func.grouping_sets(
            sa.tuple_(step.c.source, step.c.target, step.c.event), sa.tuple_(step.c.source)
        )
    )
    used, stays = [], {}
    for row in session.execute(query):
        if row.event is None:
            stays[row.source] = _times(row.left, row.stays)
        else:
            times = _times(row.often, row.times)
            used.append(Used(row.source, row.target, row.event, times, row.system, row.deadline))
    return used, stays


def _steps(ids: Sequence[int], since: datetime) -> sa.Subquery:
    """Steps within the window with how many seconds the case had been in the state."""
    came = sa.func.max(_event.at).filter(_entering())
    came_before = came.over(partition_by=_event.case_id, order_by=_event.seq, rows=(None, -1))
    fires = sa.func.lag(_event.data["fire"].astext)
    fired = fires.over(partition_by=_event.case_id, order_by=_event.seq) == _event.event
    events = (
        sa.select(
            _event.at,
            _event.kind,
            _event.source,
            _event.target,
            _event.event,
            _event.actor_kind,
            sa.and_(_event.actor_kind == "system", fired).label("fired"),
            sa.extract("epoch", _event.at - came_before).label("took"),
        )
        .where(_event.case_id == sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger))))
        .subquery("every")
    )
    taken = (EventKind.MOVED, EventKind.NOTED)
    return (
        sa.select(events)
        .where(events.c.at >= since, events.c.source != "")
        .where(sa.or_(events.c.kind.in_(taken), events.c.source != events.c.target))
        .subquery("step")
    )


def _share(took: Any, where: Any = None) -> Any:
    found = sa.func.percentile_cont(sa.literal_column("ARRAY[0.5, 0.9]")).within_group(took)
    return found if where is None else found.filter(where)


def _times(count: int, shares: list[float] | None) -> Times:
    if not shares:
        return Times(count)
    return Times(count, *(timedelta(seconds=float(share)) for share in shares))
