"""Conditions: whether they hold now, and why not, in words.

A test compares a fact's present value with a literal. Numbers are compared as exact fractions,
never as floats. A fact without a value (a field not filled, no rating yet) fails every operator
but ``ne``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any

from app.workflows.entries import FactName, ValueType
from app.workflows.spec import Condition, Label, Op
from app.workflows.terms import All, AnyOf, Not, Test


@dataclass(frozen=True, slots=True)
class Fact:
    """A present value and, where a bare value says too little, how it comes about."""

    value: Any
    detail: Label | None = None


Facts = Callable[[str], Fact]
"""Asked only for names that a condition needs, so a costly fact is computed when it matters."""

Names = Callable[[str], FactName | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``passed`` is None when it depends on fields that are only filled with the button."""

    passed: bool | None
    text: Label
    parts: tuple[Verdict, ...] = ()


_WORDS = {
    Op.EQ: ("为", "is"),
    Op.NE: ("不能为", "is not"),
    Op.LT: ("小于", "less than"),
    Op.LE: ("不超过", "at most"),
    Op.GT: ("大于", "more than"),
    Op.GE: ("不少于", "at least"),
    Op.IN: ("为其中之一：", "one of"),
    Op.CONTAINS: ("包含", "contains"),
}
_YES = Label(zh="是", en="yes")
_NO = Label(zh="否", en="no")
_EMPTY = Label(zh="空", en="empty")
_LATER = Label(zh="操作时填写", en="filled with the button")
_SO, _NOT_SO = Label(zh="已满足", en="it is so"), Label(zh="尚未满足", en="not so yet")
_JUST_SO, _OTHERWISE = Label(zh="现在正是", en="it is so now"), Label(zh="现在不是", en="it is not")


def evaluate(
    condition: Condition,
    facts: Facts,
    *,
    names: Names = lambda name: None,
    later: frozenset[str] = frozenset(),
) -> Verdict:
    """Decide ``condition``. ``names`` gives labels; facts in ``later`` are not known yet."""
    if isinstance(condition, Test):
        return _test(condition, facts, names, later)
    if isinstance(condition, Not):
        inner = evaluate(condition.negated, facts, names=names, later=later)
        passed = None if inner.passed is None else not inner.passed
        text = Label(zh=f"不满足“{inner.text.zh}”", en=f"not ({inner.text.en})")
        return Verdict(passed, text, (inner,))
    if isinstance(condition, All):
        parts = tuple(evaluate(c, facts, names=names, later=later) for c in condition.all)
        return Verdict(_both(parts, decisive=False), _joined(parts, "，并且", " and "), parts)
    parts = tuple(evaluate(c, facts, names=names, later=later) for c in condition.any)
    return Verdict(_both(parts, decisive=True), _joined(parts, "，或者", " or "), parts)


def holds(condition: Condition, facts: Facts, later: frozenset[str] = frozenset()) -> bool | None:
    """The same decision without words, asking no more facts than it takes."""
    if isinstance(condition, Test):
        return None if condition.fact in later else compare(condition, facts(condition.fact).value)
    if isinstance(condition, Not):
        inner = holds(condition.negated, facts, later)
        return None if inner is None else not inner
    decisive = isinstance(condition, AnyOf)
    passed: bool | None = not decisive
    for part in condition.any if isinstance(condition, AnyOf) else condition.all:
        inner = holds(part, facts, later)
        if inner is decisive:
            return decisive
        if inner is None:
            passed = None
    return passed


def failures(verdict: Verdict, condition: Condition) -> tuple[Label, ...]:
    """What is missing, one text per unmet part; what holds already is not repeated."""
    if isinstance(condition, All):
        pairs = zip(verdict.parts, condition.all, strict=True)
        return tuple(t for part, c in pairs if part.passed is False for t in failures(part, c))
    return (verdict.text,)


def _both(parts: tuple[Verdict, ...], *, decisive: bool) -> bool | None:
    if any(part.passed is decisive for part in parts):
        return decisive
    return None if any(part.passed is None for part in parts) else not decisive


def _joined(parts: tuple[Verdict, ...], chinese: str, english: str) -> Label:
    return Label(
        zh=_cut(chinese.join(part.text.zh for part in parts)),
        en=_cut(english.join(part.text.en for part in parts)),
    )


def _cut(text: str) -> str:
    return text if len(text) <= 2000 else f"{text[:1999]}…"


def compare(test: Test, value: Any) -> bool:
    """Whether the value passes; never raises, whatever the two are."""
    literal = test.value
    if test.op is Op.NE:
        return not _same(value, literal)
    if value is None:
        return test.op is Op.EQ and literal is None
    if test.op is Op.EQ:
        return _same(value, literal)
    if test.op is Op.IN:
        return isinstance(literal, tuple) and any(_same(value, item) for item in literal)
    if test.op is Op.CONTAINS:
        return _contains(value, literal)
    return _ordered(test.op, value, literal)


def _contains(value: Any, literal: Any) -> bool:
    if isinstance(value, str):
        return isinstance(literal, str) and literal in value
    return isinstance(value, list | tuple) and any(_same(item, literal) for item in value)


