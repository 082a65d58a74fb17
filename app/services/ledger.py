"""Many rows at a time: events that change nothing else of their cases, and columns of clocks.

Rows travel as columns, an array for each: one statement for hundreds of them, prepared once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from app import models as m
from app.services import chain, columns, direct, statement
from app.services.providers import CaseRow

_case = m.Case.__table__
_event = m.Event.__table__
_clock, _notice = m.Clock.__table__, m.Notice.__table__
NOTICE = ("case_id", *statement.NOTICE)
_EVENT = ("case_id", "seq", "data", "before", "hash")
_HEAD = ("id", "seq", "head")


class Wound(NamedTuple):
    """The derived columns of a clock whose log is as before."""

    id: int
    due_at: datetime | None
    provisional: bool
    next_level: int
    next_at: datetime | None
    breached_at: datetime | None


class Told(NamedTuple):
    """An event of a case. ``common`` is what it shares with others, as chain.COMMON names it: one
    and the same object for all of them, it is written once a statement."""

    case: CaseRow
    common: Mapping[str, Any]
    data: Mapping[str, Any]

    @classmethod
    def of(cls, case: CaseRow, event: Mapping[str, Any]) -> Told:
        """An event that shares nothing."""
        return cls(case, event, event["data"])


def append(session: Session, told: Sequence[Told]) -> None:
    """Chain the events to their cases, in the given order; two statements.

    The caller holds the locks of the cases. They keep their row version: what people see of them
    is as true as before, so no page goes stale.
    """
    heads: dict[int, tuple[int, bytes]] = {}
    kinds: dict[int, tuple[int, str]] = {}
    shared: list[Mapping[str, Any]] = []
    rows: list[tuple[Any, ...]] = []
    for case, common, own in told:
        kind = kinds.get(id(common))
        if kind is None:
            kind = kinds[id(common)] = (len(shared), chain.common(common))
            shared.append(common)
        number, text = kind
        last, head = heads.get(case.id, (case.seq, case.head))
        data = chain.canonical(own)
        sealed = chain.digest(chain.join(case.id, last + 1, text, data), head)
        heads[case.id] = (last + 1, sealed)
        rows.append((case.id, last + 1, data, head, sealed, number))
    if not rows:
        return
    *values, numbers = zip(*rows, strict=True)
    direct.run(
        session,
        _text(_INSERT),
        {
            **columns.parameters(_event, _EVENT, "own", values),
            "own_common": columns.numbers(numbers),
            **columns.parameters(_event, chain.COMMON, "common", columns.of(shared, chain.COMMON)),
            "common_number": columns.numbers(range(len(shared))),
        },
    )
    ends = [heads.keys(), *zip(*heads.values(), strict=True)]
    direct.run(session, _text(_HEADS), columns.parameters(_case, _HEAD, "head", ends))


def wind(session: Session, clocks: Sequence[Wound]) -> None:
    """Write clocks that the caller has locked."""
    if clocks:
        found = zip(*clocks, strict=True)
        values = columns.parameters(_clock, Wound._fields, "clock", found)
        direct.run(session, _text(_WIND), values)


def tell(session: Session, notices: Sequence[Mapping[str, Any]]) -> int:
    """Insert prepared notices, those with a known dedupe key left out; returns how many."""
    if not notices:
        return 0
    values = columns.parameters(_notice, NOTICE, "notice", columns.of(notices, NOTICE))
    return direct.run(session, _text(_TELL), values).rowcount


@lru_cache(maxsize=8)
def _text(query: sa.Insert | sa.Update) -> str:
    return direct.compiled(query)[0]


def _events() -> Insert:
    own = columns.given(_event, _EVENT, "own", "common")
    shared = columns.given(_event, chain.COMMON, "common", "number")
    found = sa.select(
        *(own.c[name] for name in _EVENT), *(shared.c[name] for name in chain.COMMON)
    ).join_from(own, shared, shared.c.number == own.c.common)
    names = (*_EVENT, *chain.COMMON)
    return insert(_event).from_select(names, found, include_defaults=False)


def _update(table: sa.Table, names: Sequence[str], prefix: str) -> sa.Update:
    given = columns.given(table, names, prefix)
    values = {name: given.c[name] for name in names if name != "id"}
    return sa.update(table).where(table.c.id == given.c.id).values(values)


def _notices() -> Insert:
    given = columns.given(_notice, NOTICE, "notice")
    found = sa.select(*(given.c[name] for name in NOTICE))
    return insert(_notice).from_select(NOTICE, found, include_defaults=False)


_INSERT = _events()
_HEADS = _update(_case, _HEAD, "head")
_WIND = _update(_clock, Wound._fields, "clock")
_TELL = _notices().on_conflict_do_nothing(index_elements=["dedupe"])
