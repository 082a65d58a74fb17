"""Ledgers of people and records: masking, export, logins, and what stays as it is."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy.orm import Session

from app import models as m
from tests import world
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW
from tests.visitor import Visitor


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


def field(text: str, name: str) -> str:
    """The form row of one field."""
    return text.split(f'id="row-{name}"')[1].split('class="form-row')[0]


def person(session: Session, cast: Cast, name: str = "蔡阿姨") -> m.Person:
    made = m.Person(place_id=cast.places["entrance"].id, name=name, phone="13800135678")
    session.add(made)
    session.commit()
    return made


# --- telephone numbers --------------------------------------------------------------------------


def test_a_number_is_masked_and_stays_when_it_isn_t_changed(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    who = person(session, cast)
    visitor.sign_in("grid")
    for path in ("list/", f"show/{who.id}", f"edit/{who.id}"):
        visitor.get(f"/ledgers/residents/{path}")
        assert "138****5678" in visitor.text, path
        assert "13800135678" not in visitor.text, path
    answer = visitor.post(
        f"/ledgers/residents/edit/{who.id}",
        seen=visitor.hidden("seen"),
        name="蔡大妈",
        place=who.place_id,
        phone="138****5678",
    )
    assert answer.status_code == 302
    session.expire_all()
    assert (who.name, who.phone) == ("蔡大妈", "13800135678")


def test_showing_a_number_is_asked_for_and_recorded(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    who = person(session, cast)
    visitor.sign_in("grid")
    path = f"/ledgers/residents/action/reveal/{who.id}"
    visitor.get(path)
    assert "会被记录" in visitor.text
    assert "13800135678" not in visitor.text
    visitor.get(visitor.post(path).headers["Location"])
    assert "13800135678" in visitor.text
    seen = session.scalars(
        sa.select(m.AccessEvent).where(m.AccessEvent.kind == m.AccessKind.REVEAL)
    ).one()
    assert (seen.username, seen.detail["row"]) == ("grid", str(who.id))


# --- export -------------------------------------------------------------------------------------


def rows_of(visitor: Visitor) -> list[list[str]]:
    assert visitor.text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(visitor.text.removeprefix("\ufeff"))))


def test_an_export_holds_what_is_visible_masked_and_signed(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    person(session, cast, "=HYPERLINK(1)")
    person(session, cast, "蔡阿姨")
    visitor.sign_in("secretary")
    answer = visitor.get("/ledgers/residents/export/", q="蔡")
    assert answer.mimetype == "text/csv"
    rows = rows_of(visitor)
    assert rows[0] == ["名称", "场所", "电话", "演示数据"]
    assert rows[1] == ["蔡阿姨", "翠微南里 4号楼 1单元", "138****5678", "否"]
    assert rows[2][0].startswith("舒记于 ")
    assert "共 1 条" in rows[2][0]
    visitor.get("/ledgers/residents/export/", q="HYPERLINK")
    assert rows_of(visitor)[1][0] == "'=HYPERLINK(1)"
    exports = sa.select(sa.func.count()).where(m.AccessEvent.kind == m.AccessKind.EXPORT)
    assert session.scalar(exports) == 2
    visitor.sign_out()
    visitor.sign_in("outsider")
    visitor.get("/ledgers/residents/export/")
    assert len(rows_of(visitor)) == 2


# --- places and logins --------------------------------------------------------------------------


def test_an_entrance_is_named_with_its_building_and_compound(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    who = person(session, cast)
    entrance = cast.places["entrance"]
    building = cast.places["building"]
    above = session.get(m.Place, building.parent_id)
    assert above is not None
    visitor.sign_in("grid")
    for path in ("list/", f"show/{who.id}"):
        visitor.get(f"/ledgers/residents/{path}")
        assert f"{above.name} {building.name} {entrance.name}" in visitor.text, path


def test_a_place_that_moves_takes_those_below_along(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    building, grid = cast.places["building"], cast.places["grid"]
    visitor.sign_in("secretary")
    visitor.get(f"/ledgers/places/edit/{building.id}")
    form = {"name": "4号楼", "kind": "building", "seen": visitor.hidden("seen")}
    answer = visitor.post(f"/ledgers/places/edit/{building.id}", **form, parent=grid.id)
    assert answer.status_code == 302, visitor.text
    session.expire_all()
    assert cast.places["entrance"].path == f"{grid.path}{building.id}/{cast.places['entrance'].id}/"
    visitor.get(f"/ledgers/places/edit/{grid.id}")
    form = {"name": "第一网格", "kind": "grid", "seen": visitor.hidden("seen")}
    answer = visitor.post(f"/ledgers/places/edit/{grid.id}", **form, parent=building.id)
    assert answer.status_code == 422
    assert "field-error" in field(visitor.text, "parent")


def test_a_login_is_made_used_and_switched_off(
    app: Flask, visitor: Visitor, session: Session
) -> None:
    visitor.sign_in("admin")
    visitor.get("/ledgers/users/add")
    role = session.scalars(sa.select(Role.id).where(Role.name == "GridWorker")).one()
    form = {
        "last_name": "新", "first_name": "人", "username": "newcomer",
        "email": "newcomer@example.org", "active": "y", "roles": role,
    }  # fmt: skip
    assert visitor.post("/ledgers/users/add", **form, once="a").status_code == 422
    assert "请设置初始密码" in field(visitor.text, "password")
    assert (
        visitor.post("/ledgers/users/add", **form, password=PASSWORD, once="b").status_code == 302
    )
    user = session.scalars(sa.select(User).where(User.username == "newcomer")).one()
    assert user.password is not None
    assert user.password.startswith("scrypt:")
    newcomer = Visitor(app).sign_in("newcomer")
    assert newcomer.get("/settings/").status_code == 200
    visitor.get(f"/ledgers/users/edit/{user.id}")
    assert user.password not in visitor.text
    del form["active"]
    form.pop("password", "")
    seen = visitor.hidden("seen")
    assert visitor.post(f"/ledgers/users/edit/{user.id}", **form, seen=seen).status_code == 302
    assert newcomer.get("/settings/").status_code == 302
    assert newcomer.post("/login/", username="newcomer", password=PASSWORD).status_code == 401


def test_nobody_switches_the_own_login_off(visitor: Visitor, session: Session, cast: Cast) -> None:
    admin = cast.users["admin"]
    visitor.sign_in("admin")
    visitor.get(f"/ledgers/users/edit/{admin.id}")
    answer = visitor.post(
        f"/ledgers/users/edit/{admin.id}",
        seen=visitor.hidden("seen"), last_name="管", first_name="理员", username="admin",
        email="admin@example.org", roles=admin.roles[0].id,
    )  # fmt: skip
    assert answer.status_code == 422
    assert "不能停用自己的账号" in field(visitor.text, "active")


def test_what_was_given_up_is_sent_again(visitor: Visitor, session: Session, cast: Cast) -> None:
    notice = m.Notice(
        user_id=cast.users["staff"].id, channel="email", key="late",
        subject={"zh": "催办"}, body={"zh": "催办"}, dedupe="again",
        status=m.NoticeStatus.DEAD, created_at=NOW,
        attempts=9, error="550",
    )  # fmt: skip
    session.add(notice)
    session.commit()
    visitor.sign_in("admin")
    answer = visitor.post("/ledgers/notices/action_post", action="retry", rowid=[notice.id])
    assert answer.status_code == 302
    session.expire_all()
    assert (notice.status, notice.attempts, notice.error) == (m.NoticeStatus.WAITING, 0, "")
    visitor.post(f"/ledgers/notices/action/retry/{notice.id}")
    assert "只有无法送达的通知才能重发" in visitor.text


# --- what is on the record ------------------------------------------------------------------------


def test_what_was_begun_or_closed_is_not_edited(
    visitor: Visitor, session: Session, cast: Cast, now: datetime
) -> None:
    world.fill(session, cast, now)
    visitor.sign_in("admin")
    item = session.scalars(sa.select(m.AgendaItem.id).order_by(m.AgendaItem.position)).first()
    seat = session.scalars(sa.select(m.Attendance.id)).first()
    used = session.scalars(sa.select(m.Consultation.rule_set_id)).first()
    for path in (
        f"/ledgers/agenda-items/edit/{item}",
        f"/ledgers/attendance/edit/{seat}",
        f"/ledgers/attendance/delete/{seat}",
        f"/ledgers/rule-sets/edit/{used}",
        f"/ledgers/rule-sets/delete/{used}",
    ):
        assert visitor.get(path).status_code == 409, path
        assert visitor.post(path, title="x", name="x").status_code == 409, path
    session.execute(sa.update(m.Case).where(m.Case.leg == "grievance").values(closed_at=now))
    session.commit()
    grievance = session.scalars(sa.select(m.Grievance.case_id)).first()
    assert visitor.get(f"/ledgers/grievances/edit/{grievance}").status_code == 409
    assert "事项已办结" in visitor.text


def test_an_open_grievance_s_contact_is_corrected(
    visitor: Visitor, session: Session, cast: Cast, now: datetime
) -> None:
    world.fill(session, cast, now)
    grievance = session.scalars(sa.select(m.Grievance)).one()
    visitor.sign_in("staff")
    visitor.get(f"/ledgers/grievances/edit/{grievance.case_id}")
    answer = visitor.post(
        f"/ledgers/grievances/edit/{grievance.case_id}",
        seen=visitor.hidden("seen"),
        source="phone",
        reporter="钱大娘",
        phone=grievance.phone[:3] + "****" + grievance.phone[-4:],
    )
    assert answer.status_code == 302
    before = grievance.phone
    session.expire_all()
    assert (grievance.reporter, grievance.phone) == ("钱大娘", before)


def test_what_happened_to_a_deadline_is_told_in_words(
    visitor: Visitor, session: Session, cast: Cast, now: datetime
) -> None:
    world.fill(session, cast, now)
    clock = session.scalars(sa.select(m.Clock).order_by(m.Clock.id)).first()
    assert clock
    clock.log = [
        {"at": "2026-11-19T02:30:00+00:00", "what": "start"},
        {"at": "2026-11-19T03:00:00+00:00", "what": "extend", "by": "2 working days"},
        {"at": "2026-11-20T01:00:00+00:00", "what": "vary", "until": "2026-11-30T15:59:00+00:00"},
    ]
    session.commit()
    visitor.sign_in("admin").get(f"/ledgers/deadlines/show/{clock.id}")
    assert "2026-11-19 10:30 开始计时" in visitor.text
    assert "2026-11-19 11:00 延期 · 2 个工作日" in visitor.text
    assert "2026-11-20 09:00 时限改为 → 2026-11-30 23:59" in visitor.text
    assert "what: start" not in visitor.text
