"""The place tree."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.errors import InvalidError, MissingError, Problem
from app.models import Place, PlaceKind


def add(session: Session, kind: PlaceKind, name: str, parent: Place | None = None) -> Place:
    """A new place with its path; flushes to learn its id."""
    place = Place(kind=kind, name=name, parent_id=None if parent is None else parent.id, path="")
    session.add(place)
    session.flush()
    place.path = f"{'/' if parent is None else parent.path}{place.id}/"
    session.flush()
    return place


def settle(session: Session, place: Place) -> None:
    """Give ``place`` and all below it the right paths after its parent was set or changed.

    Raises InvalidError when the new parent lies below the place itself.
    """
    session.flush()
    parent = None if place.parent_id is None else session.get(Place, place.parent_id)
    base = "/" if parent is None else parent.path
    if place.path and base.startswith(place.path):
        raise InvalidError(
            Problem(
                {
                    "zh": "上级场所不能是它自己的下级，请另选一个上级。",
                    "en": "A place can't lie below itself: choose another parent.",
                },
                "parent",
            )
        )
    before, place.path = place.path, f"{base}{place.id}/"
    session.flush()
    if before and before != place.path:
        session.execute(
            sa.update(Place)
            .where(Place.path.like(f"{before}%"), Place.id != place.id)
            .values(path=sa.func.concat(place.path, sa.func.substr(Place.path, len(before) + 1)))
        )
        session.expire_all()


def above(place: Place) -> list[int]:
    """Ids from the place itself up to the root."""
    return [int(step) for step in reversed(place.path.strip("/").split("/"))]


def get(session: Session, place_id: int) -> Place:
    place = session.get(Place, place_id)
    if place is None:
        raise MissingError(Problem({"zh": "没有这个场所。", "en": "There is no such place."}))
    return place


def spelled(place: Any = Place) -> tuple[sa.ColumnElement[str], sa.FromClause]:
    """The words for ``place``, and the join to select them from: a building with its compound, an
    entrance with both, since “1单元” alone says nothing."""
    above, top = aliased(Place), aliased(Place)
    space = sa.literal(" ")
    two = sa.func.concat(above.name, space, place.name)
    text = sa.case(
        (place.kind == PlaceKind.BUILDING, two),
        (
            place.kind.in_((PlaceKind.ENTRANCE, PlaceKind.HOUSEHOLD)),
            sa.func.concat(top.name, space, two),
        ),
        else_=place.name,
    )
    joined = sa.orm.outerjoin(place, above, above.id == place.parent_id).outerjoin(
        top, top.id == above.parent_id
    )
    return text, joined


def address(place_id: Any) -> sa.ColumnElement[str]:
    """The words for the place that the column ``place_id`` names, for the few rows of a page."""
    spot = aliased(Place)
    text, joined = spelled(spot)
    found = sa.select(text).select_from(joined).where(spot.id == place_id)
    return found.correlate_except(joined).scalar_subquery()
