"""Many rows at once: ids reserved first, then COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session


def reserve(session: Session, table: str, count: int) -> list[int]:
    """``count`` ids of a table that nobody else gets."""
    sequence = sa.func.pg_get_serial_sequence(f'"{table}"', "id")
    query = sa.select(sa.func.nextval(sequence)).select_from(
        sa.func.generate_series(1, count).alias("one")
    )
    return list(session.scalars(query))


def copy(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY ``rows`` into ``table`` within the session's transaction. JSON is given as text."""
    with _copying(session, table, columns) as copying:
        for row in rows:
            copying.write_row(row)


def stream(session: Session, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY lines that are in COPY's own text format already."""
    with _copying(session, table, columns) as copying:
        copying.write("".join(lines))


@contextmanager
def _copying(session: Session, table: str, columns: Sequence[str]) -> Iterator[Any]:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    session.flush()
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copying:
        yield copying
