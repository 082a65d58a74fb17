"""What has come of a deadline: the levels whose time is past, and what its clock says then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from app.models import EventKind
from app.services import rows, timers
from app.services.actors import SYSTEM
from app.services.claims import Claimed
from app.services.ledger import Told, Wound
from app.workflows import clocks, rounds
from app.workflows.calendar import Calendar
from app.workflows.clocks import Count, Due
from app.workflows.engine import ClockState, Compiled
from app.workflows.rounds import Reached
from app.workflows.spec import Deadline, State

__all__ = ["Moments", "Reached", "after", "look", "told"]


class Moments(NamedTuple):
    """A claimed clock with all that is asked about it."""

    clock: Claimed
    compiled: Compiled
    deadline: Deadline
    counted: Count | None
    due: Due
    now: datetime
    reached: tuple[Reached, ...]

    @property
    def fires(self) -> bool:
        return any(one.level is not None and one.level.fire for one in self.reached)


def look(clock: Claimed, compiled: Compiled, calendar: Calendar, now: datetime) -> Moments:
    """Counted anew from rule, log and calendar, whatever the row says. Raises LookupError when the
    version of the case doesn't know the deadline."""
    deadline = compiled.deadlines.get(clock.key)
    if deadline is None:
        version = clock.case.version_id
        raise LookupError(f"clock {clock.id}: version {version} has no deadline {clock.key}")
    count = Count.of(deadline, clock.log, calendar)
    if count is None:
        return Moments(clock, compiled, deadline, None, Due(None), now, ())
    due = count.due()
    late = clock.breached_at is not None
    reached = rounds.reached(count, due.at, clock.next_level, now, breached=late)
    return Moments(clock, compiled, deadline, count, due, now, reached)


def after(moments: Moments, passed: int) -> Wound:
    """The clock once so many levels more have passed."""
    clock, due = moments.clock, moments.due
    late = clock.breached_at
    if late is None and due.at is not None and due.at <= moments.now:
        late = due.at
    fired, count = clock.next_level + passed, moments.counted
    ahead = None
    if count is not None and clocks.state(clock.log) == ClockState.RUNNING:
        ahead = timers.coming(count, fired, breached=late is not None)
    return Wound(clock.id, due.at, due.provisional, fired, ahead, late)


def told(moments: Moments, reached: Reached, memo: dict[Any, Any], said: Mapping[str, Any]) -> Told:
    """What is written into the history of the case; ``memo`` is that of the batch, ``said`` what
    came of it."""
    clock, case, due = moments.clock, moments.clock.case, moments.due.at
    asked = ("told", case.version_id, case.state, clock.key, reached.index)
    common = memo.get(asked)
    if common is None:
        common = memo[asked] = _common(moments, reached)
    data: dict[str, Any] = {
        "clock": clock.key,
        "round": clock.round,
        "level": reached.index,
        "at": reached.at.isoformat(),
        "due": None if due is None else due.isoformat(),
        **said,
    }
    return Told(case, common, data)


def _common(moments: Moments, reached: Reached) -> dict[str, Any]:
    case = moments.clock.case
    state = moments.compiled.states[case.state]
    return rows.record(
        kind=EventKind.LEVEL,
        event=moments.clock.key,
        label=rounds.words(moments.deadline, reached.level),
        places=(case.state, case.state, _named(state)),
        actor=SYSTEM,
        now=moments.now,
        data={},
    )


def _named(state: State) -> dict[str, str]:
    return {"zh": state.label.zh, "en": state.label.text("en")}
