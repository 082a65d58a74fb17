"""Deadlines counted anew after a change of the calendar: looked at first, then written in batches.

Only clocks that still run or pause are counted; what is over stays as it was. What differs is
written together with an event that says why. Levels that have fired stay fired, so nothing is sent
twice; what lies ahead moves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import ClockStatus, JobOutcome
from app.services import (
    calendars,
    counted,
    definitions,
    deliveries,
    edge,
    kinds,
    ledger,
    rows,
    timers,
)
from app.services.actors import Viewer
from app.services.calendars import Book
from app.services.counted import Counted, Moved
from app.services.kinds import Ending, Step, Work
from app.services.ledger import Told, Wound
from app.workflows.clocks import Entry

__all__ = [
    "KIND",
    "Batch",
    "Moved",
    "Preview",
    "batch",
    "one",
    "preview",
    "running",
    "tell",
    "trial",
]

BATCH = 500
LISTED = 200
"""Cases that a preview names; the figures count all."""
KIND = "clocks.recount"

_clock, _case, _place = m.Clock.__table__, m.Case.__table__, m.Place.__table__
_DERIVED = Wound._fields[1:]
_ALIVE = _clock.c.status != ClockStatus.STOPPED


@dataclass(slots=True)
class Preview:
    looked: int = 0
    moved: int = 0
    overdue: int = 0
    relieved: int = 0
    listed: list[Moved] = field(default_factory=list)
    cut: bool = False
    """There are more clocks than were looked at."""

    def count(self, found: Sequence[Moved]) -> None:
        self.moved += len(found)
        self.overdue += sum(one.overdue for one in found)
        self.relieved += sum(one.relieved for one in found)
        self.listed += found[: max(0, LISTED - len(self.listed))]


@dataclass(frozen=True, slots=True)
class Batch:
    """``last``: where the next one begins; None: it was the end. ``busy``: clocks whose cases
    somebody works on, to be done one by one."""

    last: int | None
    looked: int
    moved: tuple[Moved, ...] = ()
    busy: tuple[int, ...] = ()


def preview(
    session: Session, now: datetime, most: int | None = None, book: Book | None = None
) -> Preview:
    """What counting anew on the calendars of ``book`` (None: those of the session) would change, of
    ``most`` clocks or a batch more; nothing is written."""
    found, after = Preview(), 0
    while (tried := trial(session, after, now, book)).last is not None:
        if most is not None and found.looked >= most:
            found.cut = True
            break
        found.looked += tried.looked
        found.count(tried.moved)
        after = tried.last
    found.listed.sort(key=lambda one: (not one.overdue, one.after or now))
    return found


def trial(session: Session, after: int, now: datetime, book: Book | None) -> Batch:
    """What counting the clocks after that id would change; nothing is written or locked."""
    clocks = _read(session, after, BATCH)
    if not clocks:
        return Batch(None, 0)
    moved = tuple(one.moved for one in _counted(session, clocks, now, book))
    return Batch(clocks[-1].id, len(clocks), moved)


def running(session: Session) -> int:
    """How many clocks there are to be counted."""
    return session.scalar(sa.select(sa.func.count()).where(_ALIVE).select_from(_clock)) or 0


def batch(session: Session, after: int, reason: str, *, actor: Viewer, now: datetime) -> Batch:
    """Count the clocks after that id and write what differs; flushes. Safe to do twice."""
    clocks = _read(session, after, BATCH)
    if not clocks:
        return Batch(None, 0)
    free = _locked(session, [row.id for row in clocks])
    mine = [row for row in clocks if row.id in free]
    # read again: what was locked may have changed since
    fresh = _read(session, after, BATCH, ids=[row.id for row in mine])
    found = list(_counted(session, fresh, now))
    _write(session, found, reason, actor, now)
    busy = tuple(row.id for row in clocks if row.id not in free)
    return Batch(clocks[-1].id, len(clocks), tuple(one.moved for one in found), busy)


def one(
    session: Session, clock_id: int, reason: str, *, actor: Viewer, now: datetime
) -> tuple[Moved, ...]:
    """The same for one clock, waiting for whoever works on its case; returns what differed."""
    session.execute(
        sa.select(_case.c.id)
        .join(_clock, _clock.c.case_id == _case.c.id)
        .where(_clock.c.id == clock_id)
        .with_for_update(of=_case, key_share=True)
    )
    found = list(_counted(session, _read(session, 0, 1, ids=[clock_id]), now))
    _write(session, found, reason, actor, now)
    return tuple(each.moved for each in found)


def _locked(session: Session, ids: Sequence[int]) -> set[int]:
    query = (
        sa.select(_clock.c.id)
        .join(_case, _case.c.id == _clock.c.case_id)
        .where(_clock.c.id.in_(ids))
        .with_for_update(of=[_clock, _case], skip_locked=True, key_share=True)
    )
    return set(session.scalars(query))


def _read(
    session: Session, after: int, limit: int, *, ids: Sequence[int] | None = None
) -> Sequence[Any]:
    query = (
        sa.select(_clock, _place.c.path)
        .join(_case, _case.c.id == _clock.c.case_id)
        .join(_place, _place.c.id == _case.c.place_id)
        .where(_clock.c.id > after, _ALIVE)
        .order_by(_clock.c.id)
        .limit(limit)
    )
    if ids is not None:
        query = query.where(_clock.c.id.in_(ids))
    return session.connection().execute(query).all()


def _counted(
    session: Session, clocks: Sequence[Any], now: datetime, book: Book | None = None
) -> Iterator[Counted]:
    """Those that differ."""
    book = book or calendars.book(session)
    held = rows.locked(session, list({row.case_id for row in clocks}))
    for row in clocks:
        case = held[row.case_id]
        rule = definitions.compiled(session, case.version_id).deadlines.get(row.key)
        if rule is None:
            continue
        calendar = book.on_path(row.path)
        log = [Entry.read(kept) for kept in row.log]
        columns = timers.derive(rule, log, calendar, fired=row.next_level, breached_at=None)
        due = columns["due_at"]
        late = _late(row, log, due, now)
        if late is not None:
            columns = timers.derive(rule, log, calendar, fired=row.next_level, breached_at=late)
        if all(columns[name] == getattr(row, name) for name in _DERIVED):
            continue
        turns = due is not None and due <= now and row.breached_at is None
        relieved = row.breached_at is not None and late is None
        moved = Moved(
            row.id, case.id, case.number, case.title, row.label, row.due_at, due, turns, relieved
        )
        yield Counted(row, case, columns, moved)


def _late(row: Any, log: Sequence[Entry], due: datetime | None, now: datetime) -> datetime | None:
    """What the clock was late for, as far as that is still true. Time that was granted afterwards
    doesn't undo it; and what turns late only now is for the sweep to notice and to tell."""
    if row.breached_at is None:
        return None
    if any(entry.what in ("extend", "vary") and entry.at >= row.breached_at for entry in log):
        found: datetime = row.breached_at
        return found
    return due if due is not None and due <= now else None


