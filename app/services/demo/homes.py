"""Units and owners of a compound, in the mixture that makes counting by article 278 hard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy.orm import Session

from app.models import AreaSource, OwnerKind
from app.services.demo import bulk, names
from app.services.demo.tree import Spot

AREAS = tuple(map(Decimal, ("42.35", "51.08", "56.72", "63.94", "78.60")))
SOURCES = (AreaSource.REGISTERED,) * 8 + (AreaSource.SURVEYED, AreaSource.CONTRACT)


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the units of a compound are owned; what is left over has one owner each."""

    unsold: int = 0
    """Units that are still the developer's: one head together."""
    organisation: int = 0
    """Units of one organisation: one head too."""
    several: tuple[int, ...] = ()
    """People who own that many units each."""
    couples: int = 0
    """Units of two owners."""
    unknown: int = 0
    """Units without an owner on record."""
    shared: tuple[int, ...] = ()
    """Flats shared by that many households."""


FULL = Mixture(
    unsold=6,
    organisation=12,
    several=(2,) * 18 + (3, 3),
    couples=140,
    unknown=3,
    shared=(2,) * 69 + (3,) * 6,
)
COURT = Mixture(couples=8, several=(2, 2), shared=(2,) * 5)


@dataclass(slots=True)
class Home:
    """A unit to be. ``owners`` index into the list of owners."""

    id: int
    place: int
    label: str
    floor: int
    area: Decimal
    source: AreaSource
    households: int = 1
    owners: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Owners:
    """Owners to be, in the order that they are met; ``first`` is the number of the first name."""

    first: int
    rows: list[tuple[OwnerKind, str]] = field(default_factory=list)

    def person(self) -> int:
        return self.add(OwnerKind.PERSON, names.full(self.first + len(self.rows)))

    def add(self, kind: OwnerKind, name: str) -> int:
        self.rows.append((kind, name))
        return len(self.rows) - 1


def flats(entrances: Sequence[Spot], floors: int, doors: int) -> Iterator[tuple[Spot, int, int]]:
    """Entrance, floor and door of every flat."""
    for entrance in entrances:
        for floor in range(1, floors + 1):
            for door in range(1, doors + 1):
                yield entrance, floor, door


def settle(
    session: Session,
    places: Sequence[tuple[Spot, int, int]],
    mixture: Mixture,
    *,
    first: int,
) -> list[Home]:
    """Write the units with their owners and residents; ``first`` numbers the made-up names."""
    ids = bulk.reserve(session, "unit", len(places))
    homes = [
        Home(
            id=unit_id,
            place=spot.id,
            label=f"{floor}0{door}",
            floor=floor,
            area=AREAS[(index * 3 + index // 10) % len(AREAS)],
            source=SOURCES[index % len(SOURCES)],
        )
        for index, (unit_id, (spot, floor, door)) in enumerate(zip(ids, places, strict=True))
    ]
    owners = _Owners(first)
    _own(homes, mixture, owners)
    for home, households in zip(_spread(homes, 5), mixture.shared, strict=False):
        home.households = households
    _write(session, homes, owners)
    return homes


def _spread(homes: Sequence[Home], start: int) -> Iterator[Home]:
    """Every unit once, in leaps, so that what is special lies all over the compound."""
    step = next(s for s in (37, 41, 43, 47) if len(homes) % s)
    return (homes[(start + index * step) % len(homes)] for index in range(len(homes)))


def _own(homes: list[Home], mixture: Mixture, owners: _Owners) -> None:
    left = _spread(homes, 11)
    if mixture.unsold:
        developer = owners.add(OwnerKind.DEVELOPER, "榆荫里原建设单位（演示）")
        _give(left, mixture.unsold, developer)
    if mixture.organisation:
        _give(left, mixture.organisation, owners.add(OwnerKind.ORGANISATION, "区房管所（演示）"))
    for count in mixture.several:
        _give(left, count, owners.person())
    for _ in range(mixture.couples):
        _give(left, 1, owners.person(), owners.person())
    _give(left, mixture.unknown)
    for home in left:
        home.owners = [owners.person()]


def _give(left: Iterator[Home], count: int, *owners: int) -> None:
    for _ in range(count):
        next(left).owners = list(owners)


def _write(session: Session, homes: list[Home], owners: _Owners) -> None:
    people = bulk.reserve(session, "person", len(owners.rows))
    keys = bulk.reserve(session, "owner", len(owners.rows))
    places: dict[int, int] = {}
    for home in homes:
        for owner in home.owners:
            places.setdefault(owner, home.place)
    persons = [i for i, (kind, _) in enumerate(owners.rows) if kind is OwnerKind.PERSON]
    bulk.copy(
        session,
        "person",
        ("id", "place_id", "name", "phone", "demo"),
        (
            (people[i], places[i], owners.rows[i][1], names.phone(owners.first + i), True)
            for i in persons
        ),
    )
    known = set(persons)
    bulk.copy(
        session,
        "owner",
        ("id", "kind", "name", "phone", "person_id", "demo"),
        (
            (
                keys[i],
                kind.value,
                name,
                names.phone(owners.first + i) if i in known else "",
                people[i] if i in known else None,
                True,
            )
            for i, (kind, name) in enumerate(owners.rows)
        ),
    )
    _write_units(session, homes, keys)


def _write_units(session: Session, homes: list[Home], keys: list[int]) -> None:
    bulk.copy(
        session,
        "unit",
        ("id", "place_id", "label", "floor", "area", "area_source", "households"),
        ((h.id, h.place, h.label, h.floor, h.area, h.source.value, h.households) for h in homes),
    )
    bulk.copy(
        session,
        "ownership",
        ("unit_id", "owner_id"),
        ((home.id, keys[owner]) for home in homes for owner in home.owners),
    )
