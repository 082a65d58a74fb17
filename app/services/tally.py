"""Counting a consultation: four exact figures out of ballots and a rule. No database, no floats.

Areas are whole hundredths of a square metre (``cents``), shares are compared by multiplying whole
numbers, so "two thirds of 1,199" is met at 800 and not at 799.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

VOTES = frozenset({"agree", "condition", "disagree", "abstain"})
"""Voices that take part. ``refused`` and ``away`` are no votes, and silence is none either."""

Text = dict[str, str]
Kind = Literal["area", "heads"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """``part``/``whole``; ``inclusive`` tells ≥ (以上) from > (过半数): Civil Code, art. 1259."""

    part: int
    whole: int
    inclusive: bool

    def met(self, numerator: int, denominator: int) -> bool:
        """Nothing is ever reached of an empty whole."""
        if denominator <= 0:
            return False
        have, want = numerator * self.whole, self.part * denominator
        return have >= want if self.inclusive else have > want

    def least(self, denominator: int) -> int:
        """The smallest numerator that meets it."""
        want = self.part * denominator
        return -(-want // self.whole) if self.inclusive else want // self.whole + 1

    def __str__(self) -> str:
        return f"{self.part}/{self.whole}"


@dataclass(frozen=True, slots=True)
class Rule:
    participation: Threshold
    approval: Threshold
    approving: frozenset[str]
    """Voices that count as approval; a conditional yes only if the rule set lists it."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One head of the roll with its weight, or several of one voice summed up; ``voice`` is None
    where nothing was said."""

    cents: int
    voice: str | None
    heads: int = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """One share, its threshold, and whether it is reached."""

    kind: Kind
    numerator: int
    denominator: int
    threshold: Threshold

    @property
    def passed(self) -> bool:
        return self.threshold.met(self.numerator, self.denominator)

    @property
    def share(self) -> Fraction | None:
        """None where there is nothing to be a share of."""
        return Fraction(self.numerator, self.denominator) if self.denominator > 0 else None

    @property
    def missing(self) -> int:
        """How much more the numerator would have to be, the denominator staying as it is."""
        return max(self.threshold.least(self.denominator) - self.numerator, 0)

    def amount(self, value: int) -> str:
        return square_metres(value) if self.kind == "area" else str(value)

    @property
    def text(self) -> Text:
        """``800 / 1199 ≥ 2/3：达到``, with what is missing where it isn't reached."""
        unit = {"zh": " 平方米", "en": " m²"} if self.kind == "area" else {"zh": "", "en": ""}
        shares = f"{self.amount(self.numerator)} / {self.amount(self.denominator)}"
        if self.denominator <= 0:
            return {
                "zh": f"{shares}：没有可计算的基数，未达到",
                "en": f"{shares}: nothing to be a share of, not reached",
            }
        if self.passed:
            sign = "≥" if self.threshold.inclusive else ">"
            return {
                "zh": f"{shares}{unit['zh']} {sign} {self.threshold}：达到",
                "en": f"{shares}{unit['en']} {sign} {self.threshold}: reached",
            }
        sign = "<" if self.threshold.inclusive else "≤"
        least = self.amount(self.threshold.least(self.denominator))
        return {
            "zh": f"{shares}{unit['zh']} {sign} {self.threshold}：未达到，至少需要 {least}",
            "en": f"{shares}{unit['en']} {sign} {self.threshold}: not reached, takes {least}",
        }

    def record(self) -> dict[str, Any]:
        """As it is frozen; ``figure`` reads it back."""
        return {
            "kind": self.kind,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "threshold": [self.threshold.part, self.threshold.whole],
            "inclusive": self.threshold.inclusive,
            "passed": self.passed,
            "text": self.text,
        }


FIGURES = ("participation_area", "participation_heads", "approval_area", "approval_heads")


@dataclass(frozen=True, slots=True)
class Tally:
    participation_area: Figure
    participation_heads: Figure
    approval_area: Figure
    approval_heads: Figure

    def figures(self) -> dict[str, Figure]:
        return {name: getattr(self, name) for name in FIGURES}

    @property
    def participation(self) -> bool:
        return self.participation_area.passed and self.participation_heads.passed

    @property
    def approval(self) -> bool:
        return self.approval_area.passed and self.approval_heads.passed

    @property
    def passed(self) -> bool:
        return self.participation and self.approval

    def record(self) -> dict[str, Any]:
        return {name: figure.record() for name, figure in self.figures().items()}


def count(ballots: Iterable[Ballot], rule: Rule) -> Tally:
    """The four figures. Approval is measured against those who took part, not against the roll."""
    all_area = all_heads = part_area = part_heads = yes_area = yes_heads = 0
    for ballot in ballots:
        all_area += ballot.cents
        all_heads += ballot.heads
        if ballot.voice not in VOTES:
            continue
        part_area += ballot.cents
        part_heads += ballot.heads
        if ballot.voice in rule.approving:
            yes_area += ballot.cents
            yes_heads += ballot.heads
    return Tally(
        participation_area=Figure("area", part_area, all_area, rule.participation),
        participation_heads=Figure("heads", part_heads, all_heads, rule.participation),
        approval_area=Figure("area", yes_area, part_area, rule.approval),
        approval_heads=Figure("heads", yes_heads, part_heads, rule.approval),
    )


def figure(record: Mapping[str, Any]) -> Figure:
    """A figure out of its frozen record."""
    threshold = _threshold(record["threshold"], record["inclusive"])
    return Figure(record["kind"], record["numerator"], record["denominator"], threshold)


def _threshold(fraction: list[int], inclusive: bool) -> Threshold:
    part, whole = fraction
    return Threshold(part, whole, inclusive)


def tally(record: Mapping[str, Any]) -> Tally:
    """The four figures out of their frozen record."""
    return Tally(**{name: figure(record[name]) for name in FIGURES})


def rule(frozen: Mapping[str, Any]) -> Rule:
    """What counts, out of a rule set as it was copied when the roll was frozen."""
    return Rule(
        _threshold(frozen["participation"], frozen["participation_inclusive"]),
        _threshold(frozen["approval"], frozen["approval_inclusive"]),
        frozenset(frozen["approving"]),
    )


def cents(area: Decimal) -> int:
    """Square metres as whole hundredths. Raises ValueError for finer areas: nothing is rounded."""
    hundredths = area.scaleb(2)
    if hundredths != hundredths.to_integral_value():
        raise ValueError(f"{area} is finer than two decimal places")
    return int(hundredths)


def square_metres(value: int) -> str:
    """``53321.45``, exactly."""
    return f"{value // 100}.{value % 100:02d}"
