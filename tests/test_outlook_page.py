"""What a draft would mean, on the screen: holders of roles, and estimates of deadlines."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.services import definitions
from app.views.designing import outlook
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
    return f"/workflows/{definitions.current(session, KEY).workflow_id}"


@pytest.fixture
def stricter(session: Session, cast: Cast, now: datetime) -> None:
    """A draft with a call-back within an hour, and a case that took two."""
    row = session.scalars(sa.select(m.Workflow).where(m.Workflow.key == KEY)).one()
    (deadline,) = [d for d in row.deadlines if d.key == "call_back"]
    deadline.within = "1 hours"
    one = Passage("building", now - timedelta(days=2)).add(0, "open", "reported")
    one.add(60, "report_result", "resolved").add(7260, "call_back", "called_back")
    one.add(7300, "withdraw", "withdrawn")
    passage.write(session, cast, KEY, [one])
    session.commit()


def seen(app: Flask, login: str, address: str, **headers: str) -> str:
    visitor = Visitor(app).sign_in(login).speak("en")
    assert visitor.open(address, headers=headers).status_code == 200, visitor.text[-800:]
    return visitor.text


def test_the_page_of_a_draft_asks_for_both(app: Flask, session: Session, address: str) -> None:
    text = seen(app, "designer", address)
    for part in ("holders", "estimates"):
        assert f'hx-get="{address}/{part}"' in text
        assert f'href="{address}/{part}"' in text, "without scripts it is a page of its own"


@pytest.mark.parametrize("part", ["holders", "estimates"])
def test_it_comes_alone_or_with_a_page_around_it(
    app: Flask, session: Session, address: str, part: str
) -> None:
    alone = seen(app, "designer", f"{address}/{part}", **{"HX-Request": "true"})
    assert alone.startswith("<section")
    assert "<html" in seen(app, "designer", f"{address}/{part}")


def test_gaps_and_stand_ins_are_named(app: Flask, session: Session, address: str) -> None:
    text = seen(app, "admin", f"{address}/holders")
    assert "红棉社区" in text
    assert "nobody in 1 communities" in text
    assert "from above: 街道人 (云桥街道)" in text
    own = seen(app, "secretary", f"{address}/holders")
    assert "红棉" not in own
    assert "街道人" not in own, "only where that is, not who"


def test_an_estimate_says_of_how_many(
    app: Flask, session: Session, stricter: None, address: str
) -> None:
    text = seen(app, "designer", f"{address}/estimates")
    assert "The last 1 cases that ended" in text
    assert "Of 1 cases 1 (100%) would have been overdue. By the version in force: 0." in text
    assert "No case has ended" in seen(app, "outsider", f"{address}/estimates")


def test_without_a_new_deadline_it_says_so(app: Flask, session: Session, address: str) -> None:
    assert "No deadline is counted otherwise" in seen(app, "admin", f"{address}/estimates")


@pytest.mark.parametrize("part", ["holders", "estimates"])
def test_a_draft_that_is_none_yet_is_not_counted(app: Flask, session: Session, part: str) -> None:
    row = passage.unpublished(session)
    session.commit()
    text = seen(app, "admin", f"/workflows/{row.id}/{part}")
    assert "nothing to count before the errors" in text


@pytest.mark.parametrize("part", ["holders", "estimates"])
@pytest.mark.parametrize("login", ["grid", "property", "council"])
def test_who_has_nothing_to_do_with_workflows_is_refused(
    app: Flask, session: Session, address: str, login: str, part: str
) -> None:
    assert Visitor(app).sign_in(login).get(f"{address}/{part}").status_code == 403


def test_many_are_not_all_named(app: Flask) -> None:
    with app.test_request_context():
        assert outlook._some([str(n) for n in range(6)]).count("、") == 5
        assert "等另外 4 个" in outlook._some([str(n) for n in range(10)])
