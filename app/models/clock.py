"""Deadlines of cases."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Flag,
    Id,
    Instant,
    Json,
    JsonList,
    KeyText,
    UTCDateTime,
    enum_by_value,
    reference,
)
from app.models.case import Case


class ClockStatus(enum.StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Clock(Base):
    """A deadline of a case in one round. ``log`` is the list of what happened to it; ``due_at``,
    ``next_at`` and ``next_level`` are derived from rule, log and calendar by workflows.clocks."""

    __tablename__ = "clock"
    __table_args__ = (
        sa.UniqueConstraint("case_id", "key", "round"),
        # The sweep: which levels are due now.
        sa.Index("ix_clock_next_at", "next_at", postgresql_where=sa.text("next_at IS NOT NULL")),
    )

    id: Mapped[Id]
    case_id: Mapped[int] = reference("case.id", index=False)
    key: Mapped[KeyText]
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    label: Mapped[Json]
    status: Mapped[ClockStatus] = mapped_column(enum_by_value(ClockStatus))
    log: Mapped[JsonList]
    started_at: Mapped[Instant]
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    provisional: Mapped[Flag]
    """The due time leans on a year whose holidays are not announced yet."""
    next_level: Mapped[int] = mapped_column(default=0, server_default="0")
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    extended: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many extensions were granted in this round: a promise kept only so is counted apart."""
    asked: Mapped[Flag]
    """An extension was asked for, and nobody has decided yet."""

    case: Mapped[Case] = relationship()

    def __str__(self) -> str:
        return f"{self.key} #{self.round}"
