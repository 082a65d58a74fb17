"""The statements that every step runs, given to the driver as they are.

They are built with SQLAlchemy and compiled once. To go through its execution each time (keys,
contexts, result sets) takes as long as the database does. What the driver raises is turned into
SQLAlchemy's own errors, so that callers know no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_DIALECT: Any = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def compiled(query: sa.Select[Any] | sa.Insert | sa.Update) -> tuple[str, dict[str, Any]]:
    """The text that the driver takes, with the values that are bound in it."""
    found = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return str(found), dict(found.params)


def run(session: Session, text: str, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    """Execute within the session's transaction. Raises what SQLAlchemy would."""
    connection = session.connection()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        return driver.execute(text, values)
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text, dict(values), error, psycopg.Error, dialect=_DIALECT
        ) from error
