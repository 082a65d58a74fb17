"""A ledger as a list: its filters, order and columns from the view, all checked, all kept in the
request and never on the view, which every thread shares."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy import ColumnElement

from app.extensions import db
from app.security.grants import allowed_by_code
from app.services.scope import visible
from app.views import access, labels
from app.views.fields import narrow
from app.views.ledger import columns, finding, values
from app.views.ledger.columns import Column, Kind, column
from app.views.lists import filters
from app.views.lists.filters import Arguments, Filter
from app.views.lists.listing import Listing
from app.views.lists.query import LAST_PAGE, Heading, Page, Query, Value, basics

COUNTED = 10_000
"""Rows are counted up to here: nobody reads on, and counting millions takes long."""
_UNSHOWN = frozenset({Kind.JSON, Kind.BYTES, Kind.MANY, Kind.DERIVED})
"""Kinds that a list shows only where its view says so: long, or costly for each row."""


class Ledger(Listing):
    """The list of a GuardedView."""

    counted = True

    def __init__(self, view: Any) -> None:
        self.view = view
        self.key = type(view).__name__
        self.endpoint = f"{view.endpoint}.list"
        self.title = view.list_title
        self.prompt = view.list_title if view.searchable else ""

    def allowed(self) -> bool:
        return self._may("list")

    def exportable(self) -> bool:
        return self._may("list") and self._may("export")

    def _may(self, ability: str) -> bool:
        """Of ``access.viewer()``, who need not be signed in to a request."""
        permission = f"can_{ability}"
        granted = allowed_by_code(access.viewer().roles, permission, self.key)
        return granted and permission in self.view.base_permissions

    def read(self, given: Arguments) -> Query:
        view = self.view
        orders = frozenset(f"{sign}{name}" for name in view.order_columns for sign in ("", "-"))
        query = basics(given, orders=orders, columns=frozenset(self.choosable()))
        if query.words:
            condition = finding.matching(access.viewer(), view.model, query.words)
            if condition is not None:
                query.conditions.append(condition)
        for name in view.search_columns:
            found = _filter(view, name, given)
            query.filters.append(found)
            query.conditions += _conditions(view, name, found)
        return query

    def fetch(self, query: Query) -> Page:
        """The rows of one page, and how many there are: two statements."""
        view = self.view
        chosen = select(view, query)
        primary = sa.inspect(view.model).primary_key[0]
        few = chosen.with_only_columns(primary).order_by(None).limit(COUNTED + 1).subquery()
        count = db.session.scalar(sa.select(sa.func.count()).select_from(few)) or 0
        last = max(math.ceil(min(count, COUNTED) / query.size), 1)
        query.page = min(query.page, last, LAST_PAGE)
        statement = ordered(view, query, chosen).options(*self._loads(query))
        statement = statement.limit(query.size).offset((query.page - 1) * query.size)
        rows = list(db.session.scalars(statement).unique())
        return Page(
            query, rows, query.page < last, count=min(count, COUNTED), beyond=count > COUNTED
        )

    def orders(self) -> list[tuple[str, str]]:
        return [
            (f"{sign}{name}", f"{self.view.label(name)} {arrow}")
            for name in self.view.order_columns
            for sign, arrow in (("", "↑"), ("-", "↓"))
        ]

    def choosable(self) -> dict[str, str]:
        """The view's columns, and plain ones of its pages for those who may open them."""
        names = dict.fromkeys(self.view.list_columns)
        if self._may("show"):
            plain = (n for n in self.view.show_columns if self._kind(n) not in _UNSHOWN)
            names |= dict.fromkeys(plain)
        return {name: str(self.view.label(name)) for name in names}

    def _kind(self, name: str) -> Kind:
        return column(self.view.model, name).kind

    def shown(self, query: Query) -> tuple[str, ...]:
        usual: tuple[str, ...] = self.view.list_columns
        return query.columns or usual

    def _loads(self, query: Query) -> list[Any]:
        return columns.loads(self.view.model, self.shown(query))

    def headings(self, query: Query) -> tuple[Heading, ...]:
        return tuple(
            Heading(name, str(self.view.label(name)), values.kind(self.view, name))
            for name in self.shown(query)
        )

    def values(self, query: Query, most: int) -> Iterator[tuple[Value, ...]]:
        names = self.shown(query)
        for item in self.items(query, most):
            yield tuple(values.value(self.view, item, name) for name in names)

    def items(self, query: Query, most: int) -> Iterator[Any]:
        """The rows themselves, whatever the page, a thousand at a time."""
        statement = ordered(self.view, query, select(self.view, query))
        statement = statement.options(*self._loads(query)).limit(most)
        with db.session.execute(statement.execution_options(yield_per=1000)) as found:
            yield from found.scalars()


