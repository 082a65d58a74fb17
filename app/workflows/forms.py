"""Forms: what was typed becomes typed values, or a problem beside each field.

Values are those of JSON, as a case keeps them: numbers and money as decimal text, dates and times
as ISO text (times in UTC), people, parties, places and files by their number. Whether such a
number exists is for the caller to see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from app.workflows import numerals
from app.workflows.spec import FieldSpec, FieldType, FormField, Label

LARGEST_ID = 2**63 - 1
MOST_ITEMS = 200
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Flaw:
    field: str
    text: Label


@dataclass(frozen=True, slots=True)
class Cleaned:
    """``values`` holds an entry for each field of the form that was given, None when emptied."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Flaw, ...] = ()


class _BadError(ValueError):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Label(zh=zh, en=en)


def clean(
    fields: Mapping[str, FieldSpec],
    form: Iterable[FormField],
    given: Mapping[str, Any],
    *,
    zone: ZoneInfo = CHINA,
) -> Cleaned:
    """Read ``given`` by the form. Names that the form doesn't have are a problem, so that a stale
    page never loses what somebody typed. A time without an offset is one of ``zone``."""
    values: dict[str, Any] = {}
    problems: list[Flaw] = []
    asked = {item.field: item for item in form}
    for key in given:
        if key not in asked:
            problems.append(
                Flaw(str(key)[:60], _say("此操作没有这一项", "this step has no such field"))
            )
    for key, item in asked.items():
        spec = fields[key]
        try:
            value = _read(spec, given.get(key), zone)
        except _BadError as error:
            problems.append(Flaw(key, error.text))
            continue
        if value is None and item.required:
            text = _say(f"请填写“{spec.label.zh}”", f"fill in “{spec.label.text('en')}”")
            problems.append(Flaw(key, text))
        elif key in given:
            values[key] = value
    return Cleaned(values, tuple(problems))


def _say(zh: str, en: str) -> Label:
    return Label(zh=zh, en=en)


def _read(spec: FieldSpec, raw: Any, zone: ZoneInfo) -> Any:
    if isinstance(raw, str):
        raw = raw.strip()
    if raw is None or raw == "" or raw == [] or raw == ():
        return None
    if spec.type in (FieldType.DATETIME,):
        return _moment(raw, zone)
    return _READERS[spec.type](spec, raw)


