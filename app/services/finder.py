"""One search over all that a viewer may see: by number, telephone, address and words.

Each group is one statement, bounded, and narrowed by the scope before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app import models as m
from app.services import addresses, matters, places, privacy
from app.services.actors import Viewer
from app.services.scope import JOINT_LEGS, visible
from app.services.wanted import TAIL, Asked, asked, ends

SHOWN = 8
"""Of each group; whoever wants more opens the list."""
_ENOUGH = 1000

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """What one group holds; ``more``: not all of it is here."""

    group: str
    rows: tuple[Row, ...]
    more: bool


Query = Callable[[Viewer, Asked], "sa.Select[*tuple[Any, ...]] | None"]


def find(
    session: Session, viewer: Viewer, text: str, groups: Collection[str], *, now: datetime
) -> list[Found]:
    """The groups that hold something, in their order. Which groups the viewer may open at all is
    the caller's to say; which rows of them, the scope's."""
    wanted = asked(text, now)
    if not wanted.words:
        return []
    found = []
    for group, query in _GROUPS.items():
        if group not in groups or (wanted.exact and group not in CASES):
            continue
        statement = query(viewer, wanted)
        rows = [] if statement is None else session.execute(statement.limit(SHOWN + 1)).all()
        if rows:
            found.append(Found(group, tuple(rows[:SHOWN]), more=len(rows) > SHOWN))
    return found


def exact(found: list[Found], text: str, now: datetime) -> Row | None:
    """The one case whose whole number was typed."""
    if not asked(text, now).exact:
        return None
    cases = [row for each in found if each.group in CASES for row in each.rows]
    return cases[0] if len(cases) == 1 else None


def _cases(*legs: str) -> Query:
    """Cases of these legs; without any, of all but the joint ones, which have their own group."""
    leg = m.Case.leg
    of_leg = leg.in_(legs) if legs else leg.not_in(JOINT_LEGS)
    return lambda viewer, wanted: matters.found(viewer, wanted, of_leg, SHOWN + 1)


def _places(viewer: Viewer, wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    """Below one's own or on the way up from there; the name itself first, then the larger."""
    ids = addresses.named(wanted.text, viewer).limit(_ENOUGH).scalar_subquery()
    text, joined = places.spelled()
    last = addresses.steps(wanted.text)[-1]
    return (
        sa.select(m.Place.id, m.Place.kind, text.label("text"), _above(m.Place.path).label("above"))
        .select_from(joined)
        .where(m.Place.id == sa.any_(sa.func.array(ids)), visible(viewer, m.Place))
        .order_by(
            (sa.func.lower(m.Place.name) != last),
            sa.func.char_length(m.Place.name),
            sa.func.length(m.Place.path),
            m.Place.id,
        )
    )


def _above(path: Any) -> ColumnElement[str]:
    """Subdistrict and community, to tell namesakes apart."""
    spot = sa.orm.aliased(m.Place)
    ids = sa.cast(sa.func.string_to_array(sa.func.btrim(path, "/"), "/"), sa.ARRAY(sa.BigInteger))
    kinds = (m.PlaceKind.SUBDISTRICT, m.PlaceKind.COMMUNITY)
    named = sa.func.string_agg(
        spot.name, aggregate_order_by(sa.literal(" "), sa.func.length(spot.path))
    )
    found = sa.select(named).where(spot.id == sa.any_(ids), spot.kind.in_(kinds), spot.path != path)
    return sa.func.coalesce(found.scalar_subquery(), "")


def _residents(viewer: Viewer, wanted: Asked) -> sa.Select[*tuple[Any, ...]] | None:
    """By name, with or without where they live; by a telephone's last digits; by a whole
    address."""
    person = m.Person
    if wanted.digits:
        if len(wanted.digits) < TAIL or not privacy.may_search(viewer):
            return None
        way = ends(person.phone, wanted.digits)
    else:
        names = [addresses.lettered(person.name, word) for word in wanted.words]
        if len(names) == 1:
            way = names[0]
        else:
            there = [person.place_id == addresses.below(word, viewer) for word in wanted.words]
            each = [sa.or_(name, spot) for name, spot in zip(names, there, strict=True)]
            way = sa.and_(sa.or_(*names), *each)
        if len(addresses.steps(wanted.text)) > 1:
            way = sa.or_(way, person.place_id == addresses.below(wanted.text, viewer))
    return (
        sa.select(
            person.id, person.name, person.phone, places.address(person.place_id).label("place")
        )
        .where(visible(viewer, person), way)
        .order_by(person.name, person.id)
    )


def _parties(viewer: Viewer, wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    party = m.Party
    return (
        sa.select(party.id, party.name, party.kind, places.address(party.place_id).label("place"))
        .where(visible(viewer, party), party.active, *_all_in(party.name, wanted))
        .order_by(sa.func.char_length(party.name), party.name, party.id)
    )


def _all_in(text: Any, wanted: Asked) -> list[ColumnElement[bool]]:
    return [sa.func.strpos(sa.func.lower(text), word) > 0 for word in wanted.words]


def _full_name() -> ColumnElement[str]:
    """Both ways round, since people type both."""
    both = (User.last_name, User.first_name, " ", User.first_name, " ", User.last_name)
    return sa.func.concat(*both)


def _staff(viewer: Viewer, wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    """Colleagues with what they are and for whom they speak."""
    staff = m.Staff
    text = sa.func.concat(_full_name(), " ", staff.title, " ", m.Party.name)
    return (
        sa.select(
            staff.id,
            User.first_name,
            User.last_name,
            staff.title,
            m.Party.name.label("party"),
            places.address(staff.place_id).label("place"),
        )
        .join(User, User.id == staff.user_id)
        .outerjoin(m.Party, m.Party.id == staff.party_id)
        .where(visible(viewer, staff), staff.until.is_(None), User.active, *_all_in(text, wanted))
        .order_by(User.last_name, User.first_name, staff.id)
    )


def _users(viewer: Viewer, wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    text = sa.func.concat(User.username, " ", User.email, " ", _full_name())
    return (
        sa.select(User.id, User.first_name, User.last_name, User.username, User.active)
        .where(visible(viewer, User), *_all_in(text, wanted))
        .order_by(User.active.desc(), User.last_name, User.first_name, User.id)
    )


def _workflows(viewer: Viewer, wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    flow = m.Workflow
    text = sa.func.concat(flow.key, " ", flow.label_zh, " ", flow.label_en)
    return (
        sa.select(flow.id, flow.key, flow.label_zh, flow.label_en, flow.current_id)
        .where(visible(viewer, flow), *_all_in(text, wanted))
        .order_by(flow.label_zh, flow.id)
    )


_GROUPS: dict[str, Query] = {
    "cases": _cases(),
    "meetings": _cases("meeting"),
    "consultations": _cases("consultation"),
    "places": _places,
    "residents": _residents,
    "parties": _parties,
    "staff": _staff,
    "users": _users,
    "workflows": _workflows,
}
GROUPS = tuple(_GROUPS)
CASES = GROUPS[:3]
