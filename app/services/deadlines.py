"""Deadlines that come due: what their levels do, whoever sleeps.

Any number of sweeps may run at once, on any number of hosts: a clock is claimed together with its
case, both locked, and what somebody else has locked is left for the next sweep. Levels that only
tell somebody are written for hundreds of clocks at a time. A level that fires a transition goes
through ``cases.fire`` like a button, one clock per transaction, because a transition may have to
wait for the lock of a parent, and whoever waits must not hold the locks of other cases.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import models as m
from app.errors import SifangError
from app.models import EventKind
from app.services import calendars, cases, definitions, ledger, outbox, rows, timers
from app.services.actors import SYSTEM
from app.services.providers import CaseRow, Step
from app.workflows import clocks
from app.workflows.clocks import Entry
from app.workflows.engine import Compiled
from app.workflows.spec import Deadline, Label, Level

log = logging.getLogger(__name__)

BATCH = 500
"""Clocks per transaction; more is not faster."""
SET_ASIDE = timedelta(hours=1)
"""How long a clock that can't be processed is left alone, so that it holds up no other."""

_clock = m.Clock.__table__
_case = m.Case.__table__
_DUE = (
    sa.select(
        _clock.c.id,
        _clock.c.case_id,
        _clock.c.key,
        _clock.c.round,
        _clock.c.log,
        _clock.c.next_level,
        _clock.c.breached_at,
    )
    .join(_case, _case.c.id == _clock.c.case_id)
    .where(_clock.c.next_at <= sa.bindparam("now", type_=_clock.c.next_at.type))
    .with_for_update(of=[_clock, _case], skip_locked=True, key_share=True)
)
_BATCH = _DUE.order_by(_clock.c.next_at).limit(sa.bindparam("limit", type_=sa.Integer))
_ONE = _DUE.where(_clock.c.id == sa.bindparam("clock_id"))


@dataclass(frozen=True, slots=True)
class Swept:
    """``due`` clocks were claimed; of these, ``alone`` are to be given to ``advance`` one by one,
    the others are done: ``levels`` reached, ``notices`` written."""

    due: int = 0
    levels: int = 0
    notices: int = 0
    alone: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reached:
    """A moment of a clock that has come; ``level`` None: it fell due and no level says so."""

    at: datetime
    index: int | None
    level: Level | None

    @property
    def name(self) -> str:
        return "due" if self.index is None else str(self.index)


@dataclass(frozen=True, slots=True)
class _Due:
    """A claimed clock with all that is asked about it."""

    row: Any
    step: Step
    compiled: Compiled
    deadline: Deadline
    log: tuple[Entry, ...]
    due_at: datetime | None
    reached: tuple[Reached, ...]


@dataclass(slots=True)
class _Writing:
    """What a batch writes, a statement for each."""

    events: list[tuple[CaseRow, dict[str, Any]]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)

    def save(self, session: Session) -> int:
        ledger.append(session, self.events)
        ledger.wind(session, self.clocks)
        return outbox.write(session, self.notices)


def sweep(session: Session, now: datetime, *, limit: int = BATCH) -> Swept:
    """Process one batch of clocks that are due; flushes.

    A batch in which something can't be processed writes nothing and is handed back whole as
    ``alone``, where each clock stands for itself.
    """
    claimed = session.connection().execute(_BATCH, {"now": now, "limit": limit}).all()
    if not claimed:
        return Swept()
    try:
        with session.begin_nested():
            return _sweep(session, claimed, now)
    except OperationalError:
        raise
    except Exception:
        log.warning("a batch of %d clocks failed, taken one by one", len(claimed), exc_info=True)
        return Swept(due=len(claimed), alone=tuple(row.id for row in claimed))


def _sweep(session: Session, claimed: Sequence[Any], now: datetime) -> Swept:
    held = rows.locked(session, list({row.case_id for row in claimed}))
    memo: dict[Any, Any] = {}
    writing, alone = _Writing(), []
    for row in claimed:
        due = _look(session, row, held[row.case_id], now, memo)
        if any(reached.level is not None and reached.level.fire for reached in due.reached):
            alone.append(row.id)
        else:
            _note(writing, due, due.reached)
    notices = writing.save(session)
    return Swept(len(claimed), len(writing.events), notices, tuple(alone))


def advance(session: Session, clock_id: int, now: datetime) -> int:
    """Process one clock, transitions included; returns how many moments had come. Flushes.

    Nothing happens when another sweep was faster or somebody is working on the case just now.
    """
    count = 0
    while True:
        row = session.connection().execute(_ONE, {"now": now, "clock_id": clock_id}).one_or_none()
        if row is None:
            return count
        case = rows.locked(session, [row.case_id])[row.case_id]
        due = _look(session, row, case, now, {})
        if not due.reached:
            _note_and_save(session, due, ())
            return count
        first = due.reached[0]
        if first.level is not None and first.level.fire:
            _fire(session, due, first, first.level.fire)
        else:
            _note_and_save(session, due, (first,))
        count += 1


