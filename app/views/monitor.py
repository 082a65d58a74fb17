"""For machines that watch this one: is it up, and how far behind is it. Never personal data."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from app import queue
from app.extensions import db
from app.services import health
from app.services.health import Health
from app.views import access
from app.views.access import public

pages = Blueprint("monitor", __name__)


@pages.get("/healthz")
@public
def healthz() -> tuple[Response, int]:
    """200 while requests can be served. Without Redis they can, so that is only told."""
    up = {"database": _database(), "redis": _redis()}
    return jsonify(status="ok" if up["database"] else "down", **up), 200 if up["database"] else 503


def _database() -> bool:
    try:
        db.session.execute(sa.text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _redis() -> bool:
    """Asked twice: one answer that comes too late is no outage."""
    connection = queue.connection()
    if connection is None:
        return False
    for _ in range(2):
        with suppress(RedisError):
            return bool(connection.ping())
    return False


@pages.get("/metrics")
@public
def metrics() -> Response:
    """For Prometheus: with the token of METRICS_TOKEN, or without one from this machine itself."""
    if not _may_read():
        abort(403)
    registry = CollectorRegistry()
    registry.register(_Figures(health.snapshot(db.session(), queue.connection(), access.now())))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read() -> bool:
    token = current_app.extensions["settings"].metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False  # through a proxy on this machine, so from who knows where
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


class _Figures(Collector):
    """One moment, counted when it is asked for: whichever process answers says the same."""

    def __init__(self, found: Health) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        found, late = self._found, self._found.backlog
        for name, words, value in (
            ("redis_up", "Whether Redis answers.", found.redis),
            ("queue_jobs", "Jobs that wait for a worker.", found.jobs or 0),
            ("clocks_due", "Deadlines that are due and not yet looked at.", late.clocks),
            ("clocks_lag_seconds", "How late the oldest of them is.", late.clock_seconds),
            ("notices_due", "Notices whose next attempt is due.", late.notices),
            ("notices_lag_seconds", "How late the oldest of them is.", late.notice_seconds),
            ("notices_dead", "Notices that were given up.", late.dead),
        ):
            yield GaugeMetricFamily(f"sifang_{name}", words, value=float(value))
        yield _labelled(
            "sifang_processes",
            "Processes that gave a sign of life within the last minute.",
            "kind",
            {kind: found.count(kind) for kind in ("sweep", "worker")},
        )
        yield _labelled(
            "sifang_notices_open",
            "Notices that are not yet out, those of later included.",
            "channel",
            found.open,
        )


def _labelled(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
