"""The one checker in front of every publication: screen, import, command line.

It never raises, whatever spec pydantic lets through. Errors block publishing, warnings are smells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

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
    staffing,
    stuck,
    timing,
    values,
)
from app.workflows.checks.findings import Finding, error, say
from app.workflows.checks.graph import Graph
from app.workflows.spec import Workflow

__all__ = ["Finding", "check"]

_MOST = 200


def check(
    spec: Workflow,
    *,
    known: Mapping[str, Workflow] | None = None,
    holders: staffing.Holders | None = None,
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
        () if holders is None else staffing.check(spec, holders),
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
