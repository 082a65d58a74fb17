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
from typing import Any

from app.workflows.outcomes import ClockMove, ClockState
from app.workflows.spec import Deadline, State

Holds = Callable[[Deadline], bool]


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


def extending(
    deadlines: Iterable[Deadline],
    *,
    clocks: Mapping[str, ClockState],
    changed: Mapping[str, Any],
    before: Mapping[str, Any],
) -> Iterator[ClockMove]:
    """The clocks whose due time a form has moved."""
    for deadline in deadlines:
        field = deadline.until
        if field is None or changed.get(field) is None or changed[field] == before.get(field):
            continue
        if clocks.get(deadline.key, ClockState.STOPPED) != ClockState.STOPPED:
            yield ClockMove(deadline.key, "extend", changed[field])
