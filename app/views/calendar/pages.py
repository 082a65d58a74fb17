"""The pages' one blueprint. They are the administrators'."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort

from app.extensions import db
from app.permissions import Role
from app.services import candidates
from app.views import access

pages = Blueprint("calendar", __name__, url_prefix="/calendars")
FIRST, LAST = 2000, 2100
"""Years that are drawn."""


@pages.before_request
def guard() -> None:
    if Role.ADMIN not in access.viewer().roles:
        abort(403)


def date_of(text: str | None) -> date | None:
    """The date of an input; None where it is none, or of a year that isn't drawn."""
    try:
        found = date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return found if FIRST <= found.year <= LAST else None


def place_of(text: str | None) -> int | None:
    """The id that a searching select sent; whether there is such a place is asked elsewhere."""
    known = text is not None and text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) if known and text is not None else None


def name_of(place_id: int | None) -> str:
    """The address of a place; empty: there is none."""
    if place_id is None:
        return ""
    return candidates.names(db.session(), [("place", place_id)]).get(("place", place_id), "")
