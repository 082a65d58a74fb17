"""Renovation consultation: rule sets, the frozen roll, schemes, opinions, results."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Area,
    Base,
    Created,
    Flag,
    Id,
    Instant,
    Keys,
    KeyText,
    Short,
    Text,
    UTCDateTime,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.case import Attachment, Case
from app.models.estate import Unit
from app.models.place import Place


class RuleSet(Base):
    """Thresholds as data, each with its legal or local basis. A threshold is an exact fraction;
    ``…_inclusive`` tells ≥ (以上) from > (过半数, 超过): Civil Code, article 1259."""

    __tablename__ = "rule_set"
    __table_args__ = (
        sa.CheckConstraint(
            "participation_over > 0 AND participation BETWEEN 0 AND participation_over",
            name="participation_fraction",
        ),
        sa.CheckConstraint(
            "approval_over > 0 AND approval BETWEEN 0 AND approval_over", name="approval_fraction"
        ),
    )

    id: Mapped[Id]
    key: Mapped[KeyText] = mapped_column(unique=True)
    label_zh: Mapped[Short]
    label_en: Mapped[Short] = mapped_column(default="", server_default="")
    basis_zh: Mapped[Text]
    basis_en: Mapped[Text] = mapped_column(default="", server_default="")
    participation: Mapped[int]
    participation_over: Mapped[int]
    participation_inclusive: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    approval: Mapped[int]
    approval_over: Mapped[int]
    approval_inclusive: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    approving: Mapped[Keys]
    """Stances that count as approval; a conditional yes is none unless listed here."""
    matters: Mapped[Text] = mapped_column(default="", server_default="")

    def __str__(self) -> str:
        return self.label_zh


class Consultation(Base):
    """A consultation's own columns. ``scope_id`` is the electorate's place: a compound, a
    building, or one entrance."""

    __tablename__ = "consultation"

    case_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("case.id", ondelete="RESTRICT"), primary_key=True
    )
    scope_id: Mapped[int] = reference("place.id")
    rule_set_id: Mapped[int] = reference("rule_set.id")
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The rule set as it was when the roll was frozen: what counts from then on."""
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    frozen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The four figures with numerators, denominators and thresholds, frozen with their inputs."""
    result_hash: Mapped[str | None] = mapped_column(sa.String(64))
    result_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    case: Mapped[Case] = relationship()
    scope: Mapped[Place] = relationship()
    rule_set: Mapped[RuleSet] = relationship()

    def __str__(self) -> str:
        return str(self.case)


class Scheme(Base):
    """A plan put before the households; a material change is a new version."""

    __tablename__ = "scheme"
    __table_args__ = (sa.UniqueConstraint("consultation_id", "version"),)

    id: Mapped[Id]
    consultation_id: Mapped[int] = reference("consultation.case_id", index=False)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    title: Mapped[Short]
    text: Mapped[Text]
    written_at: Mapped[Created]
    written_by_id: Mapped[int | None] = user_reference()

    consultation: Mapped[Consultation] = relationship()
    written_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.title


class RollHead(Base):
    """One head of the frozen roll: an owner, or the same set of co-owners, with all their units.

    Condominium interpretation (2020), article 9: a unit is one person, an owner of several units
    counts once, the developer's unsold units together count once.
    """

    __tablename__ = "roll_head"
    __table_args__ = (sa.UniqueConstraint("consultation_id", "owners"),)

    id: Mapped[Id]
    consultation_id: Mapped[int] = reference("consultation.case_id", index=False)
    owners: Mapped[str] = mapped_column(sa.String(400))
    """Owner ids, ascending, joined by ``+``; ``developer`` for all units of developers; ``unit:N``
    where no owner is on record."""
    name: Mapped[Short]
    area: Mapped[Decimal] = mapped_column(sa.Numeric(14, 2))

    consultation: Mapped[Consultation] = relationship()

    def __str__(self) -> str:
        return self.name


class RollUnit(Base):
    """A unit on the frozen roll, with the area that it had then."""

    __tablename__ = "roll_unit"
    __table_args__ = (sa.UniqueConstraint("consultation_id", "unit_id"),)

    id: Mapped[Id]
    consultation_id: Mapped[int] = reference("consultation.case_id", index=False)
    head_id: Mapped[int] = reference("roll_head.id")
    unit_id: Mapped[int] = reference("unit.id")
    label: Mapped[str] = mapped_column(sa.String(100))
    area: Mapped[Area]

    consultation: Mapped[Consultation] = relationship()
    head: Mapped[RollHead] = relationship()
    unit: Mapped[Unit] = relationship()

    def __str__(self) -> str:
        return self.label


class Voice(enum.StrEnum):
    """What a visit or a ballot brought."""

    AGREE = "agree"
    CONDITION = "condition"
    DISAGREE = "disagree"
    ABSTAIN = "abstain"
    REFUSED = "refused"
    """Would not say: neither a vote nor taking part."""
    AWAY = "away"
    """Nobody at home."""


class Opinion(Base):
    """What a head said, by version; the newest version that is a vote counts. The database refuses
    UPDATE of anything but ``latest`` and any DELETE.

    ``household`` names one of several households of a shared flat: it is heard and recorded, and
    does not count (``counts`` false).
    """

    __tablename__ = "opinion"
    __table_args__ = (
        sa.Index(
            "uq_opinion_latest",
            "head_id",
            unique=True,
            postgresql_where=sa.text("latest AND counts"),
        ),
        sa.Index("ix_opinion_consultation_id_unit_id", "consultation_id", "unit_id", "id"),
    )

    id: Mapped[Id]
    consultation_id: Mapped[int] = reference("consultation.case_id", index=False)
    head_id: Mapped[int] = reference("roll_head.id")
    unit_id: Mapped[int] = reference("unit.id")
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    scheme_id: Mapped[int | None] = reference("scheme.id")
    voice: Mapped[Voice] = mapped_column(enum_by_value(Voice))
    counts: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    household: Mapped[Short] = mapped_column(default="", server_default="")
    reason: Mapped[Text] = mapped_column(default="", server_default="")
    next_visit: Mapped[date | None]
    visited_by_id: Mapped[int | None] = user_reference()
    at: Mapped[Instant]
    latest: Mapped[Flag]
    attachment_id: Mapped[int | None] = reference("attachment.id")

    consultation: Mapped[Consultation] = relationship()
    head: Mapped[RollHead] = relationship()
    unit: Mapped[Unit] = relationship()
    scheme: Mapped[Scheme | None] = relationship()
    visited_by: Mapped[User | None] = relationship(User)
    attachment: Mapped[Attachment | None] = relationship(Attachment)

    def __str__(self) -> str:
        return f"{self.unit_id}: {self.voice}"
