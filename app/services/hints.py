"""What an administrator should look after: what isn't set up, and machinery that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role
from sqlalchemy.orm import Session, aliased

from app import models as m
from app.models import PlaceKind
from app.permissions import Role
from app.services import adjustments, edge, health

SHOWN = 3
STALE = 300.0
"""Seconds after which a deadline that nobody has looked at means that no sweep is running."""
PLACELESS = frozenset({Role.ADMIN, Role.WORKFLOW_ADMIN})
"""They need no place to work."""


@dataclass(frozen=True, slots=True)
class Hint:
    """``key`` says what it is; ``names`` are the first few of ``count``."""

    key: str
    count: int
    names: tuple[str, ...] = ()


def hints(session: Session, now: datetime) -> list[Hint]:
    """What is amiss, most pressing first; five small statements."""
    today = edge.today(now)
    late = health.backlog(session, now)
    found = [
        Hint("stale", late.clocks) if late.clock_seconds > STALE else None,
        Hint("dead", late.dead) if late.dead else None,
        _calendar(session, now),
        _unpublished(session),
        _places(session),
        _communities(session, today),
        _logins(session, today),
    ]
    return [hint for hint in found if hint is not None]


def _hint(key: str, names: list[str]) -> Hint | None:
    return Hint(key, len(names), tuple(names[:SHOWN])) if names else None


def _calendar(session: Session, now: datetime) -> Hint | None:
    """From November on: the next year's holidays are not known yet."""
    year = adjustments.unannounced(session, now)
    return None if year is None else Hint("calendar", year)


def _unpublished(session: Session) -> Hint | None:
    query = sa.select(m.Workflow.label_zh).where(
        m.Workflow.current_id.is_(None), m.Workflow.retired_at.is_(None)
    )
    return _hint("unpublished", list(session.scalars(query.order_by(m.Workflow.key))))


def _places(session: Session) -> Hint | None:
    there = session.scalar(sa.select(sa.exists().where(m.Place.kind == PlaceKind.COMMUNITY)))
    return None if there else Hint("no_places", 1)


def _communities(session: Session, today: date) -> Hint | None:
    """Communities where nobody may reply: no valid login holds the secretary's role there."""
    above = aliased(m.Place)
    held = (
        sa.select(m.Staff.id)
        .join(above, above.id == m.Staff.place_id)
        .join(User, sa.and_(User.id == m.Staff.user_id, User.active))
        .join(assoc_user_role, assoc_user_role.c.user_id == m.Staff.user_id)
        .join(RoleRow, RoleRow.id == assoc_user_role.c.role_id)
        .where(
            above.id == m.Place.id,
            RoleRow.name == Role.SECRETARY,
            *_valid(today),
        )
        .correlate(m.Place)
        .exists()
    )
    query = sa.select(m.Place.name).where(m.Place.kind == PlaceKind.COMMUNITY, ~held)
    return _hint("no_secretary", list(session.scalars(query.order_by(m.Place.path))))


def _logins(session: Session, today: date) -> Hint | None:
    """Logins that see nothing: active, but bound to no place, or without a role."""
    bound = sa.select(m.Staff.id).where(m.Staff.user_id == User.id, *_valid(today))
    held = (
        sa.select(RoleRow.id)
        .join(assoc_user_role, assoc_user_role.c.role_id == RoleRow.id)
        .where(assoc_user_role.c.user_id == User.id)
        .correlate(User)
    )
    placeless = held.where(RoleRow.name.in_(sorted(PLACELESS)))
    query = sa.select(User.username).where(
        User.active,
        sa.or_(~held.exists(), sa.and_(~bound.correlate(User).exists(), ~placeless.exists())),
    )
    return _hint("no_place", list(session.scalars(query.order_by(User.username).limit(1000))))


def _valid(today: date) -> tuple[sa.ColumnElement[bool], ...]:
    return m.Staff.since <= today, sa.or_(m.Staff.until.is_(None), m.Staff.until >= today)
