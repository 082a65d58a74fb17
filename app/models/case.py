"""Cases, their history, its seals, and their files."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Created,
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
from app.models.place import Party, Place
from app.models.workflow import WorkflowVersion


class Case(Base):
    """Anything that moves through a workflow. ``state`` and all that depends on it are written by
    services.cases alone, under ``row_version``; no form edits them."""

    __tablename__ = "case"
    __table_args__ = (
        # My work: what is on my desk, most urgent first.
        sa.Index(
            "ix_case_assignee_open",
            "assignee_id",
            "due_at",
            "id",
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        sa.Index(
            "ix_case_party_open",
            "party_id",
            "due_at",
            "id",
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        sa.Index(
            "ix_case_place_open",
            "place_id",
            "due_at",
            "id",
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        # Whoever does a part sees the whole: the parents of a party's parts.
        sa.Index(
            "ix_case_party_parent",
            "party_id",
            "parent_id",
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_case_urgent_open",
            "id",
            postgresql_where=sa.text("closed_at IS NULL AND data ->> 'urgency' = 'urgent'"),
        ),
        # Lists of those who see everything: by time left, by category.
        sa.Index("ix_case_due_open", "due_at", "id", postgresql_where=sa.text("closed_at IS NULL")),
        sa.Index("ix_case_category", sa.text("(data ->> 'category')"), "id"),
        sa.Index("ix_case_cancelled", "id", postgresql_where=sa.text("state_kind = 'cancelled'")),
        # Lists of one leg, newest first.
        sa.Index("ix_case_leg_id", "leg", "id"),
        sa.Index("ix_case_place_leg_id", "place_id", "leg", "id"),
        # Figures: what came in and what ended, by time.
        sa.Index("ix_case_opened_at", "opened_at"),
        sa.Index(
            "ix_case_closed_at", "closed_at", postgresql_where=sa.text("closed_at IS NOT NULL")
        ),
        sa.Index("ix_case_words", "words", postgresql_using="gin"),
        sa.CheckConstraint("parent_id <> id", name="no_own_parent"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(sa.String(30), unique=True)
    title: Mapped[Short]
    leg: Mapped[KeyText]
    workflow_id: Mapped[int] = reference("workflow.id")
    version_id: Mapped[int] = reference("workflow_version.id")
    state: Mapped[KeyText]
    state_label: Mapped[Json]
    """The state's label in zh and en as its version words it, so that lists need no spec."""
    state_kind: Mapped[KeyText]
    restricted_to: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    """Roles that may see the case in its present state; None: everybody in scope."""
    place_id: Mapped[int] = reference("place.id", index=False)
    party_id: Mapped[int | None] = reference("party.id", index=False)
    assignee_id: Mapped[int | None] = user_reference(index=False)
    creator_id: Mapped[int | None] = user_reference()
    parent_id: Mapped[int | None] = reference("case.id")
    child_key: Mapped[KeyText] = mapped_column(default="", server_default="")
    child_ref: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    """What of the parent this child stands for, e.g. ``party:7``: never spawned twice."""
    data: Mapped[Json]
    row_version: Mapped[int] = mapped_column(default=1, server_default="1")
    reopened: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """The nearest due time of the running clocks, for ordering."""
    token: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    """SHA-256 (hex) of the resident's tracking token; the token itself is never stored."""
    head: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"", server_default="")
    """Hash of the case's newest event: the next one is chained to it."""
    seq: Mapped[int] = mapped_column(default=0, server_default="0")
    words: Mapped[Any] = mapped_column(TSVECTOR, nullable=True)
    """Character bigrams of number, title and address, for search in Chinese."""
    demo: Mapped[Flag]

    version: Mapped[WorkflowVersion] = relationship(lazy="raise_on_sql")
    place: Mapped[Place] = relationship()
    party: Mapped[Party | None] = relationship()
    assignee: Mapped[User | None] = relationship(User, foreign_keys=[assignee_id])
    creator: Mapped[User | None] = relationship(User, foreign_keys=[creator_id])
    parent: Mapped[Case | None] = relationship(remote_side="Case.id")

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class EventKind(enum.StrEnum):
    OPENED = "opened"
    MOVED = "moved"
    NOTED = "noted"
    """A stay: something was recorded, the state is the same."""
    LEVEL = "level"
    """A deadline reached one of its levels."""
    CORRECTED = "corrected"
    MIGRATED = "migrated"
    """It moved to another version of its workflow, or back."""


class Event(Base):
    """History. The database refuses UPDATE, DELETE and TRUNCATE (a trigger of the migration);
    ``hash`` covers the row and the hash before it in the same case (services.audit)."""

    __tablename__ = "event"
    __table_args__ = (sa.UniqueConstraint("case_id", "seq"),)

    id: Mapped[Id]
    case_id: Mapped[int] = reference("case.id", index=False)
    seq: Mapped[int]
    at: Mapped[Instant]
    kind: Mapped[EventKind] = mapped_column(enum_by_value(EventKind))
    event: Mapped[KeyText]
    label: Mapped[Json]
    """The button's words in zh and en as they were then."""
    source: Mapped[KeyText]
    target: Mapped[KeyText]
    target_label: Mapped[Json]
    actor_kind: Mapped[KeyText]
    actor_id: Mapped[int | None] = user_reference()
    actor_name: Mapped[Short]
    """The name as it was then."""
    data: Mapped[Json]
    """What was filled in, which clocks moved, which children came: all that the event did."""
    before: Mapped[bytes] = mapped_column(sa.LargeBinary)
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary)

    actor: Mapped[User | None] = relationship(User)
    case: Mapped[Case] = relationship()

    def __str__(self) -> str:
        return f"{self.case_id}/{self.seq} {self.event}"


class Anchor(Base):
    """A seal over all events up to ``last_event_id``, chained to the anchor before it."""

    __tablename__ = "anchor"

    id: Mapped[Id]
    at: Mapped[Instant]
    first_event_id: Mapped[int] = mapped_column(sa.BigInteger)
    last_event_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    events: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary)

    def __str__(self) -> str:
        return f"#{self.id} ≤ {self.last_event_id}"


class Attachment(Base):
    """A file of a case. ``path`` is relative to the files folder, named by its content's hash."""

    __tablename__ = "attachment"

    id: Mapped[Id]
    case_id: Mapped[int] = reference("case.id")
    field: Mapped[KeyText] = mapped_column(default="", server_default="")
    name: Mapped[Short]
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    path: Mapped[Short]
    uploaded_at: Mapped[Created]
    uploaded_by_id: Mapped[int | None] = user_reference()

    case: Mapped[Case] = relationship()
    uploaded_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.name
