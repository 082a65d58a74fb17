"""What goes into a decision of the engine and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from app.workflows.spec import Child, Duration, Label, Notice, Relation, Transition


@dataclass(frozen=True, slots=True)
class Actor:
    """Who presses. ``relations`` are those that the person has to this very case."""

    kind: Literal["user", "resident", "system"]
    id: int | None = None
    name: str = ""
    roles: frozenset[str] = frozenset()
    relations: frozenset[Relation] = frozenset()


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


Action = Literal["start", "stop", "pause", "resume", "extend", "vary", "ask", "refuse"]


@dataclass(frozen=True, slots=True)
class ClockMove:
    """What a step does to a deadline. ``start`` begins a new round. ``until`` (with ``start`` and
    ``extend``) is the date or time that a field gives as due time; see ``clocks.moment``.
    ``within`` (with ``start`` and ``vary``) is the time of the variant that holds; ``by`` (with
    ``ask`` and ``extend``) is how much is asked for or granted."""

    key: str
    action: Action
    until: str | None = None
    within: Duration | None = None
    by: Duration | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    """Who is in charge from now on; ``id`` None: nobody."""

    to: Literal["person", "party"]
    id: int | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not. ``code``: unknown, state, who, condition or form; ``field``: of the form."""

    code: str
    text: Label
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a step does. ``source`` is None for the opening; ``target`` equals it for a stay.
    ``data`` is the case's whole data after the step, ``changed`` what form and effects set."""

    event: str
    transition: Transition | None
    source: str | None
    target: str
    ended: bool
    data: dict[str, Any]
    changed: dict[str, Any]
    assign: tuple[Assign, ...] = ()
    runs: tuple[str, ...] = ()
    spawn: tuple[Child, ...] = ()
    notices: tuple[Notice, ...] = ()
    moves: tuple[ClockMove, ...] = ()
    visible_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing happens, and why."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of the present state: allowed, or with the reasons why not."""

    transition: Transition
    allowed: bool
    reasons: tuple[Reason, ...] = ()
