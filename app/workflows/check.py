"""The one checker in front of every publication: screen, import, command line.

It never raises, whatever spec pydantic lets through. Errors block publishing, warnings are smells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from app.workflows import registry
from app.workflows.checks import (
    buttons,
    filling,
    graph,
    limits,
    names,
    offspring,
    timing,
    values,
)
from app.workflows.checks.findings import Finding, listed, say, warning
from app.workflows.checks.graph import Graph
from app.workflows.spec import RESIDENT, SYSTEM, Workflow

__all__ = ["Finding", "check"]

Holders = Callable[[str], list[str]]
"""The places in which nobody holds a role."""


def check(
    spec: Workflow,
    *,
    known: Mapping[str, Workflow] | None = None,
    holders: Holders | None = None,
) -> list[Finding]:
    """All that is wrong with ``spec``, errors first, each in the file's order.

    ``known`` are the workflows that children may name; without any, nothing is said about them.
    ``holders`` gives the places in which nobody holds a role; without it nothing is said of that.
    """
    made = Graph(spec)
    found: list[Finding] = []
    for part in (graph, buttons, names, values, filling, timing, limits):
        found += part.check(made)
    found += offspring.check(made, known or {})
    if holders is not None:
        found += _vacancies(spec, holders)
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda finding: finding.level == "warning")


def _vacancies(spec: Workflow, holders: Holders) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for path, role in _asked(spec):
        first.setdefault(role, path)
    for role, path in first.items():
        vacant = holders(role)
        if vacant:
            label, places = registry.ROLES[role], listed(vacant)
            text = say(
                f"{len(vacant)} 个社区没有“{label.zh}”：{places}",
                f"nobody is {label.text('en')} in {len(vacant)} places: {places}",
            )
            hint = say("为这些地方指定人员，或加上别的角色。", "Appoint somebody, or add a role.")
            yield warning("no_holder", path, text, hint)


def _asked(spec: Workflow) -> Iterator[tuple[str, str]]:
    """The staff roles that somebody has to hold."""
    for path, role in names.roles_used(spec):
        if role in registry.ROLES and role not in (RESIDENT, SYSTEM):
            yield path, role
    for index, notice in enumerate(spec.notices):
        for to in notice.to:
            kind, _, role = to.partition(":")
            if kind == "role" and role in registry.ROLES:
                yield f"notices[{index}].to", role
