"""Who a notice goes to: roles up the place tree, parties, people of the case."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role

from app.models import Attendance, Place, Staff
from app.services import edge
from app.services.providers import Step

_user = User.__table__
_ACTIVE = sa.select(_user.c.id, _user.c.email).where(
    _user.c.active.is_(True),
    _user.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Integer))),
)


@dataclass(frozen=True, slots=True)
class Recipient:
    user_id: int
    email: str


def resolve(step: Step, names: tuple[str, ...]) -> list[Recipient]:
    """The people behind ``names``, each once; the one who acted is told nothing new and left out.

    ``role:X`` finds the holders of X bound to the case's place or the nearest place above it that
    has one; ``above:X`` starts above the case's community. Nobody found: an empty list.
    """
    ids: set[int] = set()
    for name in names:
        ids |= _ids(step, name)
    ids.discard(step.actor.user_id or -1)
    known = step.memo.setdefault("recipients", {})
    known.update({int(i): Recipient(int(i), mail) for i, mail in step.case.people.items()})
    if unknown := ids - known.keys():
        rows = step.session.connection().execute(_ACTIVE, {"ids": list(unknown)})
        known.update(dict.fromkeys(unknown))
        known.update({user_id: Recipient(user_id, email or "") for user_id, email in rows})
    return [known[user_id] for user_id in sorted(ids) if known[user_id] is not None]


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
    if name == "party":
        return members(step, {case.party_id} if case.party_id else set())
    if name == "invited":
        return _invited(step)
    if name.startswith("field."):
        return _field(step, name.removeprefix("field."))
    return set()


def _field(step: Step, key: str) -> set[int]:
    spec = next((f for f in step.spec.fields if f.key == key), None)
    value = step.data.get(key)
    if spec is None or value in (None, "", []):
        return set()
    values = {int(v) for v in (value if isinstance(value, list) else [value])}
    return values if spec.type == "person" else members(step, values)


def _invited(step: Step) -> set[int]:
    """Those on a meeting's list who have a login."""
    query = sa.select(Attendance.user_id).where(
        Attendance.meeting_id == step.case.id, Attendance.user_id.is_not(None)
    )
    return {user_id for user_id in step.session.scalars(query) if user_id is not None}


def members(step: Step, parties: set[int]) -> set[int]:
    """Users who speak for one of the parties today."""
    if not parties:
        return set()
    asked = ("members", frozenset(parties))
    if asked not in step.memo:
        query = sa.select(Staff.user_id).where(Staff.party_id.in_(parties), _valid(step))
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
    rows = step.session.execute(
        sa.select(Staff.user_id, Place.path, Place.kind)
        .join(Place, Place.id == Staff.place_id)
        .join(assoc_user_role, assoc_user_role.c.user_id == Staff.user_id)
        .join(RoleRow, RoleRow.id == assoc_user_role.c.role_id)
        .join(User, User.id == Staff.user_id)
        # a holder who has left must not hide the one above
        .where(RoleRow.name == role, User.active.is_(True), _valid(step), on_the_way)
    ).all()
    if above:
        rows = [row for row in rows if row.kind in ("subdistrict", "district")]
    nearest = max((len(row.path) for row in rows), default=0)
    return {row.user_id for row in rows if len(row.path) == nearest}


def _valid(step: Step) -> sa.ColumnElement[bool]:
    today = edge.today(step.now)
    return sa.and_(Staff.since <= today, sa.or_(Staff.until.is_(None), Staff.until >= today))
