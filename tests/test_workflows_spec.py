"""The typed spec: what it takes, what it refuses, and its short forms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from app.workflows.spec import (
    Deadline,
    Duration,
    Effect,
    Label,
    LevelAt,
    Test,
    Transition,
    Unit,
    Workflow,
)


@pytest.mark.parametrize(
    ("text", "amount", "unit", "written"),
    [
        ("30 min", 30, Unit.MINUTES, "30 min"),
        ("1 min", 1, Unit.MINUTES, "1 min"),
        ("2 hours", 2, Unit.HOURS, "2 hours"),
        ("1 hour", 1, Unit.HOURS, "1 hour"),
        ("4 working hours", 4, Unit.WORKING_HOURS, "4 working hours"),
        ("1 working  hour", 1, Unit.WORKING_HOURS, "1 working hour"),
        ("3 days", 3, Unit.DAYS, "3 days"),
        (" 5 working days ", 5, Unit.WORKING_DAYS, "5 working days"),
        ("1 working day", 1, Unit.WORKING_DAYS, "1 working day"),
        ("5 个工作日", 5, Unit.WORKING_DAYS, "5 working days"),
        ("30分钟", 30, Unit.MINUTES, "30 min"),
    ],
)
def test_a_duration_is_read_and_written_as_people_do(
    text: str, amount: int, unit: Unit, written: str
) -> None:
    span = Duration.model_validate(text)
    assert (span.amount, span.unit) == (amount, unit)
    assert str(span) == span.model_dump() == written
    assert Duration.model_validate(written) == span


@pytest.mark.parametrize(
    "text", ["", "5", "days", "-1 days", "5 weeks", "1.5 hours", 5, "9999999 min"]
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError):
        Duration.model_validate(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50 %", "50 %"),
        ("80%", "80 %"),
        ("breach", "breach"),
        ("breach + 1 working day", "breach + 1 working day"),
        ("breach+2 hours", "breach + 2 hours"),
    ],
)
def test_a_level_is_a_share_or_a_time_after_the_breach(text: str, written: str) -> None:
    level = LevelAt.model_validate(text)
    assert str(level) == level.model_dump() == written
    assert LevelAt.model_validate(written) == level


@pytest.mark.parametrize("text", ["0 %", "100 %", "50", "breach -1 day", "after", 50, ""])
def test_what_is_no_level_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError):
        LevelAt.model_validate(text)


def test_lengths_of_time_are_said_in_both_languages() -> None:
    assert Duration.model_validate("5 working days").text("zh") == "5 个工作日"
    assert Duration.model_validate("30 min").text("zh") == "30 分钟"
    assert Duration.model_validate("2 hours").text("en") == "2 hours"
    assert LevelAt.model_validate("80 %").text("zh") == "用时达 80%"
    assert LevelAt.model_validate("breach").text("en") == "when due"
    assert LevelAt.model_validate("breach + 1 working day").text("zh") == "超期 1 个工作日后"


@pytest.mark.parametrize(
    "fields", [{}, {"set": {"a": 1}, "run": "x"}, {"assign": "actor", "run": "x"}]
)
def test_an_effect_is_exactly_one_thing(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        Effect.model_validate(fields)


@pytest.mark.parametrize("fields", [{}, {"within": "1 day", "until": "f"}])
def test_a_deadline_has_a_length_or_a_field(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        Deadline.model_validate({"key": "d", "label": "d", "start": "s", **fields})


def test_a_level_is_not_two_moments() -> None:
    with pytest.raises(ValidationError, match="not both"):
        LevelAt(percent=50, after=Duration(amount=1, unit=Unit.DAYS))


def test_one_state_needs_no_list_and_a_plain_text_is_a_chinese_label() -> None:
    step = Transition.model_validate({"key": "go", "label": "去", "from": "a", "to": "b"})
    assert step.source == ("a",)
    assert step.label == Label(zh="去")
    assert step.label.text("en") == "去"
    assert Transition.model_validate({"key": "go", "label": "去", "from": "*"}).source == "*"


@pytest.mark.parametrize("key", ["受理", "a1", "_x", "état", "a" * 60])
def test_a_key_is_any_identifier(key: str) -> None:
    assert Workflow.model_validate(
        {"key": key, "label": "x", "start": "s", "states": [{"key": "s", "label": "s"}]}
    )


@pytest.mark.parametrize("key", ["", "1a", "a-b", "a b", "a.b", "a" * 61, "a\n", "a;drop"])
def test_what_is_no_identifier_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        Transition.model_validate({"key": key, "label": "x", "from": "a"})


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "a\x1bb", "x" * 2001])
def test_a_label_is_a_text_that_can_be_kept_and_shown(text: str) -> None:
    with pytest.raises(ValidationError):
        Label(zh=text)


def test_decimals_become_their_text_so_that_json_gives_them_back() -> None:
    assert Test.model_validate({"fact": "x", "value": 0.5}).value == "0.5"
    assert Test(fact="x", value=Decimal("0.10")).value == "0.10"  # type: ignore[arg-type]
    for wrong in (float("nan"), float("inf"), 10**16):
        with pytest.raises(ValidationError):
            Test(fact="x", value=wrong)  # type: ignore[arg-type]


def test_conditions_nested_beyond_reading_are_refused() -> None:
    deep: dict[str, Any] = {"fact": "x"}
    for _ in range(11):
        deep = {"not": deep}
    made = {"key": "go", "label": "去", "from": "a", "when": deep}
    assert Transition.model_validate(made)
    with pytest.raises(ValidationError, match="nested deeper"):
        Transition.model_validate({**made, "when": {"not": deep}})
    for _ in range(5_000):
        deep = {"not": deep}
    with pytest.raises(ValidationError):
        Transition.model_validate({**made, "when": deep})


def test_unknown_entries_and_other_formats_are_refused() -> None:
    spec = {"key": "a", "label": "x", "start": "s", "states": [{"key": "s", "label": "s"}]}
    with pytest.raises(ValidationError):
        Workflow.model_validate({**spec, "sates": []})
    with pytest.raises(ValidationError):
        Workflow.model_validate({**spec, "format": 2})
