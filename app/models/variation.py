"""What was in force where and from when, and what places have otherwise than their template."""

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
    Text,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.place import Place
from app.models.workflow import Workflow, WorkflowVersion


class PublicationKind(enum.StrEnum):
    PUBLISHED = "published"
    RESTORED = "restored"
    """An earlier version was put in force again."""
    RETIRED = "retired"
    REVIVED = "revived"
    FOLLOWED = "followed"
    """A place's version made anew because its template changed."""


class Publication(Base):
    """What new cases began on from ``at`` on. The database refuses to change or delete one.

    ``place_id`` None: the template; else the place's own version. ``version_id`` None: nothing
    was in force any more there (retired; of a place: back to the template).
    """

    __tablename__ = "publication"
    __table_args__ = (
        sa.Index("ix_publication_workflow_id_place_id", "workflow_id", "place_id", "id"),
    )

    id: Mapped[Id]
    workflow_id: Mapped[int] = reference("workflow.id", index=False)
    place_id: Mapped[int | None] = reference("place.id")
    version_id: Mapped[int | None] = reference("workflow_version.id")
    kind: Mapped[PublicationKind] = mapped_column(enum_by_value(PublicationKind))
    note: Mapped[Text] = mapped_column(default="", server_default="")
    at: Mapped[Instant]
    by_id: Mapped[int | None] = user_reference()

    workflow: Mapped[Workflow] = relationship(Workflow)
    place: Mapped[Place | None] = relationship()
    version: Mapped[WorkflowVersion | None] = relationship(WorkflowVersion)
    by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.kind}"


class Variation(Base):
    """A place's own form of a workflow. It holds for cases of the place and of all below it, but
    for those of a place nearer by."""

    __tablename__ = "variation"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "place_id"),)

    id: Mapped[Id]
    workflow_id: Mapped[int] = reference("workflow.id", index=False)
    place_id: Mapped[int] = reference("place.id")
    changes: Mapped[Json]
    """What is saved, published or not: ``app.workflows.variation.Changes``."""
    published: Mapped[Json]
    """The changes that are in force, which follow the template."""
    counter: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counted up by every saving; two editors notice each other by it."""
    current_id: Mapped[int | None] = reference("workflow_version.id")
    """The place's version in force; None: not published, or withdrawn."""
    problems: Mapped[JsonList]
    """Why it could not follow its template's newest version, in zh and en; empty: it did."""
    changed_at: Mapped[Instant]
    changed_by_id: Mapped[int | None] = user_reference()

    workflow: Mapped[Workflow] = relationship(Workflow)
    place: Mapped[Place] = relationship()
    current: Mapped[WorkflowVersion | None] = relationship(WorkflowVersion)
    changed_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return str(self.place)
