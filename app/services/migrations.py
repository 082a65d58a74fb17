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
    """Versions go by their names: ``3``, or ``2@17`` for a place's own. ``mapping`` is by that of
    the version that cases come from; a state without an entry, or with None, keeps its cases."""

    workflow_id: int
    target: str
    mapping: Mapping[str, Mapping[str, str | None]]
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """A published version; ``path`` is that of the place whose own it is, else empty."""

    id: int
    name: str
    words: dict[str, str]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A version, with how many cases run on it in each state."""

    version: Version
    states: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.states.values())


def standings(session: Session, workflow_id: int) -> list[Standing]:
    """Every version of the workflow with its running cases: the template's, newest first, then
    those of places."""
    counts: dict[int, dict[str, int]] = {}
    query = sa.select(m.Case.version_id, m.Case.state, sa.func.count())
    here = m.Case.workflow_id == workflow_id, m.Case.closed_at.is_(None)
    for version_id, state, count in session.execute(
        query.where(*here).group_by(m.Case.version_id, m.Case.state)
    ):
        counts.setdefault(version_id, {})[state] = count
    known = versions(session, workflow_id).values()
    return [Standing(version, counts.get(version.id, {})) for version in known]


def proposed(
    session: Session, sources: Sequence[Version], target: Version
) -> dict[str, dict[str, Proposal]]:
    """For each state that is no end, by name of the version: where its cases might go."""
    after = definitions.compiled(session, target.id).spec
    found = {}
    for version in sources:
        before = definitions.compiled(session, version.id).spec
        ends = {state.key for state in before.states if state.kind.ended}
        all_ = migration.propose(before, after)
        found[version.name] = {key: one for key, one in all_.items() if key not in ends}
    return found


def versions(session: Session, workflow_id: int) -> dict[str, Version]:
    """By name: the template's, newest first, then those of places."""
    version, place = WorkflowVersion, m.Place
    rows = session.execute(
        sa.select(version.id, version.number, version.place_id, place.name, place.path)
        .outerjoin(place, place.id == version.place_id)
        .where(version.workflow_id == workflow_id)
        .order_by(version.place_id.nulls_first(), version.number.desc())
    )
    return {found.name: found for found in (_version(*row) for row in rows)}


def _version(
    id_: int, number: int, place_id: int | None, place: str | None, path: str | None
) -> Version:
    name = f"{number}@{place_id}" if place_id else str(number)
    zh, en = f"第 {number} 版", f"version {number}"
    if place:
        zh, en = f"{zh}（{place}）", f"{en} ({place})"
    return Version(id_, name, {"zh": zh, "en": en}, path or "")


def terms(session: Session, plan: Plan) -> Terms:
    """The plan, checked. Raises InvalidError with all that is wrong with it."""
    known = versions(session, plan.workflow_id)
    sources = [known[name] for name in plan.mapping if name in known and name != plan.target]
    if plan.target not in known or len(sources) < len(plan.mapping) or not sources:
        raise InvalidError(_wrong_versions(plan, known))
    target = known[plan.target]
    after = definitions.compiled(session, target.id)
    problems = [] if plan.reason.strip() else [_silent()]
    if len(plan.reason) > LONGEST:
        problems.append(_wordy())
    for version in sources:
        before = definitions.compiled(session, version.id)
        problems += _wrong_mapping(plan, (version, before), (target, after))
    if not any(state for states in plan.mapping.values() for state in states.values()):
        problems.append(_empty())
    if problems:
        raise InvalidError(*problems)
    return Terms(
        migration_id=0,
        target_id=target.id,
        path=target.path,
        mapping={version.id: dict(plan.mapping[version.name]) for version in sources},
        names={version.id: version.words for version in (*sources, target)},
        rule=plan.rule,
        reason=plan.reason.strip(),
    )


def _wrong_mapping(
    plan: Plan, source: tuple[Version, Compiled], target: tuple[Version, Compiled]
) -> list[Problem]:
    old, before = source
    new, after = target
    if before.spec.leg != after.spec.leg:
        zh = f"{old.words['zh']}与{new.words['zh']}属于不同的业务，不能互转。"
        en = f"{old.words['en']} and {new.words['en']} are for different kinds of matters."
        return [Problem({"zh": zh, "en": en}, "to")]
    found = []
    for state, wanted in plan.mapping[old.name].items():
        if state not in before.states:
            zh = f"{old.words['zh']}没有状态“{state}”。"
            en = f"There is no state “{state}” in {old.words['en']}."
        elif wanted is not None and wanted not in after.states:
            zh = f"{new.words['zh']}没有状态“{wanted}”，请从列表里选。"
            en = f"There is no state “{wanted}” in {new.words['en']}: choose one of the list."
        elif wanted is not None and after.states[wanted].kind.ended:
            zh = f"“{wanted}”是终点：转版不能办结事项，请选别的状态。"
            en = f"“{wanted}” is an end. A move can't end a case: choose another state."
        else:
            continue
        found.append(Problem({"zh": zh, "en": en}, f"map-{old.name}-{state}"))
    return found


def _wrong_versions(plan: Plan, known: Mapping[str, Version]) -> Problem:
    if plan.target not in known:
        text = {
            "zh": f"没有版本“{plan.target}”，请选一个已发布的版本。",
            "en": f"There is no version “{plan.target}”: choose one that is published.",
        }
        return Problem(text, "to")
    new = known[plan.target].words
    text = {
        "zh": f"请选择要转出的版本：须是别的已发布版本，不能是{new['zh']}本身。",
        "en": f"Choose the versions to move from: published ones other than {new['en']}.",
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
