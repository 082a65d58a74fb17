"""What a step does to the deadlines' clocks.

Entering a state (a transition back to the same state enters it again, a stay doesn't):

* an end, or a state of ``stop``: the clock stops;
* a state of ``start``: it runs if ``when`` holds (a new round if it had stopped) and stops if not;
* a state of ``pause``: a running clock pauses; any other state: a paused clock resumes.

A button of ``starts_on`` starts the clock in the state that it leads to, one of ``stops_on`` stops
it. Where there are variants the step decides which of them holds, at the start and whenever it
changes what they ask.

A field that gives the due time: the clock starts only once it is filled, and a new value while it
runs or pauses extends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.workflows.outcomes import ClockMove, ClockState
from app.workflows.spec import Deadline, Duration, Extension, State

Holds = Callable[[Deadline], bool]
Chooses = Callable[[Deadline], Duration | None]
"""The time of the variant that holds; None: the deadline has no variants."""


class Decide(NamedTuple):
    """What the conditions of a deadline say."""

    holds: Holds
    within: Chooses


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
    decide: Decide,
) -> Iterator[ClockMove]:
    """The moves of the clocks as the case comes into ``state``."""
    for deadline in deadlines:
        key, now = deadline.key, clocks.get(deadline.key, ClockState.STOPPED)
        alive = now != ClockState.STOPPED
        begins = state.key in deadline.start
        if (
            state.kind.ended
            or state.key in deadline.stop
            or (begins and not decide.holds(deadline))
        ):
            if alive:
                yield ClockMove(key, "stop")
        elif begins and not alive:
            yield from _start(deadline, state, data, decide)
        elif state.key in deadline.pause:
            if now == ClockState.RUNNING:
                yield ClockMove(key, "pause")
        elif now == ClockState.PAUSED:
            yield ClockMove(key, "resume")


def pressing(
    deadlines: Iterable[Deadline],
    event: str,
    state: State,
    *,
    clocks: Mapping[str, ClockState],
    data: Mapping[str, Any],
    decide: Decide,
) -> Iterator[ClockMove]:
    """The moves of the clocks as a button is pressed that leads to (or stays in) ``state``."""
    for deadline in deadlines:
        alive = clocks.get(deadline.key, ClockState.STOPPED) != ClockState.STOPPED
        over = state.kind.ended or state.key in deadline.stop
        if event in deadline.stops_on:
            if alive and not over:
                yield ClockMove(deadline.key, "stop")
        elif event in deadline.starts_on and not alive and not over and decide.holds(deadline):
            yield from _start(deadline, state, data, decide)
        extension = deadline.extension
        if extension is not None and alive and event in extension.events:
            yield _extending(deadline.key, extension, event, data)


def _extending(key: str, extension: Extension, event: str, data: Mapping[str, Any]) -> ClockMove:
    if event == extension.refuse:
        return ClockMove(key, "refuse")
    by = extension.by
    if extension.field is not None:
        amount = int(Decimal(str(data.get(extension.field) or by.amount)))
        by = Duration(amount=max(1, min(amount, by.amount)), unit=by.unit)
    return ClockMove(key, "ask" if event == extension.ask else "extend", by=by)


def varying(
    deadlines: Iterable[Deadline],
    *,
    clocks: Mapping[str, ClockState],
    before: Chooses,
    after: Chooses,
) -> Iterator[ClockMove]:
    """The clocks for which another variant holds after the step than did before."""
    for deadline in deadlines:
        alive = clocks.get(deadline.key, ClockState.STOPPED) != ClockState.STOPPED
        if deadline.variants and alive:
            now = after(deadline)
            if now != before(deadline):
                yield ClockMove(deadline.key, "vary", within=now)


def _start(
    deadline: Deadline, state: State, data: Mapping[str, Any], decide: Decide
) -> Iterator[ClockMove]:
    until = None
    if deadline.until is not None:
        until = data.get(deadline.until)
        if until is None:
            return
    yield ClockMove(deadline.key, "start", until, within=decide.within(deadline))
    if state.key in deadline.pause:
        yield ClockMove(deadline.key, "pause")


def rescheduling(
    deadlines: Iterable[Deadline],
    state: State | None,
    *,
    clocks: Mapping[str, ClockState],
    change: Change,
    decide: Decide,
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
        if state.key in deadline.start and decide.holds(deadline):
            yield from _start(deadline, state, change.after, decide)
