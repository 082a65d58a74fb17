"""The one checker in front of every publication: screen, import, command line.

It never raises, whatever spec pydantic lets through. Errors block publishing, warnings are smells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from app.workflows import registry
from app.workflows.checks import (
    buttons,
    filling,
    graph,
    kin,
    leeway,
    life,
    limits,
    names,
    offspring,
    plays,
    stuck,
    timing,
    values,
)
from app.workflows.checks.findings import Finding, error, listed, say, warning
from app.workflows.checks.graph import Graph
from app.workflows.spec import RESIDENT, SYSTEM, Workflow

__all__ = ["Finding", "check"]

_MOST = 200

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
    parts = (graph, buttons, names, values, filling, timing, limits, life, leeway, stuck)
    found = _first(
        *(part.check(made) for part in parts),
        offspring.check(made, known or {}),
        kin.check(made, known or {}),
        () if holders is None else _vacancies(spec, holders),
        plays.check(made),
    )
    if any(finding.level == "error" for finding in found):
        return found
    return _first(plays.prove(spec), found)


def _first(*found: Iterable[Finding]) -> list[Finding]:
    """Each once, errors first. After so many errors nothing more is looked for: the parts are
    generators, so a file made to be wrong everywhere costs no more than one that is wrong often."""
    errors: dict[Finding, None] = {}
    warnings: dict[Finding, None] = {}
    for finding in chain(*found):
        if finding.level == "error":
            errors[finding] = None
        elif len(warnings) < _MOST:
            warnings[finding] = None
        if len(errors) == _MOST:
            text = say("错误太多，其余的没有检查", "too many errors: the rest was not checked")
            hint = say("先改好这些，再检查一次。", "Mend these first, then check again.")
            errors[error("too_many", "", text, hint)] = None
            break
    return [*errors, *warnings]


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
