"""The three rates against a count by brute force, and each line of docs/figures.md by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import ClockStatus
from app.services import cases, definitions, edge
from app.services.actors import SYSTEM, Viewer
from app.services.figures import (
    By,
    Kind,
    Rate,
    Rates,
    Span,
    Within,
    curve,
    grouped,
    spread,
    standing,
    trend,
    versus,
)
from tests.cast import Cast
from tests.raising import Matter

MONTH = Span.around(Kind.MONTH, date(2026, 11, 1))


@pytest.fixture
def here(cast: Cast) -> Viewer:
    return cast.viewer("secretary")


def month(session: Session, viewer: Viewer, now: datetime, **within: Any) -> Rates:
    return versus(session, viewer, Within(**within), MONTH, now)[0]


def later(matter: Matter, **span: float) -> Matter:
    matter.now += timedelta(**span)
    return matter


def begun(session: Session, cast: Cast, now: datetime, **form: Any) -> Matter:
    return Matter(session, cast, now).begin(**form).press("staff", "accept")


# --- line by line -------------------------------------------------------------------------------


def test_without_anything_there_is_no_rate(session: Session, here: Viewer, now: datetime) -> None:
    found = month(session, here, now)
    assert found == Rates()
    assert found.response.share is None
    assert found.average is None


def test_a_promise_counts_only_once_it_is_decided(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    assert month(session, here, now + timedelta(hours=1)).response == Rate()
    later(matter, hours=1).press("secretary", "reply", reply="好")
    found = month(session, here, now + timedelta(hours=2))
    assert found.response == Rate(1, 1)
    assert found.resolution == Rate()


def test_it_is_missed_when_its_time_is_over_though_nobody_has_looked(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    assert month(session, here, now + timedelta(hours=24)).response == Rate()
    assert month(session, here, now + timedelta(hours=24, seconds=1)).response == Rate(0, 1)
    later(matter, hours=30).press("secretary", "reply", reply="迟了")
    assert month(session, here, now + timedelta(hours=31)).response == Rate(0, 1), "still once"


def test_in_time_to_the_instant_is_kept(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    later(matter, hours=24).press("secretary", "reply", reply="好")
    assert month(session, here, matter.now + timedelta(hours=1)).response == Rate(1, 1)


def test_what_is_called_off_in_time_counts_nowhere(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    later(matter, hours=2).press("secretary", "reject", reject_reason="不归社区管")
    found = month(session, here, now + timedelta(days=9))
    assert found.empty


def test_what_was_missed_before_it_was_called_off_stays_missed(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    later(matter, hours=25).press("secretary", "reject", reject_reason="不归社区管")
    found = month(session, here, now + timedelta(days=9))
    assert found.response == Rate(0, 1)
    assert found.resolution == Rate()


def test_the_urgent_promise_takes_the_place_of_the_other(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    later(matter, hours=1).press("secretary", "set_urgency", urgency="urgent")
    later(matter, hours=1).press("secretary", "reply", reply="马上来")
    found = month(session, here, now + timedelta(hours=3))
    assert found.response == Rate(1, 1), "one promise, not two"
    day = curve(session, here, Within(), Span.last_days(1, edge.today(now)), matter.now)
    assert [d.closed for d in day] == [0], "the first resolution deadline was no result"


def test_taken_up_again_it_is_one_promise_more(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now).press("secretary", "reply", reply="好")
    matter.press("grid", "take_on")
    matter.press("grid", "report_result", result_kind="fixed", result="好了")
    later(matter, hours=1).press("staff", "rework", rework_reason="没修好")
    later(matter, hours=1).press("staff", "report_result", result_kind="fixed", result="好了")
    found = month(session, here, now + timedelta(hours=3))
    assert found.resolution == Rate(2, 2, again=1)


def test_an_extension_before_the_due_time_counts_by_the_new_one_and_is_shown(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    clock = session.scalars(
        sa.select(m.Clock).where(m.Clock.case_id == matter.id, m.Clock.key == "first_reply")
    ).one()
    due = now + timedelta(hours=48)
    clock.log = [*clock.log, {"at": now.isoformat(), "what": "extend", "by": "24 hours"}]
    clock.due_at, clock.extended = due, 1
    session.flush()
    assert month(session, here, now + timedelta(hours=30)).response == Rate()
    assert month(session, here, due + timedelta(hours=1)).response == Rate(0, 1, extended=1)


def test_an_extension_after_the_due_time_mends_nothing(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    clock = session.scalars(
        sa.select(m.Clock).where(m.Clock.case_id == matter.id, m.Clock.key == "first_reply")
    ).one()
    clock.breached_at, clock.due_at = clock.due_at, now + timedelta(days=5)
    session.flush()
    later(matter, hours=30).press("secretary", "reply", reply="好")
    assert month(session, here, now + timedelta(hours=31)).response.good == 0


def test_stars_count_when_they_are_given_and_no_rating_is_no_zero(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    for stars in (5, 4, 3):
        matter = Matter(session, cast, now).begin(title=f"{stars}星").resolved_by_community()
        matter.press("resident", "rate", stars=stars)
    unrated = Matter(session, cast, now).begin(title="无").resolved_by_community()
    unrated.now += timedelta(days=7)
    cases.fire(session, unrated.id, "archive", actor=SYSTEM, now=unrated.now)
    found = month(session, here, unrated.now + timedelta(hours=1))
    assert (found.satisfaction.good, found.satisfaction.all) == (2, 3)
    assert found.average == Fraction(4)
    assert found.unrated == 1


# --- parties, places, categories ----------------------------------------------------------------


@pytest.fixture
def given(session: Session, cast: Cast, now: datetime) -> Matter:
    """A grievance that the property company and the water company have a part in."""
    matter = begun(session, cast, now).press("secretary", "reply", reply="好")
    bodies = [cast.parties["property"].id, cast.parties["water"].id]
    return matter.press("secretary", "assign", bodies=bodies, instruction="请办")


def part(matter: Matter, party: str) -> int:
    wanted = matter.cast.parties[party].id
    return next(duty.id for duty in matter.duties() if duty.party_id == wanted)


def test_of_a_party_counts_what_it_was_given(
    session: Session, cast: Cast, here: Viewer, given: Matter
) -> None:
    later(given, hours=1).press("property", "take_on", part(given, "property"))
    later(given, hours=1).press("staff", "report_for", part(given, "property"), result="修好了")
    groups = grouped(session, here, Within(), MONTH, given.now + timedelta(1), by=By.PARTY)
    found = {group.name: group.rates for group in groups}
    assert found["翠微物业公司"].response == Rate(1, 1)
    assert found["翠微物业公司"].resolution == Rate(1, 1)
    assert found["自来水公司"].response == Rate(0, 1), "four working hours are over"
    assert found["自来水公司"].resolution == Rate()
    own = frozenset({cast.parties["property"].id})
    theirs = month(session, cast.viewer("property"), given.now + timedelta(1), parties=own)
    assert theirs == found["翠微物业公司"]


def test_a_party_shares_the_stars_of_what_it_had_a_part_in(
    session: Session, cast: Cast, here: Viewer, given: Matter
) -> None:
    for name in ("property", "water"):
        given.press("staff", "report_for", part(given, name), result="修好了")
        given.press("staff", "accept_result", part(given, name))
    given.press("staff", "report_result", result_kind="fixed", result="好了")
    given.press("staff", "call_back", callback="satisfied").press("secretary", "close")
    given.press("resident", "rate", stars=2)
    now = given.now + timedelta(hours=1)
    groups = grouped(session, here, Within(), MONTH, now, by=By.PARTY)
    assert {g.name: g.rates.satisfaction.all for g in groups} == {
        "翠微物业公司": 1,
        "自来水公司": 1,
    }
    both = frozenset(cast.parties[name].id for name in ("property", "water"))
    assert month(session, here, now, parties=both).satisfaction == Rate(0, 1), "one star, once"


def test_by_place_it_lists_one_level_below(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    begun(session, cast, now).press("secretary", "reply", reply="好")
    hour = now + timedelta(hours=1)

    def names(viewer: Viewer, place: str | None = None) -> list[str]:
        within = Within(place_id=cast.places[place].id if place else None)
        return [g.name for g in grouped(session, viewer, within, MONTH, hour, by=By.PLACE)]

    assert names(here) == ["翠微南里"]
    assert names(cast.viewer("street")) == ["翠微社区"]
    assert names(here, "compound") == ["4号楼"]
    assert names(SYSTEM, "subdistrict") == ["翠微社区"]
    assert names(SYSTEM, "hongmian") == []
    loads = spread(session, here, Within(), hour, by=By.PLACE)
    assert loads[str(cast.places["compound"].id)].open == 1


def test_nobody_counts_what_they_may_not_see(
    session: Session, cast: Cast, given: Matter, now: datetime
) -> None:
    hour = now + timedelta(hours=1)
    assert month(session, cast.viewer("outsider"), hour).empty
    own = frozenset({cast.parties["hongmian_property"].id})
    assert month(session, cast.viewer("outsider_property"), hour, parties=own).empty
    others = frozenset({cast.parties["property"].id})
    assert month(session, cast.viewer("outsider_property"), hour, parties=others).empty
    assert standing(session, cast.viewer("outsider"), Within(), hour).open == 0
    assert month(session, cast.viewer("designer"), hour).empty


# --- brute force --------------------------------------------------------------------------------

STEPS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "reported": [
        ("staff", "accept", {}),
        ("secretary", "set_urgency", {"urgency": "urgent"}),
        ("secretary", "reply", {"reply": "好"}),
        ("secretary", "reject", {"reject_reason": "不归"}),
    ],
    "accepted": [
        ("secretary", "reply", {"reply": "好"}),
        ("secretary", "set_urgency", {"urgency": "urgent"}),
        ("secretary", "set_urgency", {"urgency": "normal"}),
        ("resident", "withdraw", {"withdraw_reason": "不用了"}),
        ("secretary", "suspend", {"wait_reason": "等雨停"}),
    ],
    "replied": [("grid", "take_on", {}), ("secretary", "suspend", {"wait_reason": "等"})],
    "suspended": [("grid", "resume", {})],
    "in_progress": [
        ("grid", "report_result", {"result_kind": "fixed", "result": "好了"}),
        ("secretary", "suspend", {"wait_reason": "等材料"}),
        ("secretary", "withdraw", {"withdraw_reason": "重复"}),
    ],
    "resolved": [
        ("staff", "call_back", {"callback": "satisfied"}),
        ("staff", "rework", {"rework_reason": "没好"}),
    ],
    "called_back": [("secretary", "close", {})],
    "closed": [
        ("resident", "rate", {"stars": 0}),
        ("resident", "ask_reopen", {"reopen_reason": "又坏"}),
    ],
    "reopen_asked": [("secretary", "grant_reopen", {})],
}


def play(session: Session, cast: Cast, dice: random.Random) -> datetime:
    """Some matters with random histories over three months; the moment after the last step."""
    end = datetime(2026, 12, 1, tzinfo=UTC)
    for number in range(20):
        start = datetime(2026, 9, 10, tzinfo=UTC) + timedelta(hours=dice.randrange(1700))
        category = dice.choice(("lift", "leak", "noise"))
        matter = Matter(session, cast, start)
        matter.begin(title=f"{number}", category=category)
        for _ in range(dice.randrange(14)):
            offered = STEPS.get(matter.state)
            later(matter, hours=dice.choice((0, 1, 3, 24, 25, 50, 130)), minutes=dice.randrange(50))
            if not offered or matter.now >= end:
                break
            by, event, form = dice.choice(offered)
            if event == "rate":
                form = {"stars": dice.randint(1, 5)}
            matter.press(by, event, **form)
    return end


def verdicts(session: Session, now: datetime) -> Iterator[tuple[m.Case, str, datetime, bool]]:
    """Every promise that counts, judged one by one from its clock and the history: case, measure,
    when it was decided, and whether it was kept."""
    for clock in session.scalars(sa.select(m.Clock)):
        if not clock.key.startswith(("first_reply", "resolution")):
            continue
        case = session.get_one(m.Case, clock.case_id)
        measure = "response" if clock.key.startswith("first") else "resolution"
        missed_at = clock.breached_at
        if (
            missed_at is None
            and clock.due_at is not None
            and clock.due_at < (clock.stopped_at or now)
        ):
            missed_at = clock.due_at
        if missed_at is not None:
            yield case, measure, missed_at, False
        elif clock.status is ClockStatus.STOPPED:
            assert clock.stopped_at is not None
            if answered(session, case, clock):
                yield case, measure, clock.stopped_at, True


def answered(session: Session, case: m.Case, clock: m.Clock) -> bool:
    """The step that stopped it led to where the workflow says that the deadline is met."""
    spec = definitions.compiled(session, case.version_id).spec
    rule = next(rule for rule in spec.deadlines if rule.key == clock.key)
    steps = session.scalars(
        sa.select(m.Event).where(m.Event.case_id == case.id, m.Event.at == clock.stopped_at)
    )
    return any(step.target in rule.stop for step in steps)


@pytest.mark.parametrize("seed", range(3))
def test_the_rates_are_what_a_count_one_by_one_gives(
    session: Session, cast: Cast, here: Viewer, seed: int
) -> None:
    now = play(session, cast, random.Random(seed))
    session.expire_all()
    judged = list(verdicts(session, now))
    for span in (MONTH, MONTH.before, Span.around(Kind.WEEK, date(2026, 10, 14))):
        wanted: dict[str, list[int]] = {"response": [0, 0], "resolution": [0, 0]}
        for _case, measure, at, kept in judged:
            if span.since <= at < min(span.until, now):
                wanted[measure][0] += kept
                wanted[measure][1] += 1
        found = versus(session, here, Within(), span, now)[0]
        assert [found.response.good, found.response.all] == wanted["response"]
        assert [found.resolution.good, found.resolution.all] == wanted["resolution"]
        given = list(
            session.scalars(
                sa.select(m.Grievance.stars).where(
                    m.Grievance.rated_at >= span.since, m.Grievance.rated_at < span.until
                )
            )
        )
        assert found.satisfaction.all == len(given)
        assert found.satisfaction.good == sum(1 for stars in given if stars and stars >= 4)
        assert found.stars == sum(stars or 0 for stars in given)
        whole(session, here, span, now, found)


def whole(session: Session, viewer: Viewer, span: Span, now: datetime, found: Rates) -> None:
    """The points of a trend and the rows of each table add up to the rates of the period."""

    def sums(parts: list[Rates]) -> list[int]:
        return [
            sum(getattr(getattr(part, key), number) for part in parts)
            for key in ("response", "resolution", "satisfaction")
            for number in ("good", "all", "again")
        ]

    total = sums([found])
    assert sums([r for _, r in trend(session, viewer, Within(), span, now)]) == total
    for by in (By.PLACE, By.CATEGORY):
        groups = grouped(session, viewer, Within(), span, now, by=by)
        assert sums([group.rates for group in groups]) == total, by
    every = [
        versus(session, viewer, Within(category=key), span, now)[0]
        for key in ("lift", "leak", "noise")
    ]
    assert sums(every) == total
    days = curve(session, viewer, Within(), replace(span, kind=Kind.CUSTOM), now)
    opened = session.scalar(
        sa.select(sa.func.count()).where(
            m.Case.opened_at >= span.since, m.Case.opened_at < span.until
        )
    )
    assert sum(day.opened for day in days) == opened


# --- periods ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.WEEK, Kind.MONTH, Kind.QUARTER, Kind.YEAR])
def test_periods_follow_on_each_other_without_gap(kind: Kind) -> None:
    span = Span.around(kind, date(2024, 2, 29))
    for _ in range(60):
        assert span.before.last + timedelta(days=1) == span.first
        assert span.before.after == span
        assert span.first <= span.last
        assert span.steps()[0] <= span.first
        assert span.steps()[-1] <= span.last
        span = span.before


def test_a_day_ends_at_local_midnight() -> None:
    span = Span.last_days(1, date(2026, 11, 19))
    assert span.since == datetime(2026, 11, 18, 16, tzinfo=UTC)
    assert span.until == datetime(2026, 11, 19, 16, tzinfo=UTC)


def test_one_that_was_asked_for_and_granted_is_counted_apart(
    session: Session, cast: Cast, here: Viewer, now: datetime
) -> None:
    matter = begun(session, cast, now)
    matter.press("staff", "ask_extension", extension_days=1, extension_reason="等材料")
    matter.press("secretary", "grant_extension")
    clock = session.scalars(
        sa.select(m.Clock).where(m.Clock.case_id == matter.id, m.Clock.key == "resolution")
    ).one()
    assert clock.extended == 1
    assert month(session, here, clock.due_at + timedelta(hours=1)).resolution == Rate(
        0, 1, extended=1
    )
