"""Clocks that are due, each taken together with its case: both rows locked, read in one statement.

Whatever somebody else has locked is skipped. What is locked is read as it is at that moment, so
nothing is asked again afterwards.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import direct
from app.services.calendars import VERSION
from app.services.providers import CaseRow
from app.workflows.clocks import Entry

_clock, _case, _place = m.Clock.__table__, m.Case.__table__, m.Place.__table__
_CLOCK = ("id", "key", "round", "next_level", "breached_at")
_CASE = tuple(f.name for f in fields(CaseRow) if f.name not in ("clocks", "people", "calendar"))
_TEXT = {"data": sa.cast(_case.c.data, sa.Text)}
_COLUMNS = [
    _place.c.name if name == "place_name" else _TEXT.get(name, _case.c[name]) for name in _CASE
]
_DATA = _CASE.index("data")
_REST = [f.name for f in fields(CaseRow)].index("clocks")
"""Before it come the columns, then ``clocks`` and ``people``, which are left empty; the version of
the calendar is the last."""
_DUE = (
    # JSON as text: the driver would guess its encoding for each value
    sa.select(
        _place.c.path,
        VERSION,
        sa.cast(_clock.c.log, sa.Text),
        *(_clock.c[name] for name in _CLOCK),
        *_COLUMNS,
    )
    .join(_case, _case.c.id == _clock.c.case_id)
    .join(_place, _place.c.id == _case.c.place_id)
    .where(_clock.c.next_at <= sa.bindparam("now", type_=_clock.c.next_at.type))
    .with_for_update(of=[_clock, _case], skip_locked=True, key_share=True)
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A clock that is due, with its case as far as the sweep asks about it: without the other
    clocks of the case and the addresses of its people. ``path`` is that of the case's place."""

    id: int
    key: str
    round: int
    log: tuple[Entry, ...]
    next_level: int
    breached_at: datetime | None
    case: CaseRow
    path: str


def batch(session: Session, now: datetime, limit: int) -> list[Claimed]:
    """The clocks that wait longest, at most ``limit``."""
    return list(map(_read, direct.run(session, _batch(limit), {"now": now})))


def one(session: Session, clock_id: int, now: datetime) -> Claimed | None:
    """That clock; None: it isn't due, or somebody works on it or its case."""
    found = direct.run(session, _one(), {"now": now, "clock_id": clock_id}).fetchone()
    return None if found is None else _read(found)


@lru_cache(maxsize=8)
def _batch(limit: int) -> str:
    # the number itself: with a parameter in its place the database expects a tenth of all clocks
    few = sa.literal_column(str(int(limit)), sa.Integer)
    return direct.compiled(_DUE.order_by(_clock.c.next_at).limit(few))[0]


@lru_cache(maxsize=1)
def _one() -> str:
    return direct.compiled(_DUE.where(_clock.c.id == sa.bindparam("clock_id")))[0]


def _read(row: tuple[Any, ...]) -> Claimed:
    path, version, log, clock_id, key, number, level, late, *case = row
    case[_DATA] = json.loads(case[_DATA])
    case[_REST:_REST] = [(), {}]
    case.append(version)
    return Claimed(
        clock_id,
        key,
        number,
        tuple(map(Entry.read, json.loads(log))),
        level,
        None if late is None else late.astimezone(UTC),
        CaseRow(*case),
        path,
    )
