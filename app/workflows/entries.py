"""What a registered name is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from app.workflows.spec import Label


class ValueType(StrEnum):
    """What a fact's value is, and so which operators fit it."""

    YES_NO = "yes_no"
    NUMBER = "number"
    """An int, Decimal or Fraction, never a float."""
    TEXT = "text"
    MOMENT = "moment"
    """An ISO date or time as text: ordered, but no number."""
    ONE = "one"
    """One of several options or records, by key or id."""
    SEVERAL = "several"
    """A list of those."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered name; ``help`` is what the reference and the editor's hint say about it."""

    name: str
    label: Label
    help: Label


@dataclass(frozen=True, slots=True)
class FactName(Entry):
    """``legs`` empty: every case has it. ``options``: labels of the values it may have."""

    type: ValueType = ValueType.YES_NO
    legs: frozenset[str] = frozenset()
    options: Mapping[str, Label] | None = None


@dataclass(frozen=True, slots=True)
class EffectName(Entry):
    legs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SourceName(Entry):
    """Items that children are made for; each brings a value for these ``fields`` of its child."""

    legs: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()


class DuplicateError(ValueError):
    """A name is registered twice."""


E = TypeVar("E", bound=Entry)


def table(entries: Iterable[E]) -> dict[str, E]:
    """The entries by name. Raises DuplicateError: two meanings of one word are always a mistake."""
    found: dict[str, E] = {}
    for entry in entries:
        if entry.name in found:
            raise DuplicateError(entry.name)
        found[entry.name] = entry
    return found


def plain(*rows: tuple[str, str, str, str, str]) -> dict[str, Entry]:
    """Entries with nothing besides; a row is the name, its label and its help, both zh and en."""
    return table(
        Entry(name, label(zh, en), label(help_zh, help_en))
        for name, zh, en, help_zh, help_en in rows
    )


def label(zh: str, en: str) -> Label:
    return Label(zh=zh, en=en)
