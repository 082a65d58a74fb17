"""The application: the only place that imports everything."""

from __future__ import annotations

import gc
from datetime import timedelta

from flask import Flask
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

import app.models  # maps every table
import app.services.legs  # noqa: F401  registers what workflows may name
import config
from app import channels, queue
from app.channels import guard
from app.extensions import csrf, db, migrate
from app.host import servers
from app.services import edge, vault
from app.views import BLUEPRINTS, NAVIGATION, access, assets, errors, frame, headers, labels, menus
from app.views.admin import LEDGERS
from app.views.builder import Builder


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the app; issues no SQL, so that any number of processes may start at once."""
    settings = servers.resolve(settings or config.load())
    if settings.database_url is None:
        raise config.SettingError("DATABASE_URL", "is not set, and `make run` is not running here")
    flask = Flask("app")
    flask.config.update(_flask_config(settings))
    flask.extensions["settings"] = settings
    queue.connect(settings.redis_url)
    guard.allow(settings.private_networks)
    vault.use(settings.encryption_keys, settings.secret_key)
    try:
        channels.use(settings.smtp_url, settings.mail_from)
    except ValueError as error:
        raise config.SettingError("SMTP_URL", str(error)) from None
    edge.use(settings.timezone, settings.base_url, settings.language)
    db.init_app(flask)
    migrate.init_app(flask, db, directory=str(config.ROOT / "migrations"))
    csrf.init_app(flask)  # before FAB: it refuses unsafe GETs only when it finds CSRF protection
    with flask.app_context():
        _add_views(flask)
    Compress(flask)
    assets.serve(flask)
    if settings.proxies:
        hops = settings.proxies
        flask.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            flask.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    # What was built lives as long as the process: nobody need search it for garbage, and the
    # interpreter's end, which does, is 0.4 s shorter for every process and command. A process of
    # tests builds many: there, what is frozen would never be given back.
    if not settings.testing:
        gc.freeze()
    return flask


def _add_views(flask: Flask) -> None:
    assets.install(flask)
    headers.install(flask)
    errors.install(flask)
    labels.install(flask)
    builder = Builder()
    builder.init_app(flask, db.session)
    frame.install(flask, NAVIGATION)
    menus.install(flask, LEDGERS)
    flask.before_request(access.guard)
    for group in LEDGERS:
        for view in group.views:
            builder.add_view(
                view,
                view.__name__,
                label=view.list_title,
                icon=view.icon,
                category=group.name,
                category_label=group.label,
            )
    for blueprint in BLUEPRINTS:
        flask.register_blueprint(blueprint)


def _flask_config(settings: config.Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {"max_overflow": max(10, settings.web_threads)},
        "TESTING": settings.testing,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 4,
        "COMPRESS_MIMETYPES": ["text/html", "application/json", "image/svg+xml", "text/csv"],
        "MAX_CONTENT_LENGTH": settings.upload_megabytes * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        **_session_config(settings),
        **_limit_config(settings),
        **_fab_config(settings),
    }


def _session_config(settings: config.Settings) -> dict[str, object]:
    return {
        "SESSION_HOURS": settings.session_hours,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.session_hours),
        "SESSION_REFRESH_EACH_REQUEST": False,  # an answer that comes late would undo a choice
        "SESSION_COOKIE_NAME": "sifang",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a form left open stays valid
    }


def _limit_storage(redis_url: str | None) -> str:
    """The limiter calls a Redis on a socket ``redis+unix``."""
    url = redis_url or "memory://"
    return f"redis+{url}" if url.startswith("unix://") else url


def _limit_config(settings: config.Settings) -> dict[str, object]:
    """Counted in Redis, so that all processes count together; in memory while it is away."""
    return {
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": _limit_storage(settings.redis_url),
        "RATELIMIT_KEY_PREFIX": "sifang:limit",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": settings.redis_url is not None,
        "RATELIMIT_SWALLOW_ERRORS": True,
        "LOGIN_LIMIT_ADDRESS": "10000/minute" if settings.testing else "30 per 5 minutes",
        "LOGIN_LIMIT_NAME": "10000/minute" if settings.testing else "10 per 5 minutes",
    }


def _fab_config(settings: config.Settings) -> dict[str, object]:
    return {
        "APP_NAME": "四方",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_API": False,
        "FAB_ADD_MENU_API": False,
        "FAB_API_SWAGGER_UI": False,
        "FAB_ALLOW_GET_UNSAFE_MUTATIONS": False,
        "FAB_PASSWORD_HASH_METHOD": "scrypt",
        "LANGUAGES": {
            "zh": {"flag": "cn", "name": "中文"},
            "en": {"flag": "gb", "name": "English"},
        },
        "BABEL_DEFAULT_LOCALE": settings.language,
        "BABEL_DEFAULT_TIMEZONE": settings.timezone,
        "BABEL_TRANSLATION_DIRECTORIES": str(config.ROOT / "translations"),
    }
