"""The board of a consultation: buildings as floors × flats, each flat with its stance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.models import Opinion, Place, PlaceKind, RollUnit, Unit, Voice
from app.workflows import numerals

LAPSED = "lapsed"
"""Voted on an earlier version of the scheme, not yet on this one."""
SILENT = "silent"
STANCES = (*(voice.value for voice in Voice), LAPSED, SILENT)
OPEN = frozenset({Voice.AWAY.value, Voice.REFUSED.value, LAPSED, SILENT})
"""Stances of households still to be asked."""

_DIGITS = re.compile(r"(\d+|[〇零一二两三四五六七八九十百千]+)")


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
    """Sorts 2号楼 before 10号楼, and 二园 before 三园 and 十园."""
    parts = [(_number(part), part) for part in _DIGITS.split(text) if part]
    return tuple((-1, part) if number is None else (number, "") for number, part in parts)


def _number(part: str) -> int | None:
    return int(part) if part.isdecimal() else numerals.read(part)


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
    """Every building of the frozen roll; two statements, however many flats."""
    found: dict[int, House] = {}
    for flat in flats(session, case_id, scheme_id):
        house = found.setdefault(flat.building[0], House(*flat.building))
        house.flats.append(flat)
    return sorted(found.values(), key=lambda house: natural(house.name))


def flats(session: Session, case_id: int, scheme_id: int | None) -> list[Flat]:
    """The frozen roll, each unit with its head's vote, else with what the last visit brought.

    Two plain statements, put together here: right after a roll was frozen the planner knows
    nothing of these tables yet, and joining them took it half a minute for 8,700 units.
    """
    said = _said(session, case_id, scheme_id)
    above = aliased(Place)
    rows = session.execute(
        sa.select(
            Unit.id,
            Unit.label,
            Unit.floor,
            Unit.households,
            RollUnit.head_id,
            Place.id.label("place_id"),
            Place.name.label("place"),
            Place.kind,
            above.id.label("above_id"),
            above.name.label("above"),
        )
        .select_from(RollUnit)
        .join(Unit, Unit.id == RollUnit.unit_id)
        .join(Place, Place.id == Unit.place_id)
        .outerjoin(above, above.id == Place.parent_id)
        .where(RollUnit.consultation_id == case_id)
    )
    return [_flat(row, said, scheme_id) for row in rows]


@dataclass(slots=True)
class _Said:
    """What is on record: the vote that counts by head, the newest visit and the households by
    unit. Votes and visits come as voice, scheme, whether it is a vote, next visit."""

    votes: dict[int, Any] = field(default_factory=dict)
    visits: dict[int, Any] = field(default_factory=dict)
    households: dict[int, set[str]] = field(default_factory=dict)


def _said(session: Session, case_id: int, scheme_id: int | None) -> _Said:
    found = _Said()
    for row in session.execute(
        sa.select(
            Opinion.head_id,
            Opinion.unit_id,
            Opinion.voice,
            Opinion.scheme_id,
            Opinion.counts,
            Opinion.latest,
            Opinion.household,
            Opinion.next_visit,
        )
        .where(Opinion.consultation_id == case_id)
        .order_by(Opinion.id)
    ):
        if row.household:
            if row.scheme_id == scheme_id:
                found.households.setdefault(row.unit_id, set()).add(row.household)
            continue
        found.visits[row.unit_id] = row
        if row.latest and row.counts:
            found.votes[row.head_id] = row
    return found


def _flat(row: Any, said: _Said, scheme_id: int | None) -> Flat:
    entrance = (row.place_id, row.place)
    inside = row.kind is PlaceKind.ENTRANCE and row.above_id is not None
    vote, visit = said.votes.get(row.head_id), said.visits.get(row.id)
    return Flat(
        unit_id=row.id,
        label=row.label,
        floor=row.floor,
        stance=_stance(vote, visit, scheme_id),
        entrance=entrance,
        building=(row.above_id, row.above) if inside else entrance,
        households=row.households,
        heard=len(said.households.get(row.id, ())),
        next_visit=visit.next_visit if visit else None,
    )


def _stance(vote: Any, visit: Any, scheme_id: int | None) -> str:
    if vote is not None and vote.scheme_id == scheme_id:
        return str(vote.voice.value)
    if visit is not None and not visit.counts:
        return str(visit.voice.value)
    return LAPSED if vote is not None else SILENT
