"""What somebody wants to move: read from the form, and drawn in it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import request

from app.extensions import db
from app.models import Workflow
from app.services import definitions, migrations
from app.services.migrations import Plan, Standing
from app.views import labels
from app.workflows.engine import Compiled
from app.workflows.migration import Proposal
from app.workflows.transfer import Rule

RULES: tuple[Rule, ...] = ("shift", "keep", "restart")
STAY = "-"
"""The choice to leave the cases of a state where they are."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A state of an older version, and where its cases may go."""

    name: str
    label: dict[str, str]
    count: int
    chosen: str
    reason: dict[str, str]


@dataclass(slots=True)
class Asked:
    """What the form holds, as far as it makes sense."""

    target: Standing | None
    sources: list[Standing]
    rule: str = "shift"
    reason: str = ""
    chosen: dict[str, str] = field(default_factory=dict)


def read(row: Workflow) -> Asked:
    """What was chosen, else what most people want: all older versions to the one in force."""
    known = migrations.standings(db.session(), row.id)
    by_name = {standing.version.name: standing for standing in known}
    given = request.form if request.method == "POST" else request.args
    target = by_name.get(given.get("to", "")) or next(
        (standing for standing in known if standing.version.id == row.current_id), None
    )
    sources = [by_name[name] for name in given.getlist("from") if name in by_name]
    if not sources and "to" not in given:
        mine = target.version.path if target else ""
        sources = [s for s in known if s.count and s is not target and s.version.path == mine]
    sources = [standing for standing in sources if standing is not target]
    rule = given.get("clocks", "shift")
    return Asked(
        target,
        sources,
        rule if rule in RULES else "shift",
        given.get("reason", "").strip()[:2000],
        {name: value for name, value in given.items() if name.startswith("map-")},
    )


def plan(row: Workflow, asked: Asked) -> Plan:
    """By the selects of the form; a state that had none goes nowhere."""
    mapping: dict[str, dict[str, str | None]] = {s.version.name: {} for s in asked.sources}
    for key, value in asked.chosen.items():
        for name, states in mapping.items():
            if key.startswith(f"map-{name}-"):
                states[key.removeprefix(f"map-{name}-")] = None if value in ("", STAY) else value
    target = asked.target.version.name if asked.target else ""
    rule = next(rule for rule in RULES if rule == asked.rule)
    return Plan(row.id, target, mapping, rule, asked.reason)


def groups(asked: Asked) -> list[tuple[Standing, list[Choice], list[Choice]]]:
    """By version: the states that hold cases, and the others."""
    if asked.target is None or not asked.sources:
        return []
    session = db.session()
    versions = [standing.version for standing in asked.sources]
    proposals = migrations.proposed(session, versions, asked.target.version)
    found = []
    for standing in asked.sources:
        compiled = definitions.compiled(session, standing.version.id)
        choices = [
            _choice(standing, compiled, state, proposal, asked)
            for state, proposal in proposals[standing.version.name].items()
        ]
        found.append(
            (standing, [c for c in choices if c.count], [c for c in choices if not c.count])
        )
    return found


def _choice(
    standing: Standing, compiled: Compiled, state: str, proposal: Proposal, asked: Asked
) -> Choice:
    name = f"map-{standing.version.name}-{state}"
    return Choice(
        name,
        compiled.states[state].label.both(),
        standing.states.get(state, 0),
        asked.chosen.get(name, proposal.target or ""),
        proposal.reason.both(),
    )


def goals(asked: Asked) -> list[tuple[str, str]]:
    """States of the target that cases may go to."""
    if asked.target is None:
        return []
    compiled = definitions.compiled(db.session(), asked.target.version.id)
    return [
        (state.key, labels.localized(state.label.both()))
        for state in compiled.spec.states
        if not state.kind.ended
    ]
