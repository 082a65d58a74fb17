"""What an address asks of a list, after checking, and the page that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.views.fields import clean, narrow
from app.views.lists.filters import Arguments, Filter

SIZES = (25, 50, 100)
LAST_PAGE = 400
ALWAYS = ("q", "order", "size", "columns")
"""Arguments that every list understands, beside its filters."""

Value = str | int | Decimal | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a file: ``kind`` is text, number, decimal, flag, date or instant."""

    name: str
    label: str
    kind: str = "text"


@dataclass(slots=True)
class Query:
    words: str = ""
    filters: list[Filter] = field(default_factory=list)
    conditions: list[Any] = field(default_factory=list)
    """What the filters amount to, for those lists that are one SELECT."""
    order: str = ""
    """The column to sort by; empty: the list's usual order."""
    descending: bool = False
    page: int = 1
    size: int = SIZES[0]
    columns: tuple[str, ...] = ()
    """Columns that the reader chose; empty: the usual ones."""

    @property
    def narrowed(self) -> bool:
        return bool(self.words or any(each.on for each in self.filters))

    @property
    def misunderstood(self) -> list[str]:
        return [each.label for each in self.filters if each.problem]

    @property
    def sorting(self) -> str:
        """The order as it stands in an address."""
        return f"-{self.order}" if self.order and self.descending else self.order

    def value(self, name: str) -> str:
        """The value of the filter ``name``; empty where it isn't set or not understood."""
        return next((each.value for each in self.filters if each.name == name), "")

    def filter(self, name: str) -> Filter | None:
        return next((each for each in self.filters if each.name == name), None)


def basics(given: Arguments, *, orders: frozenset[str], columns: frozenset[str]) -> Query:
    """Words, order, size, page and columns. What makes no sense is left out; ``orders`` are as
    they stand in an address."""
    query = Query(words=clean(given.get("q"))[:100])
    order = given.get("order", "")
    if order in orders:
        query.descending, query.order = order.startswith("-"), order.lstrip("-")
    query.page = min(max(_number(given.get("page"), 1), 1), LAST_PAGE)
    size = _number(given.get("size"), SIZES[0])
    query.size = size if size in SIZES else SIZES[0]
    wanted = dict.fromkeys(given.get("columns", "").split(","))
    query.columns = tuple(name for name in wanted if name in columns)
    return query


def _number(text: str | None, default: int) -> int:
    given = narrow(text or "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 7 else default


@dataclass(slots=True)
class Page:
    """``count`` is None where counting would cost more than anybody gains."""

    query: Query
    rows: list[Any]
    more: bool
    """There is a page after this one."""
    count: int | None = None
    beyond: bool = False
    """There are more rows than ``count``: it was bounded."""
    data: Any = None
    """What else a list needs to draw its rows."""

    @property
    def pages(self) -> int:
        """How many pages there are; 0 where that isn't known."""
        known = self.count is not None and not self.beyond
        return max(-(-(self.count or 0) // self.query.size), 1) if known else 0

    @property
    def first(self) -> int:
        return (self.query.page - 1) * self.query.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1
