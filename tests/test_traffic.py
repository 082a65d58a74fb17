"""What a workflow has carried, against a count by hand over the same histories."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import definitions, traffic
from app.services.actors import Viewer
from app.services.traffic import Question, Times, Traffic
from tests import passage
from tests.cast import Cast
from tests.passage import Passage

KEY = "grievance"


def share(values: Iterable[float], part: float) -> float:
    """A percentile between neighbours, as textbooks have it."""
    order = sorted(values)
    place = part * (len(order) - 1)
    low = int(place)
    high = min(low + 1, len(order) - 1)
    return order[low] + (order[high] - order[low]) * (place - low)


class ByHand:
    """The same figures, one case after the other."""

    def __init__(self, passages: Iterable[Passage], since: datetime, ends: set[str]) -> None:
        self.cases = 0
        self.now: Counter[str] = Counter()
        self.came: Counter[str] = Counter()
        self.waiting: dict[str, datetime] = {}
        self.stays: dict[str, list[float]] = {}
        self.steps: dict[tuple[str, str, str], list[float]] = {}
        self.system: Counter[tuple[str, str, str]] = Counter()
        self.fired: Counter[tuple[str, str, str]] = Counter()
        for one in passages:
            last = one.opened_at + timedelta(seconds=one.events[-1][0])
            if one.state in ends and last < since:
                continue
            self.cases += 1
            self.follow(one, since)
            if one.state not in ends:
                self.now[one.state] += 1
                came = max(
                    after for after, _, _, source, target, _ in one.events if source != target
                )
                at = one.opened_at + timedelta(seconds=came)
                self.waiting[one.state] = min(at, self.waiting.get(one.state, at))

    def follow(self, one: Passage, since: datetime) -> None:
        came, before = 0.0, ""
        for (after, kind, event, source, target, data), by in zip(one.events, one.by, strict=True):
            inside = one.opened_at + timedelta(seconds=after) >= since
            if kind in ("moved", "noted") and inside:
                step = (source, target, event)
                self.steps.setdefault(step, []).append(after - came)
                self.system[step] += by == "system"
                self.fired[step] += by == "system" and before == event
                if source != target:
                    self.came[target] += 1
                    self.stays.setdefault(source, []).append(after - came)
            before = data.get("fire", "")
            if source != target:
                came = after


def near(times: Times, values: list[float]) -> bool:
    if times.median is None or times.p90 is None:
        return not values
    found = (times.count, times.median.total_seconds(), times.p90.total_seconds())
    return found == pytest.approx((len(values), share(values, 0.5), share(values, 0.9)), abs=1e-3)


def asked(session: Session, days: int = 90) -> Question:
    return Question(definitions.current(session, KEY).workflow_id, days)


def herd(session: Session, cast: Cast, now: datetime, many: int = 150) -> list[Passage]:
    dice = random.Random(5)
    spec = definitions.published(session)[KEY]
    made = [
        passage.wander(spec, dice, now - timedelta(days=dice.uniform(0, 200)), now)
        for _ in range(many)
    ]
    passage.write(session, cast, KEY, made)
    return made


def ends(session: Session) -> set[str]:
    return {s.key for s in definitions.published(session)[KEY].states if s.kind.ended}


def agrees(found: Traffic, hand: ByHand) -> None:
    assert found.cases == hand.cases
    assert {key: spot.now for key, spot in found.spots.items() if spot.now} == dict(hand.now)
    assert {k: s.since for k, s in found.spots.items() if s.since} == hand.waiting
    assert {(u.source, u.target, u.event) for u in found.steps} == set(hand.steps)
    for used in found.steps:
        step = (used.source, used.target, used.event)
        assert near(used.times, hand.steps[step]), step
        assert (used.system, used.deadline) == (hand.system[step], hand.fired[step])
    assert {key: spot.came for key, spot in found.spots.items() if spot.came} == dict(hand.came)
    for key, spot in found.spots.items():
        assert near(spot.stays, hand.stays.get(key, [])), key


@pytest.mark.parametrize("days", [30, 90, 365])
def test_the_figures_are_those_of_a_count_by_hand(
    session: Session, cast: Cast, now: datetime, days: int
) -> None:
    made = herd(session, cast, now)
    found = traffic.count(session, cast.viewer("admin"), asked(session, days), now)
    hand = ByHand(made, now - timedelta(days=days), ends(session))
    assert len(hand.steps) > 20, "or nothing was tried"
    agrees(found, hand)
    assert not found.sampled


@pytest.mark.parametrize("who", ["secretary", "outsider", "street", "designer", "grid"])
def test_only_cases_of_ones_own_places_are_counted(
    session: Session, cast: Cast, now: datetime, who: str
) -> None:
    made = herd(session, cast, now, 60)
    spec = definitions.published(session)[KEY]
    places = {"secretary": ["building"], "grid": ["building"], "outsider": ["far_compound"]}
    mine = [one for one in made if one.place in places.get(who, [one.place])]
    assert not any(state.visible_to for state in spec.states)
    found = traffic.count(session, cast.viewer(who), asked(session), now)
    agrees(found, ByHand(mine, now - timedelta(days=90), ends(session)))


def test_who_sees_no_case_counts_none(session: Session, cast: Cast, now: datetime) -> None:
    herd(session, cast, now, 20)
    nobody = Viewer("user", "某人", 1, frozenset({"Secretary"}))
    found = traffic.count(session, nobody, asked(session), now)
    assert (found.cases, found.read, dict(found.spots), found.steps) == (0, 0, {}, ())


def test_many_are_drawn_evenly_unless_all_are_asked_for(
    session: Session, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = herd(session, cast, now, 300)
    monkeypatch.setattr(traffic, "MOST", 50)
    viewer, question = cast.viewer("admin"), asked(session)
    hand = ByHand(made, now - timedelta(days=90), ends(session))
    found = traffic.count(session, viewer, question, now)
    assert found.sampled
    assert found.read == 50
    assert found.cases >= 50, "about how many there are"
    assert {k: s.now for k, s in found.spots.items() if s.now} == dict(hand.now), "all of them"
    assert {k: s.since for k, s in found.spots.items() if s.since} == hand.waiting
    assert traffic.count(session, viewer, question, now) == found, "the same draw again"
    agrees(traffic.count(session, viewer, question, now, whole=True), hand)


@pytest.mark.parametrize("first", [0.01, 0.7, 25.0])
def test_where_a_draw_hits_too_few_blocks_more_are_drawn(
    session: Session, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch, first: float
) -> None:
    herd(session, cast, now, 80)
    monkeypatch.setattr(traffic, "FIRST", first)
    viewer, question = cast.viewer("admin"), asked(session)
    for most in (1, 10, 20, 30):
        monkeypatch.setattr(traffic, "MOST", most)
        found = traffic.count(session, viewer, question, now)
        assert (found.read, found.sampled) == (most, True)


def test_a_sample_keeps_to_the_cases_that_one_may_see(
    session: Session, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "MOST", 20)
    monkeypatch.setattr(traffic, "FIRST", 40.0)
    herd(session, cast, now, 300)
    outside = session.scalars(
        sa.select(m.Case.id).where(m.Case.place_id == cast.places["far_compound"].id)
    ).all()
    question = [m.Case.workflow_id == asked(session).workflow_id]
    viewer = cast.viewer("secretary")
    ids, _ = traffic._drawn(session, [traffic.counted(viewer), *question], whole=False)
    assert len(ids) == 20
    assert not set(ids) & set(outside)


def test_one_version_counts_its_own_cases(session: Session, cast: Cast, now: datetime) -> None:
    herd(session, cast, now, 20)
    current = definitions.current(session, KEY)
    viewer = cast.viewer("admin")
    of = Question(current.workflow_id, 365, current.version_id)
    every = traffic.count(session, viewer, Question(current.workflow_id, 365), now)
    assert traffic.count(session, viewer, of, now) == every
    none = Question(current.workflow_id, 365, current.version_id + 1000)
    assert traffic.count(session, viewer, none, now).cases == 0


def test_what_moved_a_case_apart_from_its_buttons_ends_its_stay(
    session: Session, cast: Cast, now: datetime
) -> None:
    begin = now - timedelta(days=3)
    one = Passage("building", begin).add(0, "open", "new").add(600, "accept", "accepted")
    one.add(4200, "migrate", "closed", kind="corrected")
    passage.write(session, cast, KEY, [one])
    found = traffic.count(session, cast.viewer("admin"), asked(session), now)
    assert found.spots["accepted"].stays == Times(1, timedelta(hours=1), timedelta(hours=1))
