"""What deadlines would have made of a case that has ended: its history, step by step, through the
same rules of clocks and calendar that running cases go by.

History says what happened and what was filled in. What a condition asks beside that (children,
files, other deadlines) nobody can tell any more: ``UnknownError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.workflows import rounds, steps
from app.workflows.calendar import Calendar
from app.workflows.conditions import Fact
from app.workflows.index import Index, Look
from app.workflows.outcomes import Actor, ClockMove, ClockState
from app.workflows.rounds import At
from app.workflows.spec import Deadline, Label, State, StateKind, Transition, Workflow

_SYSTEM = Actor("system")
_NAME = Label(zh="—")


class UnknownError(LookupError):
    """A condition asks for what history doesn't tell."""


@dataclass(frozen=True, slots=True)
class Past:
    """An event of a case; ``source`` is empty where it began, ``form`` what was written then."""

    at: datetime
    event: str
    source: str
    target: str
    form: Mapping[str, Any] = field(default_factory=dict)


def only(spec: Workflow, keys: Iterable[str]) -> Index:
    """``spec`` with these of its deadlines, made ready for ``overdue``."""
    wanted = set(keys)
    kept = tuple(deadline for deadline in spec.deadlines if deadline.key in wanted)
    return Index(spec.model_copy(update={"deadlines": kept}))


def overdue(
    index: Index, past: Sequence[Past], calendar: Calendar, zone: ZoneInfo
) -> dict[str, bool]:
    """By deadline whether the case would have been late in any of its rounds, for those that would
    have run at all. The last event is taken for the end of the case."""
    case = _Case(index, calendar, zone)
    for one in past:
        case.step(one)
    if past:
        case.end(past[-1].at)
    return case.late


class _Case:
    def __init__(self, index: Index, calendar: Calendar, zone: ZoneInfo) -> None:
        self.index, self.calendar, self.zone = index, calendar, zone
        self.rules: Mapping[str, Deadline] = index.deadlines
        self.data: dict[str, Any] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.late: dict[str, bool] = {}

    def step(self, one: Past) -> None:
        self._expire(one.at)
        after = {**self.data, **one.form}
        clocks = rounds.states(self.rows.values())
        if one.source:
            change = steps.Change(self._look(self.data), self.data, dict(one.form), clocks)
            found = steps.after(
                self._knowing(one), self._taken(one), (one.source, one.target), _SYSTEM, change
            ).moves
        else:
            state = self._state(one.target)
            found = steps.entered(self.index, state, self._look(after), clocks)
        self.data = after
        self._turn(found, one.at)

    def end(self, at: datetime) -> None:
        """An end of the case stops what an end of the workflow has not."""
        self._expire(at)
        alive = (k for k, row in self.rows.items() if row["status"] != ClockState.STOPPED)
        self._turn([ClockMove(key, "stop") for key in alive], at)

    def _turn(self, moves: Iterable[ClockMove], at: datetime) -> None:
        turned = rounds.turned(self.rules, self.rows, moves, At(at, self.calendar, self.zone))
        self.rows.update(turned)
        for key, row in turned.items():
            self.late[key] = self.late.get(key, False) or row["breached_at"] is not None

    def _expire(self, now: datetime) -> None:
        """What fell due before this step is late, whatever the step makes of it."""
        for key, row in self.rows.items():
            running = row["status"] == ClockState.RUNNING
            if running and row["due_at"] is not None and row["due_at"] < now:
                row["breached_at"] = row["breached_at"] or row["due_at"]
                self.late[key] = True

    def _taken(self, one: Past) -> Transition:
        """The step as the draft has it, else as it was: it moved the case or it didn't."""
        known = self.index.leaving.get(one.source, {}).get(one.event)
        stays = one.source == one.target and (known is None or known.target != one.target)
        target = None if stays else one.target
        return Transition.model_construct(
            key=one.event,
            label=_NAME,
            source=(one.source,),
            target=target,
            effects=(),
            spawn=(),
            notify=(),
        )

    def _knowing(self, one: Past) -> Index:
        """The index with the state that the step led to: an older version may have had others."""
        if one.target not in self.index.states:
            self.index.states[one.target] = self._state(one.target)
        return self.index

    def _state(self, key: str) -> State:
        known = self.index.states.get(key)
        return known or State.model_construct(
            key=key, label=_NAME, kind=StateKind.OPEN, help=None, visible_to=()
        )

    def _look(self, data: Mapping[str, Any]) -> Look:
        return Look(self.index, _unknown, data, {})


def _unknown(name: str) -> Fact:
    raise UnknownError(name)
