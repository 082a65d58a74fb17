"""Clocks that are due, each taken together with its case: both rows locked, read in one statement.

Whatever somebody else has locked is skipped. What is locked is read as it is at that moment, so
nothing is asked again afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import direct
from app.services.calendars import VERSION
from app.services.providers import CaseRow
from app.workflows.clocks import Entry

_clock, _case, _place = m.Clock.__table__, m.Case.__table__, m.Place.__table__
_CLOCK = ("id", "key", "round", "next_level", "breached_at", "next_at")
_LEFT: dict[str, Any] = {
    "data": sa.null(),  # see ``data``
    "clocks": sa.null(),
    "people": sa.null(),
    "place_name": _place.c.name,
    "calendar": VERSION,
}
_CASE = [_LEFT[name] if name in _LEFT else _case.c[name] for name in CaseRow._fields]
_DATA, _CLOCKS, _PEOPLE = map(CaseRow._fields.index, ("data", "clocks", "people"))
_DUE = (
    sa.select(
        # JSON as text: the driver would guess its encoding for each value
        sa.cast(_clock.c.log, sa.Text),
        _place.c.path,
        *(_clock.c[name] for name in _CLOCK),
        *(column.label(f"case_{number}") for number, column in enumerate(_CASE)),
    )
    .join(_case, _case.c.id == _clock.c.case_id)
    .join(_place, _place.c.id == _case.c.place_id)
    .where(_clock.c.next_at <= sa.bindparam("now", type_=_clock.c.next_at.type))
    .with_for_update(of=[_clock, _case], skip_locked=True, key_share=True)
)
_FORMS = sa.select(_case.c.id, _case.c.data).where(
    _case.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger)))
)


class Claimed(NamedTuple):
    """A clock that is due, with its case as far as the sweep asks about it: without its form data,
    its other clocks and the addresses of its people. ``path`` is that of the case's place."""

    log: tuple[Entry, ...]
    path: str
    id: int
    key: str
    round: int
    next_level: int
    breached_at: datetime | None
    next_at: datetime
    case: CaseRow


@dataclass(slots=True)
class Front:
    """How far a sweeping process has come, so that it goes on there: before it lie only rows that
    are done and that the database has not cleared away, and what others hold. Every now and then,
    and when nothing is left ahead, it looks from the beginning: they may have let go of it."""

    since: datetime | None = None
    looks: int = 0
    done: bool = False
    """The last look was from the beginning and found nothing."""

    def move(self, claimed: Sequence[Claimed]) -> None:
        self.looks += 1
        self.done = self.since is None and not claimed
        again = not claimed or self.looks % _AGAIN == 0
        self.since = None if again else claimed[-1].next_at


_AGAIN = 40


def batch(session: Session, now: datetime, limit: int, since: datetime | None) -> list[Claimed]:
    """The clocks that wait longest, at most ``limit``; None waits since before ``since``."""
    text = _batch(limit, ahead=since is not None)
    values = {"now": now} if since is None else {"now": now, "since": since}
    return list(map(_read, direct.run(session, text, values).fetchall()))


def one(session: Session, clock_id: int, now: datetime) -> Claimed | None:
    """That clock; None: it isn't due, or somebody works on it or its case."""
    found = direct.run(session, _one(), {"now": now, "clock_id": clock_id}).fetchone()
    return None if found is None else _read(found)


def data(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The form data of claimed cases, by id. Hardly anything that a sweep does needs it."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row.id: row.data for row in session.execute(_FORMS, {"ids": wanted})}


@lru_cache(maxsize=8)
def _batch(limit: int, *, ahead: bool) -> str:
    # the number itself: with a parameter in its place the database expects a tenth of all clocks
    few = sa.literal_column(str(int(limit)), sa.Integer)
    query = _DUE
    if ahead:
        query = query.where(_clock.c.next_at >= sa.bindparam("since", type_=_clock.c.next_at.type))
    return direct.compiled(query.order_by(_clock.c.next_at).limit(few))[0]


@lru_cache(maxsize=1)
def _one() -> str:
    return direct.compiled(_DUE.where(_clock.c.id == sa.bindparam("clock_id")))[0]


def _read(row: tuple[Any, ...]) -> Claimed:
    log, path, clock_id, key, number, level, late, at, *case = row
    case[_DATA], case[_CLOCKS], case[_PEOPLE] = {}, (), {}
    return Claimed(
        tuple([Entry.read(kept) for kept in _parsed(log)]),
        path,
        clock_id,
        key,
        number,
        level,
        None if late is None else late.astimezone(UTC),
        at,
        CaseRow._make(case),
    )


_parsed = json.JSONDecoder().decode
