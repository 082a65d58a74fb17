"""What figures are about: which matters, of whom, where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app import models as m
from app.permissions import Role
from app.services.actors import Viewer
from app.services.scope import visible

PARTY_ROLES = frozenset({Role.PROPERTY_STAFF})
"""They answer for what their party was given, and for nothing else."""
READERS = frozenset(
    {
        Role.ADMIN,
        Role.SUBDISTRICT,
        Role.SECRETARY,
        Role.COMMITTEE_STAFF,
        Role.GRID_WORKER,
    }
)
"""They see the figures of every matter of their place."""
CATEGORY = "category"
"""The field that matters are grouped by."""


@dataclass(frozen=True, slots=True)
class Within:
    """A choice of matters. With ``parties`` it is about the parts that these were given (交办单),
    else about the grievances themselves. ``duties`` asks for the parts of all parties."""

    place_id: int | None = None
    category: str = ""
    parties: frozenset[int] = frozenset()
    duties: bool = False

    @property
    def of_parties(self) -> bool:
        return self.duties or bool(self.parties)


def category(case: Any = m.Case) -> sa.ColumnElement[str]:
    found: sa.ColumnElement[str] = case.data[CATEGORY].astext
    return found


def below(place_id: int) -> sa.ColumnElement[Any]:
    """The ids of a place and all below it, as an array that is asked once."""
    top = sa.select(m.Place.path).where(m.Place.id == place_id).scalar_subquery()
    ids = sa.select(m.Place.id).where(sa.func.starts_with(m.Place.path, top)).scalar_subquery()
    return sa.func.array(ids, type_=ARRAY(sa.BigInteger))


def cases(viewer: Viewer, within: Within) -> list[sa.ColumnElement[bool]]:
    """The cases (``models.Case``) whose clocks count: grievances, or parts given to parties."""
    case = m.Case
    found = [visible(viewer, case), *_chosen(within)]
    if not within.of_parties:
        return [*found, case.leg == "grievance"]
    found += [case.parent_id.is_not(None), case.party_id.is_not(None)]
    if within.parties:
        found.append(case.party_id.in_(sorted(within.parties)))
    return found


def grievances(viewer: Viewer, within: Within) -> list[sa.ColumnElement[bool]]:
    """The grievances (``models.Case``) whose stars count."""
    return [visible(viewer, m.Case), *_chosen(within), m.Case.leg == "grievance"]


def _chosen(within: Within) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if within.place_id is not None:
        found.append(m.Case.place_id == sa.any_(below(within.place_id)))
    if within.category:
        found.append(category() == within.category)
    return found
