"""What a login has beyond FAB's user: language, sessions that can be ended, and an audit trail."""

from __future__ import annotations

import enum
from datetime import datetime, time

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Id,
    Instant,
    Json,
    Short,
    UTCDateTime,
    enum_by_value,
    user_reference,
)


class Account(Base):
    """One row per user, made when something is first to be kept."""

    __tablename__ = "account"

    user_id: Mapped[int] = mapped_column(
        sa.Integer, sa.ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True
    )
    language: Mapped[str] = mapped_column(sa.String(5), default="", server_default="")
    """Language of screens and notices; empty: the site's."""
    phone: Mapped[str] = mapped_column(sa.String(30), default="", server_default="")
    quiet_from: Mapped[time | None]
    """From then until ``quiet_until``, local time, nothing is sent but to the bell."""
    quiet_until: Mapped[time | None]
    urgent_anyway: Mapped[bool] = mapped_column(sa.Boolean, default=True, server_default=sa.true())
    """Urgent notices break the quiet hours."""
    digest_at: Mapped[time] = mapped_column(default=time(18), server_default=sa.text("'18:00'"))
    """When the daily digest is sent, local time."""

    user: Mapped[User] = relationship(User)

    def __str__(self) -> str:
        return str(self.user_id)


class LoginSession(Base):
    """A signed-in browser. The cookie holds a random token, this row its SHA-256: signing out or
    changing the password ends the row, and with it every copy of the cookie."""

    __tablename__ = "login_session"

    token: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int] = user_reference(ondelete="CASCADE")
    started_at: Mapped[Instant]
    expires_at: Mapped[Instant] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    address: Mapped[Short] = mapped_column(default="", server_default="")
    browser: Mapped[Short] = mapped_column(default="", server_default="")

    user: Mapped[User] = relationship(User)

    def __str__(self) -> str:
        return self.browser


class AccessKind(enum.StrEnum):
    LOGIN = "login"
    FAILED = "failed"
    """A wrong password, or a name that nobody has."""
    LOGOUT = "logout"
    PASSWORD = "password"  # noqa: S105  a kind of event
    EXPORT = "export"
    REVEAL = "reveal"
    """A masked number was shown in full."""
    SEARCH = "search"
    """Somebody was looked up by the digits of their number, and found."""


class AccessEvent(Base):
    """Who came in, and who took personal data out. Written, never changed."""

    __tablename__ = "access_event"

    id: Mapped[Id]
    at: Mapped[Instant] = mapped_column(index=True)
    kind: Mapped[AccessKind] = mapped_column(enum_by_value(AccessKind))
    user_id: Mapped[int | None] = user_reference(ondelete="SET NULL")
    username: Mapped[str] = mapped_column(sa.String(128), default="", server_default="")
    """As typed or as it was then: it outlives the user."""
    address: Mapped[Short] = mapped_column(default="", server_default="")
    detail: Mapped[Json]

    user: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return f"{self.kind} {self.username}"
