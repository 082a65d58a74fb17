"""The words of a spec: keys, texts, literal values and conditions."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    Tag,
    model_serializer,
    model_validator,
)

DEEPEST = 12
"""Conditions nested deeper than this are refused: nobody can read them."""

LARGEST = 10**15


def printable(value: str) -> str:
    """Control characters can't be stored (NUL), shown or written to a file that people read."""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in value):
        raise ValueError("control characters are not allowed")
    return value


def _literal(value: object) -> object:
    """Decimals are kept as their text, so that JSON and YAML give back what was written."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise ValueError("the number is too large")
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ValueError("must be a finite number")
        return str(value)
    return value


KEY_PATTERN = r"^[^\W\d]\w{0,59}$"
Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
"""Any identifier, Chinese ones too; outlives labels."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable)]
"""A name of the registry; whether it exists is the checker's business."""

Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(printable)]

Scalar = Annotated[Text | int | bool | None, BeforeValidator(_literal)]
"""A literal value. Decimals and fractions are texts: ``"0.5"``, ``"2/3"``."""


class Spec(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )


def listed(value: Any, *names: str) -> Any:
    """A file may write ``from: reported`` for ``from: [reported]``."""
    if not isinstance(value, dict):
        return value
    single = {n: (value[n],) for n in names if isinstance(value.get(n), str) and value[n] != "*"}
    return {**value, **single}


class Label(Spec):
    """A text in both languages; English falls back to Chinese. A plain string is the Chinese."""

    zh: Annotated[
        str,
        StringConstraints(min_length=1, max_length=2000, strip_whitespace=True),
        AfterValidator(printable),
    ]
    en: Annotated[
        str, StringConstraints(max_length=2000, strip_whitespace=True), AfterValidator(printable)
    ] = ""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return {"zh": value} if isinstance(value, str) else value

    def text(self, language: str) -> str:
        return self.en or self.zh if language == "en" else self.zh

    def both(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en or self.zh}


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    CONTAINS = "contains"


class Test(Spec):
    """``fact`` is a name of the registry; a bare ``{fact: quorum.met}`` asks whether it is true."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    fact: Name
    op: Op = Op.EQ
    value: Scalar | tuple[Scalar, ...] = True

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # 1 equals True, so leaving out defaults would turn "at least 1" into "at least yes"
        plain: dict[str, Any] = write(self)
        return plain if self.value is True else {**plain, "value": self.value}


class All(Spec):
    all: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(Spec):
    any: tuple[Condition, ...] = Field(min_length=1)


class Not(Spec):
    negated: Condition = Field(alias="not")


_SHAPES = {"fact": "fact", "all": "all", "any": "any", "not": "not", "negated": "not"}
_MODELS: dict[type, str] = {Test: "fact", All: "all", AnyOf: "any", Not: "not"}


def _shape(value: object) -> str | None:
    if isinstance(value, dict):
        return next((shape for word, shape in _SHAPES.items() if word in value), "fact")
    return _MODELS.get(type(value))


def _shallow(value: All | AnyOf | Not | Test) -> All | AnyOf | Not | Test:
    if depth(value) > DEEPEST:
        raise ValueError(f"conditions are nested deeper than {DEEPEST}")
    return value


Condition = Annotated[
    Annotated[Test, Tag("fact")]
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_shape),
    AfterValidator(_shallow),
]


def parts(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that it is joined from; none for a test."""
    if isinstance(condition, All):
        return condition.all
    if isinstance(condition, AnyOf):
        return condition.any
    if isinstance(condition, Not):
        return (condition.negated,)
    return ()


def depth(condition: Condition) -> int:
    return 1 + max((depth(part) for part in parts(condition)), default=0)


def tests(condition: Condition | None) -> Iterator[Test]:
    """Every test in it, from left to right."""
    if isinstance(condition, Test):
        yield condition
    elif condition is not None:
        for part in parts(condition):
            yield from tests(part)


for _model in (All, AnyOf, Not):
    _model.model_rebuild()
