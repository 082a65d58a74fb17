"""The application: the only place that imports everything."""

from __future__ import annotations

from flask import Flask

import app.models  # noqa: F401  maps every table
import config
from app import queue
from app.extensions import csrf, db, migrate


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the app; issues no SQL, so that any number of processes may start at once."""
    settings = settings or config.load()
    flask = Flask("app")
    flask.config.update(_flask_config(settings))
    flask.extensions["settings"] = settings
    queue.connect(settings.redis_url)
    db.init_app(flask)
    migrate.init_app(flask, db, directory=str(config.ROOT / "migrations"))
    csrf.init_app(flask)
    return flask


def _flask_config(settings: config.Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True, "pool_size": 5},
        "TESTING": settings.testing,
    }
