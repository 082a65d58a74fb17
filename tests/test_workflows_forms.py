"""Forms: what people type becomes typed values, or a problem beside the field."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.workflows import numerals
from app.workflows.forms import Cleaned, clean
from app.workflows.spec import FieldSpec, FieldType, FormField, Label, Option

BERLIN = ZoneInfo("Europe/Berlin")
FIELDS = {
    type_.value: FieldSpec(
        key=type_.value,
        label=Label(zh=f"字段{type_}", en=f"field {type_}"),
        type=type_,
        options=(
            Option(key="a", label=Label(zh="甲")),
            Option(key="b", label=Label(zh="乙")),
            Option(key="c", label=Label(zh="丙")),
        ),
        max_length=10,
    )
    for type_ in FieldType
}


def read(type_: str, raw: Any, *, required: bool = False, **options: Any) -> Cleaned:
    form = [FormField(field=type_, required=required)]
    return clean(FIELDS, form, {type_: raw}, **options)


@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        ("text", "  两行\n文字 ", "两行 文字"),
        ("long_text", " 两行\r\n文字 ", "两行\n文字"),
        ("number", "12", "12"),
        ("number", "１２．５０", "12.5"),
        ("number", "1,199", "1199"),
        ("number", "一千一百九十九", "1199"),
        ("number", "-3", "-3"),
        ("number", 7, "7"),
        ("number", Decimal("1E+2"), "100"),
        ("money", "¥99.5", "99.50"),
        ("money", "一百二十元", "120.00"),
        ("date", "2026-3-5", "2026-03-05"),
        ("date", "２０２６年３月５日", "2026-03-05"),
        ("date", "2026/03/05", "2026-03-05"),
        ("date", date(2026, 3, 5), "2026-03-05"),
        ("datetime", "2026-03-05 14:30", "2026-03-05T06:30:00+00:00"),
        ("datetime", "2026-03-05T14:30", "2026-03-05T06:30:00+00:00"),
        ("datetime", "2026年3月5日 14：30", "2026-03-05T06:30:00+00:00"),
        ("datetime", "2026-03-05T14:30:00+01:00", "2026-03-05T13:30:00+00:00"),
        ("datetime", datetime(2026, 3, 5, 14, 30, tzinfo=UTC), "2026-03-05T14:30:00+00:00"),
        ("choice", "b", "b"),
        ("choices", ["c", "a", "c"], ["a", "c"]),
        ("choices", "b", ["b"]),
        ("yes_no", "on", True),
        ("yes_no", "否", False),
        ("yes_no", False, False),
        ("person", "12", 12),
        ("party", 3, 3),
        ("parties", ["4", "2", "4"], [2, 4]),
        ("place", "９", 9),
        ("files", [11], [11]),
        ("rating", "５", 5),
        ("phone", "138 0013-8000", "13800138000"),
        ("phone", "（010）8888 6666", "01088886666"),
        ("phone", "+86 138 0013 8000", "+8613800138000"),
        ("text", "   ", None),
        ("choices", [], None),
        ("number", None, None),
    ],
)
def test_a_value_is_kept_in_one_form(type_: str, raw: Any, value: Any) -> None:
    assert read(type_, raw) == Cleaned({type_: value})


@pytest.mark.parametrize(
    ("type_", "raw"),
    [
        ("text", "十一个字的文字超出了限"),
        ("text", "a\x00b"),
        ("text", 5),
        ("text", ["a"]),
        ("long_text", {"a": 1}),
        ("number", "1e5000"),
        ("number", "nan"),
        ("number", "Infinity"),
        ("number", "12元"),
        ("number", "9" * 31),
        ("number", True),
        ("number", [1]),
        ("money", "-1"),
        ("money", "1.234"),
        ("date", "2026-02-30"),
        ("date", "5.3.2026"),
        ("date", "0026-03-05"),
        ("date", "tomorrow"),
        ("datetime", "2026-03-05 25:00"),
        ("datetime", "1066-03-05 10:00"),
        ("choice", "z"),
        ("choice", ["a"]),
        ("choices", ["a", "z"]),
        ("yes_no", "perhaps"),
        ("person", "0"),
        ("person", "-1"),
        ("person", "1.5"),
        ("person", "9" * 40),
        ("person", "1 OR 1=1"),
        ("parties", ["1", "x"]),
        ("files", list(range(1, 300))),
        ("rating", "0"),
        ("rating", "6"),
        ("rating", "10"),
        ("phone", "12"),
        ("phone", "call me"),
    ],
)  # fmt: skip
def test_what_is_no_such_value_is_a_problem_beside_the_field(type_: str, raw: Any) -> None:
    cleaned = read(type_, raw)
    assert cleaned.values == {}
    (problem,) = cleaned.problems
    assert problem.field == type_
    assert problem.text.zh
    assert problem.text.en


def test_a_required_field_is_asked_for_by_its_label() -> None:
    for given in ({}, {"text": " "}, {"text": None}):
        (problem,) = clean(FIELDS, [FormField(field="text", required=True)], given).problems
        assert problem.text.zh == "请填写“字段text”"
        assert problem.text.en == "fill in “field text”"


def test_what_is_not_given_is_not_touched_and_what_is_emptied_is() -> None:
    form = [FormField(field="text"), FormField(field="number")]
    assert clean(FIELDS, form, {"text": ""}).values == {"text": None}


def test_a_name_that_the_form_does_not_have_is_told() -> None:
    cleaned = clean(FIELDS, [FormField(field="text")], {"text": "x", "number": "1"})
    assert [problem.field for problem in cleaned.problems] == ["number"]


def test_a_time_without_offset_is_one_of_the_zone() -> None:
    cleaned = read("datetime", "2026-07-01 12:00", zone=BERLIN)
    assert cleaned.values == {"datetime": "2026-07-01T10:00:00+00:00"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("零", 0),
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("两百零三", 203),
        ("一千一百九十九", 1199),
        ("二〇二六", None),
        ("两万零五", 20005),
        ("三十万", 300_000),
        ("一万两千", 12_000),
        ("百", 100),
        ("十百", None),
        ("万", None),
        ("一万万", None),
        ("一二", None),
        ("零百", None),
        ("abc", None),
        ("", None),
    ],
)
def test_chinese_numbers_are_read_and_nonsense_is_not(text: str, number: int | None) -> None:
    assert numerals.read(text) == number
