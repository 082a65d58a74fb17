"""The board of a consultation: buildings as floors × flats, each flat with its stance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from app.models import Opinion, Place, PlaceKind, RollUnit, Unit, Voice

LAPSED = "lapsed"
"""Voted on an earlier version of the scheme, not yet on this one."""
SILENT = "silent"
STANCES = (*(voice.value for voice in Voice), LAPSED, SILENT)
OPEN = frozenset({Voice.AWAY.value, Voice.REFUSED.value, LAPSED, SILENT})
"""Stances of households still to be asked."""

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Flat:
    unit_id: int
    label: str
    floor: int
    stance: str
    entrance: tuple[int, str]
    building: tuple[int, str]
    households: int = 1
    heard: int = 0
    """How many of several households were heard, beside the owner."""
    next_visit: date | None = None

    @property
    def shared(self) -> bool:
        return self.households > 1


@dataclass(frozen=True, slots=True)
class Block:
    """One entrance: floors from the top down."""

    id: int
    name: str
    floors: tuple[tuple[int, tuple[Flat, ...]], ...]


@dataclass(slots=True)
class House:
    """A building with what is known about its flats."""

    id: int
    name: str
    flats: list[Flat] = field(default_factory=list)

    @property
    def stances(self) -> Counter[str]:
        return Counter(flat.stance for flat in self.flats)

    @property
    def left(self) -> int:
        return sum(flat.stance in OPEN for flat in self.flats)

    @property
    def blocks(self) -> list[Block]:
        entrances = sorted({flat.entrance for flat in self.flats}, key=lambda e: natural(e[1]))
        return [_block(entrance, self.flats) for entrance in entrances]


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Sorts 2号楼 before 10号楼."""
    return tuple(
        (int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(text) if part
    )


def _block(entrance: tuple[int, str], flats: Iterable[Flat]) -> Block:
    floors: dict[int, list[Flat]] = {}
    for flat in flats:
        if flat.entrance == entrance:
            floors.setdefault(flat.floor, []).append(flat)
    return Block(
        entrance[0],
        entrance[1],
        tuple(
            (floor, tuple(sorted(floors[floor], key=lambda f: natural(f.label))))
            for floor in sorted(floors, reverse=True)
        ),
    )


def houses(session: Session, case_id: int, scheme_id: int | None) -> list[House]:
    """Every building of the frozen roll; one statement, however many flats."""
    found: dict[int, House] = {}
    for flat in flats(session, case_id, scheme_id):
        house = found.setdefault(flat.building[0], House(*flat.building))
        house.flats.append(flat)
    return sorted(found.values(), key=lambda house: natural(house.name))


def flats(session: Session, case_id: int, scheme_id: int | None) -> list[Flat]:
    """The frozen roll, each unit with its head's vote, else with what the last visit brought."""
    above = aliased(Place)
    newest = (
        sa.select(Opinion.unit_id, Opinion.voice, Opinion.next_visit, Opinion.counts)
        .ext(distinct_on(Opinion.unit_id))
        .where(Opinion.consultation_id == case_id, Opinion.household == "")
        .order_by(Opinion.unit_id, Opinion.id.desc())
        .subquery("newest")
    )
    heard = (
        sa.select(
            Opinion.unit_id, sa.func.count(sa.distinct(Opinion.household)).label("households")
        )
        .where(
            Opinion.consultation_id == case_id,
            Opinion.household != "",
            Opinion.scheme_id.is_not_distinct_from(scheme_id),
        )
        .group_by(Opinion.unit_id)
        .subquery("heard")
    )
    rows = session.execute(
        sa.select(
            Unit.id,
            Unit.label,
            Unit.floor,
            Unit.households,
            Place.id.label("place_id"),
            Place.name.label("place"),
            Place.kind,
            above.id.label("above_id"),
            above.name.label("above"),
            Opinion.voice,
            Opinion.scheme_id,
            newest.c.voice.label("visit"),
            newest.c.next_visit,
            newest.c.counts,
            sa.func.coalesce(heard.c.households, 0).label("heard"),
        )
        .select_from(RollUnit)
        .join(Unit, Unit.id == RollUnit.unit_id)
        .join(Place, Place.id == Unit.place_id)
        .outerjoin(above, above.id == Place.parent_id)
        .outerjoin(
            Opinion,
            sa.and_(Opinion.head_id == RollUnit.head_id, Opinion.latest, Opinion.counts),
        )
        .outerjoin(newest, newest.c.unit_id == RollUnit.unit_id)
        .outerjoin(heard, heard.c.unit_id == RollUnit.unit_id)
        .where(RollUnit.consultation_id == case_id)
    )
    return [_flat(row, scheme_id) for row in rows]


def _flat(row: Any, scheme_id: int | None) -> Flat:
    entrance = (row.place_id, row.place)
    inside = row.kind is PlaceKind.ENTRANCE and row.above_id is not None
    return Flat(
        unit_id=row.id,
        label=row.label,
        floor=row.floor,
        stance=_stance(row, scheme_id),
        entrance=entrance,
        building=(row.above_id, row.above) if inside else entrance,
        households=row.households,
        heard=row.heard,
        next_visit=row.next_visit,
    )


def _stance(row: Any, scheme_id: int | None) -> str:
    if row.voice is not None and row.scheme_id == scheme_id:
        return str(row.voice.value)
    if row.visit is not None and not row.counts:
        return str(row.visit.value)
    return LAPSED if row.voice is not None else SILENT
