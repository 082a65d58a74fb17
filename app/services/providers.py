"""The code behind the names that workflow files use: facts, effects, sources of children.

Each leg registers its own. A name that is registered twice raises at import; a name without code,
or code without a name in ``workflows.registry``, fails a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.orm import Session

from app.services.actors import Viewer
from app.workflows.engine import Fact
from app.workflows.spec import Workflow


class CaseRow(NamedTuple):
    """A case as loaded for one step: plain values, no lazy loading."""

    id: int
    number: str
    title: str
    leg: str
    workflow_id: int
    version_id: int
    state: str
    place_id: int
    place_name: str
    party_id: int | None
    assignee_id: int | None
    creator_id: int | None
    parent_id: int | None
    child_key: str
    child_ref: str
    data: dict[str, Any]
    row_version: int
    reopened: int
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    head: bytes
    seq: int
    clocks: tuple[dict[str, Any], ...] = ()
    people: Mapping[str, str] = MappingProxyType({})
    """Addresses of the assignee and the creator by user id, as far as they are active."""
    demo: bool = False
    calendar: int | None = None
    """The version of the working calendar when the case was read; None: it wasn't asked."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a fact, an effect or a source may look at. ``data`` is the case's form data as it would
    be after the step."""

    session: Session
    spec: Workflow
    case: CaseRow
    actor: Viewer
    now: datetime
    data: dict[str, Any] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was found out for other steps of the same batch: who holds a role where."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A child to be; ``ref`` says what of the parent it stands for, so it never comes twice."""

    ref: str
    title: str
    place_id: int | None = None
    party_id: int | None = None
    assignee_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    scope_id: int | None = None
    """For legs with an electorate: its place."""


FactCode = Callable[[Step], Fact]
EffectCode = Callable[[Step], dict[str, Any]]
"""Does its work (flush, no commit) and returns what the event shall record of it."""
SourceCode = Callable[[Step], list[Seed]]
LegCode = Callable[[Step, Seed | None, dict[str, Any]], None]
"""Writes the leg's own row for a case just opened: as a child of a seed, or from ``extra``."""

FACTS: dict[str, FactCode] = {}
EFFECTS: dict[str, EffectCode] = {}
SOURCES: dict[str, SourceCode] = {}
LEGS: dict[str, LegCode] = {}
OWN: dict[str, frozenset[str]] = {}
"""By leg: events that record something in the leg's own tables. Its own use cases fire them (so
that who may and when stay the workflow's); a bare button would record nothing."""

Code = TypeVar("Code", bound=Callable[..., Any])


def _register(table: dict[str, Any], name: str) -> Callable[[Code], Code]:
    def keep(code: Code) -> Code:
        if name in table:
            raise ValueError(f"{name} is registered twice")
        table[name] = code
        return code

    return keep


def fact(name: str) -> Callable[[FactCode], FactCode]:
    return _register(FACTS, name)


def effect(name: str) -> Callable[[EffectCode], EffectCode]:
    return _register(EFFECTS, name)


def source(name: str) -> Callable[[SourceCode], SourceCode]:
    return _register(SOURCES, name)


def leg(name: str) -> Callable[[LegCode], LegCode]:
    return _register(LEGS, name)


def own(leg_name: str, *events: str) -> None:
    """Reserve ``events`` of workflows with this leg for the leg's own use cases."""
    OWN[leg_name] = OWN.get(leg_name, frozenset()) | frozenset(events)


def day(value: Any) -> date | None:
    """A date out of form data, where it is kept as ISO text."""
    return date.fromisoformat(value) if isinstance(value, str) and value else None
