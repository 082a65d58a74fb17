"""Leg one as a whole: the closed loops of a grievance, and who may do what in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ForbiddenError, InvalidError, MissingError, RefusedError
from app.services import cases, grievances, links
from app.services.actors import resident
from app.services.grievances import Report
from tests.cast import Cast
from tests.raising import EXTRA, FORM, Matter

Begin = Callable[..., Matter]


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    return Matter(session, cast, now)


def test_the_bench_is_handled_by_the_community_and_rated(matter: Matter) -> None:
    matter.begin().resolved_by_community()
    assert matter.state == "closed"
    matter.press("resident", "rate", stars="5", comment="很快，谢谢！")
    assert matter.state == "rated"
    row = matter.session.get_one(m.Grievance, matter.id)
    assert (row.stars, row.comment, row.rated_at) == (5, "很快，谢谢！", matter.now)
    assert matter.events() == [
        "open",
        "accept",
        "reply",
        "take_on",
        "report_result",
        "call_back",
        "close",
        "rate",
    ]


def test_two_bodies_each_have_their_own_part_and_both_must_close_theirs(matter: Matter) -> None:
    parties = matter.cast.parties
    matter.begin(title="4号楼围栏未恢复").press("staff", "accept")
    matter.press("secretary", "reply", reply="已收到。")
    bodies = [parties["property"].id, parties["water"].id]
    matter.press("secretary", "assign", bodies=bodies, instruction="三日内恢复围栏。")
    first, second = matter.duties()
    assert {first.party_id, second.party_id} == set(bodies)
    property_part = first if first.party_id == parties["property"].id else second
    water_part = second if property_part is first else first

    matter.press("property", "take_on", property_part.id)
    photo = _photo(matter, property_part.id)
    matter.press("property", "report", property_part.id, result="围栏已装回。", photos=[photo])
    matter.press("staff", "accept_result", property_part.id)
    assert matter.row(property_part.id).state == "closed"
    assert matter.state == "assigned", "one body is still at it"
    with pytest.raises(RefusedError):
        matter.press("staff", "report_result", result_kind="fixed", result="都好了。")

    matter.press("staff", "report_for", water_part.id, result="管线无碍。")
    matter.press("grid", "accept_result", water_part.id)
    assert matter.state == "checking"
    matter.press("staff", "report_result", result_kind="fixed", result="围栏恢复。")
    assert matter.state == "resolved"


def _photo(matter: Matter, case_id: int) -> int:
    row = m.Attachment(
        case_id=case_id,
        field="photos",
        name="围栏.jpg",
        media_type="image/jpeg",
        size=1,
        sha256="0" * 64,
        path="00/00/" + "0" * 64,
        uploaded_at=matter.now,
    )
    matter.session.add(row)
    matter.session.flush()
    return row.id


def test_reopening_is_asked_by_the_resident_and_decided_by_staff(matter: Matter) -> None:
    matter.begin().resolved_by_community()
    matter.press("resident", "ask_reopen", reopen_reason="长椅又松了。")
    assert matter.state == "reopen_asked"
    with pytest.raises(RefusedError):
        matter.press("grid", "grant_reopen")
    matter.press("secretary", "refuse_reopen", reopen_answer="已约下周检修。")
    assert matter.state == "closed"
    matter.press("resident", "ask_reopen", reopen_reason="没有人来。")
    matter.press("staff", "grant_reopen", reopen_answer="对不起，马上去。")
    row = matter.row()
    assert (row.state, row.closed_at) == ("accepted", None)
    assert row.reopened == 1


def test_no_cause_found_closes_nothing(matter: Matter) -> None:
    matter.begin(title="水压忽高忽低", category="water")
    matter.press("staff", "accept").press("secretary", "reply", reply="正在查。")
    matter.press("grid", "take_on")
    with pytest.raises(RefusedError) as refused:
        matter.press("grid", "report_result", result_kind="no_cause", result="没查到。")
    assert "未查明原因" in refused.value.problems[0].text["zh"]
    matter.press("grid", "record_attempt", attempt="沿管线排查", outside="自来水公司")
    assert matter.state == "in_progress"


@pytest.mark.parametrize("name", ["property", "council", "street", "outsider"])
def test_others_may_not_accept(matter: Matter, name: str) -> None:
    matter.begin()
    with pytest.raises((RefusedError, MissingError)):
        matter.press(name, "accept")
    assert matter.state == "reported"


def test_staff_can_not_give_the_stars_themselves(matter: Matter) -> None:
    matter.begin().resolved_by_community()
    with pytest.raises(RefusedError):
        matter.press("secretary", "rate", stars="5")


def test_stars_must_be_one_to_five(matter: Matter) -> None:
    matter.begin().resolved_by_community()
    for wrong in ("0", "6", "五星", ""):
        with pytest.raises(InvalidError):
            matter.press("resident", "rate", stars=wrong)
    assert matter.state == "closed"


def test_property_staff_see_their_part_and_its_parent_but_no_other_part(matter: Matter) -> None:
    parties = matter.cast.parties
    matter.begin().press("staff", "accept").press("secretary", "reply", reply="好。")
    bodies = [parties["property"].id, parties["water"].id]
    property_view = matter.who("property")
    with pytest.raises(MissingError):
        cases.choices(matter.session, matter.id, actor=property_view, now=matter.now)
    matter.press("secretary", "assign", bodies=bodies, instruction="请办。")
    duties = {duty.party_id: duty.id for duty in matter.duties()}
    for case_id in (matter.id, duties[parties["property"].id]):
        cases.choices(matter.session, case_id, actor=property_view, now=matter.now)
    for name, case_id in (
        ("property", duties[parties["water"].id]),
        ("outsider_property", matter.id),
        ("outsider_property", duties[parties["property"].id]),
    ):
        with pytest.raises(MissingError):
            cases.choices(matter.session, case_id, actor=matter.who(name), now=matter.now)


# --- registering ------------------------------------------------------------------------------


def test_registering_tells_everything_that_is_wrong_at_once(matter: Matter) -> None:
    report = Report(place_id=None, title=" ", form={"category": "nothing"}, extra={"phone": "abc"})
    with pytest.raises(InvalidError) as refused:
        grievances.register(matter.session, report, actor=matter.who("staff"), now=matter.now)
    wrong = {problem.field for problem in refused.value.problems}
    assert wrong == {"title", "place_id", "category", "description", "source", "phone"}
    assert matter.session.scalar(sa.select(sa.func.count()).select_from(m.Case)) == 0


def test_the_same_form_sent_twice_is_one_grievance(matter: Matter) -> None:
    place_id = matter.cast.places["compound"].id
    report = Report(place_id, "路灯不亮", FORM, EXTRA, token="t" * 32)
    staff = matter.who("staff")
    first = grievances.register(matter.session, report, actor=staff, now=matter.now)
    second = grievances.register(matter.session, report, actor=staff, now=matter.now)
    assert first.fresh
    assert not second.fresh
    assert first.id == second.id
    assert matter.session.scalar(sa.select(sa.func.count()).select_from(m.Case)) == 1


def test_a_resident_needs_a_name_and_a_number_and_no_title(matter: Matter) -> None:
    place_id = matter.cast.places["compound"].id
    with pytest.raises(InvalidError) as refused:
        grievances.register(
            matter.session, Report(place_id, "", FORM, {}), actor=resident(""), now=matter.now
        )
    assert {problem.field for problem in refused.value.problems} == {"reporter", "phone"}
    extra = {"reporter": "赵先生", "phone": "１３９ ０００１ ０００２"}
    done = grievances.register(
        matter.session, Report(place_id, "", FORM, extra), actor=resident(""), now=matter.now
    )
    case = matter.row(done.id)
    grievance = matter.session.get_one(m.Grievance, done.id)
    assert case.title == "19号楼前没有长椅，老人没有地方坐。"
    assert (grievance.phone, grievance.source) == ("13900010002", m.Source.WEB)
    assert case.token not in (None, done.token)


def test_staff_register_only_below_their_own_place(matter: Matter) -> None:
    far = matter.cast.places["far_compound"].id
    with pytest.raises(InvalidError) as refused:
        grievances.register(
            matter.session,
            Report(far, "越界", FORM, EXTRA),
            actor=matter.who("staff"),
            now=matter.now,
        )
    assert refused.value.problems[0].field == "place_id"


def test_council_members_may_not_register(matter: Matter) -> None:
    with pytest.raises(RefusedError):
        matter.begin(by="council")


def test_a_lost_link_is_replaced_and_the_old_one_ends(matter: Matter) -> None:
    matter.begin()
    before = matter.token
    with pytest.raises(ForbiddenError):
        links.renew(matter.session, matter.id, actor=matter.who("grid"), now=matter.now)
    token = links.renew(matter.session, matter.id, actor=matter.who("staff"), now=matter.now)
    assert links.followed(matter.session, resident(token)) == matter.id
    with pytest.raises(MissingError):
        links.followed(matter.session, resident(before))
    assert matter.events() == ["open", "link"]
