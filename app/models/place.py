"""Places and those who act there: parties, staff, residents."""

from __future__ import annotations

import enum
from datetime import date

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Flag, Id, Short, Text, enum_by_value, reference, user_reference


class PlaceKind(enum.StrEnum):
    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"
    COMPOUND = "compound"
    BUILDING = "building"
    ENTRANCE = "entrance"
    HOUSEHOLD = "household"


class PartyKind(enum.StrEnum):
    """The four parties, and everybody else who may be made responsible."""

    PARTY_ORG = "party_org"
    COMMITTEE = "committee"
    COUNCIL = "council"
    PROPERTY = "property"
    OTHER = "other"


FOUR_PARTIES = (PartyKind.PARTY_ORG, PartyKind.COMMITTEE, PartyKind.COUNCIL, PartyKind.PROPERTY)


def _letters(table: str) -> sa.Index:
    """Names by their single letters: what narrows a search for any part of a Chinese name."""
    letters = sa.text("string_to_array(lower(name), NULL)")
    return sa.Index(f"ix_{table}_letters", letters, postgresql_using="gin")


class Place(Base):
    """A node of the place tree. ``path`` is ``/id/id/…/`` from the root down to and including
    this place; services.places keeps it right when a place is moved."""

    __tablename__ = "place"
    __table_args__ = (
        sa.UniqueConstraint("parent_id", "name", postgresql_nulls_not_distinct=True),
        sa.Index("ix_place_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
        _letters("place"),
        sa.CheckConstraint("parent_id <> id", name="no_own_parent"),
    )

    id: Mapped[Id]
    parent_id: Mapped[int | None] = reference("place.id")
    kind: Mapped[PlaceKind] = mapped_column(enum_by_value(PlaceKind))
    name: Mapped[Short]
    path: Mapped[str] = mapped_column(sa.Text, default="")

    parent: Mapped[Place | None] = relationship(remote_side="Place.id", lazy="raise_on_sql")

    def __str__(self) -> str:
        return self.name


class Party(Base):
    """An organisation that acts in a place and can be made responsible."""

    __tablename__ = "party"
    __table_args__ = (sa.UniqueConstraint("place_id", "name"),)

    id: Mapped[Id]
    place_id: Mapped[int] = reference("place.id")
    kind: Mapped[PartyKind] = mapped_column(enum_by_value(PartyKind))
    name: Mapped[Short]
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())

    place: Mapped[Place] = relationship()

    def __str__(self) -> str:
        return self.name


class Person(Base):
    """A resident. ``demo`` marks a generated one."""

    __tablename__ = "person"
    __table_args__ = (
        _letters("person"),
        # Staff look a resident up by the last digits of the number.
        sa.Index("ix_person_phone_tail", sa.text('"right"(phone, 4)')),
    )

    id: Mapped[Id]
    place_id: Mapped[int | None] = reference("place.id")
    name: Mapped[Short]
    phone: Mapped[str] = mapped_column(sa.String(30), default="", server_default="", index=True)
    note: Mapped[Text] = mapped_column(default="", server_default="")
    demo: Mapped[Flag]

    place: Mapped[Place | None] = relationship()

    def __str__(self) -> str:
        return self.name


class Staff(Base):
    """What binds a login to a place and, usually, a party, from one date to another.

    A login may be bound to several places; scope is the union of the bindings that are valid
    today. ``until`` is the last valid day.
    """

    __tablename__ = "staff"
    __table_args__ = (
        sa.CheckConstraint("until IS NULL OR until >= since", name="dates_in_order"),
        sa.UniqueConstraint(
            "user_id", "place_id", "party_id", "since", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = user_reference()
    place_id: Mapped[int] = reference("place.id")
    party_id: Mapped[int | None] = reference("party.id")
    title: Mapped[Short] = mapped_column(default="", server_default="")
    since: Mapped[date]
    until: Mapped[date | None]

    user: Mapped[User] = relationship(User)
    place: Mapped[Place] = relationship()
    party: Mapped[Party | None] = relationship()

    def __str__(self) -> str:
        return str(self.user)
