"""The roll: who decides, with what weight, and how it is frozen when the voting opens.

Condominium interpretation (2020), article 9: a unit is one head, an owner of several units counts
once, and so do the developer's unsold or undelivered units together. Co-owners of a unit are one
head; the same set of co-owners with several units is one head too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.errors import Problem, RefusedError
from app.models import (
    Consultation,
    Owner,
    OwnerKind,
    Ownership,
    Place,
    PlaceKind,
    RollHead,
    RollUnit,
    RuleSet,
    Unit,
)
from app.services import rules, tally

DEVELOPER = "developer"
LONGEST_KEY = 400


@dataclass(frozen=True, slots=True)
class Holder:
    """An owner of a unit as the roll sees them."""

    id: int
    name: str
    developer: bool = False
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A unit with its owners, before it is put on the roll."""

    id: int
    label: str
    area: Decimal
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """One head: ``owners`` is what makes it one, see ``models.RollHead.owners``."""

    owners: str
    name: str
    units: tuple[Dwelling, ...]

    @property
    def area(self) -> Decimal:
        return sum((unit.area for unit in self.units), Decimal(0))


@dataclass(frozen=True, slots=True)
class Size:
    """How large an electorate is."""

    units: int
    heads: int
    cents: int

    @property
    def area(self) -> str:
        return tally.square_metres(self.cents)


def heads(dwellings: Iterable[Dwelling]) -> list[Head]:
    """Fold units into heads. The order of units doesn't matter: heads come by their key."""
    units = sorted(dwellings, key=lambda unit: unit.id)
    same = _same_people(units)
    grouped: dict[str, list[Dwelling]] = {}
    for unit in units:
        grouped.setdefault(_key(unit, same), []).append(unit)
    return [Head(key, _name(units), tuple(units)) for key, units in sorted(grouped.items())]


def _same_people(units: Iterable[Dwelling]) -> dict[int, int]:
    """Owner id to the id that it counts under: two records of one person are one owner."""
    first: dict[int, int] = {}
    same: dict[int, int] = {}
    holders = {holder.id: holder for unit in units for holder in unit.holders}
    for owner_id, holder in sorted(holders.items()):
        person = holder.person_id
        same[owner_id] = owner_id if person is None else first.setdefault(person, owner_id)
    return same


def _key(unit: Dwelling, same: dict[int, int]) -> str:
    if not unit.holders:
        return f"unit:{unit.id}"
    if all(holder.developer for holder in unit.holders):
        return DEVELOPER
    key = "+".join(str(i) for i in sorted({same[holder.id] for holder in unit.holders}))
    if len(key) > LONGEST_KEY:
        return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return key


def _name(units: list[Dwelling]) -> str:
    names = dict.fromkeys(holder.name for unit in units for holder in unit.holders)
    return "、".join(names)[:200] or units[0].label


def electorate(session: Session, scope_id: int) -> list[Dwelling]:
    """The units at or below a place with their owners, as they are now; one statement."""
    parent = aliased(Place)
    rows = session.execute(
        sa.select(
            Unit.id,
            Unit.label,
            Unit.area,
            Place.name.label("place"),
            parent.name.label("parent"),
            parent.kind.label("parent_kind"),
            Owner.id.label("owner_id"),
            Owner.name.label("owner"),
            Owner.kind,
            Owner.person_id,
        )
        .join(Place, Place.id == Unit.place_id)
        .outerjoin(parent, parent.id == Place.parent_id)
        .outerjoin(Ownership, Ownership.unit_id == Unit.id)
        .outerjoin(Owner, Owner.id == Ownership.owner_id)
        .where(_within(scope_id))
        .order_by(Unit.id, Owner.id)
    ).all()
    found: dict[int, Dwelling] = {}
    holders: dict[int, list[Holder]] = {}
    for row in rows:
        if row.id not in found:
            found[row.id] = Dwelling(row.id, _label(row), row.area)
        if row.owner_id is not None:
            developer = row.kind is OwnerKind.DEVELOPER
            holder = Holder(row.owner_id, row.owner, developer, row.person_id)
            holders.setdefault(row.id, []).append(holder)
    return [
        Dwelling(unit.id, unit.label, unit.area, tuple(holders.get(unit.id, ())))
        for unit in found.values()
    ]


