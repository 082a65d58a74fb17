"""``sifang workflows figures`` and ``outlook``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.cli.workflows import workflows
from tests import passage
from tests.cast import Cast
from tests.passage import Passage

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def run(app: Any, session: Session) -> Run:
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(workflows, [str(word) for word in words])


@pytest.fixture
def waits(session: Session, cast: Cast, now: datetime) -> None:
    one = Passage("building", now - timedelta(days=2)).add(0, "open", "reported")
    one.add(5400, "accept", "accepted")
    passage.write(session, cast, "grievance", [one])


def test_figures_for_scripts(run: Run, waits: None) -> None:
    answer = run("figures", "grievance", "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    assert (told["cases"], told["read"], told["days"]) == (1, 1, 90)
    states = {state["state"]: state for state in told["states"]}
    assert states["accepted"]["now"] == 1
    assert states["reported"]["median"] == states["reported"]["p90"] == 1.5
    (step,) = told["steps"]
    assert (step["from"], step["event"], step["to"]) == ("reported", "accept", "accepted")
    assert "withdraw" in told["unused"]
    assert "accept" not in told["unused"]


def test_figures_for_people(run: Run, waits: None) -> None:
    lines = run("figures", "grievance", "--days", 30, "--whole").output.splitlines()
    assert lines[0] == "grievance: 1, 30 d"
    assert "reported\taccept\taccepted\t1\t1.5 h\t1.5 h" in lines
    assert "-\twithdraw\t0" in lines


def test_figures_of_one_version(run: Run, waits: None) -> None:
    assert json.loads(run("figures", "grievance", "--version", 1, "--json").output)["cases"] == 1
    answer = run("figures", "grievance", "--version", 77)
    assert answer.exit_code == 1
    assert "77" in answer.output
    assert run("figures", "nothing").exit_code == 1


def test_figures_of_what_was_never_published(run: Run, session: Session, cast: Cast) -> None:
    passage.unpublished(session)
    told = json.loads(run("figures", "unpublished", "--json").output)
    assert (told["cases"], told["states"], told["unused"]) == (0, [], [])


def test_the_outlook_of_a_draft(run: Run, session: Session, cast: Cast, now: datetime) -> None:
    row = session.scalars(sa.select(m.Workflow).where(m.Workflow.key == "grievance")).one()
    (deadline,) = [d for d in row.deadlines if d.key == "call_back"]
    deadline.within = "1 hours"
    one = Passage("building", now - timedelta(days=2)).add(0, "open", "reported")
    one.add(60, "x", "resolved").add(9000, "x", "called_back").add(9001, "x", "withdrawn")
    passage.write(session, cast, "grievance", [one])
    told = json.loads(run("outlook", "grievance", "--json").output)
    wanted = {"deadline": "call_back", "cases": 1, "overdue": 1, "before": 0, "unknown": 0}
    assert told["deadlines"] == [wanted]
    roles = {held["role"]: held for held in told["roles"]}
    assert roles["CommitteeStaff"]["nobody"] == ["红棉社区"]
    lines = run("outlook", "grievance").output.splitlines()
    assert lines[0] == "call_back\t1 (0) / 1"
    assert "CommitteeStaff\t1 + 0\t- 红棉社区" in lines
