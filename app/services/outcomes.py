"""Between the engine and the rows: who acts, what an outcome writes, what a refusal says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.errors import InvalidError, Problem, RefusedError
from app.services.actors import Viewer
from app.services.providers import CaseRow
from app.workflows import engine
from app.workflows.engine import Compiled, Outcome, Refused
from app.workflows.spec import Label, Relation


def actor(viewer: Viewer, case: CaseRow) -> engine.Actor:
    relations: set[Relation] = set()
    if viewer.kind == "user":
        if case.assignee_id == viewer.user_id:
            relations.add(Relation.ASSIGNEE)
        if case.creator_id == viewer.user_id:
            relations.add(Relation.CREATOR)
        if case.party_id in viewer.parties:
            relations.add(Relation.PARTY)
    return engine.Actor(
        kind=viewer.kind,
        id=viewer.user_id,
        name=viewer.name,
        roles=viewer.roles,
        relations=frozenset(relations),
    )


def refusal(refused: Refused) -> InvalidError | RefusedError:
    problems = [
        Problem({"zh": r.text.zh, "en": r.text.text("en")}, r.field) for r in refused.reasons
    ]
    if all(reason.code == "form" for reason in refused.reasons):
        return InvalidError(*problems)
    return RefusedError(*problems, codes=[reason.code for reason in refused.reasons])


def position(compiled: Compiled, outcome: Outcome, now: datetime) -> dict[str, Any]:
    state = compiled.states[outcome.target]
    return {
        "state": state.key,
        "state_label": words(state.label),
        "state_kind": state.kind.value,
        "restricted_to": list(outcome.visible_to) or None,
        "changed_at": now,
        "closed_at": now if outcome.ended else None,
    }


def told(
    outcome: Outcome,
    ran: dict[str, Any],
    children: tuple[int, ...],
    record: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the event records: only what there is."""
    parts = {
        "form": outcome.changed,
        "effects": {name: result for name, result in ran.items() if result},
        "assign": [{"to": a.to, "id": a.id} for a in outcome.assign],
        "clocks": [{"key": move.key, "action": move.action} for move in outcome.moves],
        "children": list(children),
        "record": dict(record or {}),
    }
    return {key: value for key, value in parts.items() if value}


def assigned(case: CaseRow, outcome: Outcome) -> CaseRow:
    for assign in outcome.assign:
        if assign.to == "party":
            case = case._replace(party_id=assign.id)
        else:
            case = case._replace(assignee_id=assign.id)
    return case


def label(compiled: Compiled, state: str) -> dict[str, str]:
    return words(compiled.states[state].label)


def words(text: Label) -> dict[str, str]:
    return {"zh": text.text("zh"), "en": text.text("en")}
