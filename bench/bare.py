"""Filling large tables without their indexes and foreign keys, which come back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.services.demo.records import TABLES

INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i
WHERE i.indrelid = ANY (CAST(:tables AS regclass[])) AND NOT i.indisunique
"""
KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint
WHERE conrelid = ANY (CAST(:tables AS regclass[])) AND contype = 'f'
"""


@contextmanager
def tables(engine: sa.Engine) -> Iterator[None]:
    """Meanwhile the tables that a load fills have only their unique keys."""
    names = {"tables": [f'"{name}"' for name in TABLES]}
    with engine.begin() as connection:
        indexes = connection.execute(sa.text(INDEXES), names).all()
        keys = connection.execute(sa.text(KEYS), names).all()
        for table, name, _ in keys:
            connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for name, _ in indexes:
            connection.execute(sa.text(f"DROP INDEX {name}"))
    yield
    with engine.begin() as connection:
        for _, definition in indexes:
            connection.exec_driver_sql(definition)
        for table, name, definition in keys:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