# --- filters ------------------------------------------------------------------------------------


def _filter(view: Any, name: str, given: Arguments) -> Filter:
    known = column(view.model, name)
    key, label = f"f_{name}", str(view.label(name))
    if name in view.vocabularies:
        return filters.choice(key, label, view.vocabularies[name](), given)
    if known.kind is Kind.ENUM:
        words = {member.value: labels.of_enum(member) for member in known.choices}
        return filters.choice(key, label, words, given)
    if known.kind is Kind.FLAG:
        return filters.choice(key, label, filters.yes_no(), given)
    if known.kind is Kind.ONE:
        url = url_for("lookup.find", view=view.endpoint, name=name)
        return filters.row(key, label, known.target, given, url)
    if known.kind in (Kind.DATE, Kind.INSTANT):
        return filters.period(key, label, given)
    return filters.text(key, label, given)


def _conditions(view: Any, name: str, found: Filter) -> list[ColumnElement[bool]]:
    if not found.on:
        return []
    known = column(view.model, name)
    try:
        return _CONDITIONS[known.kind](known, found)
    except (ValueError, KeyError, OverflowError):
        found.refuse()
        return []


def _by_enum(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    return [known.attribute == known.choices(found.value)]


def _by_flag(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    return [known.attribute.is_({"yes": True, "no": False}[found.value])]


def _by_row(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    """By the key that filters.row has found among the visible rows."""
    primary = sa.inspect(known.target).primary_key[0]
    key = finding.parse_key(primary, found.value)
    local, remote = known.attribute.property.local_remote_pairs[0]
    if remote is not primary:
        return [known.attribute.has(primary == key)]
    return [local == key]


def _by_number(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    number = int(narrow(found.value))
    if abs(number) >= 2**31:
        raise ValueError(found.value)
    return [known.attribute == number]


def _by_text(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    if found.offered:
        return [known.attribute == found.value]
    return [known.attribute.icontains(found.value, autoescape=True)]


def _by_key(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    return [known.attribute.any(found.value)]


def _by_time(known: Column, found: Filter) -> list[ColumnElement[bool]]:
    """From the first day's beginning to the last day's end, local time."""
    days = known.kind is Kind.DATE
    conditions = []
    if found.value:
        first = filters.day(found.value) if days else filters.begin(found)
        conditions.append(known.attribute >= first)
    if found.until:
        last = filters.day(found.until) if days else filters.end(found)
        conditions.append(known.attribute <= last)
    return conditions


_CONDITIONS = {
    Kind.ENUM: _by_enum,
    Kind.FLAG: _by_flag,
    Kind.ONE: _by_row,
    Kind.NUMBER: _by_number,
    Kind.TEXT: _by_text,
    Kind.LONG: _by_text,
    Kind.KEYS: _by_key,
    Kind.DATE: _by_time,
    Kind.INSTANT: _by_time,
}


# --- rows ---------------------------------------------------------------------------------------


def select(view: Any, query: Query) -> sa.Select[Any]:
    """The visible rows that the query asks for, unordered and whole."""
    statement = sa.select(view.model).where(visible(access.viewer(), view.model))
    return statement.where(*query.conditions)


def ordered(view: Any, query: Query, statement: sa.Select[Any]) -> sa.Select[Any]:
    """In the asked or usual order; the key decides between equals, so that pages don't repeat."""
    primary = sa.inspect(view.model).primary_key[0]
    name, descending = (query.order, query.descending) if query.order else view.base_order
    held = column(view.model, name).attribute
    first = held.desc().nulls_last() if descending else held.asc().nulls_last()
    if held.key == primary.key:
        return statement.order_by(held.desc() if descending else held)
    return statement.order_by(first, primary.desc() if descending else primary)
