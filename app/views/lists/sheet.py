"""A list as columns and rows for a file: under its filters, in its order, in scope, masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import MissingError, Problem
from app.views.lists import registry
from app.views.lists.filters import Arguments
from app.views.lists.query import Heading, Value

MOST = 50_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """``rows`` can be read once; it asks the database while it is read."""

    key: str
    title: str
    columns: tuple[Heading, ...]
    rows: Iterator[tuple[Value, ...]]


def sheet(key: str, query: Arguments, *, most: int = MOST) -> Sheet:
    """What ``query`` (the arguments of the list's address) asks of the list ``key``, for
    ``access.viewer()``. One row more than ``most`` comes when there were more.

    Raises MissingError for a list that isn't there or not for this person.
    """
    listing = registry.find(key)
    if listing is None or not listing.exportable():
        raise MissingError(Problem({"zh": "没有这个列表。", "en": "There is no such list."}))
    asked = listing.read(query)
    return Sheet(key, str(listing.title), listing.headings(asked), listing.values(asked, most + 1))
