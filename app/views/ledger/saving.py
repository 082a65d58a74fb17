"""Saving and deleting rows: one commit or nothing, and a refusal that names the field.

What the database refuses is told in words of ours; its own words (with the statement in them) go
to no page.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DataError, DBAPIError

from app.errors import SifangError
from app.extensions import db
from app.models import Submission
from app.transaction import unit_of_work
from app.views import errors, labels
from app.views.fields import clean
from app.views.ledger.columns import Kind, column, value

CHECKS: dict[str, Any] = {
    "ck_place_no_own_parent": _l("A place can't lie below itself."),
    "ck_staff_dates_in_order": _l("The last day lies before the first."),
    "ck_unit_area_positive": _l("The area must be more than zero."),
    "ck_unit_households_not_negative": _l("The number of households can't be negative."),
    "ck_rule_set_participation_fraction": _l("The share must lie between 0 and 1."),
    "ck_rule_set_approval_fraction": _l("The share must lie between 0 and 1."),
    "ck_meeting_share_of_heads": _l("The share of heads must lie between 0 and 1."),
    "ck_meeting_parties_not_negative": _l("The number of parties can't be negative."),
}
"""What a named CHECK of the database demands."""

FIELDS: dict[str, str] = {
    "ck_place_no_own_parent": "parent",
    "ck_staff_dates_in_order": "until",
    "ck_unit_area_positive": "area",
    "ck_unit_households_not_negative": "households",
    "ck_rule_set_participation_fraction": "participation",
    "ck_rule_set_approval_fraction": "approval",
    "ck_meeting_share_of_heads": "quorum_heads",
    "ck_meeting_parties_not_negative": "quorum_parties",
}

IN_USE = _l("This is still in use elsewhere, so it can't be deleted.")

Told = list[tuple[str | None, str]]
"""Field (None: the form as a whole) and what is wrong with it."""


def attempt(work: Callable[[], None], model: type[Any]) -> Told:
    """Do ``work`` in one transaction. Returns what was refused; empty when it is saved."""
    try:
        with unit_of_work(db.session()):
            work()
            db.session.flush()
    except SifangError as error:
        return [(problem.field, errors.said(problem)) for problem in error.problems]
    except DBAPIError as error:
        told = explain(error, model)
        if told is None:
            raise
        return [told]
    return []


TWICE = (None, "twice")


def once(token: str, *, now: datetime) -> None:
    """Note that the form with this token is being saved; a second time is refused as TWICE."""
    db.session.execute(sa.delete(Submission).where(Submission.at < now - timedelta(days=2)))
    db.session.add(Submission(token=clean(token)[:64] or secrets.token_urlsafe(16), at=now))
    db.session.flush()


def explain(error: DBAPIError, model: type[Any]) -> tuple[str | None, str] | None:
    """The field and the words for what the database refused; None when it isn't the user's."""
    state = str(getattr(error.orig, "sqlstate", "") or "")
    diagnosis = getattr(error.orig, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    if constraint == "pk_submission":
        return TWICE
    if state == "23505":
        return _doubled(constraint, model)
    if state == "23503":
        return None, _in_use(getattr(diagnosis, "table_name", None), model)
    if state == "23514":
        return FIELDS.get(constraint), str(CHECKS.get(constraint, _("A value is out of range.")))
    if state == "23502":
        field = _field_of(getattr(diagnosis, "column_name", None) or "", model)
        return field, _("This must be filled in.")
    if state == "23001" and constraint:  # PostgreSQL 18 says so of a RESTRICT
        return None, str(IN_USE)
    if state == "23001":  # what the triggers of append-only tables say
        return None, _("This is part of the record: it can't be changed or deleted.")
    if state.startswith("22") or isinstance(error, DataError):
        return None, _("A value is too long or out of range.")
    return None


def _doubled(constraint: str, model: type[Any]) -> tuple[str | None, str]:
    table = sa.inspect(model).local_table
    names = [
        [column_.name for column_ in found.columns]
        for found in (*table.constraints, *table.indexes)
        if found.name == constraint and hasattr(found, "columns")
    ]
    columns_ = names[0] if names else []
    field = _field_of(columns_[-1], model) if columns_ else None
    return field, _("There is already such an entry: this must be different from all others.")


def _in_use(table: str | None, model: type[Any]) -> str:
    if table and table != sa.inspect(model).local_table.name:
        return str(IN_USE)
    return str(_("An entry that this refers to doesn't exist any more."))


def _field_of(name: str, model: type[Any]) -> str | None:
    """The form's name for a column: that of the relation where it is a foreign key."""
    for relation in sa.inspect(model).relationships:
        keys = {c.name for c in relation.local_columns if c.foreign_keys}
        if not relation.uselist and name in keys:
            return str(relation.key)
    return name or None


def attach(form: Any, told: Told) -> list[str]:
    """Put each refusal beside its field; returns those that belong to no field."""
    rest = []
    for name, text in told:
        field = form._fields.get((name or "").split(".")[0].split("[")[0])
        if field is None:
            rest.append(text)
        else:
            field.errors = [*field.errors, text]
    return rest


def fingerprint(item: Any, names: tuple[str, ...]) -> str:
    """Of the row's present values: two people who edit the same row notice each other by it."""
    held: list[Any] = []
    for name in names:
        found = value(item, name)
        if column(item.__class__, name).kind is Kind.MANY:
            held.append(sorted(labels.of_object(row) for row in found))
        else:
            held.append(repr(found) if not hasattr(found, "__table__") else _key(found))
    text = json.dumps(held, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _key(item: Any) -> str:
    return str(sa.inspect(item).identity)