def _write(
    session: Session, found: Sequence[Counted], reason: str, actor: Viewer, now: datetime
) -> None:
    told = [Told.of(one.case, counted.event(session, one, reason, actor, now)) for one in found]
    ledger.append(session, told)
    ledger.wind(
        session,
        [Wound(one.row.id, **{name: one.columns[name] for name in _DERIVED}) for one in found],
    )
    nearest = (
        sa.select(sa.func.min(_clock.c.due_at))
        .where(_clock.c.case_id == _case.c.id, _ALIVE)
        .correlate(_case)
        .scalar_subquery()
    )
    ids = {one.case.id for one in found}
    if ids:
        session.execute(sa.update(_case).where(_case.c.id.in_(ids)).values(due_at=nearest))


@kinds.kind(KIND, {"zh": "重新计算时限", "en": "Count deadlines anew"}, every=0)
def _run(work: Work) -> Generator[Step, None, Ending]:
    """Batch by batch; each is committed before the next, and busy cases are waited for alone."""
    session, reason = work.session, str(work.parameters.get("reason", ""))
    total = running(session)
    after, done = int(work.cursor.get("after", 0)), work.done
    moved, late = int(work.cursor.get("moved", 0)), int(work.cursor.get("late", 0))
    while True:
        now = deliveries.instant(session)
        found = batch(session, after, reason, actor=work.owner, now=now)
        if found.last is None:
            break
        done, after = done + found.looked, found.last
        moved += len(found.moved)
        late += sum(one.overdue for one in found.moved)
        tell(work, found.moved)
        cursor = {"after": after, "moved": moved, "late": late}
        yield Step(done, cursor, total)
        for clock_id in found.busy:
            waited = one(session, clock_id, reason, actor=work.owner, now=now)
            tell(work, waited)
            moved += len(waited)
            yield Step(done, {**cursor, "moved": moved}, total)
    return Ending(
        {
            "zh": f"共 {done} 个时限，{moved} 个改了时间，其中 {late} 个因此超期。",
            "en": f"{done} deadlines, {moved} moved, {late} of them late by it.",
        }
    )


def tell(work: Work, found: Sequence[Moved]) -> None:
    """What became of each case, by its id; those that turn late are to be looked at."""
    for each in found:
        before, after = edge.shown(each.before) or "—", edge.shown(each.after) or "—"
        work.tell(
            each.case_id,
            JobOutcome.NOTED if each.overdue else JobOutcome.DONE,
            name=f"{each.number} {each.title}",
            text={
                "zh": f"{each.label['zh']}：{before} 改为 {after}",
                "en": f"{each.label.get('en') or each.label['zh']}: {before} to {after}",
            },
        )