def _plain(raw: Any) -> str:
    """Full-width digits, letters and signs as the narrow ones that were meant."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal | float):
        raise _BadError("格式不对", "this is not in the right form")
    return unicodedata.normalize("NFKC", str(raw)).strip()


def _text(spec: FieldSpec, raw: Any) -> str:
    if not isinstance(raw, str):
        raise _BadError("请填写文字", "write a text")
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    if spec.type is FieldType.TEXT and "\n" in text:
        text = " ".join(text.split())
    if len(text) > spec.max_length:
        limit = spec.max_length
        raise _BadError(f"最多 {limit} 个字，现有 {len(text)} 个", f"at most {limit} characters")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise _BadError("含有不能保存的控制字符", "holds control characters that can't be kept")
    return text


def _number(spec: FieldSpec, raw: Any) -> str:
    text = _plain(raw).replace(",", "").replace("，", "")
    if spec.type is FieldType.MONEY:
        text = text.strip("¥元 ")
    chinese = numerals.read(text)
    try:
        value = Decimal(text if chinese is None else chinese)
    except InvalidOperation:
        raise _BadError("请填写数字", "write a number") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 12 or len(text) > 30:
        raise _BadError("数字过大", "the number is too large")
    if spec.type is FieldType.MONEY and (value < 0 or value != round(value, 2)):
        raise _BadError(
            "金额不能为负，最多两位小数", "an amount: not negative, two decimals at most"
        )
    return f"{value:.2f}" if spec.type is FieldType.MONEY else f"{value.normalize():f}"


_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


def _date(spec: FieldSpec, raw: Any) -> str:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw.isoformat()
    found = _DATE.fullmatch(_plain(raw))
    if found is None:
        raise _BadError("请填写日期，如 2026-03-05", "write a date such as 2026-03-05")
    try:
        value = date(*(int(part) for part in found.groups()))
    except ValueError:
        raise _BadError("没有这一天", "there is no such day") from None
    if not 1900 <= value.year <= 2199:
        raise _BadError("年份不对", "the year is out of range")
    return value.isoformat()


def _moment(raw: Any, zone: ZoneInfo) -> str:
    if isinstance(raw, datetime):
        value = raw
    else:
        text = _DATE.sub(
            lambda m: f"{int(m[1]):04}-{int(m[2]):02}-{int(m[3]):02} ",
            _plain(raw).replace("T", " ", 1),
            count=1,
        )
        try:
            value = datetime.fromisoformat(" ".join(text.split()).replace(" ", "T", 1))
        except ValueError:
            hint = "请填写日期和时间，如 2026-03-05 14:30"
            raise _BadError(hint, "write a date and time such as 2026-03-05 14:30") from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    if not 1900 <= value.year <= 2199:
        raise _BadError("年份不对", "the year is out of range")
    return value.astimezone(UTC).isoformat()


def _choice(spec: FieldSpec, raw: Any) -> str:
    keys = [option.key for option in spec.options]
    if not isinstance(raw, str) or raw not in keys:
        labels = "、".join(option.label.zh for option in spec.options)
        english = ", ".join(option.label.text("en") for option in spec.options)
        raise _BadError(f"请从中选择：{labels}"[:2000], f"choose one of: {english}"[:2000])
    return raw


def _items(raw: Any) -> list[Any]:
    items = list(raw) if isinstance(raw, list | tuple) else [raw]
    if len(items) > MOST_ITEMS:
        raise _BadError(f"最多 {MOST_ITEMS} 项", f"at most {MOST_ITEMS} items")
    return items


def _choices(spec: FieldSpec, raw: Any) -> list[str]:
    chosen = {_choice(spec, item) for item in _items(raw)}
    return [option.key for option in spec.options if option.key in chosen]


def _id(spec: FieldSpec, raw: Any) -> int:
    text = _plain(raw)
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:20]) <= LARGEST_ID:
        raise _BadError("请从列表中选择", "choose one from the list")
    return int(text)


def _ids(spec: FieldSpec, raw: Any) -> list[int]:
    return sorted({_id(spec, item) for item in _items(raw)})


_YES = {"true", "yes", "1", "on", "是", "y"}
_NO = {"false", "no", "0", "off", "否", "n"}


def _yes_no(spec: FieldSpec, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = _plain(raw).lower()
    if word not in _YES | _NO:
        raise _BadError("请选择是或否", "choose yes or no")
    return word in _YES


def _rating(spec: FieldSpec, raw: Any) -> int:
    text = _plain(raw)
    stars = int(text) if text.isascii() and text.isdecimal() and len(text) == 1 else 0
    if not 1 <= stars <= 5:
        raise _BadError("请给一至五星", "give one to five stars")
    return stars


_PHONE = re.compile(r"\+?\d{3,20}(?:[-#转]\d{1,6})?")


def _phone(spec: FieldSpec, raw: Any) -> str:
    text = re.sub(r"[\s()]|(?<=\d)-(?=\d{3})", "", _plain(raw))
    if not _PHONE.fullmatch(text):
        raise _BadError("请填写电话号码", "write a phone number")
    return text


_READERS: dict[FieldType, Callable[[FieldSpec, Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.LONG_TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _number,
    FieldType.DATE: _date,
    FieldType.CHOICE: _choice,
    FieldType.CHOICES: _choices,
    FieldType.YES_NO: _yes_no,
    FieldType.PERSON: _id,
    FieldType.PARTY: _id,
    FieldType.PARTIES: _ids,
    FieldType.PLACE: _id,
    FieldType.FILES: _ids,
    FieldType.RATING: _rating,
    FieldType.PHONE: _phone,
}
