"""The outbox: what is to be told to whom."""

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
    Text,
    UTCDateTime,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.case import Case
from app.models.channel import Gateway


class NoticeStatus(enum.StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    MUTED = "muted"
    """Its recipient wants none of this kind, or has agreed to none."""
    INCLUDED = "included"
    """Told in a digest."""


class Notice(Base):
    """Something to tell somebody: written in the transaction that causes it, delivered later by
    a worker, at least once, one row per ``dedupe``."""

    __tablename__ = "notice"
    __table_args__ = (
        # Delivery: what is waiting for its (next) attempt, or was claimed by a worker that died.
        sa.Index(
            "ix_notice_next_at",
            "next_at",
            postgresql_where=sa.text("status IN ('waiting', 'sending')"),
        ),
        # The bell: my unread notices, newest first.
        sa.Index(
            "ix_notice_unread",
            "user_id",
            "id",
            postgresql_where=sa.text("channel = 'inapp' AND status = 'sent' AND read_at IS NULL"),
        ),
        sa.Index("ix_notice_user_id_id", "user_id", "id"),
        # The desk: what was given up.
        sa.Index("ix_notice_dead", "id", postgresql_where=sa.text("status = 'dead'")),
        sa.Index(
            "ix_notice_gateway_id",
            "gateway_id",
            "id",
            postgresql_where=sa.text("gateway_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_notice_digest_id",
            "digest_id",
            postgresql_where=sa.text("digest_id IS NOT NULL"),
        ),
        # Digests: what waits for the next one of a person.
        sa.Index(
            "ix_notice_digest",
            "user_id",
            "channel",
            postgresql_where=sa.text("digest AND status = 'waiting'"),
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[int | None] = reference("case.id")
    user_id: Mapped[int | None] = user_reference(index=False)
    address: Mapped[Short] = mapped_column(default="", server_default="")
    """Where to, for a recipient without a login; else the channel asks the user."""
    path: Mapped[Short] = mapped_column(default="", server_default="")
    """The page that it is about, where that is no case's."""
    resident: Mapped[bool | None]
    """For the resident who raised the case: address and consent are asked for on delivery."""
    channel: Mapped[KeyText]
    gateway_id: Mapped[int | None] = reference("gateway.id", index=False)
    """By which channel of that kind, where there are several."""
    key: Mapped[KeyText]
    subject: Mapped[Json]
    body: Mapped[Json]
    """Rendered texts by language; the recipient's is chosen on delivery."""
    dedupe: Mapped[str] = mapped_column(sa.String(200), unique=True)
    status: Mapped[NoticeStatus] = mapped_column(
        enum_by_value(NoticeStatus), default=NoticeStatus.WAITING, server_default="waiting"
    )
    created_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When it may be claimed (again): the next attempt, or the end of the present lease."""
    digest: Mapped[Flag]
    """Waits for its person's daily digest."""
    digest_id: Mapped[int | None] = reference("notice.id", index=False)
    error: Mapped[Text] = mapped_column(default="", server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    case: Mapped[Case | None] = relationship()
    user: Mapped[User | None] = relationship(User)
    gateway: Mapped[Gateway | None] = relationship()

    def __str__(self) -> str:
        return str(self.subject.get("zh", ""))
