"""Words for the keys that workflow files use: kinds of states, types of fields, legs, recipients.

A key without words here is somebody's own (a state, a field) and is shown as it is.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from app.models import Voice
from app.services import edge
from app.views import labels
from app.workflows import clocks, registry
from app.workflows.spec import FieldType, Relation, StateKind

Words = dict[str, Any]

STATE_KINDS: Words = {
    StateKind.OPEN: _l("In progress"),
    StateKind.WAITING: _l("Waiting"),
    StateKind.DONE: _l("Done"),
    StateKind.CANCELLED: _l("Cancelled"),
}
FIELD_TYPES: Words = {
    FieldType.TEXT: _l("Text"),
    FieldType.LONG_TEXT: _l("Long text"),
    FieldType.NUMBER: _l("Whole or decimal number"),
    FieldType.MONEY: _l("Money"),
    FieldType.DATE: _l("Date"),
    FieldType.DATETIME: _l("Date and time"),
    FieldType.CHOICE: _l("One of several"),
    FieldType.CHOICES: _l("Some of several"),
    FieldType.YES_NO: _l("Yes or no"),
    FieldType.PERSON: _l("Staff member"),
    FieldType.PARTY: _l("Party"),
    FieldType.PARTIES: _l("Several parties"),
    FieldType.PLACE: _l("Place"),
    FieldType.FILES: _l("Photos and files"),
    FieldType.RATING: _l("Stars"),
    FieldType.PHONE: _l("Telephone"),
}
RELATIONS: Words = {
    Relation.ASSIGNEE: _l("Who it is assigned to"),
    Relation.CREATOR: _l("Who registered it"),
    Relation.PARTY: _l("The responsible party"),
}

CLOCK_MOVES: Words = {
    "start": _l("started"),
    "stop": _l("stopped"),
    "pause": _l("paused"),
    "resume": _l("went on"),
    "extend": _l("extended"),
    "vary": _l("set anew"),
    "ask": _l("extension asked for"),
    "refuse": _l("extension refused"),
}


def legs() -> Words:
    return _table(registry.LEGS)


def channels() -> Words:
    return _table(registry.CHANNELS)


def state_kinds() -> Words:
    return STATE_KINDS


def field_types() -> Words:
    return FIELD_TYPES


def languages() -> Words:
    return {"": _("The site's language"), "zh": "中文", "en": "English"}


def _table(table: Any) -> Words:
    return {key: _entry(table, key) for key in table}


def of_channels(keys: list[str] | None) -> str:
    return _listed(_entry(registry.CHANNELS, key) for key in keys or [])


def of_voices(keys: list[str] | None) -> str:
    words = {voice.value: labels.of_enum(voice) for voice in Voice}
    return _listed(words.get(key, key) for key in keys or [])


def of_relations(keys: list[str] | None) -> str:
    return _listed(str(RELATIONS.get(key, key)) for key in keys or [])


def of_roles(keys: list[str] | None) -> str:
    return _listed(labels.of_role(key) for key in keys or [])


def of_recipients(keys: list[str] | None) -> str:
    return _listed(_recipient(key) for key in keys or [])


def _recipient(key: str) -> str:
    kind, colon, role = key.partition(":")
    if colon and kind == "role":
        return labels.of_role(role)
    if colon and kind == "above":
        return str(_("%(role)s above", role=labels.of_role(role)))
    return _entry(registry.RECIPIENTS, key)


def _entry(table: Any, key: str) -> str:
    return str(table[key].label.text(labels.language())) if key in table else key


def of_clock(log: list[dict[str, Any]] | None) -> str:
    """What happened to a deadline, a line each."""
    return "\n".join(map(_moved, map(clocks.Entry.read, log or [])))


def _moved(entry: clocks.Entry) -> str:
    words = f"{edge.shown(entry.at)} {CLOCK_MOVES[entry.what]}"
    for length in (entry.by, entry.within):
        if length is not None:
            words += f" · {length.text(labels.language())}"
    return f"{words} → {edge.shown(entry.until)}" if entry.until else words


def _listed(words: Any) -> str:
    return ("、" if labels.language() == "zh" else ", ").join(words)


class ChoiceField(SelectField):
    """One key of a vocabulary; ``data`` is a plain text, whatever the vocabulary is keyed by."""

    always = True
    """There is always one chosen: it isn't called optional."""

    def __init__(self, *args: Any, offered: Callable[[], Words], **options: Any) -> None:
        self.offered = offered
        super().__init__(*args, choices=self._choices, **options)

    def _choices(self) -> list[SelectChoice]:
        return [
            SelectChoice(value=_key(key), label=str(words)) for key, words in self.offered().items()
        ]

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else None

    def pre_validate(self, form: Any) -> None:
        if self.data not in {_key(key) for key in self.offered()}:
            raise ValidationError(_("Please choose one of the list."))


def _key(key: str) -> str:
    return str(key.value) if isinstance(key, enum.Enum) else key
