"""Conditions: exact comparisons, and explanations in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from app.workflows import registry
from app.workflows.conditions import Fact, Facts, compare, evaluate, failures, holds, shown
from app.workflows.spec import Label, Workflow
from app.workflows.terms import All, AnyOf, Not, Test

SPEC = Workflow.model_validate(
    {
        "key": "w",
        "label": "w",
        "leg": "meeting",
        "start": "s",
        "states": [{"key": "s", "label": "s"}],
        "fields": [
            {
                "key": "urgency",
                "label": {"zh": "紧急程度", "en": "Urgency"},
                "type": "choice",
                "options": [{"key": "urgent", "label": {"zh": "紧急", "en": "Urgent"}}],
            }
        ],
    }
)


def facts(values: Mapping[str, Any]) -> Facts:
    return lambda name: Fact(values[name])


@pytest.mark.parametrize(
    ("value", "op", "literal", "passes"),
    [
        (Fraction(2, 3), "ge", "2/3", True),
        (Fraction(799, 1199), "ge", "2/3", False),
        (Fraction(800, 1199), "ge", "2/3", True),
        (Fraction(1, 2), "gt", "0.5", False),
        (Decimal("0.1") + Decimal("0.2"), "eq", "0.3", True),
        (3, "eq", "3.0", True),
        (3, "in", (1, "3"), True),
        (True, "eq", 1, False),
        (1, "eq", True, False),
        (0, "eq", False, False),
        ("b", "in", ("a", "b"), True),
        ("abc", "contains", "b", True),
        (["a", "b"], "contains", "a", True),
        ([1, 2], "contains", 2, True),
        (("a",), "contains", "z", False),
        ("2026-03-05", "lt", "2026-03-06", True),
        ("x", "lt", 3, False),
        (3, "lt", "x", False),
        (None, "ne", "x", True),
        (None, "eq", None, True),
        (None, "eq", "x", False),
        (None, "lt", 3, False),
        (None, "in", ("a",), False),
        (None, "contains", "a", False),
        (7, "eq", 7, True),
        ("7", "eq", 7, True),
        (5, "ge", "1e999999999", False),
        (5, "ge", "1/0", False),
        (float("nan"), "ge", 1, False),
        ({"odd": 1}, "lt", 1, False),
    ],
)
def test_values_are_compared_exactly_and_never_raise(
    value: Any, op: str, literal: Any, passes: bool
) -> None:
    test = Test.model_validate({"fact": "x", "op": op, "value": literal})
    assert compare(test, value) is passes


def test_an_explanation_says_what_must_be_and_what_is() -> None:
    condition = Test.model_validate({"fact": "agenda.open", "value": 0})
    verdict = evaluate(
        condition,
        lambda name: Fact(2, Label(zh="电动车充电、垃圾分类", en="charging, waste")),
        names=lambda name: registry.fact(name, SPEC),
    )
    assert verdict.passed is False
    assert verdict.text.zh == "未议决的议题数须为0（现为2，电动车充电、垃圾分类）"
    assert verdict.text.en == "open agenda items must be 0 (now 2: charging, waste)"


def test_options_are_named_by_their_labels() -> None:
    condition = Test.model_validate(
        {"fact": "field.urgency", "op": "in", "value": ["urgent", "normal"]}
    )
    verdict = evaluate(
        condition, facts({"field.urgency": None}), names=lambda name: registry.fact(name, SPEC)
    )
    assert verdict.text.zh == "紧急程度须为其中之一：紧急、normal（现为空）"
    assert verdict.text.en == "Urgency must be one of Urgent, normal (now empty)"


def test_yes_and_no_are_words() -> None:
    met = Test(fact="quorum.met")
    verdict = evaluate(met, facts({"quorum.met": False}), names=lambda n: registry.fact(n, SPEC))
    assert verdict.text.zh == "须达到法定人数（尚未满足）"
    assert verdict.text.en == "needed: quorum met (not so yet)"


def test_what_must_not_be_so_and_how_it_comes_about_are_words_too() -> None:
    asked = Test(fact="deadline.due.asked", value=False)
    verdict = evaluate(asked, facts({"deadline.due.asked": True}))
    assert verdict.text.zh == "deadline.due.asked时不可以（现在正是）"
    assert verdict.text.en == "not while: deadline.due.asked (it is so now)"
    because = Fact(False, Label(zh="到会 2 方", en="2 parties are here"))
    verdict = evaluate(
        Test(fact="quorum.met"), lambda name: because, names=lambda n: registry.fact(n, SPEC)
    )
    assert verdict.text.zh == "须达到法定人数（到会 2 方）"
    assert verdict.text.en == "needed: quorum met (2 parties are here)"


def test_of_several_conditions_only_what_fails_is_told() -> None:
    condition = All.model_validate(
        {
            "all": [
                {"fact": "a"},
                {"fact": "b"},
                {"any": [{"fact": "b"}, {"not": {"fact": "a"}}]},
                {"all": [{"fact": "a"}, {"fact": "c", "op": "gt", "value": 1}]},
            ]
        }
    )
    verdict = evaluate(condition, facts({"a": True, "b": False, "c": 1}))
    texts = [text.zh for text in failures(verdict, condition)]
    assert texts == [
        "须b（尚未满足）",
        "须b（尚未满足），或者不满足“须a（已满足）”",
        "c须大于1（现为1）",
    ]


def test_a_fact_is_asked_only_when_it_matters() -> None:
    asked: list[str] = []

    def look(name: str) -> Fact:
        asked.append(name)
        return Fact(value=name == "yes")

    assert holds(AnyOf(any=(Test(fact="yes"), Test(fact="costly"))), look) is True
    assert holds(All(all=(Test(fact="no"), Test(fact="costly"))), look) is False
    assert asked == ["yes", "no"]


LATER = frozenset({"later"})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Test(fact="later"), None),
        (Not.model_validate({"not": {"fact": "later"}}), None),
        (All(all=(Test(fact="later"), Test(fact="yes"))), None),
        (All(all=(Test(fact="later"), Test(fact="no"))), False),
        (AnyOf(any=(Test(fact="later"), Test(fact="yes"))), True),
        (AnyOf(any=(Test(fact="later"), Test(fact="no"))), None),
    ],
)
def test_what_is_filled_with_the_button_is_not_known_before(
    condition: Any, expected: bool | None
) -> None:
    look = facts({"yes": True, "no": False})
    assert holds(condition, look, LATER) is expected
    assert evaluate(condition, look, later=LATER).passed is expected


def test_values_are_shown_as_people_read_them() -> None:
    assert shown(Fraction(2, 3)).zh == "2/3"
    assert shown([]).en == "empty"
    assert shown(["a", "b"]).zh == "a、b"
    assert shown("2026-03-05").zh == "2026-03-05"


def test_an_explanation_of_a_huge_value_is_cut() -> None:
    wide = AnyOf(any=tuple(Test(fact="x", value="很" * 300) for _ in range(40)))
    assert len(evaluate(wide, facts({"x": "长" * 5000})).text.zh) <= 2000
