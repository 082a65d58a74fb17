"""Who a notice goes to: roles up the place tree, parties, people of the case."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role
from sqlalchemy.orm import Session

from app.models import Attendance, Place, PlaceKind, Staff
from app.permissions import Role
from app.services import direct, edge
from app.services.audience import ADMINISTRATORS, of_place
from app.services.providers import Step
from app.workflows.spec import FieldType

_user = User.__table__
_ACTIVE = sa.select(_user.c.id, _user.c.email).where(
    _user.c.active.is_(True),
    _user.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Integer))),
)


Memo = dict[Any, Any]
ABOVE = (PlaceKind.SUBDISTRICT, PlaceKind.DISTRICT)


@dataclass(frozen=True, slots=True)
class Recipient:
    user_id: int
    email: str


def resolve(step: Step, names: tuple[str, ...]) -> list[Recipient]:
    """The people behind ``names``, each once; the one who acted is told nothing new and left out.

    ``role:X`` finds the holders of X bound to the case's place or the nearest place above it that
    has one; ``above:X`` starts above the case's community. Nobody found: an empty list.
    """
    if step.actor.user_id is not None or not of_place(names):
        return _resolve(step, names)
    asked = ("resolved", names, step.case.place_id)
    if asked not in step.memo:
        step.memo[asked] = _resolve(step, names)
    found: list[Recipient] = step.memo[asked]
    return found


def _resolve(step: Step, names: tuple[str, ...]) -> list[Recipient]:
    ids: set[int] = set()
    for name in names:
        ids |= _ids(step, name)
    ids.discard(step.actor.user_id or -1)
    known = step.memo.setdefault("recipients", {})
    known.update({int(i): Recipient(int(i), mail) for i, mail in step.case.people.items()})
    _know(step.session, ids - known.keys(), known)
    return [known[user_id] for user_id in sorted(ids) if known[user_id] is not None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a step of a batch asks for; ``path`` is that of its case's place."""

    step: Step
    path: str
    names: tuple[str, ...]


def gather(session: Session, asked: Sequence[Asked], memo: Memo, now: datetime) -> None:
    """Find out for a whole batch of steps, which share ``memo``, what ``resolve`` will ask of each:
    a statement for each kind of recipient."""
    _gather_holders(session, asked, memo, now)
    _gather_members(session, asked, memo, now)
    _gather_invited(session, asked, memo)
    known = memo.setdefault("recipients", {})
    ids = {user_id for each in asked for name in each.names for user_id in _ids(each.step, name)}
    _know(session, ids - known.keys(), known)


def _gather_holders(session: Session, asked: Sequence[Asked], memo: Memo, now: datetime) -> None:
    wanted = {
        (each.step.case.place_id, each.path, name.partition(":"))
        for each in asked
        for name in each.names
        if name.startswith(("role:", "above:"))
    }
    if not wanted:
        return
    asking = {
        "today": edge.today(now),
        "roles": list({role for _, _, (_, _, role) in wanted}),
        "places": list({place for _, path, _ in wanted for place in _upwards(path)}),
    }
    found: dict[tuple[str, int], set[int]] = {}
    streets: set[int] = set()
    known = memo.setdefault("recipients", {})
    for user_id, email, place_id, _, kind, role in direct.run(session, _at_places(), asking):
        found.setdefault((role, place_id), set()).add(user_id)
        known[user_id] = Recipient(user_id, email or "")
        if kind in ABOVE:
            streets.add(place_id)
    for place_id, path, (relation, _, role) in wanted:
        above = relation == "above"
        way = (at for at in _upwards(path) if not above or at in streets)
        holding = (found[role, at] for at in way if (role, at) in found)
        memo["holders", role, above, place_id] = next(holding, set())


def _gather_members(session: Session, asked: Sequence[Asked], memo: Memo, now: datetime) -> None:
    wanted = {
        parties for each in asked for name in each.names if (parties := _parties(each.step, name))
    }
    if not wanted:
        return
    found: dict[int, set[int]] = {}
    query = sa.select(Staff.party_id, Staff.user_id).where(
        Staff.party_id.in_(frozenset[int]().union(*wanted)), _valid(now)
    )
    for party_id, user_id in session.execute(query):
        found.setdefault(party_id or 0, set()).add(user_id)
    for parties in wanted:
        users = (found.get(party_id, set()) for party_id in parties)
        memo["members", parties] = set[int]().union(*users)


def _gather_invited(session: Session, asked: Sequence[Asked], memo: Memo) -> None:
    meetings = {each.step.case.id for each in asked if "invited" in each.names}
    for meeting_id in meetings:
        memo["invited", meeting_id] = set()
    if meetings:
        query = sa.select(Attendance.meeting_id, Attendance.user_id).where(
            Attendance.meeting_id.in_(meetings), Attendance.user_id.is_not(None)
        )
        for meeting_id, user_id in session.execute(query):
            memo["invited", meeting_id].add(user_id)


def _know(session: Session, ids: Set[int], known: dict[int, Recipient | None]) -> None:
    """Look up the addresses of those who are active; the others are None."""
    if ids:
        rows = session.connection().execute(_ACTIVE, {"ids": list(ids)})
        known.update(dict.fromkeys(ids))
        known.update({user_id: Recipient(user_id, email or "") for user_id, email in rows})