def count(session: Session, consultation: Consultation) -> int:
    """Units on the frozen roll, or in the scope as it is now."""
    units = sa.select(sa.func.count())
    if consultation.frozen_at is not None:
        units = units.select_from(RollUnit)
        return session.scalar(units.where(RollUnit.consultation_id == consultation.case_id)) or 0
    units = units.select_from(Unit).join(Place, Place.id == Unit.place_id)
    return session.scalar(units.where(_within(consultation.scope_id))) or 0


def _within(scope_id: int) -> sa.ColumnElement[bool]:
    path = sa.select(Place.path).where(Place.id == scope_id).scalar_subquery()
    return sa.func.starts_with(Place.path, path)


def _label(row: Any) -> str:
    """``4号楼 2单元 501``: where it is, down from the building."""
    building = row.parent if row.parent_kind is PlaceKind.BUILDING else ""
    where = " ".join(part for part in (building, row.place) if part)
    return f"{where[: 99 - len(row.label)]} {row.label}"


def size(session: Session, consultation: Consultation) -> Size:
    """Units, heads and area of the frozen roll, or of the electorate as it is now."""
    if consultation.frozen_at is None:
        return measure(heads(electorate(session, consultation.scope_id)))
    units = (
        sa.select(sa.func.count())
        .where(RollUnit.consultation_id == consultation.case_id)
        .scalar_subquery()
    )
    row = session.execute(
        sa.select(units, sa.func.count(), sa.func.coalesce(sa.func.sum(RollHead.area), 0)).where(
            RollHead.consultation_id == consultation.case_id
        )
    ).one()
    return Size(row[0], row[1], tally.cents(Decimal(row[2])))


def measure(folded: list[Head]) -> Size:
    return Size(
        units=sum(len(head.units) for head in folded),
        heads=len(folded),
        cents=sum(tally.cents(head.area) for head in folded),
    )


def freeze(session: Session, consultation: Consultation, now: datetime) -> Size:
    """Write the roll and copy the rule set: what counts from now on. Flushes.

    Raises RefusedError when it is frozen already, or when nobody could vote.
    """
    if consultation.frozen_at is not None:
        raise RefusedError(
            Problem(
                {"zh": "名册已经锁定，不能再锁定一次。", "en": "The roll is frozen already."},
            )
        )
    folded = heads(electorate(session, consultation.scope_id))
    if not folded:
        raise RefusedError(
            Problem(
                {
                    "zh": "协商范围内还没有登记房屋，无法锁定名册。请先录入房屋和业主。",
                    "en": "No units are on record in the scope of this consultation, so there is "
                    "no roll to freeze. Enter units and owners first.",
                }
            )
        )
    _insert(session, consultation.case_id, folded)
    rule_set = session.get_one(RuleSet, consultation.rule_set_id)
    consultation.rule = rules.frozen(rule_set)
    consultation.frozen_at = now
    session.flush()
    return measure(folded)


def _insert(session: Session, case_id: int, folded: list[Head]) -> None:
    rows = [
        {"consultation_id": case_id, "owners": head.owners, "name": head.name, "area": head.area}
        for head in folded
    ]
    connection = session.connection()
    ids: dict[str, int] = {}
    for owners, head_id in connection.execute(
        sa.insert(RollHead.__table__).returning(
            RollHead.__table__.c.owners, RollHead.__table__.c.id
        ),
        rows,
    ):
        ids[owners] = head_id
    connection.execute(
        sa.insert(RollUnit.__table__),
        [
            {
                "consultation_id": case_id,
                "head_id": ids[head.owners],
                "unit_id": unit.id,
                "label": unit.label,
                "area": unit.area,
            }
            for head in folded
            for unit in head.units
        ],
    )
