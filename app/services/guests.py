"""Whom a meeting may be held with: the parties of a place and those who speak for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import models as m
from app.models import FOUR_PARTIES, PartyKind
from app.services import edge
from app.services.actors import Viewer, name_of
from app.services.scope import visible


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invited for a party; without a login ``user_id`` is None."""

    name: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A party that may be invited with those who speak for it; ``usual``: one of the four."""

    id: int
    name: str
    kind: PartyKind
    guests: tuple[Guest, ...]
    usual: bool


def candidates(
    session: Session, viewer: Viewer, place_id: int, *, now: datetime
) -> list[Candidate]:
    """The parties at, above and below a place that ``viewer`` may see, the four first."""
    spot = sa.select(m.Place.path).where(m.Place.id == place_id).scalar_subquery()
    rows = session.execute(
        sa.select(m.Party.id, m.Party.name, m.Party.kind, m.Place.path, spot.label("spot"))
        .join(m.Place, m.Place.id == m.Party.place_id)
        .where(
            m.Party.active.is_(True),
            visible(viewer, m.Party),
            sa.or_(
                sa.func.starts_with(spot, m.Place.path), sa.func.starts_with(m.Place.path, spot)
            ),
        )
        .order_by(m.Party.id)
    ).all()
    guests = _guests(session, [row.id for row in rows], now)
    usual = {row.id for kind in FOUR_PARTIES for row in _nearest(rows, kind)}
    order = {kind: place for place, kind in enumerate((*FOUR_PARTIES, PartyKind.OTHER))}
    found = [
        Candidate(row.id, row.name, row.kind, guests.get(row.id, ()), row.id in usual)
        for row in rows
    ]
    return sorted(found, key=lambda party: (not party.usual, order[party.kind], party.id))


def _nearest(rows: Iterable[Any], kind: PartyKind) -> list[Any]:
    """Of one kind: the party at the place or nearest above it; else the only one below it."""
    same = [row for row in rows if row.kind == kind]
    above = [row for row in same if row.spot.startswith(row.path)]
    if above:
        return [max(above, key=lambda row: len(row.path))]
    return same if len(same) == 1 else []


def _guests(session: Session, parties: list[int], now: datetime) -> dict[int, tuple[Guest, ...]]:
    if not parties:
        return {}
    today, staff = edge.today(now), m.Staff
    rows = session.execute(
        sa.select(staff.party_id, User.id, User.first_name, User.last_name)
        .join(User, User.id == staff.user_id)
        .where(
            staff.party_id.in_(parties),
            staff.since <= today,
            sa.or_(staff.until.is_(None), staff.until >= today),
            User.active.is_(True),
        )
        .distinct()
        .order_by(User.id)
    )
    found: dict[int, list[Guest]] = {}
    for row in rows:
        guest = Guest(name_of(row.first_name, row.last_name), row.id)
        found.setdefault(row.party_id, []).append(guest)
    return {party: tuple(guests) for party, guests in found.items()}


def named(guests: Iterable[Guest]) -> dict[str, int | None]:
    """Names of a party's guests, two people of one name told apart by a number."""
    names: dict[str, int | None] = {}
    for guest in guests:
        name, count = guest.name, 1
        while name in names:
            if guest.user_id is None or names[name] == guest.user_id:
                break  # the same person written twice
            count += 1
            name = f"{guest.name}（{count}）"
        else:
            names[name] = guest.user_id
    return names
