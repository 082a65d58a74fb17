"""Channels that are set up on a screen, and which of them each person wants for what."""

from __future__ import annotations

import enum

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Id,
    Instant,
    Json,
    JsonList,
    KeyText,
    Short,
    Text,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.place import Place


class Gateway(Base):
    """One group, provider or program that notices of a place go to; without a place it serves
    every place that has none of its own."""

    __tablename__ = "gateway"

    id: Mapped[Id]
    kind: Mapped[KeyText]
    name: Mapped[Short]
    place_id: Mapped[int | None] = reference("place.id")
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True, server_default=sa.true())
    settings: Mapped[Json]
    sealed: Mapped[Text] = mapped_column(default="", server_default="")
    """The secrets, encrypted (services.vault). Never shown."""
    recent: Mapped[JsonList]
    """Instants (seconds) of the latest messages, as many as its limits look back to."""
    changed_at: Mapped[Instant]
    changed_by_id: Mapped[int | None] = user_reference()

    place: Mapped[Place | None] = relationship()
    changed_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.name


class Mode(enum.StrEnum):
    NOW = "now"
    DIGEST = "digest"
    """Once a day, all in one."""
    NEVER = "never"


class Preference(Base):
    """What a person wants of one kind of notice by one channel. Without a row: as the workflow
    says. The bell has them all."""

    __tablename__ = "preference"

    user_id: Mapped[int] = mapped_column(
        sa.Integer, sa.ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True
    )
    topic: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    mode: Mapped[Mode] = mapped_column(enum_by_value(Mode))

    user: Mapped[User] = relationship(User)

    def __str__(self) -> str:
        return f"{self.topic} {self.channel}: {self.mode}"
