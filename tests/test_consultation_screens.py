"""The screens of a consultation, walked on the workflow that ships."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app.models import Case, Consultation, RollHead, RollUnit, Scheme
from app.services import cases
from tests.canvass import NEW, opened, send, voting
from tests.cast import Cast
from tests.estate import Estate
from tests.visitor import Visitor


@pytest.fixture
def estate(session: Session, cast: Cast) -> Estate:
    return Estate(session, cast, clock.now())


@pytest.fixture
def staff(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("staff")


def test_a_consultation_is_opened_for_one_building_with_its_rule_set(estate, staff):
    estate.units(2)
    case_id = opened(estate, staff)
    row = estate.session.get(Consultation, case_id)
    assert row.scope.name == "4号楼"
    assert row.rule_set.key == "special"
    assert row.case.data["matter"] == NEW["field-matter"]
    staff.get(f"/consultations/{case_id}/schemes")
    assert "1单元加装电梯" in staff.text


def test_the_searching_box_offers_only_electorates_of_ones_own_community(estate, staff):
    answer = staff.get("/consultations/scopes", q="里")
    texts = [item["text"] for item in answer.json["results"]]
    assert sorted(texts) == ["第一网格 · 翠微南里", "翠微南里 · 4号楼"]


def test_without_script_the_typed_name_is_enough(estate, staff):
    estate.units(1)
    opened(estate, staff, **{"scope_id": "", "scope_id-text": "4号楼 · 2单元"})
    assert estate.session.query(Consultation).one().scope.name == "2单元"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"rule_set": ""}, "rule_set"),
        ({"rule_set": "nonsense"}, "rule_set"),
        ({"scope_id": ""}, "scope_id"),
        ({"scope_id": "x"}, "scope_id"),
        ({"scope_id": "9" * 30}, "scope_id"),
        ({"field-matter": ""}, "matter"),
    ],
)
def test_a_wrong_entry_at_opening_is_shown_beside_its_field_and_nothing_is_saved(
    estate, staff, wrong, field
):
    place = {"scope_id": str(estate.cast.places["building"].id)}
    answer = staff.post("/consultations/new", **(NEW | place | wrong))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in staff.text
    assert "在1单元北侧加装一部电梯" in staff.text or field == "matter"
    assert estate.session.query(Case).count() == 0


def test_all_that_is_left_empty_at_opening_is_told_at_once(estate, staff):
    empty = {"title": "", "scope_id": "", "rule_set": "", "field-matter": ""}
    assert staff.post("/consultations/new", **(NEW | empty)).status_code == 422
    for field in ("title", "scope_id", "rule_set", "matter"):
        assert f'id="{field}-error"' in staff.text, field


def test_a_place_of_another_community_can_not_be_chosen(estate, staff):
    far = {"scope_id": str(estate.cast.places["far_compound"].id)}
    assert staff.post("/consultations/new", **(NEW | far)).status_code == 422


def test_who_may_not_open_is_told_so(app, session):
    visitor = Visitor(app).sign_in("council")
    assert visitor.get("/consultations/new").status_code == 403
    visitor.get("/consultations/")
    assert "/consultations/new" not in visitor.text


def test_a_scheme_is_added_and_a_later_version_warns_that_votes_lapse(estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    send(staff, case_id, unit, voice="agree")
    staff.get(f"/consultations/{case_id}/schemes")
    assert "1" in staff.text
    assert 'class="flash flash-warn"' in staff.text
    answer = staff.post(
        f"/consultations/{case_id}/schemes", title="两部电梯", text="南北各一部。", seen="1"
    )
    assert answer.status_code == 302
    assert estate.session.query(Scheme).count() == 2
    staff.get(f"/consultations/{case_id}/board")
    assert "flat-lapsed" in staff.text


def test_a_scheme_without_a_text_is_shown_with_what_was_typed(estate, staff):
    estate.units(1)
    case_id = opened(estate, staff)
    answer = staff.post(f"/consultations/{case_id}/schemes", title="两部电梯", text="", seen="0")
    assert answer.status_code == 422
    assert 'id="text-error"' in staff.text
    assert 'value="两部电梯"' in staff.text


def test_the_board_shows_floors_from_the_top_and_colours_flats_by_stance(estate, staff):
    units = estate.units(6)
    case_id = voting(estate, staff)
    send(staff, case_id, units[0], voice="agree")
    send(staff, case_id, units[1], voice="away")
    staff.get(f"/consultations/{case_id}/board")
    flats = re.findall(r'class="flat flat-(\w+)[^"]*"[^>]*aria-label="([^",]*)', staff.text)
    assert [label for _, label in flats] == ["201", "202", "101", "102", "103", "104"]
    assert [stance for stance, _ in flats][2:4] == ["agree", "away"]
    assert "1 / 6" in re.sub(r"<[^>]+>", "", staff.text)


def test_an_outsider_finds_nothing_at_any_address(app, estate, staff):
    (unit, *_) = estate.units(1)
    case_id = voting(estate, staff)
    outsider = Visitor(app).sign_in("outsider")
    door = f"units/{unit.id}"
    for page in ("board", "schemes", "result", door):
        assert outsider.get(f"/consultations/{case_id}/{page}").status_code == 404
    for page, form in ((door, {"voice": "agree", "seen": "0"}), ("schemes", {"title": "a"})):
        assert outsider.post(f"/consultations/{case_id}/{page}", **form).status_code == 404
    outsider.get("/consultations/")
    assert "加装电梯" not in outsider.text


def test_a_case_that_is_no_consultation_and_a_far_number_are_not_found(estate, staff):
    for number in (999999, 2**63 - 1, 2**63):
        assert staff.get(f"/consultations/{number}/board").status_code == 404


def test_a_flat_that_is_not_on_the_roll_is_not_found(estate, staff):
    estate.units(1)
    case_id = voting(estate, staff)
    (late,) = estate.units(1)
    assert staff.get(f"/consultations/{case_id}/units/{late.id}").status_code == 404


def test_the_result_page_shows_figures_thresholds_basis_and_an_equal_recount(estate, staff):
    units = estate.units(4)
    case_id = voting(estate, staff)
    for unit in units[:3]:
        send(staff, case_id, unit, voice="agree")
    send(staff, case_id, units[3], voice="disagree")
    secretary = estate.cast.viewer("secretary")
    for event in ("close_round", "declare_passed"):
        cases.fire(estate.session, case_id, event, actor=secretary, now=clock.now())
    estate.session.commit()
    staff.get(f"/consultations/{case_id}/result")
    text = re.sub(r"<[^>]+>", " ", staff.text)
    for expected in ("266.40 平方米", "355.20 平方米", "75.00%", "≥ 3/4", "第二百七十八条"):
        assert expected in text
    assert "circle-check" in staff.text
    row = estate.session.get(Consultation, case_id)
    assert row.result_hash in staff.text


def test_pages_take_few_statements_however_many_flats(estate, staff):
    units = estate.units(300)
    case_id = voting(estate, staff)
    send(staff, case_id, units[0], voice="agree")
    for page in ("board", "schemes", "result", f"units/{units[1].id}"):
        staff.get(f"/consultations/{case_id}/{page}")
        assert len(staff.statements) <= 12, (page, staff.statements)


def test_the_list_shows_progress_and_survives_odd_addresses(estate, staff):
    units = estate.units(3)
    case_id = voting(estate, staff)
    send(staff, case_id, units[0], voice="agree")
    staff.get("/consultations/")
    assert "1单元加装电梯" in staff.text
    for query in ({"page": "x"}, {"page": "-1"}, {"page": "9" * 9}, {"kind": "zzz"}, {"q": "%_'"}):
        assert staff.get("/consultations/", **query).status_code == 200
    assert estate.session.query(RollUnit).filter_by(consultation_id=case_id).count() == 3
    assert estate.session.query(RollHead).count() == 3


def test_the_case_page_shows_how_it_stands_and_folds_the_doors_into_one_step(estate, staff):
    units = estate.units(8)
    case_id = voting(estate, staff)
    for unit in units[:6]:
        send(staff, case_id, unit, voice="agree")
    assert staff.get(f"/cases/{case_id}").status_code == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", staff.text))
    assert "6 / 8" in text
    assert "登记意见 × 6" in text
    assert f'action="/cases/{case_id}/record_opinion"' not in staff.text
    assert f"/consultations/{case_id}/board" in staff.text
