"""The joint four-party meeting: who is there, what is on the agenda, what each party says."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Flag,
    Id,
    Instant,
    Json,
    JsonList,
    Short,
    Text,
    UTCDateTime,
    enum_by_value,
    reference,
    user_reference,
)
from app.models.case import Case
from app.models.place import Party


class DecisionRule(enum.StrEnum):
    CONSENSUS = "consensus"
    """Every voice is heard and none disagrees."""
    MAJORITY = "majority"
    """Every voice is heard, dissent with its reason, and more than half of them agree."""


class Voices(enum.StrEnum):
    """Whose position a decision waits for. Silence is never consent."""

    INVITED = "invited"
    PRESENT = "present"
    """The parties that are represented in the room or have spoken before they left."""


class Meeting(Base):
    """A meeting's own columns. Its rules are the community's own (no statutory threshold): how
    many of the invited parties, and what share of the invited heads, make a quorum."""

    __tablename__ = "meeting"
    __table_args__ = (
        sa.CheckConstraint(
            "quorum_heads_over > 0 AND quorum_heads >= 0 AND quorum_heads <= quorum_heads_over",
            name="share_of_heads",
        ),
        sa.CheckConstraint("quorum_parties >= 0", name="parties_not_negative"),
    )

    case_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("case.id", ondelete="RESTRICT"), primary_key=True
    )
    scheduled_at: Mapped[Instant] = mapped_column(index=True)
    room: Mapped[Short] = mapped_column(default="", server_default="")
    quorum_parties: Mapped[int] = mapped_column(default=4, server_default="4")
    quorum_heads: Mapped[int] = mapped_column(default=1, server_default="1")
    quorum_heads_over: Mapped[int] = mapped_column(default=2, server_default="2")
    """At least quorum_heads / quorum_heads_over of the invited heads, an exact fraction."""
    decision_rule: Mapped[DecisionRule] = mapped_column(
        enum_by_value(DecisionRule), default=DecisionRule.CONSENSUS, server_default="consensus"
    )
    voices: Mapped[Voices] = mapped_column(
        enum_by_value(Voices), default=Voices.INVITED, server_default="invited"
    )
    basis: Mapped[Short] = mapped_column(default="", server_default="")
    """Where the rule comes from, e.g. the council's rules of procedure."""

    case: Mapped[Case] = relationship()
    invitations: Mapped[list[Invitation]] = relationship(
        back_populates="meeting", order_by="Invitation.position"
    )
    attendances: Mapped[list[Attendance]] = relationship(
        back_populates="meeting", order_by="Attendance.id"
    )
    items: Mapped[list[AgendaItem]] = relationship(
        back_populates="meeting", order_by="AgendaItem.position"
    )

    def __str__(self) -> str:
        return str(self.case)


class Invitation(Base):
    """A party that a meeting is held with, whether or not anybody comes for it."""

    __tablename__ = "invitation"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "party_id"),)

    id: Mapped[Id]
    meeting_id: Mapped[int] = reference("meeting.case_id")
    party_id: Mapped[int] = reference("party.id")
    position: Mapped[int] = mapped_column(default=0, server_default="0")

    meeting: Mapped[Meeting] = relationship(back_populates="invitations")
    party: Mapped[Party] = relationship()

    def __str__(self) -> str:
        return str(self.party)


class Attendance(Base):
    """One invited head: present from check-in until it leaves. Who comes back begins a new stay;
    ``earlier`` keeps the ones before it as ``[in, out]`` in ISO form."""

    __tablename__ = "attendance"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "party_id", "name"),)

    id: Mapped[Id]
    meeting_id: Mapped[int] = reference("meeting.case_id")
    party_id: Mapped[int] = reference("party.id")
    user_id: Mapped[int | None] = user_reference()
    name: Mapped[Short]
    checked_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    earlier: Mapped[JsonList]
    substitute: Mapped[Flag]
    """Came without an invitation: speaks for the party, but isn't counted by head, so that a
    quorum can't be made by adding names."""

    meeting: Mapped[Meeting] = relationship(back_populates="attendances")
    party: Mapped[Party] = relationship()
    user: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.name


