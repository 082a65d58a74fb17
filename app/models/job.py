"""Work that takes longer than people wait: what is to be done, how far it is, what came of it."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Flag,
    Id,
    Instant,
    Json,
    KeyText,
    Short,
    UTCDateTime,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.place import Place


class JobState(enum.StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Base):
    """A long piece of work. ``cursor`` is where the next batch begins, written in the transaction
    that did the batch before it: a worker that takes the job up neither repeats nor leaves out."""

    __tablename__ = "job"
    __table_args__ = (
        # What may be claimed, and what is under way: few rows, however many have ended.
        sa.Index(
            "ix_job_next_at",
            "next_at",
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        ),
        sa.Index(
            "ix_job_owner_open",
            "owner_id",
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        ),
        sa.Index("ix_job_owner_id_id", "owner_id", "id"),
        sa.Index("ix_job_ended_at", "ended_at"),
    )

    id: Mapped[Id]
    kind: Mapped[KeyText]
    label: Mapped[Json]
    """What it is, for its owner, in both languages: "Export: Units"."""
    owner_id: Mapped[int] = user_reference(index=False)
    place_id: Mapped[int | None] = reference("place.id")
    parameters: Mapped[Json]
    state: Mapped[JobState] = mapped_column(
        enum_by_value(JobState), default=JobState.WAITING, server_default="waiting"
    )
    cursor: Mapped[Json]
    total: Mapped[int | None]
    """None: not known yet."""
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    failed: Mapped[int] = mapped_column(default=0, server_default="0")
    """Of those done, the ones that came to nothing."""
    message: Mapped[Json]
    """In both languages: what it is at, or how it ended and what to do."""
    result: Mapped[Json]
    """What came of it; ``file``: a file of the job's folder with ``name`` and ``type``."""
    claim: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was taken up: tells a worker that holds it from one whose lease ran out."""
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """Times it was taken up since it last got on."""
    stop: Mapped[Flag]
    """Its owner wants it cancelled."""
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When it may be claimed (again); the end of the present lease."""
    created_at: Mapped[Instant]
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    owner: Mapped[User] = relationship(User)
    place: Mapped[Place | None] = relationship()

    def __str__(self) -> str:
        return str(self.label.get("zh", ""))


class JobOutcome(enum.StrEnum):
    DONE = "done"
    SAME = "same"
    """Nothing had to be changed."""
    NOTED = "noted"
    """All right, but somebody should look at it."""
    FAILED = "failed"


class JobItem(Base):
    """What became of one of many: a row of a sheet, a case. ``number`` is the row or the id."""

    __tablename__ = "job_item"
    __table_args__ = (sa.Index("ix_job_item_job_id_outcome_id", "job_id", "outcome", "id"),)

    id: Mapped[Id]
    job_id: Mapped[int] = reference("job.id", ondelete="CASCADE", index=False)
    number: Mapped[int] = mapped_column(sa.BigInteger)
    name: Mapped[Short] = mapped_column(default="", server_default="")
    outcome: Mapped[JobOutcome] = mapped_column(enum_by_value(JobOutcome))
    field: Mapped[Short] = mapped_column(default="", server_default="")
    """The column of the sheet that it is about; empty: all of it."""
    text: Mapped[Json]
    """Why, and what to do, in both languages."""

    job: Mapped[Job] = relationship()

    def __str__(self) -> str:
        return self.name or str(self.number)
