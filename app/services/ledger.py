"""Many rows at a time: events that change nothing else of their cases, and columns of clocks.

Rows travel as JSON in one parameter: one statement for hundreds of them, prepared once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.orm import Session

from app import models as m
from app.services import chain, direct, statement
from app.services.providers import CaseRow

CLOCK = ("due_at", "provisional", "next_level", "next_at", "breached_at")
_case = m.Case.__table__
_event = m.Event.__table__
_clock, _notice = m.Clock.__table__, m.Notice.__table__
NOTICE = ("case_id", *statement.NOTICE)


@dataclass(frozen=True, slots=True)
class Told:
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
    records: list[str] = []
    common: list[dict[str, Any]] = []
    for event in told:
        case, kind = event.case, kinds.get(id(event.common))
        if kind is None:
            kind = kinds[id(event.common)] = (len(common), chain.common(event.common))
            common.append({"kind_no": kind[0], **event.common})
        last, head = heads.get(case.id, (case.seq, case.head))
        data = chain.canonical(event.data)
        sealed = chain.digest(chain.join(case.id, last + 1, kind[1], data), head)
        heads[case.id] = (last + 1, sealed)
        # numbers, hexadecimal figures and JSON: nothing in it has to be quoted
        records.append(
            f'{{"case_id":{case.id},"seq":{last + 1},"common":{kind[0]},"data":{data},'
            f'"before":"{head.hex()}","hash":"{sealed.hex()}"}}'
        )
    if not records:
        return
    values = {"rows": f"[{','.join(records)}]", "commons": _json(common)}
    direct.run(session, _text(_INSERT), values)
    ends = (
        f'{{"id":{case_id},"seq":{seq},"head":"{head.hex()}"}}'
        for case_id, (seq, head) in heads.items()
    )
    direct.run(session, _text(_HEADS), {"rows": f"[{','.join(ends)}]"})


def wind(session: Session, clocks: Sequence[Mapping[str, Any]]) -> None:
    """Write the columns CLOCK of clocks that the caller has locked, each with its ``id``."""
    if clocks:
        _run(session, _WIND, clocks, ("due_at", "next_at", "breached_at"))


def tell(session: Session, notices: Sequence[Mapping[str, Any]]) -> int:
    """Insert prepared notices, those with a known dedupe key left out; returns how many."""
    return _run(session, _TELL, notices, ("created_at", "next_at")) if notices else 0


def _run(
    session: Session,
    query: sa.Insert | sa.Update,
    rows: Sequence[Mapping[str, Any]],
    instants: Sequence[str],
) -> int:
    """``instants`` names the columns that hold one."""
    texts: dict[int, str | None] = {id(None): None}
    for row in rows:
        for name in instants:
            at = row[name]
            if id(at) not in texts:
                texts[id(at)] = at.isoformat()
    plain = [{**row, **{name: texts[id(row[name])] for name in instants}} for row in rows]
    return direct.run(session, _text(query), {"rows": _json(plain)}).rowcount


@lru_cache(maxsize=8)
def _text(query: sa.Insert | sa.Update) -> str:
    return direct.compiled(query)[0]


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"{type(value)} can't be written in bulk")


_HEX: sa.ColumnElement[str] = sa.literal_column("'hex'")
_json = json.JSONEncoder(ensure_ascii=False, default=_plain).encode


def _given(table: sa.Table, names: Sequence[str], parameter: str = "rows") -> Any:
    """The rows of the parameter as a table; bytes are hexadecimal text in it."""
    columns = [
        sa.column(name, sa.Text if _is_bytes(table, name) else table.c[name].type)
        for name in names
        if name in table.c
    ]
    columns += [sa.column(name, sa.Integer) for name in names if name not in table.c]
    value = sa.cast(sa.bindparam(parameter, type_=sa.Text), JSONB)
    return (
        sa.func.jsonb_to_recordset(value)
        .table_valued(*columns)
        .render_derived(f"given_{parameter}", with_types=True)
    )


def _read(table: sa.Table, given: Any, name: str) -> Any:
    column = given.c[name]
    return sa.func.decode(column, _HEX) if _is_bytes(table, name) else column


def _is_bytes(table: sa.Table, name: str) -> bool:
    return isinstance(table.c[name].type, sa.LargeBinary)


def _insert(table: sa.Table, names: Sequence[str]) -> Insert:
    given = _given(table, names)
    found = sa.select(*(_read(table, given, name) for name in names))
    return insert(table).from_select(list(names), found, include_defaults=False)


def _events() -> Insert:
    own = ("case_id", "seq", "data", "before", "hash")
    rows = _given(_event, (*own, "common"))
    commons = _given(_event, (*chain.COMMON, "kind_no"), "commons")
    found = sa.select(
        *(_read(_event, rows, name) for name in own),
        *(_read(_event, commons, name) for name in chain.COMMON),
    ).join_from(rows, commons, commons.c.kind_no == rows.c.common)
    names = (*own, *chain.COMMON)
    return insert(_event).from_select(names, found, include_defaults=False)


def _update(table: sa.Table, names: Sequence[str]) -> sa.Update:
    given = _given(table, ("id", *names))
    values = {name: _read(table, given, name) for name in names}
    return sa.update(table).where(table.c.id == given.c.id).values(values)


_INSERT = _events()
_HEADS = _update(_case, ("seq", "head"))
_WIND = _update(_clock, CLOCK)
_TELL = _insert(_notice, NOTICE).on_conflict_do_nothing(index_elements=["dedupe"])
