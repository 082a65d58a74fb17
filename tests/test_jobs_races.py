"""One person who presses several times at one moment, each press on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import RefusedError
from app.services import jobs
from app.services.jobs import Order
from tests import cast as casting
from tests.test_meeting_races import at_once

PRESSES = 4
ROUNDS = 5
LIST = {"list": "grievances", "query": {"late": "1"}}


@pytest.fixture(scope="module")
def engine(settings, servers, app) -> Iterator[sa.Engine]:
    """A database whose transactions are really committed."""
    url = servers.create_database(servers.name("presses"), "template_sifang")
    engine = sa.create_engine(url, pool_size=PRESSES + 1)
    yield engine
    engine.dispose()


@pytest.fixture
def owners(engine) -> dict[str, int]:
    """Ids of people; what they have started is gone."""
    with Session(engine) as session:
        session.execute(sa.delete(m.Job))
        session.commit()
        return {name: user.id for name, user in casting.found(session).users.items()}


def press(engine: sa.Engine, order: Order, owner: int, now: Any) -> Callable[[], Any]:
    def run() -> Any:
        with Session(engine) as session:
            try:
                job_id = jobs.start(session, order, owner_id=owner, now=now).id
            except RefusedError as error:
                return error
            session.commit()
            return job_id

    return run


def test_four_presses_of_export_make_one_job(engine, owners, now):
    for number in range(ROUNDS):
        order = Order("export", {**LIST, "round": number}, once=True)
        found = at_once([press(engine, order, owners["staff"], now) for _ in range(PRESSES)])
        assert len(set(found)) == 1, found
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count(m.Job.id))) == ROUNDS


def test_each_person_has_a_job_of_their_own(engine, owners, now):
    order = Order("export", LIST, once=True)
    names = ("staff", "secretary", "street", "admin")
    found = at_once([press(engine, order, owners[name], now) for name in names])
    assert len(set(found)) == len(names)


def test_no_more_than_the_most_are_started_at_one_moment(engine, owners, now, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_OPEN", 2)
    orders = [Order("export", {**LIST, "number": n}) for n in range(PRESSES)]
    found = at_once([press(engine, order, owners["staff"], now) for order in orders])
    assert sum(isinstance(one, RefusedError) for one in found) == PRESSES - 2


def test_what_has_ended_or_is_being_stopped_is_ordered_anew(engine, owners, now):
    order = Order("export", LIST, once=True)
    begin = press(engine, order, owners["staff"], now)
    first = begin()
    assert begin() == first
    for change in ({"stop": True}, {"state": m.JobState.DONE, "next_at": None, "ended_at": now}):
        with Session(engine) as session:
            session.execute(sa.update(m.Job).values(**change))
            session.commit()
        again = begin()
        assert again != first
        first = again
    other = press(engine, Order("export", {**LIST, "query": {}}, once=True), owners["staff"], now)
    assert other() != first, "another list"
