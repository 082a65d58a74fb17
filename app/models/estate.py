"""Who owns what: units and their owners, as a roll is frozen from."""

from __future__ import annotations

import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Area,
    Base,
    Flag,
    Id,
    Short,
    enum_by_value,
    reference,
)
from app.models.place import Person, Place


class AreaSource(enum.StrEnum):
    """Order of precedence: condominium interpretation (2020), article 8."""

    REGISTERED = "registered"
    SURVEYED = "surveyed"
    CONTRACT = "contract"


class OwnerKind(enum.StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"
    DEVELOPER = "developer"


class Unit(Base):
    """A unit (专有部分): one flat or shop in an entrance, with its exclusive area in m².

    ``households`` above one marks a shared flat (合住户): several households are heard, the
    owner's vote is what counts.
    """

    __tablename__ = "unit"
    __table_args__ = (
        sa.UniqueConstraint("place_id", "label"),
        sa.CheckConstraint("area > 0", name="area_positive"),
        sa.CheckConstraint("households >= 0", name="households_not_negative"),
    )

    id: Mapped[Id]
    place_id: Mapped[int] = reference("place.id")
    label: Mapped[str] = mapped_column(sa.String(40))
    floor: Mapped[int] = mapped_column(default=1, server_default="1")
    area: Mapped[Area]
    area_source: Mapped[AreaSource] = mapped_column(
        enum_by_value(AreaSource), default=AreaSource.REGISTERED, server_default="registered"
    )
    households: Mapped[int] = mapped_column(default=1, server_default="1")

    place: Mapped[Place] = relationship()
    ownerships: Mapped[list[Ownership]] = relationship(back_populates="unit")

    def __str__(self) -> str:
        return self.label


class Owner(Base):
    """Who owns units. ``demo`` marks a generated one."""

    __tablename__ = "owner"

    id: Mapped[Id]
    kind: Mapped[OwnerKind] = mapped_column(
        enum_by_value(OwnerKind), default=OwnerKind.PERSON, server_default="person"
    )
    name: Mapped[Short]
    phone: Mapped[str] = mapped_column(sa.String(30), default="", server_default="")
    person_id: Mapped[int | None] = reference("person.id")
    demo: Mapped[Flag]

    person: Mapped[Person | None] = relationship()
    ownerships: Mapped[list[Ownership]] = relationship(back_populates="owner")

    def __str__(self) -> str:
        return self.name


class Ownership(Base):
    """Unit and owner; a unit with several rows is co-owned."""

    __tablename__ = "ownership"
    __table_args__ = (sa.UniqueConstraint("unit_id", "owner_id"),)

    id: Mapped[Id]
    unit_id: Mapped[int] = reference("unit.id", index=False)
    owner_id: Mapped[int] = reference("owner.id")

    unit: Mapped[Unit] = relationship(back_populates="ownerships")
    owner: Mapped[Owner] = relationship(back_populates="ownerships")

    def __str__(self) -> str:
        return f"{self.unit_id} – {self.owner_id}"
