"""The pages that everybody opens all day, on a small and on a large database at the same time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db
from app.services import demo
from app.services.demo.town import PASSWORD
from app.transaction import unit_of_work
from bench import bare
from bench.cluster import Cluster, application

UNFINISHED = 50
"""Open cases of a community: what people work on doesn't grow with the archive."""
HISTORY = (500, 10_000)
"""Cases of a community, in the small database and in the large one."""
WARM = 3
LOGINS = ("shuji", "wuye")
PAGES = {
    "my work": "/work/",
    "list of grievances": "/grievances/",
    "a case": "/cases/{case}",
}
FURTHER = {
    "list, page 10": "/grievances/?page=10",
    "list, overdue": "/grievances/?late=1",
    "list, a common word": "/grievances/?q=屋顶渗水",
    "list, all legs": "/all-cases/",
}
"""Shown beside the three for which there is a limit."""


@dataclass(frozen=True, slots=True)
class Found:
    page: str
    login: str
    few: float
    many: float
    statements: int

    @property
    def ratio(self) -> float:
        return self.many / self.few


@dataclass(slots=True)
class _Side:
    """A loaded database, and somebody who is logged in while the site uses it."""

    flask: Flask
    engine: sa.Engine
    client: FlaskClient
    case_id: int = 0
    statements: int = 0

    def get(self, path: str) -> float:
        """Ask for a page; how long it took."""
        self.statements = 0
        with self.turn():
            start = time.perf_counter()
            answer = self.client.get(path.format(case=self.case_id))
            took = time.perf_counter() - start
        assert answer.status_code == 200, (path, answer.status_code)
        return took

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Meanwhile the site uses this database."""
        db.session.remove()
        before, db.engines[None] = db.engines[None], self.engine
        try:
            yield
        finally:
            db.session.remove()
            db.engines[None] = before

    def count(self, *_: Any) -> None:
        self.statements += 1


def measure(cluster: Cluster, few: int, many: int, requests: int) -> list[Found]:
    """One site and two databases that differ in how many communities there are and how long their
    history is, asked in turn, page by page and login by login."""
    found = []
    with application(cluster, "few") as flask:
        db.session.remove()
        db.engine.dispose()  # a database is copied only while nobody is connected to it
        url = cluster.create("many", "few").replace("postgresql://", "postgresql+psycopg://", 1)
        small, large = db.engine, sa.create_engine(url, pool_size=5)
        for engine, count, each in ((small, few, HISTORY[0]), (large, many, HISTORY[1])):
            side = _Side(flask, engine, flask.test_client())
            prefix = _load(side, count, max(count // each, 2))
        for login in LOGINS:
            sides = [_enter(flask, engine, f"{prefix}-{login}") for engine in (small, large)]
            for name, path in {**PAGES, **FURTHER}.items():
                found.append(_compare(sides, (name, login), path, requests))
        large.dispose()
    return found


def _compare(sides: list[_Side], which: tuple[str, str], path: str, requests: int) -> Found:
    times: list[list[float]] = [[] for _ in sides]
    for number in range(requests + WARM):
        for index, side in enumerate(sides):
            took = side.get(path)
            if number >= WARM:
                times[index].append(took)
    few, many = (statistics.median(values) for values in times)
    return Found(*which, few, many, max(side.statements for side in sides))


def _load(side: _Side, count: int, communities: int) -> str:
    """Fill the database; how the logins of the first community begin."""
    with side.turn():
        with bare.tables(side.engine), unit_of_work(db.session()) as session:
            made = demo.load(
                session,
                communities=communities,
                cases=count,
                now=clock.now(),
                unfinished=communities * UNFINISHED,
            )
        with side.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
    return str(made["login"]).removesuffix("-shuji")


def _enter(flask: Flask, engine: sa.Engine, login: str) -> _Side:
    side = _Side(flask, engine, flask.test_client())
    with side.turn():
        answer = side.client.post("/login/", data={"username": login, "password": PASSWORD})
        assert answer.status_code == 302, answer.status_code
        listed = side.client.get("/all-cases/").get_data(as_text=True)
    side.case_id = int(listed.partition('href="/cases/')[2].partition('"')[0])
    sa.event.listen(engine, "before_cursor_execute", side.count)
    return side
