"""The page of a workflow's figures: what it shows to whom, and its workbook."""

from __future__ import annotations

import io
import random
import re
import zipfile
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app.services import definitions, traffic
from app.views import heatmaps
from tests import passage
from tests.cast import Cast
from tests.passage import Passage
from tests.visitor import Visitor

KEY = "grievance"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def address(session: Session) -> str:
    return f"/workflows/{definitions.current(session, KEY).workflow_id}/figures"


@pytest.fixture
def waits(session: Session, cast: Cast, now: datetime) -> Passage:
    """One case that waits in Cuiwei, taken up by a deadline after two hours."""
    one = Passage("building", now - timedelta(days=2)).add(0, "open", "reported")
    one.add(7200, "some_deadline", "reported", kind="level", by="system", data={"fire": "accept"})
    one.add(7200, "accept", "accepted", by="system")
    passage.write(session, cast, KEY, [one])
    session.commit()
    return one


def seen(app: Flask, login: str, address: str, **query: object) -> str:
    visitor = Visitor(app).sign_in(login).speak("en")
    assert visitor.get(address, **query).status_code == 200, visitor.text[-800:]
    return visitor.text


@pytest.mark.parametrize("login", ["admin", "designer", "secretary", "street"])
def test_what_waits_and_how_long_it_took(
    app: Flask, address: str, waits: Passage, login: str
) -> None:
    text = seen(app, login, address)
    assert "1 cases were open in this period" in text
    assert "1 d 22 h" in text, "waits in the state since"
    assert "100% by a deadline" in text
    assert "Accept · 1" in text
    assert "2 h" in seen(app, login, address, by="time")


def test_numbers_lead_to_the_list_for_those_who_have_one(
    app: Flask, address: str, waits: Passage
) -> None:
    assert "/grievances/?f_state=accepted" in seen(app, "secretary", address)
    assert "f_state=" not in seen(app, "designer", address), "sees numbers and no case"


def test_the_tabs_of_a_workflow_have_titles_of_their_own(app: Flask, address: str) -> None:
    assert "<title>Traffic · " in seen(app, "designer", address)
    assert "<title>Versions · " in seen(app, "designer", address.replace("figures", "versions"))


def test_next_door_counts_nothing(app: Flask, address: str, waits: Passage) -> None:
    text = seen(app, "outsider", address)
    assert "No case was open in this period." in text
    assert "1 d 22 h" not in text


@pytest.mark.parametrize("login", ["grid", "property", "council", "facilitator"])
def test_who_has_nothing_to_do_with_workflows_is_refused(
    app: Flask, session: Session, address: str, login: str
) -> None:
    visitor = Visitor(app).sign_in(login)
    assert visitor.get(address).status_code == 403
    assert visitor.get(f"{address}/excel").status_code == 403


def test_before_it_is_published_there_is_nothing(app: Flask, session: Session, cast: Cast) -> None:
    row = passage.unpublished(session)
    session.commit()
    visitor = Visitor(app).sign_in("admin").speak("en")
    assert visitor.get(f"/workflows/{row.id}/figures").status_code == 200
    assert "before the workflow is published" in visitor.text
    assert visitor.get(f"/workflows/{row.id}/figures/excel").status_code == 404
    assert visitor.get("/workflows/999999/figures").status_code == 404


@pytest.mark.parametrize("query", [{"days": "7", "by": "x", "version": "zero"}, {"version": "-1"}])
def test_what_nobody_can_mean_is_the_usual(
    app: Flask, address: str, waits: Passage, query: dict[str, str]
) -> None:
    text = seen(app, "admin", address, **query)
    assert '<option value="90" selected>' in text
    assert "1 cases were open" in text


def test_a_sample_says_so(
    app: Flask, session: Session, cast: Cast, now: datetime, address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    dice = random.Random(1)
    spec = definitions.published(session)[KEY]
    made = [passage.wander(spec, dice, now - timedelta(days=20), now) for _ in range(80)]
    passage.write(session, cast, KEY, made)
    session.commit()
    monkeypatch.setattr(traffic, "MOST", 10)
    text = seen(app, "admin", address)
    assert re.search(r"those of \d+ of them", text)
    assert "≈" in text


def test_the_workbook_has_every_state_and_step(app: Flask, address: str, waits: Passage) -> None:
    visitor = Visitor(app).sign_in("admin").speak("en")
    answer = visitor.get(f"{address}/excel")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        texts = "".join(
            book.read(name).decode() for name in book.namelist() if name.endswith(".xml")
        )
    for word in ("Accepted", "Withdraw", "Median, hours", "By a deadline"):
        assert word in texts, word


@pytest.mark.parametrize(
    ("count", "exact", "text"),
    [(0, True, "0"), (1234567, True, "1,234,567"), (12345, False, "≈ 12,000"), (7, False, "≈ 7")],
)
def test_counts_in_words(count: int, exact: bool, text: str) -> None:
    assert heatmaps.number(count, exact=exact) == text
