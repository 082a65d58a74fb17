"""Who would hold the roles of a workflow, community by community: somebody there, else the nearest
above, as notices find them (``recipients``). The checker's warnings are the gaps of this table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.models import Place, PlaceKind, Staff
from app.services import recipients
from app.services.actors import Viewer, name_of
from app.services.scope import places_below, visible
from app.workflows.checks import staffing
from app.workflows.spec import Workflow


@dataclass(frozen=True, slots=True)
class Holder:
    """``name`` is empty for those whose binding the viewer may not see."""

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A community, or several with the same answer. ``way``: ``here`` (in the community or a part
    of it), ``above`` (whoever is nearest above stands in), or ``nobody``."""

    places: tuple[str, ...]
    way: str
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A role, the gaps first, then where somebody above stands in."""

    role: str
    spots: tuple[Spot, ...]

    @property
    def vacant(self) -> tuple[str, ...]:
        return tuple(name for spot in self.spots if spot.way == "nobody" for name in spot.places)

    @property
    def above(self) -> int:
        return sum(len(spot.places) for spot in self.spots if spot.way == "above")

    @property
    def here(self) -> int:
        return sum(len(spot.places) for spot in self.spots if spot.way == "here")


@dataclass(frozen=True, slots=True)
class _Bound:
    """Where somebody holds a role."""

    path: str
    holder: Holder


_ORDER = ("nobody", "above", "here")


def table(session: Session, viewer: Viewer, spec: Workflow, now: datetime) -> list[Held]:
    """Every role that the workflow needs, in the communities that the viewer may see."""
    scope = sa.true() if viewer.everywhere else places_below(viewer)
    communities = _communities(session, scope)
    bound = _bound(session, now, visible(viewer, Staff))
    return [
        Held(role, tuple(_spots(communities, bound.get(role, ()))))
        for role in staffing.needed(spec)
    ]


def vacancies(session: Session, now: datetime) -> Callable[[str], list[str]]:
    """Communities without a holder, by role; two statements however many roles."""
    communities = _communities(session, sa.true())
    bound = _bound(session, now, sa.false())

    def vacant(role: str) -> list[str]:
        spots = _spots(communities, bound.get(role, ()))
        return [name for spot in spots if spot.way == "nobody" for name in spot.places]

    return vacant


def _communities(session: Session, scope: sa.ColumnElement[bool]) -> list[tuple[str, str]]:
    rows = session.execute(
        sa.select(Place.path, Place.name)
        .where(Place.kind == PlaceKind.COMMUNITY, scope)
        .order_by(Place.name, Place.id)
    )
    return [(path, name) for path, name in rows]


def _bound(
    session: Session, now: datetime, seen: sa.ColumnElement[bool]
) -> dict[str, list[_Bound]]:
    """Who holds which role where, by role."""
    query = recipients.staff(now).add_columns(
        Place.name.label("place"), User.first_name, User.last_name, seen.label("seen")
    )
    found: dict[str, list[_Bound]] = {}
    for row in session.execute(query.order_by(Staff.id)):
        name = name_of(row.first_name, row.last_name) if row.seen else ""
        found.setdefault(row.role, []).append(_Bound(row.path, Holder(name, row.place)))
    return found


def _spots(communities: Iterable[tuple[str, str]], bound: Iterable[_Bound]) -> list[Spot]:
    """Communities with the same answer together, gaps first."""
    by_path: dict[str, list[Holder]] = {}
    parts: dict[str, list[Holder]] = {}
    for each in bound:
        by_path.setdefault(each.path, []).append(each.holder)
        for above in _upwards(each.path):
            parts.setdefault(above, []).append(each.holder)
    found: dict[tuple[str, tuple[Holder, ...]], list[str]] = {}
    for path, name in communities:
        found.setdefault(_answer(path, by_path, parts), []).append(name)
    order = sorted(found, key=lambda answer: _ORDER.index(answer[0]))
    return [Spot(tuple(found[answer]), *answer) for answer in order]


def _answer(path: str, by_path: Any, parts: Any) -> tuple[str, tuple[Holder, ...]]:
    if path in parts:
        return "here", _once(parts[path])
    nearest = next((by_path[above] for above in _upwards(path) if above in by_path), None)
    return ("nobody", ()) if nearest is None else ("above", _once(nearest))


def _once(holders: Iterable[Holder]) -> tuple[Holder, ...]:
    return tuple(dict.fromkeys(holders))


def _upwards(path: str) -> list[str]:
    """The path itself and those above it, the nearest first."""
    steps = path.strip("/").split("/")
    return [f"/{'/'.join(steps[:end])}/" for end in range(len(steps), 0, -1)]
