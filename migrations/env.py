"""Runs migrations inside the app: one at a time over all hosts, never waiting long for a lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context
from flask import current_app

from app.extensions import db

ADVISORY_LOCK = 0x51FA
"""Any number, the same everywhere: two deploys at once run one after the other."""


def run() -> None:
    with db.engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(sa.text("SET lock_timeout = '10s'"))
        connection.commit()
        options = dict(current_app.extensions["migrate"].configure_args)
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


if context.is_offline_mode():
    raise SystemExit("Migrations need a database to run on.")
run()
