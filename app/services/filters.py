"""What a list of cases is narrowed to, as conditions that an index answers at any size."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app import models as m
from app.services import privacy
from app.services.actors import Viewer
from app.services.search import matching

LETTERS = "GMCS"
_URGENT = "\"case\".data ->> 'urgency' = 'urgent'"
"""Word for word as in ``ix_case_urgent_open``: with a parameter it would not be used."""
CATEGORY: sa.ColumnElement[str] = sa.literal_column("\"case\".data ->> 'category'", sa.Text)
"""Likewise as in ``ix_case_category``."""
_CANCELLED = "\"case\".state_kind = 'cancelled'"
"""And as in ``ix_case_cancelled``."""
_NUMBER = re.compile(r"[A-Z]\d{4}-\d{1,12}")
_case = m.Case


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to. ``urgent``: not finished, and its field ``urgency`` says so."""

    leg: str = ""
    words: str = ""
    kind: str = ""
    """A state kind, or ``open`` for everything that has not ended."""
    state: str = ""
    alive: bool = False
    """Only what has not ended: where the state says so anyway, that leads to the open ones."""
    overdue: bool = False
    mine: bool = False
    top: bool = False
    """Only cases that are nobody's child."""
    place_id: int | None = None
    urgent: bool = False
    category: str = ""
    assignee_id: int | None = None
    """In whose hands it is now: finished cases are in nobody's."""
    since: datetime | None = None
    until: datetime | None = None
    """Opened from and to, both included."""

    @property
    def unfinished(self) -> bool:
        held = self.assignee_id is not None
        waits = self.kind in ("open", "waiting") or self.alive
        return waits or self.overdue or self.urgent or held

    @property
    def narrow(self) -> bool:
        return self != Filter()


def conditions(viewer: Viewer, wanted: Filter, now: datetime) -> list[sa.ColumnElement[bool]]:
    """All of it but who may see it."""
    found = [*_state(wanted), *_time(wanted, now)]
    if wanted.top:
        found.append(_case.parent_id.is_(None))
    if wanted.leg:
        found.append(_case.leg == wanted.leg)
    if wanted.urgent:
        found.append(sa.literal_column(_URGENT, sa.Boolean))
    if wanted.category:
        found.append(CATEGORY.in_((wanted.category,)))
    if wanted.mine:
        found.append(_case.id.in_(_of_person(viewer)))
    if wanted.assignee_id is not None:
        found.append(_case.assignee_id == wanted.assignee_id)
    if wanted.place_id is not None:
        found.append(_case.place_id.in_(_below(wanted.place_id)))
    if wanted.words.strip():
        found.append(_found_by(wanted.words.strip(), viewer, now))
    return found


def _state(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.unfinished:
        found.append(_case.closed_at.is_(None))
    if wanted.kind == "cancelled":
        found.append(sa.literal_column(_CANCELLED, sa.Boolean))
    elif wanted.kind and wanted.kind != "open":
        found.append(_case.state_kind == wanted.kind)
    if wanted.state:
        found.append(_case.state == wanted.state)
    return found


def _time(wanted: Filter, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.overdue:
        found.append(_case.due_at < now)
    if wanted.since is not None:
        found.append(_case.opened_at >= wanted.since)
    if wanted.until is not None:
        found.append(_case.opened_at <= wanted.until)
    return found


def order(wanted: Filter, by: str) -> tuple[Any, ...]:
    """``-id`` newest first, ``id`` oldest first, ``due_at`` least time left first (unfinished
    ones); else newest first, or overdue ones by due time."""
    if by == "due_at" or (not by and wanted.overdue):
        return (_case.due_at, _case.id)
    descending = by != "id"
    columns: tuple[Any, ...] = (_case.id,)
    if wanted.since is not None or wanted.until is not None:
        # the index of the days: going by id would read everything that came later
        columns = (_case.opened_at, _case.id)
    return tuple(c.desc() for c in columns) if descending else columns


def _below(place_id: int) -> sa.Select[int]:
    top = sa.select(m.Place.path).where(m.Place.id == place_id).scalar_subquery()
    return sa.select(m.Place.id).where(sa.func.starts_with(m.Place.path, top))


def _of_person(viewer: Viewer) -> sa.CompoundSelect[int]:
    """What is in this person's hands, and what they have registered."""
    held = sa.select(_case.id).where(_case.assignee_id == viewer.user_id, _case.closed_at.is_(None))
    return sa.union_all(held, sa.select(_case.id).where(_case.creator_id == viewer.user_id))


def _found_by(words: str, viewer: Viewer, now: datetime) -> sa.ColumnElement[bool]:
    """By the number or its figure, by the reporter's telephone (all of it or its last four
    digits; for those who may see it), or else by words of title, address and place. Each has its
    index."""
    plain = unicodedata.normalize("NFKC", "".join(words.split())).upper()
    if _NUMBER.fullmatch(plain):
        return _case.number == plain
    if plain.isascii() and plain.isdecimal():
        if not privacy.may_search(viewer):
            return _case.number.in_(_numbers(plain, now))
        phone = m.Grievance.phone
        if len(plain) == 4:
            return _case.id.in_(
                sa.select(m.Grievance.case_id).where(sa.func.right(phone, 4) == plain)
            )
        if len(plain) >= 7:
            return _case.id.in_(sa.select(m.Grievance.case_id).where(phone == plain))
        return _case.number.in_(_numbers(plain, now))
    match = matching(_case.words, words)
    return sa.false() if match is None else match


def _numbers(figure: str, now: datetime) -> list[str]:
    """The numbers that end in ``figure``, of any leg and the last years."""
    return [
        f"{letter}{year}-{int(figure):06d}"
        for letter in LETTERS
        for year in range(now.year, now.year - 6, -1)
    ]
