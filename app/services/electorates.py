"""Who may be asked: the places that can be an electorate, as far as a viewer may see them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.models import Place, PlaceKind
from app.services.actors import Viewer
from app.services.scope import places_below

KINDS = (PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.ENTRANCE)
"""Owners decide for a whole compound, a building, or one entrance (a lift)."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Electorate:
    id: int
    text: str


def find(session: Session, viewer: Viewer, words: str = "") -> list[Electorate]:
    """Electorates whose name, or the name of the place above, holds every word; at most one more
    than SHOWN, so that the caller can say that there are others."""
    query = _all(viewer)
    text = query.selected_columns.text
    for word in words.replace("\x00", " ").split()[:5]:
        query = query.where(text.icontains(word, autoescape=True))
    rows = session.execute(query.order_by(sa.func.char_length(text), text).limit(SHOWN + 1))
    return [Electorate(row.id, row.text) for row in rows]


def get(session: Session, viewer: Viewer, place_id: int) -> Electorate | None:
    row = session.execute(_all(viewer).where(Place.id == place_id)).one_or_none()
    return None if row is None else Electorate(row.id, row.text)


def _all(viewer: Viewer) -> sa.Select[int, str]:
    above = aliased(Place)
    text = sa.func.concat(sa.func.coalesce(above.name + " · ", ""), Place.name).label("text")
    within = sa.true() if viewer.everywhere else places_below(viewer)
    return (
        sa.select(Place.id, text)
        .outerjoin(above, above.id == Place.parent_id)
        .where(Place.kind.in_(KINDS), within)
    )
