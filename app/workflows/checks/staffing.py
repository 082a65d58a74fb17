"""Roles that nobody holds somewhere: a button that nobody could press, a notice to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.workflows import registry
from app.workflows.checks import names
from app.workflows.checks.findings import Finding, listed, say, warning
from app.workflows.spec import RESIDENT, SYSTEM, Workflow

Holders = Callable[[str], list[str]]
"""The places in which nobody holds a role."""


def check(spec: Workflow, holders: Holders) -> Iterator[Finding]:
    for role, path in needed(spec).items():
        vacant = holders(role)
        if vacant:
            label, places = registry.ROLES[role], listed(vacant)
            text = say(
                f"{len(vacant)} 个社区没有“{label.zh}”：{places}",
                f"nobody is {label.text('en')} in {len(vacant)} places: {places}",
            )
            hint = say("为这些地方指定人员，或加上别的角色。", "Appoint somebody, or add a role.")
            yield warning("no_holder", path, text, hint)


def needed(spec: Workflow) -> dict[str, str]:
    """The staff roles that somebody has to hold, each with where it is named first."""
    found: dict[str, str] = {}
    for path, role in _asked(spec):
        found.setdefault(role, path)
    return found


def _asked(spec: Workflow) -> Iterator[tuple[str, str]]:
    for path, role in names.roles_used(spec):
        if role in registry.ROLES and role not in (RESIDENT, SYSTEM):
            yield path, role
    for index, notice in enumerate(spec.notices):
        for to in notice.to:
            kind, _, role = to.partition(":")
            if kind == "role" and role in registry.ROLES:
                yield f"notices[{index}].to", role
