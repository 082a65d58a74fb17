"""What households say: versions, what counts, what never counts, and who was faster."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError, MissingError, RefusedError
from app.models import Opinion, Voice
from app.services import boards, cases, opinions, schemes
from tests.cast import Cast
from tests.estate import Estate


@pytest.fixture
def estate(session: Session, cast: Cast, now: datetime) -> Estate:
    made = Estate(session, cast, now)
    made.publish()
    return made


def stances(estate: Estate) -> dict[int, str]:
    scheme = schemes.current(estate.session, estate.case_id)
    flats = boards.flats(estate.session, estate.case_id, scheme.id if scheme else None)
    return {flat.unit_id: flat.stance for flat in flats}


def record(estate: Estate, visit: opinions.Visit, person: str = "staff") -> opinions.Recorded:
    return opinions.record(
        estate.session,
        estate.case_id,
        visit,
        actor=estate.cast.viewer(person),
        now=estate.later(),
    )


def test_a_vote_is_recorded_and_noted_in_the_history_without_names_or_reasons(estate):
    (unit,) = estate.units(1)
    estate.start()
    estate.says(unit, "disagree", reason="影响我家采光")
    event = (
        estate.session.query(m.Event)
        .filter_by(case_id=estate.case_id)
        .order_by(m.Event.seq.desc())
        .first()
    )
    assert (event.event, event.kind) == ("record_opinion", "noted")
    assert event.data["record"]["text"]["zh"] == "4号楼 1单元 101：不同意"
    assert "采光" not in str(event.data)


def test_a_changed_vote_counts_and_the_earlier_one_stays_on_record(estate):
    (unit,) = estate.units(1)
    estate.start()
    estate.says(unit, "disagree")
    estate.says(unit, "agree")
    assert estate.counted().approval_heads.numerator == 1
    rows = estate.session.query(Opinion).order_by(Opinion.id).all()
    assert [(row.voice, row.latest) for row in rows] == [
        (Voice.DISAGREE, False),
        (Voice.AGREE, True),
    ]


def test_nobody_home_after_a_yes_does_not_take_the_yes_away(estate):
    (unit,) = estate.units(1)
    estate.start()
    estate.says(unit, "agree")
    estate.says(unit, "away")
    estate.says(unit, "refused")
    assert estate.counted().approval_heads.numerator == 1
    assert stances(estate) == {unit.id: "agree"}


def test_a_household_that_was_not_at_home_does_not_take_part(estate):
    (unit,) = estate.units(1)
    estate.start()
    estate.says(unit, "away", next_visit=estate.now.date() + timedelta(days=3))
    assert estate.counted().participation_heads.numerator == 0
    assert stances(estate) == {unit.id: "away"}


def test_a_silent_household_is_not_a_yes(estate):
    units = estate.units(3)
    estate.start()
    estate.all_say(units[:1], "agree")
    assert not estate.counted().passed
    assert stances(estate)[units[2].id] == "silent"


def test_in_a_shared_flat_every_household_is_heard_and_the_owner_decides(estate):
    (unit,) = estate.units(1, households=3)
    estate.start()
    estate.says(unit, "disagree", household="东间")
    estate.says(unit, "disagree", household="西间")
    assert estate.counted().participation_heads.numerator == 0
    estate.says(unit, "agree")
    estate.says(unit, "disagree", household="北间")
    assert estate.counted().approval_heads.numerator == 1
    (flat,) = boards.flats(
        estate.session, estate.case_id, schemes.current(estate.session, estate.case_id).id
    )
    assert (flat.stance, flat.heard, flat.shared) == ("agree", 3, True)


def test_an_owner_of_several_units_votes_once_through_any_of_them(estate):
    owner = estate.owner()
    mine = estate.units(2, owners=[owner])
    others = estate.units(1)
    estate.start()
    estate.says(mine[0], "disagree")
    estate.says(mine[1], "agree")
    figures = estate.counted()
    assert (figures.participation_heads.numerator, figures.participation_heads.denominator) == (
        1,
        2,
    )
    assert figures.approval_area.numerator == 2 * 8880
    assert stances(estate) == {mine[0].id: "agree", mine[1].id: "agree", others[0].id: "silent"}


def test_agreement_on_a_condition_needs_the_condition_in_words(estate):
    (unit,) = estate.units(1)
    estate.start()
    with pytest.raises(InvalidError) as refused:
        estate.says(unit, "condition", reason="  ")
    assert refused.value.problems[0].field == "reason"


@pytest.mark.parametrize("rule_set", ["ordinary", "local_opinion"])
def test_a_conditional_yes_takes_part_and_approves_only_where_the_rule_lists_it(estate, rule_set):
    (unit,) = estate.units(1)
    estate.start(rule_set)
    estate.says(unit, "condition", reason="先修好单元门")
    figures = estate.counted()
    assert figures.participation_heads.numerator == 1
    assert figures.approval_heads.numerator == (1 if rule_set == "local_opinion" else 0)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"voice": "maybe"}, "voice"),
        ({"voice": ""}, "voice"),
        ({"reason": "长" * 2001}, "reason"),
        ({"reason": "\x00"}, "reason"),
        ({"household": "户" * 61}, "household"),
        ({"next_visit": datetime(2020, 1, 1).date()}, "next_visit"),  # noqa: DTZ001
        ({"next_visit": datetime(2099, 1, 1).date()}, "next_visit"),  # noqa: DTZ001
    ],
)
def test_a_wrong_entry_is_named_and_nothing_is_saved(estate, given, field):
    (unit,) = estate.units(1)
    estate.start()
    with pytest.raises(InvalidError) as refused:
        record(estate, replace(estate.visit(unit, "agree"), **given))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert estate.session.query(Opinion).count() == 0


def test_a_unit_that_is_not_on_the_roll_is_refused(estate):
    estate.units(1)
    estate.start()
    (late,) = estate.units(1)
    with pytest.raises(InvalidError) as refused:
        estate.says(late, "agree")
    assert refused.value.problems[0].field == "unit"


def test_nothing_is_recorded_before_the_roll_is_frozen(estate):
    (unit,) = estate.units(1)
    estate.open()
    with pytest.raises(RefusedError, match="roll isn't frozen"):
        estate.says(unit, "agree")


def test_nothing_is_recorded_after_the_result_is_frozen(estate):
    (unit,) = estate.units(1)
    estate.start()
    estate.fire("close_voting")
    with pytest.raises(RefusedError, match="result of this round is frozen"):
        estate.says(unit, "agree")


def test_who_the_workflow_does_not_name_may_not_record(estate):
    (unit,) = estate.units(1)
    estate.start()
    with pytest.raises(RefusedError):
        record(estate, estate.visit(unit, "agree"), person="council")


def test_an_outsider_finds_no_consultation_at_all(estate):
    (unit,) = estate.units(1)
    estate.start()
    with pytest.raises(MissingError):
        record(estate, estate.visit(unit, "agree"), person="outsider")


def test_a_bare_button_records_nothing(estate):
    estate.units(1)
    estate.start()
    with pytest.raises(InvalidError):
        estate.fire("record_opinion")
    with pytest.raises(InvalidError):
        estate.fire("add_scheme")


# --- two at once ----------------------------------------------------------------------------------


def test_of_two_visitors_of_one_owner_the_second_is_told(estate):
    (unit,) = estate.units(1)
    estate.start()
    drawn = estate.visit(unit, "agree")
    record(estate, replace(drawn, voice="disagree"), person="grid")
    with pytest.raises(ConflictError, match="disagree"):
        record(estate, drawn)
    assert estate.counted().approval_heads.numerator == 0


def test_a_double_click_records_once(estate):
    (unit,) = estate.units(1)
    estate.start()
    drawn = estate.visit(unit, "agree", reason=" 好 ")
    first = record(estate, drawn)
    again = record(estate, drawn)
    assert (again.id, again.replayed) == (first.id, True)
    assert estate.session.query(Opinion).count() == 1
    events = estate.session.query(m.Event).filter_by(event="record_opinion").count()
    assert events == 1


def test_visits_to_different_owners_do_not_get_in_each_others_way(estate):
    one, two = estate.units(2)
    estate.start()
    drawn = [estate.visit(one, "agree"), estate.visit(two, "agree")]
    record(estate, drawn[0])
    record(estate, drawn[1], person="grid")
    assert estate.counted().approval_heads.numerator == 2


# --- the database itself --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE opinion SET voice = 'agree'",
        "UPDATE opinion SET latest = false, reason = 'x'",
        "DELETE FROM opinion",
        "TRUNCATE opinion",
        "UPDATE scheme SET text = 'x'",
        "UPDATE roll_head SET area = 1",
        "DELETE FROM roll_unit",
    ],
)
def test_the_database_refuses_to_rewrite_what_was_said(estate, statement):
    (unit,) = estate.units(1)
    estate.start()
    estate.says(unit, "disagree")
    with pytest.raises(DBAPIError, match="append-only"), estate.session.begin_nested():
        estate.session.execute(sa.text(statement))


def test_the_history_of_a_head_holds_everything_newest_first(estate):
    (unit,) = estate.units(1, households=2)
    estate.start()
    for voice, household in (("away", ""), ("disagree", "东间"), ("agree", "")):
        estate.says(unit, voice, household=household)
    head = estate.session.scalar(sa.select(m.RollUnit.head_id))
    found = opinions.history(estate.session, estate.case_id, head)
    assert [row.voice for row in found] == [Voice.AGREE, Voice.DISAGREE, Voice.AWAY]


def test_the_open_round_offers_the_button_that_the_visit_form_presses(estate):
    estate.units(1)
    estate.start()
    shown = cases.choices(
        estate.session, estate.case_id, actor=estate.cast.viewer("grid"), now=estate.now
    )
    allowed = {choice.transition.key for choice in shown.choices if choice.allowed}
    assert opinions.EVENT in allowed
