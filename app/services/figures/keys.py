"""What figures are counted by: one value for promises, stars and ends alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from app import models as m
from app.models import PlaceKind
from app.services import edge
from app.services.actors import Viewer
from app.services.figures.clocks import decided
from app.services.figures.span import Span
from app.services.figures.within import Within, category

_case = m.Case
Column = sa.ColumnElement[Any]


class By(StrEnum):
    PLACE = "place"
    CATEGORY = "category"
    PARTY = "party"


@dataclass(frozen=True, slots=True)
class Key:
    """The value by which promises, stars and ends are counted. ``spots`` maps the place of a case
    to the place of the table; ``part`` are the parties that a grievance was given to."""

    promises: Column
    stars: Column
    ends: Column
    spots: sa.FromClause | None = None
    part: sa.FromClause | None = None


def of_time(word: Callable[[Column], Column]) -> Key:
    """By the moment at which each was decided, given or over."""
    return Key(word(decided), word(m.Grievance.__table__.c.rated_at), word(_at(_case.closed_at)))


def _at(column: Any) -> Column:
    found: Column = column
    return found


def halves(span: Span) -> Key:
    """``now`` is the period, ``before`` all that comes earlier."""
    return of_time(lambda at: sa.case((at >= span.since, "now"), else_="before"))


def steps(span: Span) -> Key:
    """The first local day of the step of the period's trend."""
    step = sa.literal_column(f"'{span.step}'", sa.Text)
    return of_time(lambda at: sa.cast(sa.func.date_trunc(step, local(at)), sa.Date))


def local(at: Column) -> Column:
    """The wall clock's reading at an instant."""
    zone = sa.literal_column(f"'{edge.timezone().key}'", sa.Text)
    return sa.func.timezone(zone, at)


def of(session: Session, viewer: Viewer, within: Within, by: By) -> Key:
    if by is By.CATEGORY:
        value = category()
        return Key(value, value, value)
    if by is By.PARTY:
        part = _parts()
        return Key(_at(_case.party_id), part.c.party_id, part.c.party_id, part=part)
    spots = spread(level(session, viewer, within.place_id))
    return Key(spots.c.spot, spots.c.spot, spots.c.spot, spots=spots)


def _parts() -> sa.FromClause:
    """The parties that had a part in a grievance, each once."""
    child = aliased(m.Case)
    return (
        sa.select(child.party_id)
        .where(
            child.parent_id == _case.id,
            child.party_id.is_not(None),
            child.state_kind != "cancelled",
        )
        .distinct()
        .correlate(_case)
        .lateral("part")
    )


# --- places -------------------------------------------------------------------------------------

_BELOW = {
    PlaceKind.DISTRICT: PlaceKind.COMMUNITY,
    PlaceKind.SUBDISTRICT: PlaceKind.COMMUNITY,
    PlaceKind.COMMUNITY: PlaceKind.COMPOUND,
    PlaceKind.GRID: PlaceKind.COMPOUND,
    PlaceKind.COMPOUND: PlaceKind.BUILDING,
    PlaceKind.BUILDING: PlaceKind.ENTRANCE,
}


def level(session: Session, viewer: Viewer, place_id: int | None) -> PlaceKind:
    """What kind of places a table by place lists: of a community its compounds, above it the
    communities. Without a choice it follows from the highest place that the viewer is bound to."""
    query = sa.select(m.Place.kind).order_by(sa.func.length(m.Place.path)).limit(1)
    if place_id is not None:
        query = query.where(m.Place.id == place_id)
    elif viewer.everywhere or not viewer.places:
        return PlaceKind.COMMUNITY
    else:
        query = query.where(m.Place.path.in_(viewer.places))
    kind = session.scalar(query)
    return _BELOW.get(kind, PlaceKind.HOUSEHOLD) if kind else PlaceKind.COMMUNITY


def spread(kind: PlaceKind) -> sa.FromClause:
    """Each place with the place of that kind that it lies in or is."""
    spot, above = aliased(m.Place), aliased(m.Place)
    way = sa.cast(sa.func.string_to_array(sa.func.btrim(spot.path, "/"), "/"), ARRAY(sa.BigInteger))
    return (
        sa.select(spot.id.label("id"), above.id.label("spot"))
        .join(above, sa.and_(above.id == sa.any_(way), above.kind == kind))
        .subquery("spots")
    )


def names(session: Session, by: By, keys: Iterable[str]) -> dict[str, str]:
    """The names of the places or parties that were counted; one statement. A category's label is
    for the workflow to know."""
    ids = [] if by is By.CATEGORY else [int(key) for key in keys if key]
    if not ids:
        return {}
    model: Any = m.Place if by is By.PLACE else m.Party
    rows = session.execute(sa.select(model.id, model.name).where(model.id.in_(ids)))
    return {str(id_): name for id_, name in rows}
