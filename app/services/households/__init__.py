"""The household register (房屋台账) as it is imported: buildings, entrances, units, owners.

A unit that is there already gets the area and so on that the file gives; an owner that it doesn't
have yet is added, none is ever taken away. Two units have one owner when name and telephone are
the same, or, of organisations and developers, the name: who counts as one head depends on it, so
a name alone makes nobody one person.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.errors import ForbiddenError, Problem
from app.models import Place
from app.permissions import Role
from app.services.actors import Viewer
from app.services.households.fields import FIELDS
from app.services.households.reader import Households
from app.services.imports import Register, register

BUILDERS = frozenset({Role.ADMIN, Role.SECRETARY})
"""They may add buildings and entrances, as in the ledger of places."""


def _begin(session: Session, place_id: int, viewer: Viewer) -> Households:
    place = session.get(Place, place_id)
    inside = place is not None and any(place.path.startswith(path) for path in viewer.places)
    if place is None or not (viewer.everywhere or inside):
        raise ForbiddenError(
            Problem(
                {
                    "zh": "这里不在您的管辖范围内，请选择下级的小区。",
                    "en": "That isn't below a place of yours: choose a compound that is.",
                },
                "place",
            )
        )
    return Households(session, place, may_build=bool(viewer.roles & BUILDERS))


HOUSEHOLDS = register(
    Register("households", {"zh": "房屋台账", "en": "Household register"}, FIELDS, _begin)
)
