"""A place tree put down in one go."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.models import PlaceKind
from app.services.demo import bulk


@dataclass(frozen=True, slots=True)
class Spot:
    """A place as the demo knows it."""

    id: int
    kind: PlaceKind
    name: str
    path: str


@dataclass(slots=True)
class Tree:
    """Places by a key such as ``yuyin/main/4/1``; nothing is in the database before ``plant``."""

    nodes: dict[str, tuple[PlaceKind, str, str | None]] = field(default_factory=dict)
    spots: dict[str, Spot] = field(default_factory=dict)

    def add(self, key: str, kind: PlaceKind, name: str, parent: str | None) -> str:
        self.nodes[key] = (kind, name, parent)
        return key

    def houses(self, compound: str, buildings: int, entrances: int) -> None:
        """Buildings 1, 2, 3 … of a compound, each with its entrances."""
        for number in range(1, buildings + 1):
            house = self.add(f"{compound}/{number}", PlaceKind.BUILDING, f"{number}号楼", compound)
            for door in range(1, entrances + 1):
                self.add(f"{house}/{door}", PlaceKind.ENTRANCE, f"{door}单元", house)

    def plant(self, session: Session) -> None:
        """Write what was added since the last time: parents come before their children."""
        fresh = [key for key in self.nodes if key not in self.spots]
        parents: list[int | None] = []
        for key, place_id in zip(fresh, bulk.reserve(session, "place", len(fresh)), strict=True):
            kind, name, parent = self.nodes[key]
            above = self.spots[parent] if parent else None
            path = f"{above.path if above else '/'}{place_id}/"
            self.spots[key] = Spot(place_id, kind, name, path)
            parents.append(above.id if above else None)
        bulk.copy(
            session,
            "place",
            ("id", "parent_id", "kind", "name", "path"),
            (
                (self.spots[key].id, parent, self.spots[key].kind, *_rest(self.spots[key]))
                for key, parent in zip(fresh, parents, strict=True)
            ),
        )


def _rest(spot: Spot) -> tuple[str, str]:
    return spot.name, spot.path
