"""Door to door on the screens: the visit form, who was faster, who may only look."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.models import Opinion
from app.services import edge
from tests.canvass import send, voting
from tests.cast import Cast
from tests.estate import Estate
from tests.photos import JPEG
from tests.visitor import Visitor


@pytest.fixture
def estate(session: Session, cast: Cast) -> Estate:
    return Estate(session, cast, clock.now())


@pytest.fixture
def staff(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("staff")


def test_recording_on_the_phone_goes_on_to_the_next_flat_downstairs(estate, staff):
    units = estate.units(6)
    case_id = voting(estate, staff)
    answer = send(staff, case_id, units[4], voice="agree", then="next")
    assert answer.location.endswith(f"/units/{units[5].id}")
    answer = send(staff, case_id, units[5], voice="disagree", reason="太吵")
    assert answer.location.endswith(f"#flat-{units[5].id}")
    votes = {row.unit_id: row.voice for row in estate.session.query(Opinion)}
    assert votes == {units[4].id: "agree", units[5].id: "disagree"}


def test_a_planned_visit_is_listed_when_its_day_has_come(estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    today = edge.today(clock.now())
    send(staff, case_id, unit, voice="away", next_visit=today.isoformat())
    staff.get(f"/consultations/{case_id}/board")
    assert "4号楼 1单元 101" in staff.text
    assert "is-due" in staff.text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "voice"),
        ({"voice": "maybe"}, "voice"),
        ({"voice": "condition"}, "reason"),
        ({"voice": "agree", "next_visit": "soon"}, "next_visit"),
        ({"voice": "agree", "next_visit": "1999-01-01"}, "next_visit"),
    ],
)
def test_a_wrong_visit_is_shown_beside_its_field_and_nothing_is_saved(estate, staff, wrong, field):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    answer = send(staff, case_id, unit, **wrong)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in staff.text
    assert estate.session.query(Opinion).count() == 0


@pytest.mark.parametrize("seen", ["-1", "x", "", "9" * 40])
def test_a_forged_visit_form_is_refused_and_not_a_fault(estate, staff, seen):
    (unit, *_) = estate.units(1)
    case_id = voting(estate, staff)
    path = f"/consultations/{case_id}/units/{unit.id}"
    answer = staff.post(path, voice="agree", seen=seen, scheme="7")
    assert answer.status_code in (409, 422)
    assert estate.session.query(Opinion).count() == 0


def test_the_second_of_two_visitors_is_told_and_keeps_what_was_typed(app, estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    grid = Visitor(app).sign_in("grid")
    path = f"/consultations/{case_id}/units/{unit.id}"
    staff.get(path)
    drawn = {"seen": staff.hidden("seen"), "scheme": staff.hidden("scheme")}
    assert send(grid, case_id, unit, voice="disagree").status_code == 302
    answer = staff.post(path, voice="agree", reason="当面说的", **drawn)
    assert answer.status_code == 409
    assert "当面说的" in staff.text
    assert int(staff.hidden("seen")) > 0


def test_a_double_click_leaves_one_vote_and_one_event(estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    path = f"/consultations/{case_id}/units/{unit.id}"
    staff.get(path)
    form = {"seen": staff.hidden("seen"), "scheme": staff.hidden("scheme"), "voice": "agree"}
    assert [staff.post(path, **form).status_code for _ in range(2)] == [302, 302]
    assert estate.session.query(Opinion).count() == 1
    assert estate.session.query(m.Event).filter_by(event="record_opinion").count() == 1


def test_who_may_only_look_sees_why_and_no_names(app, estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    council = Visitor(app).sign_in("council")
    assert council.get(f"/consultations/{case_id}/units/{unit.id}").status_code == 200
    assert 'name="voice"' not in council.text
    assert "业主101" not in council.text
    assert send(staff, case_id, unit, voice="agree").status_code == 302
    assert "业主101" in staff.get(f"/consultations/{case_id}/units/{unit.id}").text
    answer = council.post(
        f"/consultations/{case_id}/units/{unit.id}", voice="agree", seen="0", scheme=""
    )
    assert answer.status_code == 409


def test_dates_on_the_form_are_those_of_the_community(estate, staff):
    (unit, *_) = estate.units(1)
    case_id = voting(estate, staff)
    staff.get(f"/consultations/{case_id}/units/{unit.id}")
    today = edge.today(clock.now())
    assert f'min="{today.isoformat()}"' in staff.text


def _photo(content: bytes = JPEG, name: str = "签名表.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def test_the_photo_of_the_signed_sheet_hangs_on_the_opinion(estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    answer = send(staff, case_id, unit, voice="agree", **{"field-sheet": _photo()})
    assert answer.status_code == 302
    (opinion,) = estate.session.query(Opinion)
    assert opinion.attachment is not None
    address = f"/files/{opinion.attachment_id}"
    staff.get(f"/consultations/{case_id}/units/{unit.id}")
    assert f'href="{address}"' in staff.text
    with staff.get(address) as answer:
        assert answer.data == JPEG
    staff.get(f"/cases/{case_id}")
    assert address not in staff.text, "thousands of sheets would bury the files of the case"


def test_a_refused_visit_keeps_the_photo(estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    answer = send(staff, case_id, unit, voice="condition", **{"field-sheet": _photo()})
    assert answer.status_code == 422
    kept = staff.hidden("field-sheet-kept")
    path = f"/consultations/{case_id}/units/{unit.id}"
    drawn = {"seen": staff.hidden("seen"), "scheme": staff.hidden("scheme")}
    again = {"voice": "condition", "reason": "先修门禁", "field-sheet-kept": kept}
    assert staff.post(path, **drawn, **again).status_code == 302
    (opinion,) = estate.session.query(Opinion)
    assert opinion.attachment.name == "签名表.jpg"


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"MZ" + b"\0" * 64])
def test_what_is_no_photo_is_refused_beside_the_field(estate, staff, content):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    answer = send(staff, case_id, unit, voice="agree", **{"field-sheet": _photo(content)})
    assert answer.status_code == 422
    assert 'id="sheet-error"' in staff.text
    assert 'value="agree" checked' in staff.text
    assert estate.session.query(Opinion).count() == 0


def test_signed_sheets_are_for_those_who_may_know_the_names(app, estate, staff):
    (unit, *_) = estate.units(2)
    case_id = voting(estate, staff)
    send(staff, case_id, unit, voice="agree", **{"field-sheet": _photo()})
    (opinion,) = estate.session.query(Opinion)
    for person, status in (("property", 404), ("council", 404), ("grid", 200), ("outsider", 404)):
        visitor = Visitor(app).sign_in(person)
        with visitor.get(f"/files/{opinion.attachment_id}") as answer:
            assert answer.status_code == status, person
