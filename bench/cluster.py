"""A throw-away PostgreSQL of the embedded kind, everything forced to the disk as in service."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import flask_migrate
import psycopg
from flask import Flask

import config
from app.extensions import db
from app.factory import create_app
from app.host.postgres import ADMIN, ROLE, Postgres
from app.host.process import stop, wait_until
from app.security.sync import sync
from app.services import definitions, rules
from app.services.actors import SYSTEM
from app.transaction import unit_of_work
from bench.times import NOW


@dataclass(frozen=True, slots=True)
class Cluster:
    postgres: Postgres
    folder: Path

    def create(self, name: str, template: str = "template1") -> str:
        """A database of the application's role, a copy of ``template``; its address."""
        with psycopg.connect(
            host=str(self.postgres.sockets),
            user=ADMIN,
            password=self.postgres.password(),
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" OWNER {ROLE} TEMPLATE "{template}"')
        return self.postgres.url(name)


@contextmanager
def running(*, durable: bool = True) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="sifang-bench-", dir=tempfile.gettempdir()))
    folder.chmod(0o755)
    postgres = Postgres(folder / "postgres", durable=durable)
    postgres.create()
    program = postgres.program()
    with (folder / "log").open("wb") as log:
        child = program.start(log)
    try:
        if program.ready is None or not wait_until(program.ready, child, 30):
            raise RuntimeError((folder / "log").read_text(errors="replace"))
        postgres.provide()
        yield Cluster(postgres, folder)
    finally:
        stop(child, signal.SIGINT, 20)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def application(cluster: Cluster, name: str) -> Iterator[Flask]:
    """The app on a fresh, migrated database with roles, rule sets and the library."""
    url = cluster.create(name).replace("postgresql://", "postgresql+psycopg://", 1)
    base = config.load({"SIFANG_VAR": str(cluster.folder / "var"), "SECRET_KEY": "bench-" * 8})
    flask = create_app(replace(base, database_url=url, redis_url=None))
    flask.config.update(WTF_CSRF_ENABLED=False)
    with flask.app_context():
        flask_migrate.upgrade()
        sync()
        with unit_of_work(db.session()) as session:
            rules.load(session)
            definitions.load_library(session, actor=SYSTEM, now=NOW)
        try:
            yield flask
        finally:
            db.session.remove()
            db.engine.dispose()
