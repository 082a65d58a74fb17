"""Statements that go to the driver directly."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import config
from app.services import direct
from tests.servers import Servers


def test_a_broken_rule_is_sqlalchemys_error(session: Session) -> None:
    text = "INSERT INTO party (place_id, kind, name) VALUES (%(place)s, 'other', 'x')"
    with pytest.raises(sa.exc.IntegrityError, match="fk_party_place_id_place"):
        direct.run(session, text, {"place": -1})
    session.rollback()


def test_a_lost_connection_is_sqlalchemys_error_and_is_given_up(
    settings: config.Settings, servers: Servers
) -> None:
    assert settings.database_url is not None
    engine = sa.create_engine(settings.database_url, pool_size=1)
    with Session(engine) as session:
        before = direct.run(session, "SELECT pg_backend_pid()", {}).fetchone()
        assert before is not None
        with servers.connect("postgres") as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", before)
        with pytest.raises(sa.exc.OperationalError):
            direct.run(session, "SELECT 1", {})
        session.rollback()
        assert direct.run(session, "SELECT 1", {}).fetchone() == (1,)
    engine.dispose()
