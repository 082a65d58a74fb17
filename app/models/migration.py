"""Running cases moved to another version of their workflow, and back again."""

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
    Short,
    Text,
    UTCDateTime,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.case import Case
from app.models.job import Job
from app.models.workflow import Workflow, WorkflowVersion


class ClockRule(enum.StrEnum):
    """What becomes of a clock whose time has changed."""

    KEEP = "keep"
    RESTART = "restart"
    SHIFT = "shift"


class Migration(Base):
    """One move of many cases. The database lets nothing of it be changed but which jobs do it and
    that it was undone, once."""

    __tablename__ = "migration"

    id: Mapped[Id]
    workflow_id: Mapped[int] = reference("workflow.id")
    target_id: Mapped[int] = reference("workflow_version.id")
    mapping: Mapped[Json]
    """By name of the version that cases come from (``3``, ``2@17`` for a place's): for each state
    the new one; null: they stay."""
    clocks: Mapped[ClockRule] = mapped_column(enum_by_value(ClockRule))
    reason: Mapped[Text]
    running: Mapped[int]
    """How many cases ran on those versions when it began."""
    at: Mapped[Instant]
    actor_id: Mapped[int | None] = user_reference()
    actor_name: Mapped[Short]
    job_id: Mapped[int | None] = reference("job.id", ondelete="SET NULL")
    """None: done from the command line, or tidied away."""
    undo_job_id: Mapped[int | None] = reference("job.id", ondelete="SET NULL")
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undone_name: Mapped[Short] = mapped_column(default="", server_default="")

    workflow: Mapped[Workflow] = relationship()
    target: Mapped[WorkflowVersion] = relationship()
    actor: Mapped[User | None] = relationship(User)
    job: Mapped[Job | None] = relationship(foreign_keys=[job_id])
    undo_job: Mapped[Job | None] = relationship(foreign_keys=[undo_job_id])

    @property
    def sources(self) -> list[str]:
        """Names of the versions that cases come from."""
        return sorted(self.mapping)

    def __str__(self) -> str:
        return f"#{self.id}"


class MoveOutcome(enum.StrEnum):
    MOVED = "moved"
    LEFT = "left"
    """There was nothing to do: it had ended, or was no longer on that version."""
    REFUSED = "refused"
    """It could not be done, and ``text`` says why."""


class Migrated(Base):
    """What a migration, or its undoing, did with a case. Append-only."""

    __tablename__ = "migrated"
    __table_args__ = (
        sa.UniqueConstraint("migration_id", "case_id", "undo"),
        sa.Index("ix_migrated_migration_id_outcome", "migration_id", "undo", "outcome", "id"),
    )

    id: Mapped[Id]
    migration_id: Mapped[int] = reference("migration.id", index=False)
    case_id: Mapped[int] = reference("case.id")
    undo: Mapped[Flag]
    outcome: Mapped[MoveOutcome] = mapped_column(enum_by_value(MoveOutcome))
    text: Mapped[Json]
    """What changed but the state, or why it was not moved, in both languages."""
    seq: Mapped[int | None]
    """Of the event: nothing has happened since as long as the case's is the same."""
    before: Mapped[Json]
    """The case's version, state, data and clocks, so that they can be put back."""
    at: Mapped[Instant]

    migration: Mapped[Migration] = relationship()
    case: Mapped[Case] = relationship()

    def __str__(self) -> str:
        return f"{self.migration_id}/{self.case_id}"
