"""Signed-in browsers, on the server's side: what a cookie is worth is decided by a row."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Group, User
from sqlalchemy.orm import Session, joinedload, selectinload

from app.models import AccessEvent, AccessKind, Account, LoginSession


def hashed(token: str) -> str:
    """What the database keeps of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def start(
    session: Session, user: User, *, now: datetime, hours: int, origin: tuple[str, str]
) -> str:
    """A new session; returns the token for the cookie. ``origin`` is address and browser."""
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token=hashed(token),
            user_id=user.id,
            started_at=now,
            expires_at=now + timedelta(hours=hours),
            address=origin[0][:200],
            browser=origin[1][:200],
        )
    )
    session.execute(
        sa.delete(LoginSession).where(LoginSession.expires_at < now - timedelta(days=30))
    )
    return token


def end(session: Session, token: str, *, now: datetime) -> None:
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.token == hashed(token), LoginSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_all(session: Session, user_id: int, *, now: datetime, but: str = "") -> None:
    """End every session of the user, except the one with the token ``but``."""
    session.execute(
        sa.update(LoginSession)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.ended_at.is_(None),
            LoginSession.token != hashed(but),
        )
        .values(ended_at=now)
    )


def user_of(session: Session, user_id: int, token: str, *, now: datetime) -> User | None:
    """The active user whose live session this is, with roles; one statement."""
    found: User | None = (
        session.execute(
            sa.select(User)
            .join(LoginSession, LoginSession.user_id == User.id)
            .where(
                User.id == user_id,
                User.active,
                LoginSession.token == hashed(token),
                LoginSession.ended_at.is_(None),
                LoginSession.expires_at > now,
            )
            .options(
                joinedload(User.roles),
                joinedload(User.groups).joinedload(Group.roles),
            )
        )
        .unique()
        .scalar_one_or_none()
    )
    return found


def user_with_roles(session: Session, user_id: int) -> User | None:
    return session.get(User, user_id, options=[selectinload(User.roles), selectinload(User.groups)])


def language_of(session: Session, user_id: int) -> str:
    """The language that the user chose; empty for none."""
    found = session.scalar(sa.select(Account.language).where(Account.user_id == user_id))
    return found or ""


def choose_language(session: Session, user_id: int, language: str) -> None:
    account = session.get(Account, user_id)
    if account is None:
        session.add(Account(user_id=user_id, language=language))
    else:
        account.language = language


def record(
    session: Session,
    kind: AccessKind,
    *,
    now: datetime,
    user: User | None,
    address: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add a row to the access trail. ``detail["username"]`` names who has no user row."""
    extra = dict(detail or {})
    username = extra.pop("username", "") if user is None else user.username
    session.add(
        AccessEvent(
            at=now,
            kind=kind,
            user_id=None if user is None else user.id,
            username=str(username)[:128],
            address=address[:200],
            detail=extra,
        )
    )


def live(session: Session, user_id: int, *, now: datetime) -> list[LoginSession]:
    """The browsers that the user is signed in with, newest first."""
    query = (
        sa.select(LoginSession)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
        )
        .order_by(LoginSession.started_at.desc())
        .limit(20)
    )
    return list(session.scalars(query))
