"""Fixtures: real servers, a migrated database per worker, a transaction per test, the cast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

import config
from app import queue
from app.extensions import db
from app.factory import create_app
from app.security.sync import sync
from app.services import definitions, rules
from app.services.actors import SYSTEM
from tests import cast as casting
from tests.servers import Servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shoot", action="store_true", help="keep pictures of the walks")


for profile, same in (("same", True), ("fresh", False)):
    hypothesis.settings.register_profile(
        profile,
        derandomize=same,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("same")
"""``make test`` tries the same examples each time, however slow the machine is; ``make faults``
tries others, and so does ``make test ARGS="--hypothesis-profile=fresh -k …"``."""


NOW = datetime(2026, 11, 19, 2, 30, tzinfo=UTC)
"""A Thursday, 10:30 in Shanghai: within working hours of an announced year."""


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def settings(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    """Settings of a test process: a copy of the prepared database, a folder of its own."""
    folder = tmp_path_factory.mktemp("var")
    base = config.load({"SIFANG_VAR": str(folder), "SECRET_KEY": "test-" * 8})
    base = replace(base, redis_url=servers.redis_url, testing=True)
    url = servers.copy("sifang", lambda address: build(replace(base, database_url=address)))
    return replace(base, database_url=url)


def build(settings: config.Settings) -> None:
    """A migrated database with roles, rule sets, the cast and the published library."""
    build_empty(settings, cast=True)


def build_empty(settings: config.Settings, *, cast: bool = False) -> None:
    """What ``sifang deploy`` leaves in an empty database."""
    flask = create_app(settings)
    with flask.app_context():
        flask_migrate.upgrade()
        sync()
        rules.load(db.session)
        if cast:
            casting.settle(db.session)
        definitions.load_library(db.session, actor=SYSTEM, now=NOW)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def app(settings: config.Settings) -> Iterator[Flask]:
    """The app on a database that holds the cast and the library."""
    flask = create_app(settings)
    flask.config.update(WTF_CSRF_ENABLED=False)
    yield flask
    with flask.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session whose every commit is undone after the test."""
    if queue.connection() is None:  # an app without Redis was made meanwhile
        queue.connect(app.extensions["settings"].redis_url)
    app.extensions["appbuilder"].sm.forget()  # what a test asks of the database is always the same
    with app.app_context():
        engine = db.engine
        with engine.connect() as connection:
            outer = connection.begin()
            db.engines[None] = connection
            db.session.remove()
            db.session.configure(join_transaction_mode="create_savepoint")
            try:
                yield db.session
            finally:
                db.session.remove()
                db.engines[None] = engine
                outer.rollback()


@pytest.fixture
def cast(session: Session) -> casting.Cast:
    """The people and places of ``tests.cast``, as of this test's session."""
    return casting.found(session)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def files_dir(settings: config.Settings) -> Path:
    return settings.files_dir


LONG = ("tests/test_host_", "tests/test_jobs_faults.py", "tests/test_worker_faults.py")
"""Files that take longest begin first, so that no worker is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