def _upwards(path: str) -> list[int]:
    """The places of a path, from the place itself upwards."""
    return [int(part) for part in reversed(path.split("/")) if part]


def _ids(step: Step, name: str) -> set[int]:
    kind, _, rest = name.partition(":")
    case = step.case
    if kind == "role":
        return holders(step, rest, above=False)
    if kind == "above":
        return holders(step, rest, above=True)
    if name == "assignee":
        return {case.assignee_id} if case.assignee_id else set()
    if name == "creator":
        return {case.creator_id} if case.creator_id else set()
    if name == ADMINISTRATORS:
        return _administrators(step)
    if name == "invited":
        return _invited(step)
    if name == "party" or name.startswith("field."):
        return _persons(step, name) or members(step, _parties(step, name))
    return set()


def _persons(step: Step, name: str) -> set[int]:
    """Those whom a field of type person names."""
    values = _values(step, name)
    return set(values) if values and _type(step, name) == FieldType.PERSON else set()


def _parties(step: Step, name: str) -> frozenset[int]:
    """The parties that a name stands for: that of the case, or those of a field."""
    if name == "party":
        return frozenset({step.case.party_id} if step.case.party_id else ())
    if not name.startswith("field.") or _type(step, name) == FieldType.PERSON:
        return frozenset()
    return frozenset(_values(step, name))


def _type(step: Step, name: str) -> FieldType | None:
    key = name.removeprefix("field.")
    return next((field.type for field in step.spec.fields if field.key == key), None)


def _values(step: Step, name: str) -> list[int]:
    value = step.data.get(name.removeprefix("field."))
    if _type(step, name) is None or value in (None, "", []):
        return []
    return [int(v) for v in (value if isinstance(value, list) else [value])]


def _invited(step: Step) -> set[int]:
    """Those on a meeting's list who have a login."""
    asked = ("invited", step.case.id)
    if asked not in step.memo:
        _gather_invited(step.session, [Asked(step, "", ("invited",))], step.memo)
    found: set[int] = step.memo[asked]
    return found


def administrators(session: Session) -> set[int]:
    query = (
        sa.select(User.id)
        .join(assoc_user_role, assoc_user_role.c.user_id == User.id)
        .join(RoleRow, RoleRow.id == assoc_user_role.c.role_id)
        .where(User.active.is_(True), RoleRow.name == Role.ADMIN.value)
    )
    return set(session.scalars(query))


def _administrators(step: Step) -> set[int]:
    if ADMINISTRATORS not in step.memo:
        step.memo[ADMINISTRATORS] = administrators(step.session)
    found: set[int] = step.memo[ADMINISTRATORS]
    return found


def members(step: Step, parties: frozenset[int]) -> set[int]:
    """Users who speak for one of the parties today."""
    if not parties:
        return set()
    asked = ("members", parties)
    if asked not in step.memo:
        query = sa.select(Staff.user_id).where(Staff.party_id.in_(parties), _valid(step.now))
        step.memo[asked] = set(step.session.scalars(query))
    found: set[int] = step.memo[asked]
    return found


def holders(step: Step, role: str, *, above: bool) -> set[int]:
    """Users with ``role`` at the nearest place, from the case's place upwards, that has any."""
    asked = ("holders", role, above, step.case.place_id)
    if asked not in step.memo:
        step.memo[asked] = _holders(step, role, above=above)
    found: set[int] = step.memo[asked]
    return found


def _holders(step: Step, role: str, *, above: bool) -> set[int]:
    spot = sa.select(Place.path).where(Place.id == step.case.place_id).scalar_subquery()
    on_the_way = sa.func.starts_with(spot, Place.path)
    rows = step.session.execute(staff(step.now).where(RoleRow.name == role, on_the_way)).all()
    if above:
        rows = [row for row in rows if row.kind in ABOVE]
    nearest = max((len(row.path) for row in rows), default=0)
    return {row.user_id for row in rows if len(row.path) == nearest}


@lru_cache(maxsize=1)
def _at_places() -> str:
    roles = sa.bindparam("roles", type_=sa.ARRAY(sa.Text))
    places = sa.bindparam("places", type_=sa.ARRAY(sa.BigInteger))
    here = RoleRow.name == sa.any_(roles), Staff.place_id == sa.any_(places)
    return direct.compiled(_on(sa.bindparam("today", type_=sa.Date)).where(*here))[0]


def staff(now: datetime) -> sa.Select[Any]:
    """Who holds which role where. A holder who has left must not hide the one above."""
    return _on(sa.literal(edge.today(now), sa.Date))


def _on(today: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(
            Staff.user_id,
            User.email,
            Staff.place_id,
            Place.path,
            Place.kind,
            RoleRow.name.label("role"),
        )
        .join(Place, Place.id == Staff.place_id)
        .join(assoc_user_role, assoc_user_role.c.user_id == Staff.user_id)
        .join(RoleRow, RoleRow.id == assoc_user_role.c.role_id)
        .join(User, User.id == Staff.user_id)
        .where(User.active.is_(True), _held(today))
    )


def _valid(now: datetime) -> sa.ColumnElement[bool]:
    return _held(sa.literal(edge.today(now), sa.Date))


def _held(today: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(Staff.since <= today, sa.or_(Staff.until.is_(None), Staff.until >= today))
