"""The page of a case: what each person sees and may press, and what becomes of a press."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from tests.cast import Cast
from tests.estate import Estate
from tests.photos import JPEG
from tests.raising import Matter
from tests.visitor import Visitor

SignIn = Callable[[str], Visitor]


@pytest.fixture
def sign_in(app: Flask, session: Session) -> SignIn:
    return lambda name: Visitor(app).sign_in(name)


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    return Matter(session, cast, now).begin()


def sent(visitor: Visitor, matter: Matter, event: str, **form: object) -> int:
    """Press a button of the page that ``visitor`` has open."""
    expected = form.pop("expected", None) or visitor.hidden("expected")
    answer = visitor.post(f"/cases/{matter.id}/{event}", expected=expected, **form)
    return answer.status_code


def buttons(text: str) -> list[str]:
    part = text.split('<div class="offers">')[1].split("</section>")[0].split("<section")[0]
    return re.findall(r'class="btn btn-[a-z-]+"[^>]*>([^<]+)<', part)


def test_the_page_shows_state_time_left_and_my_buttons_first(
    sign_in: SignIn, matter: Matter
) -> None:
    secretary = sign_in("secretary")
    assert secretary.get(f"/cases/{matter.id}").status_code == 200
    assert "盼装长椅" in secretary.text
    assert "翠微南里 4号楼" in secretary.text
    assert "待受理" in secretary.text
    assert "<progress" in secretary.text
    assert buttons(secretary.text)[:2] == ["受理", "回复"]


def test_grey_buttons_say_who_may_press_them(sign_in: SignIn, matter: Matter) -> None:
    street = sign_in("street")
    street.get(f"/cases/{matter.id}")
    assert buttons(street.text) == ["督办", "催办", "工作记录"]
    assert "只有社区书记、居委会工作人员、网格员可以“受理”" in street.text


def test_grey_buttons_of_my_own_say_what_is_missing(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("grid", "take_on")
    matter.press("grid", "report_result", result_kind="fixed", result="好了")
    matter.press("staff", "call_back", callback="unsatisfied")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    grey = secretary.text.split('class="grey"')[1]
    assert "办结" in grey
    assert "回访结果须为其中之一：满意、未联系上（现为不满意）" in grey


def test_a_press_moves_the_case_and_keeps_its_files(
    sign_in: SignIn, matter: Matter, session: Session
) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("grid", "take_on")
    grid = sign_in("grid")
    grid.get(f"/cases/{matter.id}")
    form = {"field-result_kind": "fixed", "field-result": "长椅装好了。"}
    photo = (io.BytesIO(JPEG), "长椅（近景）.jpg")
    assert sent(grid, matter, "report_result", **form, **{"field-result_photos": photo}) == 302
    assert matter.state == "resolved"
    file = session.scalars(sa.select(m.Attachment)).one()
    assert (file.name, file.field, file.case_id) == ("长椅（近景）.jpg", "result_photos", matter.id)
    assert matter.row().data["result_photos"] == [file.id]
    grid.get(f"/cases/{matter.id}")
    assert f'href="/files/{file.id}"' in grid.text
    assert f'src="/files/{file.id}/preview"' in grid.text
    answers = {path: grid.get(path) for path in (f"/files/{file.id}", f"/files/{file.id}/preview")}
    assert [one.mimetype for one in answers.values()] == ["image/jpeg", "image/webp"]
    assert answers[f"/files/{file.id}"].data == JPEG
    outsider = sign_in("outsider")
    for path, answer in answers.items():
        answer.close()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, max-age=3600"
        assert "filename*=UTF-8''%E9%95%BF" in answer.headers["Content-Disposition"]
        with grid.client.get(path, headers={"If-None-Match": answer.headers["ETag"]}) as again:
            assert again.status_code == 304
        assert outsider.get(path).status_code == 404


def test_what_is_wrong_comes_back_beside_its_field_with_what_was_typed(
    sign_in: SignIn, matter: Matter
) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("grid", "take_on")
    grid = sign_in("grid")
    grid.get(f"/cases/{matter.id}")
    form = {"field-result": "已经<b>装好</b>", "field-result_photos": (io.BytesIO(JPEG), "椅.jpg")}
    assert sent(grid, matter, "report_result", **form) == 422
    assert "请填写“办理结果”" in grid.text
    assert "已经&lt;b&gt;装好&lt;/b&gt;</textarea>" in grid.text
    assert 'class="step-form is-open" id="do-report_result"' in grid.text
    assert matter.state == "in_progress"
    kept = grid.hidden("field-result_photos-kept")
    again = {"field-result": "装好", "field-result_kind": "fixed"}
    assert sent(grid, matter, "report_result", **again, **{"field-result_photos-kept": kept}) == 302
    assert len(matter.row().data["result_photos"]) == 1


def test_a_forged_file_is_not_taken_for_one_kept_before(sign_in: SignIn, matter: Matter) -> None:
    staff = sign_in("staff")
    staff.get(f"/cases/{matter.id}")
    forged = {"field-note": "看", "field-photos-kept": '["x","text/html",1,"../../../etc/passwd"]'}
    assert sent(staff, matter, "comment", **forged) == 302
    assert matter.session.scalar(sa.select(sa.func.count()).select_from(m.Attachment)) == 0


def test_of_two_who_press_at_once_the_second_is_told_what_happened(
    sign_in: SignIn, matter: Matter
) -> None:
    staff, secretary = sign_in("staff"), sign_in("secretary")
    staff.get(f"/cases/{matter.id}")
    secretary.get(f"/cases/{matter.id}")
    assert sent(staff, matter, "accept") == 302
    assert sent(secretary, matter, "reply", **{"field-reply": "马上来"}) == 409
    assert "居小委刚刚做了“受理”" in secretary.text
    assert "马上来</textarea>" in secretary.text, "what was typed is not lost"
    assert matter.events() == ["open", "accept"]


def test_a_double_click_makes_no_second_event(sign_in: SignIn, matter: Matter) -> None:
    staff = sign_in("staff")
    staff.get(f"/cases/{matter.id}")
    seen = staff.hidden("expected")
    form = {"field-note": "到现场看过", "expected": seen}
    assert sent(staff, matter, "comment", **form) == 302
    assert sent(staff, matter, "comment", **form) == 409
    assert matter.events() == ["open", "comment"]


@pytest.mark.parametrize("expected", ["", "x", "-1", "9" * 30])
def test_a_press_without_the_version_that_was_seen_is_refused(
    sign_in: SignIn, matter: Matter, expected: str
) -> None:
    staff = sign_in("staff")
    answer = staff.post(f"/cases/{matter.id}/accept", expected=expected)
    assert answer.status_code == 422
    assert matter.state == "reported"


@pytest.mark.parametrize(
    ("name", "event", "status"),
    [
        ("property", "accept", 404),
        ("council", "accept", 404),
        ("outsider", "accept", 404),
        ("street", "accept", 409),
        ("facilitator", "accept", 409),
        ("secretary", "close", 409),
        ("secretary", "no_such_thing", 409),
        ("secretary", "duties_closed", 409),
    ],
)
def test_who_may_not_is_told_and_nothing_happens(
    sign_in: SignIn, matter: Matter, name: str, event: str, status: int
) -> None:
    visitor = sign_in(name)
    answer = visitor.post(f"/cases/{matter.id}/{event}", expected=matter.row().row_version)
    assert answer.status_code == status
    assert matter.events() == ["open"]


@pytest.mark.parametrize("name", ["outsider", "outsider_property", "property", "council"])
def test_outsiders_see_no_more_than_for_a_case_that_is_not_there(
    sign_in: SignIn, matter: Matter, name: str
) -> None:
    visitor = sign_in(name)
    assert visitor.get(f"/cases/{matter.id}").status_code == 404
    here = visitor.text.split("<main")[1]
    assert visitor.get("/cases/999999999").status_code == 404
    assert visitor.text.split("<main")[1] == here
    assert visitor.get(f"/cases/{matter.id}/told").status_code == 404
    assert visitor.get("/cases/99999999999999999999999").status_code == 404


def test_nobody_names_a_body_from_elsewhere(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    assert "红棉物业公司" not in secretary.text
    foreign = matter.cast.parties["hongmian_property"].id
    form = {"field-bodies": foreign, "field-instruction": "请办"}
    assert sent(secretary, matter, "assign", **form) == 422
    assert "请从列表中选择" in secretary.text
    assert matter.duties() == []


def test_property_staff_handle_their_part_from_its_page(sign_in: SignIn, matter: Matter) -> None:
    parties = matter.cast.parties
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    bodies = [parties["property"].id, parties["water"].id]
    matter.press("secretary", "assign", bodies=bodies, instruction="请办")
    mine = next(d for d in matter.duties() if d.party_id == parties["property"].id)
    visitor = sign_in("property")
    visitor.get(f"/cases/{matter.id}")
    assert "翠微物业公司" in visitor.text
    assert visitor.get(f"/cases/{mine.id}").status_code == 200
    assert buttons(visitor.text)[0] == "领办"
    assert f'href="/cases/{matter.id}"' in visitor.text
    seen = visitor.hidden("expected")
    assert visitor.post(f"/cases/{mine.id}/take_on", expected=seen).status_code == 302
    assert matter.row(mine.id).assignee_id == matter.cast.users["property"].id


def test_numbers_are_masked_until_asked_for_and_that_is_on_record(
    sign_in: SignIn, matter: Matter, session: Session
) -> None:
    staff = sign_in("staff")
    staff.get(f"/cases/{matter.id}")
    assert "138****5678" in staff.text
    assert "13812345678" not in staff.text
    assert staff.post(f"/cases/{matter.id}/show-numbers").status_code == 200
    assert "13812345678" in staff.text
    seen = session.scalars(
        sa.select(m.AccessEvent).where(m.AccessEvent.kind == m.AccessKind.REVEAL)
    ).one()
    assert (seen.username, seen.detail["case"]) == ("staff", matter.row().number)
    street = sign_in("street")
    assert street.post(f"/cases/{matter.id}/show-numbers").status_code == 404
    assert "13812345678" not in street.text


def test_a_new_tracking_link_is_shown_once(sign_in: SignIn, matter: Matter) -> None:
    staff = sign_in("staff")
    assert staff.post(f"/cases/{matter.id}/new-link").status_code == 302
    staff.get(f"/cases/{matter.id}")
    found = re.search(r"/r/t/([\w-]+)", staff.text)
    assert found
    assert staff.get(f"/r/t/{found[1]}").status_code == 200
    assert staff.get(f"/r/t/{matter.token}").status_code == 404
    staff.get(f"/cases/{matter.id}")
    assert found[1] not in staff.text


def test_the_page_and_its_list_take_few_statements(sign_in: SignIn, matter: Matter) -> None:
    parties = matter.cast.parties
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    bodies = [parties["property"].id, parties["water"].id]
    matter.press("secretary", "assign", bodies=bodies, instruction="请办")
    secretary = sign_in("secretary")
    for path in (f"/cases/{matter.id}", "/grievances/", "/work/", "/grievances/new"):
        secretary.get(path)
        secretary.get(path)
        assert len(secretary.statements) <= 12, (path, secretary.statements)


def test_who_has_been_told_what_is_for_the_community_to_read(
    sign_in: SignIn, matter: Matter
) -> None:
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}/told")
    assert "新诉求" in secretary.text
    assert "舒记" in secretary.text


def test_parts_of_a_case_say_which_building_they_are_about(sign_in, session, cast, now):
    estate = Estate(session, cast, now)
    estate.publish()
    for place in ("entrance", "entrance2"):
        estate.units(2, place=place)
    case_id = estate.open("local_opinion")
    estate.fire("split")
    session.commit()
    staff = sign_in("staff")
    staff.get(f"/cases/{case_id}")
    relatives = staff.text.split('class="relatives"')[1]
    assert ">翠微南里 4号楼 1单元</a>" in relatives
    assert ">翠微南里 4号楼 2单元</a>" in relatives


def test_a_supervision_and_a_reminder_stand_on_the_page(app: Flask, session, cast, now) -> None:
    matter = Matter(session, cast, now).begin().press("staff", "accept")
    matter.press("street", "supervise", supervision="请三日内办结")
    matter.press("secretary", "remind", reminder="居民又来问了")
    session.commit()
    visitor = Visitor(app).sign_in("staff")
    visitor.get(f"/cases/{matter.id}")
    for words in ("督办", "请三日内办结", "答复督办", "催办", "居民又来问了"):
        assert words in visitor.text
