"""Who acts: a staff member, a resident with a tracking link, or the system."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.models import Place, Staff
from app.permissions import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody, with all that decides what they may see and do.

    ``places`` are the tree paths (``/1/5/``) that the valid staff bindings name, ``parties`` the
    parties that they speak for. A resident sees the one case whose token hash is ``token``; the
    system sees everything.
    """

    kind: Literal["user", "resident", "system"]
    name: str
    user_id: int | None = None
    roles: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()
    parties: frozenset[int] = field(default_factory=frozenset)
    token: str = ""

    @property
    def everywhere(self) -> bool:
        return self.kind == "system" or Role.ADMIN in self.roles


SYSTEM = Viewer(kind="system", name="system", roles=frozenset({"System"}))


def hashed(token: str) -> str:
    """What the database keeps of a tracking token."""
    return hashlib.sha256(token.encode()).hexdigest()


def resident(token: str, name: str = "") -> Viewer:
    """The resident who holds ``token``; whether any case has it is for the scope to find out."""
    return Viewer(kind="resident", name=name, roles=frozenset({"Resident"}), token=hashed(token))


def full_name(user: User) -> str:
    """Family name first and no space between Chinese characters, else as in English."""
    return name_of(user.first_name, user.last_name)


def name_of(given: str | None, family: str | None) -> str:
    """The same from the two columns alone."""
    first, last = given or "", family or ""
    if (first + last).isascii():
        return f"{first} {last}".strip()
    return f"{last}{first}"


def viewer(session: Session, user: User, *, today: date) -> Viewer:
    """The staff member behind a login, by the bindings that are valid ``today``; one statement
    beside the roles that FAB has loaded. An inactive login sees nothing."""
    if not user.is_active:
        return Viewer(kind="user", name=full_name(user), user_id=user.id)
    rows = session.execute(
        sa.select(Place.path, Staff.party_id)
        .join(Place, Place.id == Staff.place_id)
        .where(
            Staff.user_id == user.id,
            Staff.since <= today,
            sa.or_(Staff.until.is_(None), Staff.until >= today),
        )
    ).all()
    roles = {role.name for role in user.roles}
    roles |= {role.name for group in user.groups for role in group.roles}
    return Viewer(
        kind="user",
        name=full_name(user),
        user_id=user.id,
        roles=frozenset(roles),
        places=tuple(sorted({path for path, _ in rows})),
        parties=frozenset(party for _, party in rows if party is not None),
    )
