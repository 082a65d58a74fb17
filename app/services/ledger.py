"""Many rows at a time: events that change nothing else of their cases, and columns of clocks.

Rows travel as JSON in one parameter: one statement for hundreds of them, prepared once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
_EVENT = tuple(column.name for column in _event.columns if column.name != "id")


def append(session: Session, told: Sequence[tuple[CaseRow, Mapping[str, Any]]]) -> None:
    """Chain the events to their cases, in the given order; two statements.

    The caller holds the locks of the cases. They keep their row version: what people see of them
    is as true as before, so no page goes stale.
    """
    heads: dict[int, CaseRow] = {}
    records = []
    for case, event in told:
        last = heads.get(case.id, case)
        record = {**event, "case_id": case.id, "seq": last.seq + 1, "before": last.head}
        record["hash"] = chain.seal(record, last.head)
        heads[case.id] = replace(case, seq=record["seq"], head=record["hash"])
        records.append(record)
    if records:
        _run(session, _INSERT, records)
        _run(session, _HEADS, [{"id": c.id, "seq": c.seq, "head": c.head} for c in heads.values()])


def wind(session: Session, clocks: Sequence[Mapping[str, Any]]) -> None:
    """Write the columns CLOCK of clocks that the caller has locked, each with its ``id``."""
    if clocks:
        _run(session, _WIND, clocks)


def tell(session: Session, notices: Sequence[Mapping[str, Any]]) -> int:
    """Insert prepared notices, those with a known dedupe key left out; returns how many."""
    return _run(session, _TELL, notices) if notices else 0


def _run(session: Session, query: sa.Insert | sa.Update, rows: Sequence[Mapping[str, Any]]) -> int:
    return direct.run(session, _text(query), {"rows": _json(rows)}).rowcount


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


def _given(table: sa.Table, names: Sequence[str]) -> Any:
    """The rows of the parameter as a table; bytes are hexadecimal text in it."""
    columns = [
        sa.column(name, sa.Text if _is_bytes(table, name) else table.c[name].type) for name in names
    ]
    value = sa.cast(sa.bindparam("rows", type_=sa.Text), JSONB)
    return (
        sa.func.jsonb_to_recordset(value)
        .table_valued(*columns)
        .render_derived("given", with_types=True)
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


def _update(table: sa.Table, names: Sequence[str]) -> sa.Update:
    given = _given(table, ("id", *names))
    values = {name: _read(table, given, name) for name in names}
    return sa.update(table).where(table.c.id == given.c.id).values(values)


_INSERT = _insert(_event, _EVENT)
_HEADS = _update(_case, ("seq", "head"))
_WIND = _update(_clock, CLOCK)
_TELL = _insert(_notice, NOTICE).on_conflict_do_nothing(index_elements=["dedupe"])
