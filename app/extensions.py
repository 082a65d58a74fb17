"""The objects that Flask extensions live in; created here, bound to an app in ``app.factory``."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
from flask_appbuilder import Model
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from app import clock

# With FAB's own declarative base, so that one metadata holds its tables and ours.
db = SQLAlchemy(model_class=Model)
migrate = Migrate()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)

RESTED = 1.0
"""Seconds after which a pooled connection is tried before it is used: the server may have been
restarted. A busy one isn't, that would be a round trip more for each transaction."""


@sa.event.listens_for(Pool, "checkin")
def _rest(connection: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["rested"] = clock.monotonic()


@sa.event.listens_for(Pool, "checkout")
def _try(connection: Any, entry: ConnectionPoolEntry, proxy: Any) -> None:
    if clock.monotonic() - entry.info.get("rested", clock.monotonic()) < RESTED:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error