class AgendaItem(Base):
    """A matter on the agenda. ``adjourned_at``: put off to the next meeting, on the record."""

    __tablename__ = "agenda_item"
    __table_args__ = (sa.UniqueConstraint("meeting_id", "position"),)

    id: Mapped[Id]
    meeting_id: Mapped[int] = reference("meeting.case_id")
    position: Mapped[int]
    title: Mapped[Short]
    text: Mapped[Text] = mapped_column(default="", server_default="")
    case_id: Mapped[int | None] = reference("case.id")
    """The case that this item is about, if it comes from one."""
    earlier_id: Mapped[int | None] = reference("agenda_item.id")
    """The item of an earlier meeting that was put off and is taken up here."""
    adjourned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    adjourned_why: Mapped[Text] = mapped_column(default="", server_default="")

    meeting: Mapped[Meeting] = relationship(back_populates="items")
    positions: Mapped[list[Position]] = relationship(back_populates="item", order_by="Position.id")
    decision: Mapped[Decision | None] = relationship(back_populates="item")
    case: Mapped[Case | None] = relationship()
    earlier: Mapped[AgendaItem | None] = relationship(remote_side="AgendaItem.id")

    def __str__(self) -> str:
        return self.title


class Stance(enum.StrEnum):
    AGREE = "agree"
    RESERVATION = "reservation"
    ASIDE = "aside"
    DISAGREE = "disagree"


class Position(Base):
    """What a party said about an item. Versions, never overwritten: the newest counts, the
    database refuses UPDATE of anything but ``latest`` and any DELETE."""

    __tablename__ = "position"
    __table_args__ = (
        sa.Index(
            "uq_position_latest",
            "item_id",
            "party_id",
            unique=True,
            postgresql_where=sa.text("latest"),
        ),
    )

    id: Mapped[Id]
    item_id: Mapped[int] = reference("agenda_item.id")
    party_id: Mapped[int] = reference("party.id")
    stance: Mapped[Stance] = mapped_column(enum_by_value(Stance))
    reason: Mapped[Text] = mapped_column(default="", server_default="")
    spoken_by: Mapped[Short]
    recorded_by_id: Mapped[int] = user_reference()
    at: Mapped[Instant]
    latest: Mapped[Flag]

    item: Mapped[AgendaItem] = relationship(back_populates="positions")
    party: Mapped[Party] = relationship()
    recorded_by: Mapped[User] = relationship(User)

    def __str__(self) -> str:
        return f"{self.party_id}: {self.stance}"


class Decision(Base):
    """What was decided on an item, frozen with the rule, its inputs and the explanation.

    The database refuses to change or delete one. Its follow-up is the case whose ``child_ref`` is
    ``decision:<id>``.
    """

    __tablename__ = "decision"

    id: Mapped[Id]
    item_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("agenda_item.id", ondelete="RESTRICT"), unique=True
    )
    text: Mapped[Text]
    basis: Mapped[Json]
    """The rule, each party's position and the quorum at that moment, with the explanation."""
    owner_party_id: Mapped[int | None] = reference("party.id")
    owner_id: Mapped[int | None] = user_reference()
    due_on: Mapped[date | None]
    decided_at: Mapped[Instant]
    decided_by_id: Mapped[int] = user_reference()

    item: Mapped[AgendaItem] = relationship(back_populates="decision")
    owner_party: Mapped[Party | None] = relationship()
    owner: Mapped[User | None] = relationship(User, foreign_keys=[owner_id])
    decided_by: Mapped[User] = relationship(User, foreign_keys=[decided_by_id])

    def __str__(self) -> str:
        return self.text[:60]
