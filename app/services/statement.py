"""The one statement that writes a step: case, event, clocks and notices in one round trip.

The case is updated under its row version and everything else hangs on that row, so that nothing
is written when somebody else was faster. Clocks and notices travel as JSON: the statement is the
same however many there are, so it is built once and prepared once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app import models as m
from app.services import direct

_case, _event = m.Case.__table__, m.Event.__table__
_clock, _notice = m.Clock.__table__, m.Notice.__table__

_ONE = sa.literal_column("1", sa.Integer)
SEALED = tuple(column.name for column in _event.columns if column.name != "id")
DERIVED = (
    "status",
    "log",
    "stopped_at",
    "due_at",
    "provisional",
    "next_level",
    "next_at",
    "breached_at",
    "extended",
    "asked",
)
"""What a move changes of a clock."""
FRESH = ("key", "round", "label", "started_at", *DERIVED)
CHANGED = ("id", *DERIVED)
NOTICE = (
    "user_id",
    "address",
    "resident",
    "channel",
    "gateway_id",
    "key",
    "subject",
    "body",
    "dedupe",
    "created_at",
    "next_at",
)
PARTS = {"fresh": FRESH, "changed": CHANGED, "notices": NOTICE}

Row = Mapping[str, Any]
Rows = Sequence[Row]


def write(session: Session, at: tuple[int, int], changes: Row, event: Row, **parts: Rows) -> bool:
    """Write one step of the case at ``at`` (its id and the row version that was read), with the
    rows of those PARTS that there are. False when it isn't at that version any more: then nothing
    is written."""
    there = {name: rows for name, rows in parts.items() if rows}
    values = {
        "at_id": at[0],
        "at_version": at[1],
        **{f"to_{name}": _bound(_case.c[name], value) for name, value in changes.items()},
        **{f"event_{name}": _bound(_event.c[name], event[name]) for name in SEALED},
        **{
            name: _json([_picked(row, PARTS[name]) for row in rows]) for name, rows in there.items()
        },
    }
    text = _text(tuple(changes), tuple(there))
    return direct.run(session, text, values).rowcount == 1


@lru_cache(maxsize=256)
def _text(changes: tuple[str, ...], parts: tuple[str, ...]) -> str:
    moved = _moved(changes)
    query = _told(moved)
    build = {"fresh": _fresh, "changed": _changed, "notices": _notices}
    for part in parts:
        query = query.add_cte(build[part](moved))
    return direct.compiled(query)[0]


def _moved(changes: tuple[str, ...]) -> sa.CTE:
    values = {name: sa.bindparam(f"to_{name}", type_=_case.c[name].type) for name in changes}
    seq, head = (sa.bindparam(f"event_{n}", type_=_event.c[n].type) for n in ("seq", "hash"))
    here = _case.c.id == sa.bindparam("at_id"), _case.c.row_version == sa.bindparam("at_version")
    return (
        sa.update(_case)
        .where(*here)
        .values({**values, "row_version": _case.c.row_version + _ONE, "seq": seq, "head": head})
        .returning(_case.c.id)
        .cte("moved")
    )


def _told(moved: sa.CTE) -> sa.Insert:
    """The event; whether it was written tells whether the case was moved."""
    values = [
        sa.cast(sa.bindparam(f"event_{name}", type_=_event.c[name].type), _event.c[name].type)
        for name in SEALED
    ]
    there = sa.select(*values).where(sa.exists(sa.select(moved.c.id)))
    return sa.insert(_event).from_select(SEALED, there, include_defaults=False)


def _rows(part: str, table: sa.Table, names: tuple[str, ...]) -> Any:
    columns = (sa.column(name, table.c[name].type) for name in names)
    value = sa.cast(sa.bindparam(part, type_=sa.Text), JSONB)
    return (
        sa.func.jsonb_to_recordset(value)
        .table_valued(*columns)
        .render_derived(f"{part}_rows", with_types=True)
    )


def _fresh(moved: sa.CTE) -> sa.CTE:
    rows = _rows("fresh", _clock, FRESH)
    found = sa.select(moved.c.id, *(rows.c[name] for name in FRESH)).join_from(
        moved, rows, sa.true()
    )
    return (
        sa.insert(_clock)
        .from_select(("case_id", *FRESH), found, include_defaults=False)
        .cte("fresh")
    )


def _changed(moved: sa.CTE) -> sa.CTE:
    rows = _rows("changed", _clock, CHANGED)
    return (
        sa.update(_clock)
        .where(_clock.c.case_id == moved.c.id, _clock.c.id == rows.c.id)
        .values({name: rows.c[name] for name in DERIVED})
        .cte("changed")
    )


def _notices(moved: sa.CTE) -> sa.CTE:
    rows = _rows("notices", _notice, NOTICE)
    found = sa.select(moved.c.id, *(rows.c[name] for name in NOTICE)).join_from(
        moved, rows, sa.true()
    )
    return (
        insert(_notice)
        .from_select(("case_id", *NOTICE), found, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["dedupe"])
        .cte("notices")
    )


def _picked(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row.get(name) for name in names}


def _bound(column: sa.Column[Any], value: Any) -> Any:
    """The value as the driver takes it for that column."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is datetime:
        return _aware(value)
    if isinstance(column.type, JSONB):
        return _json(value)
    return value.value if isinstance(value, Enum) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _aware(value).isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("naive datetime")
    return value


# json.dumps makes an encoder each time
_json = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
