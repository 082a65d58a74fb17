"""Every list by its key: the ledgers by the name of their view, the work lists by theirs."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

from app.views.ledger.listing import Ledger
from app.views.lists.listing import Listing

_OWN: dict[str, Callable[[], Listing]] = {}


def register(listing: type[Listing]) -> type[Listing]:
    """Makes a list of its own known by its key; its module is imported by app.views."""
    _OWN[listing.key] = listing
    return listing


def find(key: str) -> Listing | None:
    if key in _OWN:
        return _OWN[key]()
    views = current_app.extensions["appbuilder"].baseviews
    found = (v for v in views if type(v).__name__ == key and hasattr(v, "lookups"))
    view = next(found, None)
    return None if view is None else Ledger(view)
