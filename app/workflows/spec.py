"""What a workflow is: the typed form of a workflow file.

A spec is data. Conditions, effects and sources name entries of the registry (``registry.py``) and
literal values; nothing in a file is ever run.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from app.workflows.leeway import Leeway, Vary
from app.workflows.limits import Deadline, Extension, Level, Variant
from app.workflows.spans import Duration, LevelAt, Unit
from app.workflows.terms import (
    All,
    AnyOf,
    Condition,
    Key,
    Label,
    Name,
    Not,
    Op,
    Scalar,
    Spec,
    Test,
    listed,
)
from app.workflows.trials import MOST_IN_ALL, MOST_TESTS, WorkflowTest

__all__ = [
    "FORMAT",
    "RESIDENT",
    "SYSTEM",
    "All",
    "AnyOf",
    "Child",
    "Condition",
    "Deadline",
    "Duration",
    "Effect",
    "Extension",
    "FieldSpec",
    "FieldType",
    "FormField",
    "Key",
    "Label",
    "Leeway",
    "Level",
    "LevelAt",
    "Name",
    "Not",
    "Notice",
    "Op",
    "Option",
    "Relation",
    "Scalar",
    "Spec",
    "State",
    "StateKind",
    "Test",
    "Transition",
    "Unit",
    "Variant",
    "Workflow",
    "WorkflowTest",
]

FORMAT: Literal[1] = 1
MOST_WAYS = 20_000


class StateKind(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (StateKind.DONE, StateKind.CANCELLED)


class State(Spec):
    key: Key
    label: Label
    kind: StateKind = StateKind.OPEN
    help: Label | None = None
    visible_to: tuple[Name, ...] = ()
    """Roles that may see a case while it is in this state; empty: everybody in scope."""


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"
    YES_NO = "yes_no"
    PERSON = "person"
    """A staff member, by user id."""
    PARTY = "party"
    PARTIES = "parties"
    PLACE = "place"
    FILES = "files"
    RATING = "rating"
    """One to five stars."""
    PHONE = "phone"
    """Shown masked unless the role needs it."""


class Option(Spec):
    key: Key
    label: Label


class FieldSpec(Spec):
    """A field of the case's own form; its value lives in the case's ``data`` under ``key``."""

    key: Key
    label: Label
    type: FieldType = FieldType.TEXT
    options: tuple[Option, ...] = ()
    help: Label | None = None
    max_length: int = Field(default=2000, ge=1, le=20000)
    public: bool = False
    """The resident reads its value on the tracking page; what isn't public stays among staff."""


class FormField(Spec):
    field: Key
    required: bool = False


# --- transitions ------------------------------------------------------------------------------


class Relation(StrEnum):
    ASSIGNEE = "assignee"
    CREATOR = "creator"
    PARTY = "party"
    """Member of the party that is responsible for the case."""


RESIDENT = "Resident"
"""Pseudo role: the resident who raised the matter, by the tracking link."""
SYSTEM = "System"
"""Pseudo role: deadlines, children and the command line."""


class Effect(Spec):
    """What a transition does beside moving the case. Exactly one of the three is set."""

    set: dict[Key, Scalar] | None = None
    """Literal values written into the case's data."""
    assign: Name | None = None
    """``actor``, ``nobody``, or ``field.<key>`` of type person or party."""
    run: Name | None = None
    """An effect by its registered name, e.g. ``roll.freeze``."""

    @model_validator(mode="after")
    def _one(self) -> Effect:
        if sum(given is not None for given in (self.set, self.assign, self.run)) != 1:
            raise ValueError("give exactly one of: set, assign, run")
        return self


class Transition(Spec):
    """A button. The key is the event; one key may occur again with other ``from`` states."""

    key: Key
    label: Label
    source: tuple[Key, ...] | Literal["*"] = Field(alias="from")
    """States it leaves; ``*``: every state that is not an end."""
    target: Key | None = Field(default=None, alias="to")
    """None: the case stays where it is."""
    roles: tuple[Name, ...] = ()
    relations: tuple[Relation, ...] = ()
    """Both given: both must hold. Neither given: only the system may."""
    when: Condition | None = None
    form: tuple[FormField, ...] = ()
    effects: tuple[Effect, ...] = ()
    spawn: tuple[Key, ...] = ()
    """Keys of ``children`` that are created."""
    notify: tuple[Key, ...] = ()
    confirm: Label | None = None
    bulk: bool = False
    primary: bool = False
    """The usual next step: drawn as the main button."""

    @model_validator(mode="before")
    @classmethod
    def _one_source(cls, value: Any) -> Any:
        return listed(value, "source", "from")


# --- deadlines and notices --------------------------------------------------------------------


class Notice(Spec):
    """``to``: ``assignee``, ``creator``, ``party``, ``resident``, ``role:<Role>`` (in the case's
    place or the nearest place above that has a holder), ``above:<Role>`` (strictly above),
    ``field.<key>`` of type person, party or parties."""

    key: Key
    to: tuple[Name, ...] = Field(min_length=1)
    channels: tuple[Name, ...] = ("inapp",)
    subject: Label
    body: Label

    @model_validator(mode="before")
    @classmethod
    def _one_recipient(cls, value: Any) -> Any:
        return listed(value, "to", "channels")


class Child(Spec):
    """Cases that a case brings forth: one for each item of ``per``."""

    key: Key
    label: Label
    workflow: Key
    per: Name
    """``field.<key>`` of type parties or place, or a source by its registered name."""
    carry: tuple[Key, ...] = ()
    """Fields of the parent whose values the child begins with, under the same key there."""
    when_all_closed: Key | None = None
    """The parent's event that the system fires once all children of this key have ended."""


class Workflow(Spec):
    """One workflow file."""

    format: Literal[1] = FORMAT
    key: Key
    label: Label
    leg: Name = "case"
    """Which aggregate hangs on the case: ``case`` (none), or one of the registry's legs."""
    help: Label | None = None
    start: Key
    fields: tuple[FieldSpec, ...] = Field(default=(), max_length=300)
    intake: tuple[FormField, ...] = ()
    """The form in which a case is opened."""
    openers: tuple[Name, ...] = ()
    """Roles that may open a case, ``Resident`` too; none: only the system, as somebody's child."""
    notify: tuple[Key, ...] = ()
    """Notices that go out when a case is opened."""
    states: tuple[State, ...] = Field(min_length=1, max_length=500)
    transitions: tuple[Transition, ...] = Field(default=(), max_length=2000)
    deadlines: tuple[Deadline, ...] = Field(default=(), max_length=200)
    notices: tuple[Notice, ...] = Field(default=(), max_length=2000)
    children: tuple[Child, ...] = Field(default=(), max_length=100)
    vary: Vary = None
    """What places may vary of it; None: it holds everywhere as it is."""
    tests: tuple[WorkflowTest, ...] = Field(default=(), max_length=MOST_TESTS)

    @model_validator(mode="after")
    def _bounded(self) -> Workflow:
        # “*” multiplies: everything that follows the ways looks at each step from each state
        if sum(len(self.sources(transition)) for transition in self.transitions) > MOST_WAYS:
            raise ValueError(f"too many steps in all: at most {MOST_WAYS} from single states")
        if sum(len(test.moves) for test in self.tests) > MOST_IN_ALL:
            raise ValueError(f"too many moves in all tests: at most {MOST_IN_ALL}")
        return self

    def sources(self, transition: Transition) -> tuple[str, ...]:
        """The states that it leaves; ``*`` are all that are no end."""
        if transition.source == "*":
            return tuple(state.key for state in self.states if not state.kind.ended)
        return transition.source
