"""What a form of the room sent, kept so that a refused one is drawn again as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from flask import request

from app.errors import InvalidError, Problem
from app.services import edge
from app.views import labels
from app.workflows import forms
from app.workflows.spec import FieldSpec, FieldType, FormField, Label

LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sent:
    """``form`` and ``key`` say which form of the page it was; ``errors`` are by field."""

    form: str = ""
    key: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    general: tuple[str, ...] = ()

    def of(self, form: str, key: int = 0) -> Sent:
        """This, when it is that form; else a blank one."""
        return self if (self.form, self.key) == (form, key) else Sent()

    def value(self, name: str, default: object = "") -> str:
        return self.values.get(name, "" if default is None else str(default))


def refused(form: str, key: int, problems: tuple[Problem, ...]) -> Sent:
    """This request's form with what is wrong with it."""
    errors: dict[str, tuple[str, ...]] = {}
    general: list[str] = []
    for problem in problems:
        text = labels.localized(problem.text)
        if problem.field is None:
            general.append(text)
        else:
            errors[problem.field] = (*errors.get(problem.field, ()), text)
    return Sent(form, key, request.form.to_dict(), errors, tuple(general))


def text(name: str) -> str:
    return request.form.get(name, "")


def integer(value: str | None) -> int | None:
    """An id as a form or an address carries it; None for everything else."""
    value = (value or "").strip()
    if not (value.isascii() and value.isdecimal()) or len(value) > len(str(LARGEST)):
        return None
    found = int(value)
    return found if found <= LARGEST else None


def needed(name: str, zh: str, en: str, *, sent_as: str = "") -> int:
    """The id in a control. Raises InvalidError with these words, at the control's field."""
    found = integer(request.form.get(sent_as or name))
    if found is None:
        raise InvalidError(Problem({"zh": zh, "en": en}, name))
    return found


def day(name: str) -> date:
    return date.fromisoformat(_typed(name, FieldType.DATE))


def moment(name: str) -> datetime:
    """A local date and time as typed, in UTC."""
    return datetime.fromisoformat(_typed(name, FieldType.DATETIME))


_CALLED = {
    "due_on": Label(zh="完成期限", en="due date"),
    "scheduled_at": Label(zh="开会时间", en="date and time"),
}


def _typed(name: str, type_: FieldType) -> str:
    spec = FieldSpec(key=name, label=_CALLED[name], type=type_)
    cleaned = forms.clean(
        {name: spec},
        (FormField(field=name, required=True),),
        {name: text(name).replace("T", " ")},
        zone=edge.timezone(),
    )
    if cleaned.problems:
        raise InvalidError(*(Problem(flaw.text.both(), name) for flaw in cleaned.problems))
    return str(cleaned.values[name])
