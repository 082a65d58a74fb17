"""The pool of database connections."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import config
from app import extensions
from tests.servers import Servers


def test_a_connection_that_died_while_it_rested_is_replaced(
    settings: config.Settings, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.database_url is not None
    engine = sa.create_engine(settings.database_url, pool_size=1)
    with engine.connect() as connection:
        first = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    with servers.connect("postgres") as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    monkeypatch.setattr(extensions, "RESTED", 0.0)
    with engine.connect() as connection:
        second = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    engine.dispose()
    assert second != first


def test_a_connection_in_use_is_not_asked_again(settings: config.Settings) -> None:
    assert settings.database_url is not None
    engine = sa.create_engine(settings.database_url, pool_size=1)
    with engine.connect() as connection:
        before = connection.connection.driver_connection
        assert before is not None
    with engine.connect() as connection:
        assert connection.connection.driver_connection is before
        state = before.info.transaction_status
        assert state.name == "IDLE", "nothing was sent"
    engine.dispose()
