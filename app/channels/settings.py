"""What a channel that is set up on a screen needs to know, and how wrong values are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import InvalidError, Problem

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """``secret``: kept encrypted and never shown again. ``lines``: a text of several lines."""

    name: str
    label: dict[str, str]
    help: dict[str, str]
    secret: bool = False
    required: bool = True
    lines: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""


def field(
    name: str, zh: str, en: str, help_: tuple[str, str] = ("", ""), **options: object
) -> Field:
    """A field with its words in both languages."""
    return Field(name, {"zh": zh, "en": en}, {"zh": help_[0], "en": help_[1]}, **options)  # type: ignore[arg-type]


def refusal(name: str, zh: str, en: str) -> InvalidError:
    return InvalidError(Problem({"zh": zh, "en": en}, name))


def complete(fields: tuple[Field, ...], values: Values) -> None:
    """Raise InvalidError for every required value that is missing or not among its choices."""
    wrong = []
    for each in fields:
        value = values.get(each.name, "").strip()
        if not value and each.required:
            text = {"zh": f"请填写{each.label['zh']}。", "en": f"Fill in: {each.label['en']}."}
            wrong.append(Problem(text, each.name))
        elif value and each.choices and value not in each.choices:
            text = {"zh": "请从列表中选择。", "en": "Choose one of the list."}
            wrong.append(Problem(text, each.name))
    if wrong:
        raise InvalidError(*wrong)
