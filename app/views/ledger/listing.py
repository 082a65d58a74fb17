"""One page of a ledger, from the address: search, filters, order, page – all checked, all kept in
the request and never on the view, which every thread shares."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.services import edge
from app.services.scope import visible
from app.views import access, labels
from app.views.fields import clean, narrow
from app.views.ledger import columns, finding
from app.views.ledger.columns import Column, Kind, column

SIZES = (25, 50, 100)
LAST_PAGE = 400
COUNTED = 10_000
"""Rows are counted up to here: nobody reads on, and counting millions takes long."""


@dataclass(slots=True)
class Filter:
    """One filter of the ledger as it stands in the address. ``problem``: it wasn't understood."""

    column: Column
    label: str
    value: str = ""
    until: str = ""
    shown: str = ""
    offered: dict[str, str] = field(default_factory=dict)
    """The words to choose from, where the column has a vocabulary."""
    problem: bool = False

    @property
    def name(self) -> str:
        return f"f_{self.column.name}"

    @property
    def set(self) -> bool:
        return bool(self.value or self.until)


@dataclass(slots=True)
class Query:
    """What the address asks for, after checking."""

    words: str = ""
    filters: list[Filter] = field(default_factory=list)
    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    order: str = ""
    descending: bool = False
    page: int = 1
    size: int = SIZES[0]

    @property
    def narrowed(self) -> bool:
        return bool(self.words or any(each.set for each in self.filters))

    @property
    def misunderstood(self) -> list[str]:
        return [each.label for each in self.filters if each.problem]


@dataclass(slots=True)
class Page:
    query: Query
    rows: list[Any]
    count: int
    more: bool
    """There are more rows than were counted."""

    @property
    def pages(self) -> int:
        return min(max(math.ceil(self.count / self.query.size), 1), LAST_PAGE)

    @property
    def count_text(self) -> str:
        return f"{COUNTED}+" if self.more else str(self.count)

    def address(self, **changes: Any) -> str:
        """This list's address with other values; empty ones are left out."""
        values = {**request.args.to_dict(), **changes}
        kept = {key: each for key, each in values.items() if each not in ("", None)}
        return url_for(str(request.endpoint), **(request.view_args or {}), **kept)


def read(view: Any, arguments: MultiDict[str, str]) -> Query:
    """The query in these arguments of the address. What makes no sense is left out."""
    query = Query(words=clean(arguments.get("q"))[:100])
    if query.words:
        condition = finding.matching(access.viewer(), view.model, query.words)
        if condition is not None:
            query.conditions.append(condition)
    for name in view.search_columns:
        found = _filter(view, name, arguments)
        query.filters.append(found)
    query.conditions += [c for each in query.filters for c in _conditions(each)]
    order = arguments.get("order", "")
    query.descending = order.startswith("-")
    if order.lstrip("-") in view.order_columns:
        query.order = order.lstrip("-")
    query.page = min(max(_number(arguments.get("page"), 1), 1), LAST_PAGE)
    size = _number(arguments.get("size"), SIZES[0])
    query.size = size if size in SIZES else SIZES[0]
    return query


def _number(text: str | None, default: int) -> int:
    given = narrow(text or "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 7 else default


def _filter(view: Any, name: str, arguments: MultiDict[str, str]) -> Filter:
    known = column(view.model, name)
    found = Filter(known, str(view.label(name)))
    found.value = clean(arguments.get(found.name))[:200]
    if name in view.vocabularies:
        found.offered = {str(key): str(words) for key, words in view.vocabularies[name]().items()}
        found.shown = found.offered.get(found.value, "")
    found.until = clean(arguments.get(f"{found.name}_until"))[:40]
    if known.kind is Kind.ONE and not found.value:
        found.value = _typed(view, known, clean(arguments.get(f"{found.name}-text"))[:100], found)
    return found


def _typed(view: Any, known: Column, words: str, found: Filter) -> str:
    """Without script the filter holds words: the first row that fits them."""
    if not words:
        return ""
    hits = finding.hits(db.session(), access.viewer(), known.target, words, limit=1)
    found.problem = not hits
    return str(sa.inspect(hits[0]).identity[0]) if hits else ""


def _conditions(found: Filter) -> list[ColumnElement[bool]]:
    if not found.set:
        return []
    try:
        return _CONDITIONS[found.column.kind](found)
    except (ValueError, KeyError, OverflowError):
        found.problem = True
        return []


def _by_enum(found: Filter) -> list[ColumnElement[bool]]:
    member = found.column.choices(found.value)
    found.shown = labels.of_enum(member)
    return [found.column.attribute == member]


def _by_flag(found: Filter) -> list[ColumnElement[bool]]:
    wanted = {"yes": True, "no": False}[found.value]
    found.shown = _("Yes") if wanted else _("No")
    return [found.column.attribute.is_(wanted)]


def _by_row(found: Filter) -> list[ColumnElement[bool]]:
    item = finding.one(db.session(), access.viewer(), found.column.target, found.value)
    if item is None:
        raise ValueError(found.value)
    found.shown = finding.named(db.session(), [item])[0]
    return [found.column.attribute == item]


def _by_number(found: Filter) -> list[ColumnElement[bool]]:
    number = int(narrow(found.value))
    if abs(number) >= 2**31:
        raise ValueError(found.value)
    return [found.column.attribute == number]


def _by_text(found: Filter) -> list[ColumnElement[bool]]:
    if found.offered:
        return [found.column.attribute == found.value]
    return [found.column.attribute.icontains(found.value, autoescape=True)]


def _by_key(found: Filter) -> list[ColumnElement[bool]]:
    return [found.column.attribute.any(found.value)]


def _by_time(found: Filter) -> list[ColumnElement[bool]]:
    """From the first day's beginning to the last day's end, local time."""
    held, conditions = found.column.attribute, []
    instant = found.column.kind is Kind.INSTANT
    if found.value:
        day = datetime.strptime(found.value, "%Y-%m-%d")  # noqa: DTZ007  local
        conditions.append(held >= (edge.instant(day) if instant else day.date()))
    if found.until:
        day = datetime.strptime(found.until, "%Y-%m-%d")  # noqa: DTZ007  local
        end = datetime.combine(day.date(), time.max)
        conditions.append(held <= (edge.instant(end) if instant else day.date()))
    found.shown = f"{found.value} – {found.until}"
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


def run(view: Any, query: Query) -> Page:
    """The rows of one page, and how many there are: two statements."""
    chosen = select(view, query)
    primary = sa.inspect(view.model).primary_key[0]
    few = chosen.with_only_columns(primary).order_by(None).limit(COUNTED + 1).subquery()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(few)) or 0
    last = max(math.ceil(min(count, COUNTED) / query.size), 1)
    query.page = min(query.page, last, LAST_PAGE)
    statement = ordered(view, query, chosen).options(*columns.loads(view.model, view.list_columns))
    statement = statement.limit(query.size).offset((query.page - 1) * query.size)
    rows = list(db.session.scalars(statement).unique())
    return Page(query, rows, min(count, COUNTED), more=count > COUNTED)
