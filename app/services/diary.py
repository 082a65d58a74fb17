"""The list of meetings, and where one may be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import PlaceKind
from app.services import filters
from app.services.actors import Viewer
from app.services.filters import Filter
from app.services.scope import places_below, visible

VENUES = (PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.SUBDISTRICT)
SHORT = 50
"""Up to so many venues are shown as a list; of more, people search."""

Rows = Sequence[sa.Row[*tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the list: from the earliest date or the latest, after how many, how many."""

    ascending: bool = False
    skipped: int = 0
    most: int = 26


def meetings(
    session: Session, viewer: Viewer, wanted: Filter, part: Part, *, now: datetime
) -> Rows:
    """The meetings that ``viewer`` may see, the latest date first; ``since`` and ``until`` of
    ``wanted`` are days of meetings."""
    item = m.AgendaItem
    of_this = item.meeting_id == m.Case.id
    count = sa.select(sa.func.count()).select_from(item).where(of_this)
    decided = count.join(m.Decision, m.Decision.item_id == item.id)
    at = m.Meeting.scheduled_at
    conditions = filters.conditions(viewer, replace(wanted, since=None, until=None), now)
    if wanted.since is not None:
        conditions.append(at >= wanted.since)
    if wanted.until is not None:
        conditions.append(at <= wanted.until)
    order = (at, m.Case.id) if part.ascending else (at.desc(), m.Case.id.desc())
    query = (
        sa.select(
            m.Case.id,
            m.Case.number,
            m.Case.title,
            m.Case.state_kind,
            m.Case.state_label,
            m.Place.name.label("place"),
            m.Meeting.scheduled_at,
            m.Meeting.room,
            count.scalar_subquery().label("total"),
            decided.scalar_subquery().label("decided"),
        )
        .join(m.Meeting, m.Meeting.case_id == m.Case.id)
        .join(m.Place, m.Place.id == m.Case.place_id)
        .where(visible(viewer, m.Case), *conditions)
        .order_by(*order)
        .limit(part.most)
        .offset(part.skipped)
    )
    return session.execute(query).all()


def venues(session: Session, viewer: Viewer, words: str = "") -> Sequence[m.Place]:
    """Places that ``viewer`` may call a meeting in and whose name holds every word, their own
    community before what is in it; at most one more than SHORT, which tells that there are
    others."""
    query = _venues(viewer)
    for word in words.split()[:5]:
        query = query.where(m.Place.name.icontains(word, autoescape=True))
    order = (m.Place.kind != PlaceKind.COMMUNITY, m.Place.path)
    return session.scalars(query.order_by(*order).limit(SHORT + 1)).all()


def venue(session: Session, viewer: Viewer, place_id: int) -> m.Place | None:
    """One of them."""
    found: m.Place | None = session.scalar(_venues(viewer).where(m.Place.id == place_id))
    return found


def _venues(viewer: Viewer) -> sa.Select[Any]:
    below = sa.true() if viewer.everywhere else places_below(viewer)
    return sa.select(m.Place).where(below, m.Place.kind.in_(VENUES))
