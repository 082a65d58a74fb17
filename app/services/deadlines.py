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
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import models as m
from app.errors import SifangError
from app.services import (
    calendars,
    cases,
    claims,
    definitions,
    ledger,
    moments,
    recipients,
    standins,
)
from app.services.actors import SYSTEM
from app.services.audience import of_form, of_place
from app.services.claims import Claimed, Front
from app.services.ledger import Told, Wound
from app.services.moments import Moments, Reached
from app.services.providers import Step
from app.services.recipients import Asked
from app.workflows.spec import Notice

log = logging.getLogger(__name__)

BATCH = 500
"""Clocks per transaction; more is not faster."""
SET_ASIDE = timedelta(hours=1)
"""How long a clock that can't be processed is left alone, so that it holds up no other."""

_clock = m.Clock.__table__


@dataclass(frozen=True, slots=True)
class Swept:
    """``due`` clocks were claimed; of these, ``alone`` are to be given to ``advance`` one by one,
    the others are done: ``levels`` reached, ``notices`` written."""

    due: int = 0
    levels: int = 0
    notices: int = 0
    alone: tuple[int, ...] = ()


class _Due(NamedTuple):
    """A claimed clock that is looked at as a step of its case."""

    step: Step
    found: Moments


@dataclass(slots=True)
class _Writing:
    """What a batch writes, a statement for each."""

    events: list[Told] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[Wound] = field(default_factory=list)

    def note(self, due: _Due, reached: Sequence[Reached]) -> None:
        """Write down that these moments have come, and tell whom they name."""
        for moment in reached:
            said = self.tell(due, moment)
            self.events.append(moments.told(due.found, moment, due.step.memo, said))
        self.wind(due, reached)

    def tell(self, due: _Due, reached: Reached) -> dict[str, Any]:
        """Prepare the notices; what the event shall say of them."""
        clock = due.found.clock
        # a case that moved to another version has other levels under the same numbers
        cause = f"clock:{clock.id}:{reached.name}@{clock.case.version_id}"
        notices = _of_level(due.found, reached)
        told = standins.prepare(due.step, notices, cause=cause, due=due.found.due.at)
        self.notices += told.rows
        return {"instead": told.instead} if told.instead else {}

    def wind(self, due: _Due, reached: Sequence[Reached]) -> None:
        passed = sum(moment.index is not None for moment in reached)
        self.clocks.append(moments.after(due.found, passed))

    def save(self, session: Session) -> int:
        ledger.append(session, self.events)
        ledger.wind(session, self.clocks)
        return ledger.tell(session, self.notices)


def sweep(
    session: Session, now: datetime, *, limit: int = BATCH, front: Front | None = None
) -> Swept:
    """Process one batch of clocks that are due, from ``front`` on, which moves; flushes.

    A batch in which something can't be processed writes nothing and is handed back whole as
    ``alone``, where each clock stands for itself.
    """
    front = front or Front()
    claimed = claims.batch(session, now, limit, front.since)
    front.move(claimed)
    if not claimed:
        return Swept()
    try:
        with session.begin_nested():
            return _sweep(session, claimed, now)
    except OperationalError:
        raise
    except Exception:
        log.warning("a batch of %d clocks failed, taken one by one", len(claimed), exc_info=True)
        return Swept(due=len(claimed), alone=tuple(clock.id for clock in claimed))


def _sweep(session: Session, claimed: Sequence[Claimed], now: datetime) -> Swept:
    memo: dict[Any, Any] = {}
    due = _look(session, claimed, now, memo)
    quiet = [each for each in due if not each.found.fires]
    recipients.gather(session, _asked(quiet), memo, now)
    writing = _Writing()
    for each in quiet:
        writing.note(each, each.found.reached)
    notices = writing.save(session)
    alone = tuple(each.found.clock.id for each in due if each.found.fires)
    return Swept(len(claimed), len(writing.events), notices, alone)


def _asked(due: Sequence[_Due]) -> list[Asked]:
    """For whom the moments that have come ask."""
    found: dict[Any, Asked] = {}
    for step, here in due:
        for notice in _notices(here):
            alike = step.case.place_id if of_place(notice.to) else (step.case.id,)
            if (alike, notice.to) not in found:
                found[alike, notice.to] = Asked(step, here.clock.path, notice.to)
    return list(found.values())


def _look(
    session: Session, claimed: Sequence[Claimed], now: datetime, memo: dict[Any, Any]
) -> list[_Due]:
    found = []
    for clock in claimed:
        version, stand = clock.case.version_id, clock.case.calendar
        if (compiled := memo.get(("version", version))) is None:
            compiled = memo["version", version] = definitions.compiled(session, version)
        if (book := memo.get(("book", stand))) is None:
            book = memo["book", stand] = calendars.book(session, stand)
        found.append(moments.look(clock, compiled, book.on_path(clock.path), now))
    forms = claims.data(session, {each.clock.case.id for each in found if _asks_form(each)})
    due = []
    for each in found:
        spec, case = each.compiled.spec, each.clock.case
        form = forms.get(case.id, {})
        due.append(_Due(Step(session, spec, case, SYSTEM, now, form, memo), each))
    return due


def _asks_form(found: Moments) -> bool:
    """Whether somebody is to be told whom the form of the case names."""
    return any(of_form(notice.to) for notice in _notices(found))


def _notices(found: Moments) -> list[Notice]:
    """Those of all moments that have come."""
    return [notice for reached in found.reached for notice in _of_level(found, reached)]


def _of_level(found: Moments, reached: Reached) -> list[Notice]:
    keys = () if reached.level is None else reached.level.notify
    return [found.compiled.notices[key] for key in keys]


def advance(session: Session, clock_id: int, now: datetime) -> int:
    """Process one clock, transitions included; returns how many moments had come. Flushes.

    Nothing happens when another sweep was faster or somebody is working on the case just now.
    """
    count = 0
    while True:
        clock = claims.one(session, clock_id, now)
        if clock is None:
            return count
        (due,) = _look(session, [clock], now, {})
        first = due.found.reached[:1]
        if first and first[0].level is not None and first[0].level.fire:
            _fire(session, due, first[0], first[0].level.fire)
        else:
            writing = _Writing()
            writing.note(due, first)
            writing.save(session)
        if not first:
            return count
        count += 1


def _fire(session: Session, due: _Due, reached: Reached, event: str) -> None:
    """Press the level's button. What the rules refuse is written down and holds up nothing."""
    writing = _Writing()
    instead = writing.tell(due, reached)
    writing.wind(due, (reached,))
    writing.save(session)
    case, now = due.step.case, due.step.now
    told = moments.told(due.found, reached, {}, {**instead, "fire": event})
    try:
        with session.begin_nested():
            ledger.append(session, [told])
            cases.fire(session, case.id, event, actor=SYSTEM, now=now)
    except SifangError as error:
        key = due.found.clock.key
        log.warning("%s: deadline %s may not fire %s: %s", case.number, key, event, error)
        refused = [problem.text for problem in error.problems]
        ledger.append(session, [told._replace(data={**told.data, "refused": refused})])


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