def set_aside(session: Session, clock_id: int, now: datetime) -> None:
    """Look at this clock again later; what it is due for stays to be done."""
    session.execute(
        sa.update(_clock)
        .where(_clock.c.id == clock_id, _clock.c.next_at <= now)
        .values(next_at=now + SET_ASIDE)
    )


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the next clock after ``now`` comes due; None: no other is running."""
    return session.scalar(sa.select(sa.func.min(_clock.c.next_at)).where(_clock.c.next_at > now))


def _look(session: Session, row: Any, case: CaseRow, now: datetime, memo: dict[Any, Any]) -> _Due:
    compiled = definitions.compiled(session, case.version_id)
    deadline = timers.rule(compiled.spec, row.key)
    if deadline is None:
        raise LookupError(f"clock {row.id}: version {case.version_id} has no deadline {row.key}")
    entries = tuple(Entry.read(kept) for kept in row.log)
    due_at = clocks.due(deadline, entries, calendars.current()).at
    late = row.breached_at is not None or due_at is None
    reached = _reached(deadline, entries, row.next_level, now)
    if not late and due_at is not None and due_at <= now and not any(map(_at_due, deadline.levels)):
        reached = sorted([*reached, Reached(due_at, None, None)], key=lambda r: r.at)
    step = Step(session, compiled.spec, case, SYSTEM, now, case.data, memo)
    return _Due(row, step, compiled, deadline, entries, due_at, tuple(reached))


def _reached(
    deadline: Deadline, entries: Sequence[Entry], fired: int, now: datetime
) -> list[Reached]:
    """The levels whose moment has come, in the rule's order: none is passed over."""
    found = []
    for instant in clocks.instants(deadline, entries, calendars.current())[fired:]:
        if instant.at is None or instant.at > now:
            break
        found.append(Reached(instant.at, instant.level, deadline.levels[instant.level]))
    return found


def _at_due(level: Level) -> bool:
    return level.at.percent is None and level.at.after is None


def _note(writing: _Writing, due: _Due, reached: Sequence[Reached]) -> None:
    """Write down that these moments have come, and tell whom they name."""
    for moment in reached:
        writing.events.append((due.step.case, _event(due, moment)))
        writing.notices += _notices(due, moment)
    writing.clocks.append(_after(due, reached))


def _note_and_save(session: Session, due: _Due, reached: Sequence[Reached]) -> None:
    writing = _Writing()
    _note(writing, due, reached)
    writing.save(session)


def _fire(session: Session, due: _Due, reached: Reached, event: str) -> None:
    """Press the level's button. What the rules refuse is written down and holds up nothing."""
    writing = _Writing(notices=_notices(due, reached), clocks=[_after(due, (reached,))])
    writing.save(session)
    case, record = due.step.case, _event(due, reached)
    record["data"]["fire"] = event
    try:
        with session.begin_nested():
            ledger.append(session, [(case, record)])
            cases.fire(session, case.id, event, actor=SYSTEM, now=due.step.now)
    except SifangError as error:
        log.warning("%s: deadline %s may not fire %s: %s", case.number, due.row.key, event, error)
        record["data"]["refused"] = [problem.text for problem in error.problems]
        ledger.append(session, [(case, record)])


def _notices(due: _Due, reached: Reached) -> list[dict[str, Any]]:
    keys = () if reached.level is None else reached.level.notify
    notices = [due.compiled.notices[key] for key in keys]
    cause = f"clock:{due.row.id}:{reached.name}"
    return outbox.prepare(due.step, notices, cause=cause, due=due.due_at)


def _after(due: _Due, reached: Sequence[Reached]) -> dict[str, Any]:
    """The clock's columns once these moments have passed."""
    late = due.row.breached_at
    if late is None and due.due_at is not None and due.due_at <= due.step.now:
        late = due.due_at
    fired = due.row.next_level + sum(moment.index is not None for moment in reached)
    derived = timers.derive(due.deadline, due.log, fired=fired, breached_at=late)
    return {"id": due.row.id, **{name: derived[name] for name in ledger.CLOCK}}


def _event(due: _Due, reached: Reached) -> dict[str, Any]:
    case = due.step.case
    state = due.compiled.states[case.state]
    data: dict[str, Any] = {
        "clock": due.row.key,
        "round": due.row.round,
        "level": reached.index,
        "at": reached.at.isoformat(),
        "due": None if due.due_at is None else due.due_at.isoformat(),
    }
    return rows.record(
        kind=EventKind.LEVEL,
        event=due.row.key,
        label=_words(due.deadline.label, reached.level),
        places=(case.state, case.state, {"zh": state.label.zh, "en": state.label.text("en")}),
        actor=SYSTEM,
        now=due.step.now,
        data=data,
    )


def _words(deadline: Label, level: Level | None) -> dict[str, str]:
    if level is None or _at_due(level):
        return {"zh": f"“{deadline.zh}”已到期", "en": f"“{deadline.text('en')}” is due"}
    return {
        "zh": f"“{deadline.zh}”{level.at.text('zh')}",
        "en": f"“{deadline.text('en')}” {level.at.text('en')}",
    }