def _same(value: Any, literal: Any) -> bool:
    if isinstance(value, bool) or isinstance(literal, bool):
        return value is literal
    number = number_of(value) if not isinstance(value, str) else None
    if number is not None:
        return number == number_of(literal)
    if isinstance(value, str) and isinstance(literal, int):
        return value == str(literal)
    if isinstance(value, list | tuple) and isinstance(literal, list | tuple):
        return list(value) == list(literal)
    return bool(value == literal)


def _ordered(op: Op, value: Any, literal: Any) -> bool:
    left: Any = value if isinstance(value, str) else number_of(value)
    right: Any = literal if isinstance(left, str) else number_of(literal)
    if left is None or right is None or isinstance(left, str) is not isinstance(right, str):
        return False
    if op is Op.LT:
        return bool(left < right)
    if op is Op.LE:
        return bool(left <= right)
    return bool(left > right) if op is Op.GT else bool(left >= right)


def number_of(value: Any) -> Fraction | None:
    """Exactly that number; None for everything that is none (booleans are none)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int):
        return _whole(value)
    try:
        if isinstance(value, Decimal):
            return Fraction(value) if value.is_finite() else None
        return _written(value) if isinstance(value, str) else None
    except (ValueError, ZeroDivisionError, InvalidOperation, OverflowError):
        return None


@lru_cache(maxsize=4096)
def _whole(value: int) -> Fraction:
    return Fraction(value)


@lru_cache(maxsize=4096)
def _written(value: str) -> Fraction | None:
    # "1e999999999" would take for ever: an exponent is no way to write a threshold
    return None if len(value) > 60 or "e" in value.lower() else Fraction(value)


def _test(test: Test, facts: Facts, names: Names, later: frozenset[str]) -> Verdict:
    name = names(test.fact)
    subject = name.label if name else Label(zh=test.fact, en=test.fact)
    if test.fact in later:
        return Verdict(None, _sentence(subject, test, name, _LATER))
    fact = facts(test.fact)
    now = shown(fact.value, name)
    if fact.detail is not None:
        now = Label(
            zh=f"{now.zh}，{fact.detail.zh}", en=f"{now.text('en')}: {fact.detail.text('en')}"
        )
    passed = compare(test, fact.value)
    said = not test.fact.startswith("field.") and test.op in (Op.EQ, Op.NE)
    if said and isinstance(test.value, bool) and isinstance(fact.value, bool):
        wanted = test.value is (test.op is Op.EQ)
        return Verdict(passed, _said(subject, fact.detail, wanted=wanted, passed=passed))
    return Verdict(passed, _sentence(subject, test, name, now))


def _said(subject: Label, detail: Label | None, *, wanted: bool, passed: bool) -> Label:
    """What is so or is not so reads as such: its label is a statement, and no question."""
    if detail is None:
        detail = (_SO if passed else _NOT_SO) if wanted else (_OTHERWISE if passed else _JUST_SO)
    zh, en = subject.zh, subject.text("en")
    head = Label(zh=f"须{zh}", en=f"needed: {en}")
    if not wanted:
        head = Label(zh=f"{zh}时不可以", en=f"not while: {en}")
    return Label(
        zh=_cut(f"{head.zh}（{detail.zh}）"), en=_cut(f"{head.text('en')} ({detail.text('en')})")
    )


def _sentence(subject: Label, test: Test, name: FactName | None, now: Label) -> Label:
    chinese, english = _WORDS[test.op]
    wanted = _wanted(test.value, name)
    head_zh = f"{subject.zh}{'' if test.op is Op.NE else '须'}{chinese}{wanted.zh}"
    head_en = f"{subject.text('en')} must be {english} {wanted.text('en')}"
    if test.op in (Op.EQ, Op.NE):
        head_en = f"{subject.text('en')} must {'not ' * (test.op is Op.NE)}be {wanted.text('en')}"
    elif test.op is Op.CONTAINS:
        head_en = f"{subject.text('en')} must contain {wanted.text('en')}"
    return Label(
        zh=_cut(f"{head_zh}（现为{now.zh}）"), en=_cut(f"{head_en} (now {now.text('en')})")
    )


def _wanted(value: Any, name: FactName | None) -> Label:
    if isinstance(value, tuple):
        items = [shown(item, name) for item in value]
        return Label(
            zh="、".join(i.zh for i in items) or "—", en=", ".join(i.text("en") for i in items)
        )
    return shown(value, name)


def shown(value: Any, name: FactName | None = None) -> Label:
    """A value as people read it: option labels, yes and no, shares of a whole as fractions."""
    if value is None or value == "" or value == [] or value == ():
        return _EMPTY
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, list | tuple):
        items = [shown(item, name) for item in value]
        return Label(
            zh=_cut("、".join(i.zh for i in items)), en=_cut(", ".join(i.text("en") for i in items))
        )
    if name is not None and name.options and isinstance(value, str) and value in name.options:
        return name.options[value]
    text = _cut(str(value)) or "—"
    if name is not None and name.type is ValueType.MOMENT:
        text = text.replace("T", " ")
    return Label.model_construct(zh=text, en=text)
