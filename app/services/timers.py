"""Clocks as rows: what a step does to them, and when each is due.

A clock's row keeps its log and, derived from it by ``workflows.rounds``, when it is due and when
its next level fires. The case's event records the same moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.services import calendars, edge
from app.services.providers import CaseRow, Step
from app.workflows import rounds
from app.workflows.engine import ClockState, Outcome
from app.workflows.rounds import coming, derive
from app.workflows.spec import Deadline, Workflow

__all__ = ["Plan", "coming", "derive", "plan", "rule", "states"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written; ``due_at`` is the nearest due time of what runs afterwards."""

    fresh: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]
    due_at: datetime | None


def states(case: CaseRow) -> dict[str, ClockState]:
    """Where each deadline's newest round stands."""
    return rounds.states(case.clocks)


def plan(step: Step, outcome: Outcome, case: CaseRow) -> Plan:
    """The rows that ``outcome``'s moves amount to, for the case as it was before."""
    last = rounds.newest(case.clocks)
    if not outcome.moves:
        return Plan((), (), rounds.nearest(last.values()))
    rules = {deadline.key: deadline for deadline in step.spec.deadlines}
    at = rounds.At(step.now, calendars.of(step.session, case), edge.timezone())
    touched = rounds.turned(rules, last, outcome.moves, at)
    return Plan(
        fresh=tuple(row for row in touched.values() if "id" not in row),
        changed=tuple(row for row in touched.values() if "id" in row),
        due_at=rounds.nearest({**last, **touched}.values()),
    )


def rule(spec: Workflow, key: str) -> Deadline | None:
    """The deadline that a clock's key stands for in the version of its case."""
    return next((deadline for deadline in spec.deadlines if deadline.key == key), None)
