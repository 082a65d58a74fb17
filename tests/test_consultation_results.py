"""The frozen result, its recount under later changes, growth, and one plan per entrance."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import models as m
from app.cli.consultations import consultation as command
from app.errors import RefusedError
from app.models import Consultation, Ownership, RuleSet, Unit, Voice
from app.services import climb, consultations, results, standings, tally
from tests.cast import Cast
from tests.estate import Estate


@pytest.fixture
def estate(session: Session, cast: Cast, now: datetime) -> Estate:
    made = Estate(session, cast, now)
    made.publish()
    return made


# --- the result -----------------------------------------------------------------------------------


def frozen(estate: Estate) -> list[Unit]:
    units = estate.units(6)
    estate.start("ordinary")
    estate.all_say(units[:4], "agree")
    estate.says(units[4], "disagree")
    estate.fire("close_voting")
    return units


def test_the_result_is_frozen_with_its_inputs_and_a_hash(estate):
    frozen(estate)
    row = estate.consultation
    assert row.result["passed"] is True
    assert row.result["rule"]["key"] == "ordinary"
    assert len(row.result["heads"]) == len(row.result["units"]) == 6
    assert [head[4] for head in row.result["heads"]].count("agree") == 4
    assert row.result_hash == results.fingerprint(row.result)
    event = estate.session.query(m.Event).filter_by(event="close_voting").one()
    assert event.data["effects"]["result.freeze"]["hash"] == row.result_hash


def test_facts_after_the_freeze_are_those_of_the_frozen_result(estate):
    frozen(estate)
    assert estate.fact("consent.frozen").value is True
    assert estate.fact("consent.passed").value is True
    assert estate.fact("consent.approval_heads").value == Fraction(4, 5)


def test_a_recount_after_later_changes_is_still_equal(estate):
    units = frozen(estate)
    units[0].area = Decimal("900.00")
    estate.session.query(Ownership).delete()
    estate.session.query(RuleSet).update({"participation": 1, "participation_over": 1})
    estate.units(20)
    estate.session.flush()
    found = consultations.recount(estate.session, estate.case_id)
    assert found.equal
    assert found.counted == found.frozen
    assert found.lines[-1]["zh"] == "与存档一致。"


def test_votes_of_a_next_round_do_not_touch_what_was_frozen_of_this_one(estate):
    units = frozen(estate)
    stored = dict(estate.consultation.result), estate.consultation.result_hash
    estate.fire("another_round")
    assert estate.consultation.result is None
    assert estate.fact("consent.frozen").value is False
    estate.says(units[5], "agree")
    estate.says(units[0], "disagree")
    row = estate.consultation
    row.result, row.result_hash = stored
    estate.session.flush()
    assert consultations.recount(estate.session, estate.case_id).equal


def test_votes_stand_in_the_next_round_unless_the_scheme_changes(estate):
    units = frozen(estate)
    estate.fire("another_round")
    assert estate.counted().participation_heads.numerator == 5
    estate.says(units[5], "agree")
    estate.fire("close_voting")
    assert estate.consultation.result["round"] == 2
    assert estate.counted().approval_heads.numerator == 5


def tampered(estate: Estate, **changed: Any) -> consultations.Recount:
    row = estate.consultation
    row.result = {**json.loads(json.dumps(row.result)), **changed}
    estate.session.flush()
    return consultations.recount(estate.session, estate.case_id)


def test_a_changed_figure_in_the_stored_result_is_found(estate):
    frozen(estate)
    figures = json.loads(json.dumps(estate.consultation.result["figures"]))
    figures["approval_heads"]["numerator"] = 5
    found = tampered(estate, figures=figures)
    assert not found.equal
    assert {text["zh"] for text in found.differences} == {
        "存档的结果与其校验值不符",
        "重新计算的数字与存档不符",
    }


def test_a_changed_vote_in_the_stored_result_is_found_even_with_a_new_hash(estate):
    frozen(estate)
    heads = json.loads(json.dumps(estate.consultation.result["heads"]))
    heads[4][4] = "agree"
    tampered(estate, heads=heads)
    row = estate.consultation
    row.result_hash = results.fingerprint(row.result)
    estate.session.flush()
    found = consultations.recount(estate.session, estate.case_id)
    assert [text["en"].split(" (")[0] for text in found.differences] == ["1 heads differ"]


def test_a_result_can_be_frozen_once_and_counted_again_only_when_frozen(estate):
    estate.units(2)
    estate.start()
    with pytest.raises(RefusedError, match="nothing to check"):
        consultations.recount(estate.session, estate.case_id)
    estate.fire("close_voting")
    row = estate.consultation
    with pytest.raises(RefusedError, match="frozen already"):
        results.freeze(estate.session, row, estate.now)


def test_a_consultation_that_nobody_answered_is_counted_and_not_passed(estate):
    estate.units(2)
    estate.start()
    estate.fire("close_voting")
    assert estate.consultation.result["passed"] is False
    with pytest.raises(RefusedError, match="0 / 0"):
        estate.fire("decide")


def test_the_sums_by_voice_agree_with_the_count_head_by_head(estate):
    units = estate.units(5)
    estate.start()
    for unit, voice in zip(units, Voice, strict=False):
        estate.says(unit, voice.value, reason="条件")
    row = estate.consultation
    scheme = standings.standing(estate.session, estate.case_id).scheme
    found = results.inputs(estate.session, estate.case_id, scheme.id)
    assert tally.count(results.ballots(found["heads"]), tally.rule(row.rule)) == estate.counted()


# --- growth ---------------------------------------------------------------------------------------


def test_agreement_is_shown_as_it_grew_day_by_day_and_scheme_by_scheme(estate):
    units = estate.units(3)
    estate.start()
    estate.says(units[0], "disagree")
    estate.says(units[1], "agree")
    estate.says(units[0], "agree")
    estate.propose("两路开关")
    estate.says(units[0], "agree")
    points, heads = climb.climb(estate.session, estate.consultation)
    assert heads == 3
    assert [(p.round, p.took_part, p.agreed) for p in points] == [(1, 2, 2), (2, 1, 1)]


# --- one plan per entrance ------------------------------------------------------------------------


def test_one_consultation_per_entrance_and_the_parent_moves_on_when_all_have_ended(estate):
    first = estate.units(3, place="entrance")
    second = estate.units(2, place="entrance2")
    parent = estate.open("special")
    children = estate.fire("split").children
    parts = {c.case.place_id: c for c in estate.session.query(Consultation) if c.case.parent_id}
    assert len(children) == len(parts) == 2
    for key, units in (("entrance", first), ("entrance2", second)):
        part = parts[estate.cast.places[key].id]
        assert part.scope_id == estate.cast.places[key].id
        assert part.rule_set.key == "special"
        assert part.case.title == f"楼内电线改造 · 4号楼 {estate.cast.places[key].name}"
        estate.propose(case_id=part.case_id)
        estate.fire("open_voting", case_id=part.case_id)
        for unit in units:
            estate.says(unit, "agree", case_id=part.case_id)
        estate.fire("close_voting", case_id=part.case_id)
        assert estate.session.get(m.Case, parent).state == "parts"
        estate.fire("decide", case_id=part.case_id)
        estate.session.expire_all()
    assert estate.session.get(m.Case, parent).state == "decided"


def test_nothing_is_split_where_no_entrance_has_units(estate):
    estate.open()
    with pytest.raises(RefusedError, match="nothing to split"):
        estate.fire("split")


# --- the command ----------------------------------------------------------------------------------


def test_the_command_counts_again_and_its_exit_code_says_whether_it_is_equal(app, estate):
    frozen(estate)
    number = estate.consultation.case.number
    estate.session.commit()
    run = app.test_cli_runner().invoke
    told = run(command, ["recount", number])
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "与存档一致。")
    tampered(estate, passed=False)
    estate.session.commit()
    assert run(command, ["recount", number]).exit_code == 1
    assert run(command, ["recount", "C0000-000000"]).exit_code == 1
