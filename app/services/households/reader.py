"""Rows of the household register compared with what there is, and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    AreaSource,
    JobOutcome,
    Owner,
    OwnerKind,
    Ownership,
    Place,
    PlaceKind,
    Unit,
)
from app.services import places
from app.services.households import notes
from app.services.households.cells import Given
from app.services.households.fields import KINDS, SOURCES
from app.services.imports import Finding, Looked
from app.services.tables import Line

Spot = tuple[str, str, str]
"""Building, entrance and unit, as written."""
Key = tuple[object, ...]
"""What makes two entries one owner."""


@dataclass(slots=True)
class _Known:
    """A unit that is there, or that an earlier row of the file makes."""

    id: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    owners: set[tuple[str, str]] = field(default_factory=set)
    row: int = 0
    """The row of the file that named it first."""


@dataclass(slots=True)
class _Row:
    spot: Spot
    values: dict[str, Any]
    owners: list[tuple[str, str]]
    kind: OwnerKind


class Households:
    """The rows of one compound (or building)."""

    def __init__(self, session: Session, place: Place, *, may_build: bool) -> None:
        self.session, self.place, self.may_build = session, place, may_build
        self.spots: dict[tuple[str, str], int] = {}
        self.units: dict[Spot, _Known] = {}
        self.owners: dict[Key, int] = {}
        self.bare: dict[str, int] = {}
        self._load()
        self._row: _Row | None = None
        self._queue: list[_Row] = []

    # --- what there is ---------------------------------------------------------------------------

    def _load(self) -> None:
        """All of the compound at once: a row then asks nothing."""
        buildings: dict[int, str] = {}
        inside = sa.func.starts_with(Place.path, self.place.path)
        for place_id, name, parent_id, kind in self.session.execute(
            sa.select(Place.id, Place.name, Place.parent_id, Place.kind)
            .where(inside, Place.kind.in_((PlaceKind.BUILDING, PlaceKind.ENTRANCE)))
            .order_by(sa.func.length(Place.path))
        ):
            if kind is PlaceKind.BUILDING and parent_id == self.place.id:
                buildings[place_id] = name
                self.spots[(name, "")] = place_id
            elif parent_id in buildings:
                self.spots[(buildings[parent_id], name)] = place_id
        names = {place_id: spot for spot, place_id in self.spots.items()}
        for unit, owner in self.session.execute(
            sa.select(Unit, Owner)
            .join(Place, Place.id == Unit.place_id)
            .outerjoin(Ownership, Ownership.unit_id == Unit.id)
            .outerjoin(Owner, Owner.id == Ownership.owner_id)
            .where(inside)
            .order_by(Unit.id, Owner.id)
        ):
            if unit.place_id in names:
                self._learn((*names[unit.place_id], unit.label), unit, owner)

    def _learn(self, spot: Spot, unit: Unit, owner: Owner | None) -> None:
        known = self.units.setdefault(spot, _Known(unit.id))
        known.values = {name: getattr(unit, name) for name in _COLUMNS}
        if owner is not None:
            known.owners.add((owner.name, owner.phone))
            self.owners.setdefault(_identity(owner.name, owner.phone, owner.kind), owner.id)

    # --- looking ---------------------------------------------------------------------------------

    def look(self, line: Line) -> Looked:
        """See ``imports.Reader``."""
        findings: list[Finding] = []
        given = Given(line, findings)
        spot = (given.building(), given.entrance(), given.unit())
        name = " ".join(part for part in spot if part)
        values = {
            "area": given.area(),
            "area_source": given.word("source", SOURCES, AreaSource.REGISTERED),
            "floor": given.number("floor", -9, 200),
            "households": given.number("households", 0, 1000),
        }
        kind = given.word("kind", KINDS, OwnerKind.PERSON)
        owners = given.owners()
        if findings:
            return Looked(name, tuple(findings))
        values = {key: value for key, value in values.items() if value is not None}
        self._row = _Row(spot, values, owners, kind)
        findings += self._place_findings(spot)
        findings += self._unit_findings(line.number, self._row)
        return Looked(name, tuple(findings), self._outcome(line.number, self._row, findings))

    def _place_findings(self, spot: Spot) -> list[Finding]:
        if spot[:2] in self.spots or self.may_build:
            return []
        where = " ".join(part for part in spot[:2] if part)
        return [
            Finding(
                {
                    "zh": f"这里还没有“{where}”。请社区书记先在“场所”里添加。",
                    "en": f"There is no {where} here. Ask the secretary to add it under Places.",
                },
                "building",
            )
        ]

    def _unit_findings(self, number: int, row: _Row) -> list[Finding]:
        known = self.units.get(row.spot)
        findings = []
        if known is not None and known.row and known.values.get("area") != row.values["area"]:
            findings.append(
                Finding(
                    {
                        "zh": f"与第 {known.row} 行是同一套房，但面积不同。请改成一致。",
                        "en": f"The same unit as in row {known.row}, with another area. Make them "
                        "the same.",
                    },
                    "area",
                )
            )
        elif known is not None and not known.row and known.values["area"] != row.values["area"]:
            findings.append(notes.area(known.values["area"], row.values["area"]))
        if row.values["area"] > notes.LARGE:
            findings.append(notes.large())
        for name, phone in row.owners:
            first = self.bare.setdefault(name, number) if not phone else number
            if row.kind is OwnerKind.PERSON and first != number:
                findings.append(notes.namesake(name, first))
        return findings

    def _outcome(self, number: int, row: _Row, findings: list[Finding]) -> JobOutcome:
        """Remembers the row for those after it, and says whether it holds anything new."""
        known = self.units.get(row.spot)
        same = (
            known is not None
            and all(known.values.get(key) == value for key, value in row.values.items())
            and known.owners.issuperset(row.owners)
        )
        if any(each.bad for each in findings):
            return JobOutcome.FAILED
        known = self.units.setdefault(row.spot, _Known())
        known.row = known.row or number
        known.values = {**known.values, **row.values}
        return JobOutcome.SAME if same else JobOutcome.DONE

    # --- writing ---------------------------------------------------------------------------------

    def write(self, line: Line) -> None:
        """See ``imports.Reader``."""
        if self._row is None:
            raise RuntimeError("look() comes first")
        self._queue.append(self._row)

    def flush(self) -> None:
        """See ``imports.Reader``: units, owners and who owns what, a statement each."""
        rows, self._queue = self._queue, []
        self._units({row.spot: row for row in rows})
        self._owners(rows)
        pairs = []
        for row in rows:
            known = self.units[row.spot]
            for owner in row.owners:
                if owner not in known.owners:
                    known.owners.add(owner)
                    pairs.append((known.id, self._owner(row, owner)))
        if pairs:
            owned = [{"unit_id": unit, "owner_id": owner} for unit, owner in pairs]
            self.session.execute(sa.insert(Ownership), owned)

    def _units(self, rows: dict[Spot, _Row]) -> None:
        """New units, and what the last row says of those that are there."""
        fresh = [row for row in rows.values() if self.units[row.spot].id is None]
        known = [row for row in rows.values() if self.units[row.spot].id is not None]
        values = [
            {**_USUAL, **row.values, "place_id": self._spot(row.spot), "label": row.spot[2]}
            for row in fresh
        ]
        if values:
            insert = sa.insert(Unit).returning(Unit.id, sort_by_parameter_order=True)
            for row, unit_id in zip(fresh, self.session.scalars(insert, values), strict=True):
                self.units[row.spot].id = unit_id
        for row in known:
            unit = self.units[row.spot]
            statement = sa.update(Unit).where(Unit.id == unit.id).values(**unit.values)
            self.session.execute(
                statement.where(sa.or_(*(getattr(Unit, k) != v for k, v in unit.values.items())))
            )

    def _owners(self, rows: list[_Row]) -> None:
        """Owners that nobody has entered yet; those whom a name alone doesn't tell stand apart."""
        fresh: dict[Any, tuple[str, str, OwnerKind]] = {}
        for row in rows:
            for name, phone in row.owners:
                key = self._key(row, (name, phone))
                new = (name, phone) not in self.units[row.spot].owners
                if new and key not in self.owners:
                    fresh[key] = (name, phone, row.kind)
        values = [{"name": n, "phone": p, "kind": kind} for n, p, kind in fresh.values()]
        if values:
            insert = sa.insert(Owner).returning(Owner.id, sort_by_parameter_order=True)
            made = zip(fresh, self.session.scalars(insert, values), strict=True)
            self.owners.update(made)

    def _owner(self, row: _Row, owner: tuple[str, str]) -> int:
        return self.owners[self._key(row, owner)]

    @staticmethod
    def _key(row: _Row, owner: tuple[str, str]) -> Key:
        """What makes two entries one owner; without a number it is one of this unit alone."""
        identity = _identity(*owner, row.kind)
        return identity if identity[1] else (*identity, row.spot)

    def _spot(self, spot: Spot) -> int:
        building, entrance, _ = spot
        if (building, "") not in self.spots:
            made = places.add(self.session, PlaceKind.BUILDING, building, self.place)
            self.spots[(building, "")] = made.id
        if (building, entrance) not in self.spots:
            above = self.session.get_one(Place, self.spots[(building, "")])
            made = places.add(self.session, PlaceKind.ENTRANCE, entrance, above)
            self.spots[(building, entrance)] = made.id
        return self.spots[(building, entrance)]


_COLUMNS = ("area", "area_source", "floor", "households")
_USUAL = {"floor": 1, "households": 1}


def _identity(name: str, phone: str, kind: OwnerKind) -> tuple[str, str]:
    """What makes two entries one owner; an empty second part: nothing does."""
    return (name, phone if kind is OwnerKind.PERSON else kind.value)
