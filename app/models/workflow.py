"""Workflows: the editable draft as rows, and the frozen versions that cases run on."""

from __future__ import annotations

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Created,
    Flag,
    Id,
    Instant,
    Json,
    JsonList,
    Keys,
    KeyText,
    Short,
    Text,
    reference,
    user_reference,
)
from app.models.place import Place


class Workflow(Base):
    """A definition. Its rows ``draft_*`` are the draft; ``current_id`` is the published version
    that new cases begin on (None: never published, or retired since ``retired_at``)."""

    __tablename__ = "workflow"

    id: Mapped[Id]
    key: Mapped[KeyText] = mapped_column(unique=True)
    label_zh: Mapped[Short]
    label_en: Mapped[Short] = mapped_column(default="", server_default="")
    leg: Mapped[KeyText] = mapped_column(default="case", server_default="case")
    help_zh: Mapped[Text] = mapped_column(default="", server_default="")
    help_en: Mapped[Text] = mapped_column(default="", server_default="")
    start: Mapped[KeyText] = mapped_column(default="", server_default="")
    intake: Mapped[JsonList]
    """Form of the opening: list of ``{field, required}``."""
    openers: Mapped[Keys]
    notify: Mapped[Keys]
    current_id: Mapped[int | None] = mapped_column(
        sa.BigInteger,
        sa.ForeignKey("workflow_version.id", use_alter=True, ondelete="RESTRICT"),
        index=True,
    )
    retired_at: Mapped[Instant | None]
    vary: Mapped[Json]
    """What places may vary of the draft (``app.workflows.leeway``); empty: nothing."""
    place_id: Mapped[int | None] = reference("place.id")
    """The place that owns it: only there it may be edited and used. None: the whole system."""
    draft_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counted up by every change of the draft; two editors notice each other by it."""
    drafted_at: Mapped[Instant | None]
    drafted_by_id: Mapped[int | None] = user_reference(ondelete="SET NULL")
    """Who changed the draft last, and when."""
    positions: Mapped[Json]
    """Where the designer's picture of the draft has its states: ``{key: [x, y]}``. No part of the
    workflow: neither in its file nor in its checksum."""

    states: Mapped[list[DraftState]] = relationship(
        back_populates="workflow", order_by="DraftState.position", cascade="all, delete-orphan"
    )
    transitions: Mapped[list[DraftTransition]] = relationship(
        back_populates="workflow", order_by="DraftTransition.position", cascade="all, delete-orphan"
    )
    deadlines: Mapped[list[DraftDeadline]] = relationship(
        back_populates="workflow", order_by="DraftDeadline.position", cascade="all, delete-orphan"
    )
    notices: Mapped[list[DraftNotice]] = relationship(
        back_populates="workflow", order_by="DraftNotice.position", cascade="all, delete-orphan"
    )
    fields: Mapped[list[DraftField]] = relationship(
        back_populates="workflow", order_by="DraftField.position", cascade="all, delete-orphan"
    )
    children: Mapped[list[DraftChild]] = relationship(
        back_populates="workflow", order_by="DraftChild.position", cascade="all, delete-orphan"
    )
    tests: Mapped[list[DraftTest]] = relationship(
        back_populates="workflow", order_by="DraftTest.position", cascade="all, delete-orphan"
    )
    current: Mapped[WorkflowVersion | None] = relationship(
        foreign_keys=[current_id], post_update=True
    )
    place: Mapped[Place | None] = relationship()
    drafted_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.label_zh


class WorkflowVersion(Base):
    """A published version. The database refuses to change or delete one.

    Numbers are counted per workflow and place: those without a place are the template's own.
    """

    __tablename__ = "workflow_version"
    __table_args__ = (
        sa.UniqueConstraint(
            "workflow_id", "place_id", "number", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[Id]
    workflow_id: Mapped[int] = reference("workflow.id")
    place_id: Mapped[int | None] = reference("place.id")
    """Whose variation it is; None: the template."""
    based_on_id: Mapped[int | None] = reference("workflow_version.id")
    """The template's version that a place's version was made from."""
    number: Mapped[int]
    spec: Mapped[Json]
    checksum: Mapped[str] = mapped_column(sa.String(64))
    note: Mapped[Text] = mapped_column(default="", server_default="")
    published_at: Mapped[Created]
    published_by_id: Mapped[int | None] = user_reference()

    workflow: Mapped[Workflow] = relationship(foreign_keys=[workflow_id])
    place: Mapped[Place | None] = relationship()
    based_on: Mapped[WorkflowVersion | None] = relationship(remote_side="WorkflowVersion.id")
    published_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}"


class _Draft(Base):
    """What the rows of a draft share."""

    __abstract__ = True

    id: Mapped[Id]
    workflow_id: Mapped[int] = reference("workflow.id", ondelete="CASCADE")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    key: Mapped[KeyText]
    label_zh: Mapped[Short]
    label_en: Mapped[Short] = mapped_column(default="", server_default="")

    def __str__(self) -> str:
        return self.label_zh


class DraftState(_Draft):
    __tablename__ = "draft_state"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "key"),)

    kind: Mapped[KeyText] = mapped_column(default="open", server_default="open")
    help_zh: Mapped[Text] = mapped_column(default="", server_default="")
    help_en: Mapped[Text] = mapped_column(default="", server_default="")
    visible_to: Mapped[Keys]

    workflow: Mapped[Workflow] = relationship(back_populates="states")


class DraftTransition(_Draft):
    """``source`` holds state keys, or the single entry ``*``; an empty ``target`` means stay."""

    __tablename__ = "draft_transition"

    source: Mapped[Keys]
    target: Mapped[KeyText] = mapped_column(default="", server_default="")
    roles: Mapped[Keys]
    relations: Mapped[Keys]
    when: Mapped[Json]
    form: Mapped[JsonList]
    effects: Mapped[JsonList]
    spawn: Mapped[Keys]
    notify: Mapped[Keys]
    confirm_zh: Mapped[Text] = mapped_column(default="", server_default="")
    confirm_en: Mapped[Text] = mapped_column(default="", server_default="")
    bulk: Mapped[Flag]
    primary: Mapped[Flag]

    workflow: Mapped[Workflow] = relationship(back_populates="transitions")


class DraftDeadline(_Draft):
    """``within`` and the levels' ``at`` are in the file's short form, e.g. ``5 working days``."""

    __tablename__ = "draft_deadline"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "key"),)

    start: Mapped[Keys]
    stop: Mapped[Keys]
    pause: Mapped[Keys]
    within: Mapped[KeyText] = mapped_column(default="", server_default="")
    until: Mapped[KeyText] = mapped_column(default="", server_default="")
    starts_on: Mapped[Keys]
    stops_on: Mapped[Keys]
    variants: Mapped[JsonList]
    when: Mapped[Json]
    extension: Mapped[Json]
    levels: Mapped[JsonList]

    workflow: Mapped[Workflow] = relationship(back_populates="deadlines")


class DraftNotice(_Draft):
    """The label of a notice row is its subject."""

    __tablename__ = "draft_notice"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "key"),)

    to: Mapped[Keys]
    channels: Mapped[Keys]
    body_zh: Mapped[Text] = mapped_column(default="", server_default="")
    body_en: Mapped[Text] = mapped_column(default="", server_default="")

    workflow: Mapped[Workflow] = relationship(back_populates="notices")


class DraftField(_Draft):
    __tablename__ = "draft_field"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "key"),)

    type: Mapped[KeyText] = mapped_column(default="text", server_default="text")
    options: Mapped[JsonList]
    help_zh: Mapped[Text] = mapped_column(default="", server_default="")
    help_en: Mapped[Text] = mapped_column(default="", server_default="")
    max_length: Mapped[int] = mapped_column(default=2000, server_default="2000")
    public: Mapped[Flag]
    """The resident reads its value on the tracking page."""

    workflow: Mapped[Workflow] = relationship(back_populates="fields")


class DraftChild(_Draft):
    __tablename__ = "draft_child"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "key"),)

    child_workflow: Mapped[KeyText]
    per: Mapped[str] = mapped_column(sa.String(100))
    carry: Mapped[Keys]
    when_all_closed: Mapped[KeyText] = mapped_column(default="", server_default="")

    workflow: Mapped[Workflow] = relationship(back_populates="children")


class DraftTest(_Draft):
    """``begins`` and ``moves`` are in the file's form."""

    __tablename__ = "draft_test"
    __table_args__ = (sa.UniqueConstraint("workflow_id", "key"),)

    begins: Mapped[KeyText] = mapped_column(default="", server_default="")
    moves: Mapped[JsonList]

    workflow: Mapped[Workflow] = relationship(back_populates="tests")
