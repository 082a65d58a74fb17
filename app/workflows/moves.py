"""What a step does to the deadlines' clocks.

Entering a state (a transition back to the same state enters it again, a stay doesn't):

* an end, or a state of ``stop``: the clock stops;
* a state of ``start``: it runs if ``when`` holds (a new round if it had stopped) and stops if not;
* a state of ``pause``: a running clock pauses; any other state: a paused clock resumes.

A field that gives the due time: the clock starts only once it is filled, and a new value while it
runs or pauses extends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from app.workflows.outcomes import ClockMove, ClockState
from app.workflows.spec import Deadline, State

Holds = Callable[[Deadline], bool]


class Change(NamedTuple):
    """The case's data before and after the step."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def moves(self, field: str) -> bool:
        value = self.after.get(field)
        return value is not None and value != self.before.get(field)


def entering(
    deadlines: Iterable[Deadline],
    state: State,
    *,
    clocks: Mapping[str, ClockState],
    data: Mapping[str, Any],
    holds: Holds,
) -> Iterator[ClockMove]:
    """The moves of the clocks as the case comes into ``state``."""
    for deadline in deadlines:
        key, now = deadline.key, clocks.get(deadline.key, ClockState.STOPPED)
        alive = now != ClockState.STOPPED
        begins = state.key in deadline.start
        if state.kind.ended or state.key in deadline.stop or (begins and not holds(deadline)):
            if alive:
                yield ClockMove(key, "stop")
        elif begins and not alive:
            yield from _start(deadline, state, data)
        elif state.key in deadline.pause:
            if now == ClockState.RUNNING:
                yield ClockMove(key, "pause")
        elif now == ClockState.PAUSED:
            yield ClockMove(key, "resume")


def _start(deadline: Deadline, state: State, data: Mapping[str, Any]) -> Iterator[ClockMove]:
    until = None
    if deadline.until is not None:
        until = data.get(deadline.until)
        if until is None:
            return
    yield ClockMove(deadline.key, "start", until)
    if state.key in deadline.pause:
        yield ClockMove(deadline.key, "pause")


def rescheduling(
    deadlines: Iterable[Deadline],
    state: State | None,
    *,
    clocks: Mapping[str, ClockState],
    change: Change,
    holds: Holds,
) -> Iterator[ClockMove]:
    """The clocks whose due time a step has moved, or set while it stays in ``state`` (None: it
    doesn't stay)."""
    for deadline in deadlines:
        field = deadline.until
        if field is None or not change.moves(field):
            continue
        if clocks.get(deadline.key, ClockState.STOPPED) != ClockState.STOPPED:
            yield ClockMove(deadline.key, "extend", change.after[field])
            continue
        if state is None or change.before.get(field) is not None:
            continue
        if state.key in deadline.start and holds(deadline):
            yield from _start(deadline, state, change.after)
