"""Columns of many rows as parameters of one statement: an array for each, in the database's own
notation.

The driver would adapt each value by itself, and a JSON document of all rows would be taken apart by
the server value by value; either takes longer than to write the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

Value = Any
_json = json.JSONEncoder(ensure_ascii=False).encode


def given(table: sa.Table, names: Sequence[str], prefix: str, number: str = "") -> Any:
    """A table of what ``parameters`` sends for these columns of ``table``; ``number`` names one
    more, of ``numbers``."""
    arrays, columns = [], []
    for name in names:
        kind = table.c[name].type
        if isinstance(kind, sa.String):
            kind = sa.Text()  # a cast to a shorter one would cut silently
        arrays.append(sa.cast(sa.bindparam(f"{prefix}_{name}", type_=sa.Text), sa.ARRAY(kind)))
        columns.append(sa.column(name, kind))
    if number:
        given_numbers = sa.bindparam(f"{prefix}_{number}", type_=sa.Text)
        arrays.append(sa.cast(given_numbers, sa.ARRAY(sa.Integer)))
        columns.append(sa.column(number, sa.Integer))
    return sa.func.unnest(*arrays).table_valued(*columns).render_derived(f"given_{prefix}")


def parameters(
    table: sa.Table, names: Sequence[str], prefix: str, columns: Iterable[Iterable[Value]]
) -> dict[str, str]:
    """``columns``: the values of each of ``names``, row by row."""
    return {
        f"{prefix}_{name}": _array(table.c[name].type, values)
        for name, values in zip(names, columns, strict=True)
    }


def numbers(values: Iterable[int]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def of(rows: Sequence[Mapping[str, Value]], names: Sequence[str]) -> list[list[Value]]:
    """The columns of rows; what a row lacks is null."""
    return [[row.get(name) for row in rows] for name in names]


def _array(kind: sa.types.TypeEngine[Any], values: Iterable[Value]) -> str:
    written, column = _writer(kind), list(values)
    if column and column.count(column[0]) == len(column):
        found = ["NULL" if column[0] is None else written(column[0])] * len(column)
    else:
        found = ["NULL" if value is None else written(value) for value in column]
    return f"{{{','.join(found)}}}"


def _writer(kind: sa.types.TypeEngine[Any]) -> Callable[[Value], str]:
    if isinstance(kind, JSONB):
        return _document
    if isinstance(kind, sa.LargeBinary):
        return _bytes
    if isinstance(kind, sa.String):
        return _text
    if isinstance(kind, sa.Boolean):
        return _flag
    return _instant if kind.python_type is datetime else str


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _document(value: Value) -> str:
    """Text is a document already."""
    return _text(value if type(value) is str else _json(value))


def _bytes(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _instant(value: datetime) -> str:
    return f'"{value.isoformat()}"'
