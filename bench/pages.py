"""The pages that everybody opens all day, on a small and on a large database at the same time."""

from __future__ import annotations

import statistics
import time
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
from bench.cluster import Cluster, application

COMMUNITIES = 20
WARM = 3
LOGINS = ("shuji", "wuye")
PAGES = {
    "my work": "/work/",
    "list of grievances": "/grievances/",
    "list, page 40": "/grievances/?page=40",
    "list, overdue": "/grievances/?late=1",
    "list, search 屋顶渗水": "/grievances/?q=屋顶渗水",
    "list, all legs": "/all-cases/",
    "a case": "/cases/{case}",
}


@dataclass(frozen=True, slots=True)
class Found:
    name: str
    few: float
    many: float
    statements: int

    @property
    def ratio(self) -> float:
        return self.many / self.few


@dataclass(slots=True)
class _Side:
    """A loaded database with somebody logged in to its site."""

    flask: Flask
    client: FlaskClient
    case_id: int
    statements: int = 0

    def get(self, path: str) -> float:
        self.statements = 0
        start = time.perf_counter()
        answer = self.client.get(path.format(case=self.case_id))
        took = time.perf_counter() - start
        assert answer.status_code == 200, (path, answer.status_code)
        return took


def measure(cluster: Cluster, few: int, many: int, requests: int) -> list[Found]:
    """Both databases are asked in turn, page by page and login by login."""
    found = []
    with application(cluster, "few") as small, application(cluster, "many") as large:
        prefixes = [_load(flask, count) for flask, count in ((small, few), (large, many))]
        for login in LOGINS:
            pair = zip((small, large), prefixes, strict=True)
            sides = [_enter(flask, f"{prefix}-{login}") for flask, prefix in pair]
            for name, path in PAGES.items():
                found.append(_compare(sides, f"{name} ({login})", path, requests))
    return found


def _compare(sides: list[_Side], name: str, path: str, requests: int) -> Found:
    times: list[list[float]] = [[] for _ in sides]
    for number in range(requests + WARM):
        for index, side in enumerate(sides):
            took = side.get(path)
            if number >= WARM:
                times[index].append(took)
    few, many = (statistics.median(values) for values in times)
    return Found(name, few, many, max(side.statements for side in sides))


def _load(flask: Flask, count: int) -> str:
    """Fill the database; the first community's part of its logins' names."""
    with flask.app_context():
        with unit_of_work(db.session()) as session:
            made = demo.load(session, communities=COMMUNITIES, cases=count, now=clock.now())
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
    return str(made["login"]).removesuffix("-shuji")


def _enter(flask: Flask, login: str) -> _Side:
    client = flask.test_client()
    answer = client.post("/login/", data={"username": login, "password": PASSWORD})
    assert answer.status_code == 302, answer.status_code
    with flask.app_context():
        side = _Side(flask, client, _case(client))

        def count(*_: Any) -> None:
            side.statements += 1

        sa.event.listen(db.engine, "before_cursor_execute", count)
    return side


def _case(client: FlaskClient) -> int:
    """A case that this person finds in the list."""
    text = client.get("/all-cases/").get_data(as_text=True)
    return int(text.partition('href="/cases/')[2].partition('"')[0])
