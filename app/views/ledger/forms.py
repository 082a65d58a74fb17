"""Builds the form of a ledger from the mapped columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field
from wtforms.validators import Length, StopValidation

from app.views.fields import (
    DayField,
    EnumField,
    ExactField,
    InstantField,
    LongField,
    NumberField,
    TextField,
)
from app.views.ledger.columns import Column, Kind, column
from app.views.ledger.data import KeysField, YamlField
from app.views.ledger.lookup import LookupField, LookupsField
from app.views.ledger.vocabulary import ChoiceField

LONGEST = 20_000
"""Characters of a text without a limit of its own."""


class Needed:
    """Something must be given; zero and "no" are something."""

    field_flags = {"required": True}

    def __call__(self, form: Any, field: Field) -> None:
        if field.data in (None, "", [], {}) and not field.errors:
            raise StopValidation(_("Please fill in “%(field)s”.", field=field.label.text))


def build(view: Any, names: tuple[str, ...], *, name: str) -> type[FlaskForm]:
    """A form class with a field for each column of ``names``, in their order."""
    fields = {column_name: make(view, column_name) for column_name in names}
    return type(f"{view.__class__.__name__}{name}", (FlaskForm,), fields)


def make(view: Any, name: str) -> Field:
    """The unbound field of a column; a view may bring its own in ``own_fields``."""
    known = column(view.model, name)
    needed = known.required or name in view.required_columns
    options: dict[str, Any] = {
        "label": view.label(name),
        "description": view.help_of(name),
        "validators": [Needed()] if needed else [],
    }
    if name in view.own_fields:
        return view.own_fields[name](**options)
    if name in view.vocabularies:
        return ChoiceField(**options, offered=view.vocabularies[name])
    return _MAKERS[known.kind](view, known, options)


def _text(view: Any, known: Column, options: dict[str, Any]) -> Field:
    return TextField(**_limited(known, options))


def _long(view: Any, known: Column, options: dict[str, Any]) -> Field:
    return LongField(**_limited(known, options), render_kw={"rows": 4})


def _limited(known: Column, options: dict[str, Any]) -> dict[str, Any]:
    most = known.length or LONGEST
    limit = Length(max=most, message=_l("At most %(most)s characters.", most=most))
    return {**options, "validators": [*options["validators"], limit]}


def _enum(view: Any, known: Column, options: dict[str, Any]) -> Field:
    blank = not known.required and known.attribute.expression.nullable
    return EnumField(**options, members=known.choices, blank=blank)


def _one(view: Any, known: Column, options: dict[str, Any]) -> Field:
    return LookupField(**options, target=known.target, source=(view.__class__.__name__, known.name))


_MAKERS: dict[Kind, Callable[[Any, Column, dict[str, Any]], Field]] = {
    Kind.TEXT: _text,
    Kind.LONG: _long,
    Kind.NUMBER: lambda view, known, options: NumberField(**options),
    Kind.DECIMAL: lambda view, known, options: ExactField(**options, places=known.scale or 0),
    Kind.FLAG: lambda view, known, options: BooleanField(**options),
    Kind.ENUM: _enum,
    Kind.DATE: lambda view, known, options: DayField(**options),
    Kind.INSTANT: lambda view, known, options: InstantField(**options),
    Kind.KEYS: lambda view, known, options: KeysField(**options),
    Kind.JSON: lambda view, known, options: YamlField(**options),
    Kind.ONE: _one,
    Kind.MANY: lambda view, known, options: LookupsField(**options, target=known.target),
}
