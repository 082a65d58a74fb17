"""The bench runs and compares like with like; how fast is not for a test to say."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from app import clock
from app.extensions import db
from app.services import cases
from app.transaction import unit_of_work
from app.workflows.check import check
from bench import __main__ as command
from bench import clocks, cluster, designer, errand, hand, others, pages, steps
from bench.times import ratios, turns

TABLES = ("case", "event", "clock", "notice")


def rows(connection: psycopg.Connection, case_id: int) -> dict[str, list[Any]]:
    """What a case has in each table, without what is a name, a number or a time."""
    found = {}
    for table in TABLES:
        key = "id" if table == "case" else "case_id"
        query = f'SELECT * FROM "{table}" WHERE {key} = %s ORDER BY id'
        cursor = connection.execute(query, (case_id,))
        names = [column.name for column in cursor.description or ()]
        found[table] = [
            {n: value for n, value in zip(names, row, strict=True) if n in PLAIN[table]}
            for row in cursor
        ]
    return found


PLAIN = {
    "case": {"state", "state_label", "state_kind", "data", "row_version", "seq"},
    "event": {"seq", "kind", "event", "label", "source", "target", "target_label", "data"},
    "clock": {"key", "round", "label", "status", "next_level"},
    "notice": {"user_id", "channel", "key", "status"},
}


@pytest.fixture
def without_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "prepare", lambda: None)


def test_hand_written_statements_write_the_rows_that_fire_writes() -> None:
    with cluster.running(durable=False) as server, cluster.application(server, "same"):
        with unit_of_work(db.session()) as session:
            ground = errand.lay(session)
            ours, theirs = errand.begin(session, ground, 2)
        actor = (ground.actor.user_id or 0, ground.actor.name)
        with hand.connect(server.postgres.url("same")) as connection:
            for event in errand.EVENTS:
                with unit_of_work(session):
                    cases.fire(session, ours, event, actor=ground.actor, now=clock.now())
                hand.step(connection, theirs, event, actor, clock.now())
            assert rows(connection, ours) == rows(connection, theirs)


def test_the_steps_are_measured(without_peers: None) -> None:
    with cluster.running(durable=False) as server:
        found = steps.measure(server, cases_a_round=1, rounds=2)
    assert set(found) == {steps.FIRE, steps.HAND}
    assert all(rate > 0 for rates in found.values() for rate in rates)
    assert len(ratios(found, steps.FIRE, steps.HAND)) == 2


@pytest.mark.long
def test_the_pages_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "HISTORY", (100, 100))
    monkeypatch.setattr(pages, "UNFINISHED", 10)
    with cluster.running(durable=False) as server:
        found = pages.measure(server, 200, 300, 1)
    assert len(found) == len({**pages.PAGES, **pages.FURTHER}) * len(pages.LOGINS)
    assert all(page.ratio > 0 and page.statements <= command.STATEMENTS for page in found)


def test_everybody_begins_a_round_in_turn() -> None:
    order: list[str] = []

    def contender(name: str) -> Any:
        def work() -> float:
            order.append(name)
            return 1.0

        return work

    found = turns({"a": contender("a"), "b": contender("b")}, 2)
    assert found == {"a": [1.0, 1.0], "b": [1.0, 1.0]}
    assert order == ["a", "b", "a", "b", "b", "a"]


@pytest.mark.long
def test_all_that_is_due_is_fired_once_and_nothing_else() -> None:
    """The bench itself checks the rows that were written."""
    with cluster.running(durable=False) as server:
        assert clocks.fired(server, "few", 60, 20) > 0


@pytest.mark.long
def test_the_checker_is_measured_on_a_large_workflow() -> None:
    spec = designer.workflow()
    assert (len(spec.states), len(spec.transitions)) == (200, 600)
    assert not [f for f in check(spec, known={spec.key: spec}) if f.level == "error"]
    with cluster.running(durable=False) as server:
        found = designer.measure(server, 1)
    assert min(found.check, found.asking, found.whole) > 0
    assert found.findings > 0
