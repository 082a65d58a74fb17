"""What a grievance has beyond a case."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Flag,
    Short,
    Text,
    UTCDateTime,
    enum_by_value,
    reference,
)
from app.models.case import Case
from app.models.place import Person


class Source(enum.StrEnum):
    """How a grievance came in."""

    WEB = "web"
    PHONE = "phone"
    VISIT = "visit"
    CHAT = "chat"
    PATROL = "patrol"
    PROPERTY = "property"
    HOTLINE = "hotline"


class Grievance(Base):
    """What a grievance has beyond a case: who raised it, how, and the stars."""

    __tablename__ = "grievance"
    __table_args__ = (
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="stars_in_range"),
        # Staff look a caller up by the last digits of the number.
        sa.Index("ix_grievance_phone_tail", sa.text('"right"(phone, 4)')),
        sa.Index(
            "ix_grievance_rated_at", "rated_at", postgresql_where=sa.text("rated_at IS NOT NULL")
        ),
    )

    case_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("case.id", ondelete="RESTRICT"), primary_key=True
    )
    source: Mapped[Source] = mapped_column(enum_by_value(Source))
    person_id: Mapped[int | None] = reference("person.id")
    reporter: Mapped[Short] = mapped_column(default="", server_default="")
    phone: Mapped[str] = mapped_column(sa.String(30), default="", server_default="", index=True)
    email: Mapped[Short] = mapped_column(default="", server_default="")
    messages: Mapped[Flag]
    """Whether the resident wants to be told by e-mail or text message."""
    address: Mapped[Short] = mapped_column(default="", server_default="")
    stars: Mapped[int | None]
    comment: Mapped[Text] = mapped_column(default="", server_default="")
    rated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    case: Mapped[Case] = relationship()
    person: Mapped[Person | None] = relationship()

    def __str__(self) -> str:
        return self.reporter
