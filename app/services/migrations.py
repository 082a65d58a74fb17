"""A plan to move running cases to another version of their workflow: what there is to choose from,
and what is wrong with a choice.

What becomes of one case is ``services.transfers`` and ``services.returns``; that many are moved,
``services.campaigns``; how they are gone through, ``services.passages``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.models import WorkflowVersion
from app.services import definitions
from app.services.transfers import Terms
from app.workflows import migration
from app.workflows.engine import Compiled
from app.workflows.migration import Proposal
from app.workflows.transfer import Rule

LONGEST = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``mapping`` is by number of the version that cases come from; a state without an entry, or
    with None, keeps its cases."""

    workflow_id: int
    target: int
    mapping: Mapping[int, Mapping[str, str | None]]
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A version, with how many cases run on it in each state."""

    id: int
    number: int
    states: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.states.values())


def standings(session: Session, workflow_id: int) -> list[Standing]:
    """Every version of the workflow, newest first, with its running cases."""
    counts: dict[int, dict[str, int]] = {}
    query = sa.select(m.Case.version_id, m.Case.state, sa.func.count())
    here = m.Case.workflow_id == workflow_id, m.Case.closed_at.is_(None)
    for version_id, state, count in session.execute(
        query.where(*here).group_by(m.Case.version_id, m.Case.state)
    ):
        counts.setdefault(version_id, {})[state] = count
    versions = session.execute(
        sa.select(WorkflowVersion.id, WorkflowVersion.number)
        .where(WorkflowVersion.workflow_id == workflow_id)
        .order_by(WorkflowVersion.number.desc())
    )
    return [Standing(id_, number, counts.get(id_, {})) for id_, number in versions]


def proposed(
    session: Session, workflow_id: int, sources: Sequence[int], target: int
) -> dict[int, dict[str, Proposal]]:
    """For each state that is no end, by number of the version: where its cases might go."""
    ids = versions(session, workflow_id)
    after = definitions.compiled(session, ids[target]).spec
    found = {}
    for number in sources:
        before = definitions.compiled(session, ids[number]).spec
        ends = {state.key for state in before.states if state.kind.ended}
        all_ = migration.propose(before, after)
        found[number] = {key: one for key, one in all_.items() if key not in ends}
    return found


def versions(session: Session, workflow_id: int) -> dict[int, int]:
    """Ids by number."""
    rows = session.execute(
        sa.select(WorkflowVersion.number, WorkflowVersion.id).where(
            WorkflowVersion.workflow_id == workflow_id
        )
    )
    return {number: id_ for number, id_ in rows}  # noqa: C416  a typed row


def terms(session: Session, plan: Plan) -> Terms:
    """The plan, checked. Raises InvalidError with all that is wrong with it."""
    ids = versions(session, plan.workflow_id)
    known = [number for number in plan.mapping if number in ids and number != plan.target]
    if plan.target not in ids or len(known) < len(plan.mapping) or not known:
        raise InvalidError(_wrong_versions(plan, ids))
    after = definitions.compiled(session, ids[plan.target])
    problems = [] if plan.reason.strip() else [_silent()]
    if len(plan.reason) > LONGEST:
        problems.append(_wordy())
    for number in known:
        before = definitions.compiled(session, ids[number])
        problems += _wrong_mapping(plan, number, before, after)
    if not any(target for states in plan.mapping.values() for target in states.values()):
        problems.append(_empty())
    if problems:
        raise InvalidError(*problems)
    return Terms(
        migration_id=0,
        target_id=ids[plan.target],
        mapping={ids[number]: dict(plan.mapping[number]) for number in known},
        numbers={ids[number]: number for number in (*known, plan.target)},
        rule=plan.rule,
        reason=plan.reason.strip(),
    )


def _wrong_mapping(plan: Plan, number: int, before: Compiled, after: Compiled) -> list[Problem]:
    if before.spec.leg != after.spec.leg:
        zh = f"第 {number} 版与第 {plan.target} 版属于不同的业务，不能互转。"
        en = f"Versions {number} and {plan.target} are of different kinds of matters."
        return [Problem({"zh": zh, "en": en}, "to")]
    found = []
    for state, target in plan.mapping[number].items():
        if state not in before.states:
            zh = f"第 {number} 版没有状态“{state}”。"
            en = f"Version {number} has no state “{state}”."
        elif target is not None and target not in after.states:
            zh = f"第 {plan.target} 版没有状态“{target}”，请从列表里选。"
            en = f"Version {plan.target} has no state “{target}”: choose one of the list."
        elif target is not None and after.states[target].kind.ended:
            zh = f"“{target}”是终点：转版不能办结事项，请选别的状态。"
            en = f"“{target}” is an end. A move can't end a case: choose another state."
        else:
            continue
        found.append(Problem({"zh": zh, "en": en}, f"map-{number}-{state}"))
    return found


def _wrong_versions(plan: Plan, ids: Mapping[int, int]) -> Problem:
    if plan.target not in ids:
        text = {
            "zh": f"没有第 {plan.target} 版，请选一个已发布的版本。",
            "en": f"There is no version {plan.target}: choose one that is published.",
        }
        return Problem(text, "to")
    text = {
        "zh": f"请选择要转出的版本：须是别的已发布版本，不能是第 {plan.target} 版本身。",
        "en": f"Choose the versions to move from: published ones other than {plan.target}.",
    }
    return Problem(text, "from")


def _silent() -> Problem:
    text = {
        "zh": "请写明原因，它会记入每个事项的历史。",
        "en": "Say why: it is kept in the history of each case.",
    }
    return Problem(text, "reason")


def _wordy() -> Problem:
    text = {
        "zh": f"原因最多 {LONGEST} 个字，请写短一些。",
        "en": f"The reason may have {LONGEST} characters: make it shorter.",
    }
    return Problem(text, "reason")


def _empty() -> Problem:
    text = {
        "zh": "所有状态都选了“不转”。请至少为一个状态选择新状态。",
        "en": "Every state stays as it is. Choose a new state for at least one.",
    }
    return Problem(text, "mapping")
