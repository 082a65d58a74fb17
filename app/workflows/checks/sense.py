"""Whether a condition can hold at all, told from what its facts may be.

A condition is taken apart into ways to fulfil it; each is tried, fact by fact, on the few values
between which its tests can tell. What is too large to be judged is taken as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

from app.workflows import registry
from app.workflows.conditions import compare, number_of
from app.workflows.entries import FactName, ValueType
from app.workflows.spec import Condition, Op, Test, Workflow
from app.workflows.terms import All, Not, parts, tests

Pins = Mapping[str, tuple[Any, ...]]
"""By fact: the only values that it may have; None stands for none."""

_Way = tuple[tuple[Test, bool], ...]
_MOST_TESTS = 200
_MOST_WAYS = 64
_SHARES = ("consent.participation_", "consent.approval_")
_OTHER = "\x00"
"""A text that no file can name: the many values that no test asks for."""


class _ManyError(Exception):
    """There are too many ways to look at each."""


class Sense:
    """Answers for the conditions of one workflow."""

    def __init__(self, spec: Workflow) -> None:
        self._spec = spec
        self._known: dict[str, FactName | None] = {}
        self._taken: dict[int, list[_Way]] = {}
        """By condition, all of which are the spec's and live as long as it does."""

    def possible(self, condition: Condition | None, pins: Pins) -> bool:
        """Whether it may hold for some values of its facts; those of ``pins`` are given."""
        if condition is None:
            return True
        known = self._taken.get(id(condition))
        if known is None:
            known = self._taken[id(condition)] = _apart(condition)
        return not known or any(self._open(way, pins) for way in known)

    def values(self, name: str, asked: Iterable[Test]) -> list[Any]:
        """Values of the fact between which the tests can tell, and None: no value."""
        fact = self._fact(name)
        return [None] if fact is None else _values(fact, list(asked))

    def _fact(self, name: str) -> FactName | None:
        if name not in self._known:
            self._known[name] = registry.fact(name, self._spec)
        return self._known[name]

    def _open(self, way: _Way, pins: Pins) -> bool:
        by_fact: dict[str, list[tuple[Test, bool]]] = {}
        for test, wanted in way:
            by_fact.setdefault(test.fact, []).append((test, wanted))
        for name, asked in by_fact.items():
            fact = self._fact(name)
            if name in pins:
                candidates = list(pins[name])
            elif fact is None:
                continue  # said elsewhere: there is no such fact
            else:
                candidates = _values(fact, [test for test, _ in asked])
            if not any(all(compare(t, value) is w for t, w in asked) for value in candidates):
                return False
        return True


def _apart(condition: Condition) -> list[_Way]:
    """The ways to fulfil it; none when it is too large to be judged."""
    if sum(1 for _ in tests(condition)) > _MOST_TESTS:
        return []
    try:
        return _ways(condition, wanted=True)
    except _ManyError:
        return []


def _ways(condition: Condition, *, wanted: bool) -> list[_Way]:
    """Every way in which it comes out as ``wanted``: tests with the answers that they need."""
    if isinstance(condition, Test):
        return [((condition, wanted),)]
    if isinstance(condition, Not):
        return _ways(condition.negated, wanted=not wanted)
    inner = [_ways(part, wanted=wanted) for part in parts(condition)]
    if isinstance(condition, All) is not wanted:
        found = [way for ways in inner for way in ways]
    else:
        found = [()]
        for ways in inner:
            if len(found) * len(ways) > _MOST_WAYS:
                raise _ManyError
            found = [(*way, *more) for way in found for more in ways]
    if len(found) > _MOST_WAYS:
        raise _ManyError
    return found


def _values(fact: FactName, asked: list[Test]) -> list[Any]:
    literals = [value for test in asked for value in _literals(test) if value is not None]
    if fact.type is ValueType.YES_NO:
        return [None, True, False]
    if fact.type is ValueType.NUMBER:
        return [None, *_numbers(fact.name, literals)]
    if fact.type is ValueType.SEVERAL:
        named = [value for test in asked if test.op is Op.CONTAINS for value in _literals(test)]
        alone = [[value] for value in named]
        return [None, [], named, *alone, list(fact.options or ()), [_OTHER]]
    if fact.options is not None:
        return [None, *fact.options]
    texts = [str(value) for value in literals]
    if fact.type is ValueType.MOMENT:
        return [None, "", *texts, *(f"{text}0" for text in texts), "~"]
    if fact.type is ValueType.ONE:
        return [None, *literals, -1]
    inside = [str(v) for test in asked if test.op is Op.CONTAINS for v in _literals(test)]
    joined = _OTHER.join(inside)
    return [None, *texts, joined, f"{joined}{_OTHER}", _OTHER]


def _literals(test: Test) -> tuple[Any, ...]:
    return test.value if isinstance(test.value, tuple) else (test.value,)


def _numbers(name: str, literals: list[Any]) -> list[Fraction]:
    """Each limit, one between any two, and one beyond at either side, as far as they exist."""
    limits = sorted({n for value in literals if (n := number_of(value)) is not None})
    low, high = _bounds(name)
    limits = sorted({*limits, *(b for b in (low, high) if b is not None)} or {Fraction(0)})
    between = [(a + b) / 2 for a, b in pairwise(limits)]
    found = {limits[0] - 1, *limits, *between, limits[-1] + 1}
    # a count is never between two whole numbers
    if not name.startswith("field.") and not name.startswith(_SHARES):
        found |= {value + by for value in limits for by in (-1, 1)}
        found = {value for value in found if value.denominator == 1}
    return sorted(v for v in found if (low is None or v >= low) and (high is None or v <= high))


def _bounds(name: str) -> tuple[Fraction | None, Fraction | None]:
    if name.startswith("field."):
        return None, None
    if name == "rating.stars":
        return Fraction(1), Fraction(5)
    return Fraction(0), Fraction(1) if name.startswith(_SHARES) else None
