"""The working calendar as it is kept: hours, days of their own, announced years, its changes."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Base,
    Id,
    Instant,
    Json,
    JsonList,
    KeyText,
    Short,
    reference,
    user_reference,
)
from app.models.place import Place


class CalendarHours(Base):
    """Working hours from a date on, everywhere, until the next ones. ``week`` has the segments of
    each weekday (``{"0": [["09:00", "12:00"]]}``, Monday is 0), ``makeup`` those of make-up days.
    """

    __tablename__ = "calendar_hours"

    id: Mapped[Id]
    since: Mapped[date] = mapped_column(unique=True)
    week: Mapped[Json]
    makeup: Mapped[JsonList]
    note: Mapped[Short] = mapped_column(default="", server_default="")

    def __str__(self) -> str:
        return str(self.since)


class CalendarDay(Base):
    """A day with segments of its own, at a place and all below it, or everywhere; none: nobody
    works. ``source`` says where it comes from: ``notice:2027``, or ``local``."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        sa.UniqueConstraint("place_id", "day", postgresql_nulls_not_distinct=True),
        sa.Index("ix_calendar_day_day", "day"),
    )

    id: Mapped[Id]
    place_id: Mapped[int | None] = reference("place.id", index=False)
    day: Mapped[date]
    segments: Mapped[JsonList]
    name: Mapped[Short] = mapped_column(default="", server_default="")
    source: Mapped[KeyText] = mapped_column(default="local", server_default="local")

    place: Mapped[Place | None] = relationship()

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class CalendarYear(Base):
    """A year whose holidays were read from a file: it counts as announced, and the days that come
    with the package are left aside for it."""

    __tablename__ = "calendar_year"

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(unique=True)
    papers: Mapped[JsonList]
    """Where the notice was published."""

    def __str__(self) -> str:
        return str(self.year)


class CalendarChange(Base):
    """What was changed, when, by whom and why. The newest id is the version of the calendar:
    processes that keep it in memory look whether theirs is still the newest."""

    __tablename__ = "calendar_change"

    id: Mapped[Id]
    at: Mapped[Instant]
    text: Mapped[Json]
    reason: Mapped[Short]
    actor_id: Mapped[int | None] = user_reference()
    actor_name: Mapped[Short] = mapped_column(default="", server_default="")

    actor: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return str(self.text.get("zh", ""))
