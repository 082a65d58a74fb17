"""What a list is to the mechanism around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import url_for

from app.views.lists.filters import Arguments
from app.views.lists.query import ALWAYS, Heading, Page, Query, Value


class Listing(ABC):
    """A list with a key. Subclasses read their filters and fetch their rows, in scope."""

    key: str
    endpoint: str
    title: Any
    prompt: Any = ""
    """What may be searched for; empty: there is no search."""
    counted = False
    """Whether all rows are counted, up to a bound."""

    def allowed(self) -> bool:
        """Whether the signed-in person may see the list at all."""
        return True

    def exportable(self) -> bool:
        """And take it away as a file."""
        return False

    def export_url(self, arguments: Arguments) -> str:
        """Where the file of what these arguments ask for is."""
        return extended(url_for("exports.download", key=self.key), arguments)

    def address(self, arguments: Arguments) -> str:
        return extended(url_for(self.endpoint), arguments)

    def names(self) -> frozenset[str]:
        """Every argument that the list understands, but for the page: what a view may keep."""
        filters = self.read({}).filters
        return frozenset({*ALWAYS, *(name for each in filters for name in each.names)})

    @abstractmethod
    def read(self, given: Arguments) -> Query:
        """What the address asks for, checked."""

    @abstractmethod
    def fetch(self, query: Query) -> Page:
        """One page, in a bounded number of statements."""

    def orders(self) -> list[tuple[str, str]]:
        """Orders to choose from: as in the address, in words. The usual one is first, as ``""``."""
        return []

    def quick(self, query: Query, page: Page) -> list[tuple[str, dict[str, str], bool]]:
        """One-press filters: words, changes of the address, whether it is on."""
        return []

    def choosable(self) -> dict[str, str]:
        """Columns that the reader may choose and put in order, with their words; empty: none."""
        return {}

    def shown(self, query: Query) -> tuple[str, ...]:
        """The columns on the page, in order."""
        return query.columns

    @abstractmethod
    def headings(self, query: Query) -> tuple[Heading, ...]:
        """The columns of a file."""

    @abstractmethod
    def values(self, query: Query, most: int) -> Iterator[tuple[Value, ...]]:
        """The rows of a file, at most ``most``; page and size don't matter."""


def extended(path: str, arguments: Arguments) -> str:
    """``path`` with arguments. Not by url_for, which takes some names for options of its own."""
    return f"{path}?{urlencode(arguments)}" if arguments else path
