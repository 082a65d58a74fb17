"""Tests of a workflow, kept in its file: what somebody does, and what has to come of it.

A test is played without a database (``play.py``). Each play begins in a week without holidays
unless it says otherwise, so that what it finds is the same whenever it is run.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from app.workflows.spans import PATTERN, Duration
from app.workflows.terms import Key, Label, Name, Scalar, Spec

MOST_TESTS = 50
MOST_MOVES = 100
"""Of one test."""
MOST_IN_ALL = 1000
MOST_VALUES = 60
FORMAT = "%Y-%m-%d %H:%M"
MONDAY = "2026-03-02 09:00"
FIRST_YEAR, LAST_YEAR = 2000, 2100

Value = Scalar | Annotated[tuple[Scalar, ...], Field(max_length=MOST_VALUES)]
Values = Annotated[dict[Name, Value], Field(max_length=MOST_VALUES)]
Related = Literal["assignee", "creator", "party"]


def moment(text: str) -> str:
    try:
        year = datetime.strptime(text, FORMAT).year  # noqa: DTZ007  local time, as it is written
    except ValueError:
        raise ValueError(f"write it like: {MONDAY}") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"the year must be from {FIRST_YEAR} to {LAST_YEAR}")
    return text


Moment = Annotated[str, StringConstraints(max_length=16), AfterValidator(moment)]


class Wait(Spec):
    """``2 working days``, or ``next``: until something falls due."""

    span: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {} if value.strip() == "next" else {"span": value}
        return {"span": value} if isinstance(value, int | float) else value

    @model_serializer
    def _write(self) -> str:
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "title": "Wait", "pattern": f"^(next|{PATTERN})$"}

    def __str__(self) -> str:
        return "next" if self.span is None else str(self.span)


class _Lean(Spec):
    """Written without what has its default, in rows too: people read them."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        kept = {field.alias or name for name, field in self._fields() if self._says(name, field)}
        return {key: value for key, value in write(self).items() if key in kept}

    @classmethod
    def _fields(cls) -> list[tuple[str, FieldInfo]]:
        return list(cls.model_fields.items())

    def _says(self, name: str, field: FieldInfo) -> bool:
        value = getattr(self, name)
        return type(value) is not type(field.default) or bool(value != field.default)


class Expect(_Lean):
    """What has to be so after a move; what isn't named is not looked at."""

    state: Key | None = None
    refused: bool | Annotated[str, StringConstraints(max_length=200)] = False
    """The move is refused; as a text: and the reason contains it, in one of the languages."""
    told: tuple[Key, ...] | None = Field(default=None, max_length=MOST_VALUES)
    """Exactly these notices reach somebody by this move."""
    overdue: tuple[Key, ...] | None = Field(default=None, max_length=MOST_VALUES)
    """Exactly these deadlines are running or paused and late."""


class Move(_Lean):
    """One thing that happens: exactly one of ``open``, ``press``, ``set``, ``wait``, ``end``."""

    open: Name | None = None
    """A case is opened by this role."""
    party: int | None = Field(default=None, ge=1, le=99)
    """The responsible party of a case that begins with one, as somebody's child."""
    assignee: Name | None = None
    """Likewise: the role of the person in charge."""
    press: Key | None = None
    player: Name = Field(default="", alias="as")
    """The role that presses; none: the system."""
    relations: tuple[Related, ...] | None = Field(default=None, max_length=3)
    """What that person is to the case; not given: what they have become by the play, and a member
    of the responsible party."""
    form: Values = {}
    """Persons by the role that they hold, files by any number."""
    set: Values | None = None
    """Facts that only the database knows, and how many items a source has."""
    wait: Wait | None = None
    end: Key | None = None
    """A child of this key ends."""
    how: Literal["done", "cancelled"] = "done"
    every: bool = False
    """All of them end, not only the one that was opened first."""
    expect: Expect | None = None

    @model_validator(mode="after")
    def _one(self) -> Move:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError("give exactly one of: open, press, set, wait, end")
        if self.press is None and (self.player or self.relations is not None):
            raise ValueError("as and relations belong to press; write the opener as: open: <Role>")
        if self.form and self.open is None and self.press is None:
            raise ValueError("a form belongs to open or press")
        if self.open is None and (self.party is not None or self.assignee is not None):
            raise ValueError("party and assignee belong to open")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


KINDS = ("open", "press", "set", "wait", "end")


class WorkflowTest(Spec):
    """A way that is played whenever the workflow is checked."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    key: Key
    label: Label
    begins: Moment = MONDAY
    """The local time of the first move."""
    moves: tuple[Move, ...] = Field(min_length=1, max_length=MOST_MOVES)
