"""Clocks as rows: what a step does to them, and when each is due.

A clock's row keeps its log and, derived from it by ``workflows.clocks``, when it is due and when
its next level fires. The case's event records the same moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.models import ClockStatus
from app.services import calendars, edge
from app.services.providers import CaseRow, Step
from app.workflows import clocks
from app.workflows.calendar import Calendar
from app.workflows.clocks import Count, Due, Entry
from app.workflows.engine import ClockMove, ClockState, Outcome
from app.workflows.spec import Deadline, Workflow


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written; ``due_at`` is the nearest due time of what runs afterwards."""

    fresh: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]
    due_at: datetime | None


def states(case: CaseRow) -> dict[str, ClockState]:
    """Where each deadline's newest round stands."""
    return {key: ClockState(row["status"]) for key, row in _newest(case).items()}


def plan(step: Step, outcome: Outcome, case: CaseRow) -> Plan:
    """The rows that ``outcome``'s moves amount to, for the case as it was before."""
    if not outcome.moves:
        return Plan((), (), _nearest(_newest(case).values()))
    calendar = calendars.of(step.session, case)
    newest = _newest(case)
    rules = {deadline.key: deadline for deadline in step.spec.deadlines}
    touched: dict[str, dict[str, Any]] = {}
    for move in outcome.moves:
        row = touched.get(move.key) or newest.get(move.key)
        if move.action == "start":
            row = _blank(rules[move.key], 1 if row is None else int(row["round"]) + 1)
        if row is not None:
            touched[move.key] = _moved(rules[move.key], row, move, (step.now, calendar))
    return Plan(
        fresh=tuple(row for row in touched.values() if "id" not in row),
        changed=tuple(row for row in touched.values() if "id" in row),
        due_at=_nearest({**newest, **touched}.values()),
    )


def _nearest(rows: Iterable[Mapping[str, Any]]) -> datetime | None:
    due = (_instant(row["due_at"]) for row in rows if row["status"] != ClockStatus.STOPPED)
    return min((at for at in due if at is not None), default=None)


def rule(spec: Workflow, key: str) -> Deadline | None:
    """The deadline that a clock's key stands for in the version of its case."""
    return next((deadline for deadline in spec.deadlines if deadline.key == key), None)


def derive(
    deadline: Deadline,
    log: Sequence[Entry],
    calendar: Calendar,
    *,
    fired: int,
    breached_at: datetime | None,
) -> dict[str, Any]:
    """The derived columns of a clock: from its log, and from how many levels have fired."""
    count = Count.of(deadline, log, calendar)
    due = Due(None) if count is None else count.due()
    state = clocks.state(log)
    stopped_at = log[-1].at if log and state == ClockState.STOPPED else None
    if breached_at is None and stopped_at is not None and due.at is not None:
        breached_at = due.at if clocks.breached(due.at, stopped_at, stopped_at) else None
    return {
        "status": ClockStatus(state.value),
        "log": [entry.write() for entry in log],
        "stopped_at": stopped_at,
        "due_at": due.at,
        "provisional": due.provisional,
        "next_level": fired,
        "next_at": None
        if count is None or state != ClockState.RUNNING
        else coming(count, fired, breached=breached_at is not None),
        "breached_at": breached_at,
        "extended": clocks.extensions(log),
        "asked": clocks.asked(log),
    }


def coming(count: Count, fired: int, *, breached: bool) -> datetime | None:
    """When something happens next to a running clock: levels fire in the rule's order, and it
    breaches when due, with a level or without."""
    level = count.level_at(fired) if fired < len(count.rule.levels) else None
    due_at = None if breached else count.due_at()
    return min((at for at in (level, due_at) if at is not None), default=None)


def _blank(deadline: Deadline, round_: int) -> dict[str, Any]:
    label = {"zh": deadline.label.text("zh"), "en": deadline.label.text("en")}
    return {"key": deadline.key, "round": round_, "label": label, "log": [], "next_level": 0}


def _moved(
    deadline: Deadline,
    row: Mapping[str, Any],
    move: ClockMove,
    at: tuple[datetime, Calendar],
) -> dict[str, Any]:
    now, calendar = at
    log = [Entry.read(kept) for kept in row["log"]]
    log.append(clocks.entry(move, now, edge.timezone()))
    derived = derive(
        deadline,
        log,
        calendar,
        fired=int(row["next_level"]),
        breached_at=_instant(row.get("breached_at")),
    )
    return {**row, "started_at": row.get("started_at") or now, **derived}


def _newest(case: CaseRow) -> dict[str, dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(case.clocks, key=lambda clock: int(clock["round"])):
        newest[row["key"]] = row
    return newest


def _instant(value: Any) -> datetime | None:
    """The JSON of the step's one read carries instants as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
