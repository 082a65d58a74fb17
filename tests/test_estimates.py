"""What new deadlines would have made of past cases: against the clocks themselves, and by hand."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import calendars, definitions, edge, estimates
from app.services.estimates import Estimates
from app.workflows import replay
from app.workflows.replay import Past, UnknownError
from app.workflows.spec import Workflow
from tests import passage
from tests.cast import Cast
from tests.passage import Passage
from tests.raising import Matter

KEY = "grievance"


def changed(session: Session, **deadlines: dict[str, Any] | None) -> Workflow:
    """The published workflow with deadlines changed, added, or taken out (None)."""
    spec = definitions.published(session)[KEY]
    document = spec.model_dump(mode="json", by_alias=True)
    kept = {deadline["key"]: deadline for deadline in document["deadlines"]}
    for key, change in deadlines.items():
        if change is None:
            del kept[key]
        else:
            kept[key] = {**kept.get(key, {"key": key, "label": key}), **change}
    return Workflow.model_validate({**document, "deadlines": list(kept.values())})


def estimated(
    session: Session, cast: Cast, now: datetime, draft: Workflow, who: str = "admin"
) -> Estimates:
    row = session.scalars(sa.select(m.Workflow).where(m.Workflow.key == KEY)).one()
    return estimates.of(session, cast.viewer(who), row, draft, now)


# --- which deadlines --------------------------------------------------------------------------


def test_only_what_is_counted_otherwise_is_estimated(session: Session) -> None:
    spec = definitions.published(session)[KEY]
    words = {"label": {"zh": "换个说法"}, "levels": [{"at": "90 %"}]}
    draft = changed(
        session, resolution=words, call_back={"within": "3 working days"}, reminder=None
    )
    assert [d.key for d in estimates.fresh(draft, spec)] == ["call_back"]
    assert estimates.fresh(spec, spec) == []
    assert len(estimates.fresh(spec, None)) == len(spec.deadlines)


def test_without_a_changed_deadline_nothing_is_read(
    session: Session, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "_stories", lambda *_: pytest.fail("read for nothing"))
    assert estimated(session, cast, now, changed(session)) == Estimates(0, None, ())


# --- the same as the clocks -------------------------------------------------------------------


def moved(matter: Matter, by: str, event: str, hours: float, **form: Any) -> None:
    matter.now += timedelta(hours=hours)
    matter.press(by, event, **form)


def story(matter: Matter, dice: random.Random) -> None:
    """From the report to an end, with pauses, a change of urgency and slow people."""

    def after() -> float:
        return dice.choice([0.5, 3, 20, 30, 75])

    matter.begin()
    if dice.random() < 0.3:
        moved(matter, "staff", "set_urgency", after(), urgency="urgent")
    moved(matter, "staff", "accept", after())
    if dice.random() < 0.3:
        moved(
            matter, "secretary", "set_urgency", after(), urgency=dice.choice(["urgent", "normal"])
        )
    moved(matter, "secretary", "reply", after(), reply="好")
    moved(matter, "grid", "take_on", after())
    if dice.random() < 0.5:
        until = edge.today(matter.now + timedelta(days=9)).isoformat()
        moved(matter, "staff", "suspend", after(), wait_reason="等材料", wait_until=until)
        moved(matter, "staff", "resume", dice.choice([1, 50, 200]))
    moved(matter, "grid", "report_result", after(), result_kind="fixed", result="好了")
    moved(matter, "staff", "call_back", after(), callback="satisfied")
    moved(matter, "secretary", "close", after())
    moved(matter, "resident", "rate", after(), stars=5)


@pytest.mark.parametrize("seed", range(12))
def test_a_replay_is_late_where_the_clocks_were(
    session: Session, cast: Cast, now: datetime, seed: int
) -> None:
    matter = Matter(session, cast, now)
    story(matter, random.Random(seed))
    spec = definitions.published(session)[KEY]
    (found,) = estimates._stories(session, cast.viewer("admin"), workflow_id(session), matter.now)
    keys = {d.key for d in spec.deadlines}
    judged = replay.overdue(replay.only(spec, keys), found.past, found.calendar, edge.timezone())
    rows = session.scalars(sa.select(m.Clock).where(m.Clock.case_id == matter.id)).all()
    late: dict[str, bool] = {}
    for row in rows:
        late[row.key] = late.get(row.key, False) or row.breached_at is not None
    assert judged == late


def workflow_id(session: Session) -> int:
    return definitions.current(session, KEY).workflow_id


# --- by hand ----------------------------------------------------------------------------------


def late_by_hand(one: Passage, start: str, stop: set[str], hours: float) -> bool | None:
    """Whether a round took longer than so many hours; None: there was none."""
    began: float | None = None
    found: bool | None = None
    for after, kind, _event, source, target, _data in one.events:
        if kind == "level":
            continue
        entered = source != target
        if began is not None and (entered and target in stop):
            found, began = bool(found) or after - began > hours * 3600, None
        elif began is None and entered and target == start:
            began, found = after, bool(found)
    return found


def test_the_estimate_is_that_of_a_count_by_hand(
    session: Session, cast: Cast, now: datetime
) -> None:
    spec = definitions.published(session)[KEY]
    dice = random.Random(8)
    made = [passage.wander(spec, dice, now - timedelta(days=170), now) for _ in range(200)]
    passage.write(session, cast, KEY, made)
    ends = {state.key for state in spec.states if state.kind.ended}
    ended = [one for one in made if one.state in ends]
    rule = {"start": "accepted", "stop": ["replied", "suspended"], "within": "10 hours"}
    (one,) = estimated(session, cast, now, changed(session, answered=rule)).deadlines
    stop = {"replied", "suspended", *ends}
    # a step of the file that leads back to its own state enters it again: none does here
    by_hand = [late_by_hand(p, "accepted", stop, 10) for p in ended]
    known = [late for late in by_hand if late is not None]
    assert len(known) > 15, "or nothing was tried"
    assert 0 < sum(known) < len(known)
    assert (one.cases, one.overdue, one.before, one.unknown) == (len(known), sum(known), None, 0)


def test_the_version_in_force_is_told_beside(session: Session, cast: Cast, now: datetime) -> None:
    matter = Matter(session, cast, now)
    story(matter, random.Random(1))
    draft = changed(session, call_back={"within": "1 min"})
    (one,) = estimated(session, cast, matter.now, draft).deadlines
    assert (one.key, one.cases, one.overdue, one.percent) == ("call_back", 1, 1, 100)
    late = "SELECT count(*) FROM clock WHERE key = 'call_back' AND breached_at IS NOT NULL"
    assert one.before == session.scalar(sa.text(late))


def test_what_history_does_not_say_is_left_out(session: Session, cast: Cast, now: datetime) -> None:
    story(matter := Matter(session, cast, now), random.Random(1))
    asks = {
        "within": "1 hours",
        "start": "accepted",
        "when": {"fact": "attachments.count", "op": "ge", "value": 1},
    }
    plain = {"within": "1 min", "start": "accepted"}
    found = estimated(session, cast, matter.now, changed(session, asks=asks, plain=plain))
    told = {one.key: (one.cases, one.overdue, one.unknown) for one in found.deadlines}
    assert told == {"asks": (0, 0, 1), "plain": (1, 1, 0)}


def test_a_date_that_was_filled_in_is_the_due_time(
    session: Session, cast: Cast, now: datetime
) -> None:
    begin = now - timedelta(days=9)
    for days in (1, 4):
        one = Passage("building", begin).add(0, "open", "reported").add(60, "accept", "accepted")
        one.add(120, "suspend", "suspended", data={"form": {"wait_until": "2026-11-12"}})
        one.add(86400 * days, "resume", "in_progress").add(86400 * days, "x", "withdrawn")
        passage.write(session, cast, KEY, [one])
    rule = {"until": "wait_until", "start": "suspended", "stop": "in_progress"}
    (one_,) = estimated(session, cast, now, changed(session, waiting=rule)).deadlines
    assert (one_.cases, one_.overdue) == (2, 1)


# --- the sample -------------------------------------------------------------------------------


def test_the_sample_is_bounded_and_of_ones_own_places(
    session: Session, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(place: str, days: float) -> Passage:
        begin = now - timedelta(days=days)
        one = Passage(place, begin).add(0, "open", "reported").add(600, "accept", "accepted")
        return one.add(7200, "withdraw", "withdrawn")

    made = [ended("building", n) for n in range(1, 9)] + [ended("far_compound", 5)]
    made.append(ended("building", 181))
    passage.write(session, cast, KEY, made)
    draft = changed(session, quick={"within": "1 hours", "start": "accepted"})
    assert estimated(session, cast, now, draft).sample == 9
    assert estimated(session, cast, now, draft, "secretary").sample == 8
    assert estimated(session, cast, now, draft, "outsider").sample == 1
    assert estimated(session, cast, now, draft, "designer").sample == 9
    monkeypatch.setattr(estimates, "MOST", 3)
    found = estimated(session, cast, now, draft)
    assert found.sample == 3
    assert found.since == now - timedelta(days=3) + timedelta(hours=2), "the last ones"
    assert found.deadlines[0].overdue == 3


def test_states_of_older_versions_are_passed_through() -> None:
    spec = Workflow.model_validate(
        {
            "key": "s",
            "label": "小",
            "start": "a",
            "states": [{"key": "a", "label": "甲"}, {"key": "z", "label": "完", "kind": "done"}],
            "deadlines": [{"key": "d", "label": "限", "start": "a", "within": "1 hours"}],
        }
    )
    begin = datetime.fromisoformat("2026-03-02T01:00:00+00:00")
    past = [
        Past(begin, "open", "", "a"),
        Past(begin + timedelta(minutes=30), "old", "a", "gone"),
        Past(begin + timedelta(minutes=90), "older", "gone", "finished"),
    ]
    found = replay.overdue(replay.only(spec, ["d"]), past, calendars.current(), edge.timezone())
    assert found == {"d": True}, "nothing stopped it before the end"
    assert replay.overdue(replay.only(spec, ["d"]), [], calendars.current(), edge.timezone()) == {}


def test_an_unknown_fact_says_its_name() -> None:
    with pytest.raises(UnknownError, match="children"):
        replay._unknown("children.count")
