"""Forms of the ledgers: what can be typed, what is refused and how, what is saved."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

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


# --- saving -------------------------------------------------------------------------------------


def test_a_row_is_added_and_its_page_opens(visitor: Visitor, session: Session, cast: Cast) -> None:
    visitor.sign_in("secretary")
    visitor.get("/ledgers/residents/add")
    answer = visitor.post(
        "/ledgers/residents/add",
        name="　李 大爷 ",
        place=cast.places["entrance"].id,
        phone="１３８ ００１３ ５６７８",
        once=visitor.hidden("once"),
    )
    made = session.scalars(sa.select(m.Person).where(m.Person.phone == "13800135678")).one()
    assert made.name == "李 大爷"
    assert answer.headers["Location"] == f"/ledgers/residents/show/{made.id}"
    visitor.get(answer.headers["Location"])
    assert "已保存" in visitor.text


def test_a_form_sent_twice_is_saved_once(visitor: Visitor, session: Session, cast: Cast) -> None:
    visitor.sign_in("secretary")
    visitor.get("/ledgers/residents/add")
    form = {
        "name": "双击",
        "place": cast.places["entrance"].id,
        "once": visitor.hidden("once"),
    }
    assert visitor.post("/ledgers/residents/add", **form).status_code == 302
    answer = visitor.post("/ledgers/residents/add", **form)
    assert answer.headers["Location"] == "/ledgers/residents/list/"
    visitor.get("/ledgers/residents/list/")
    assert "没有重复保存" in visitor.text
    count = sa.select(sa.func.count()).where(m.Person.name == "双击")
    assert session.scalar(count) == 1


def test_an_unticked_box_can_be_saved(visitor: Visitor, session: Session, cast: Cast) -> None:
    party = cast.parties["water"]
    visitor.sign_in("secretary")
    visitor.get(f"/ledgers/parties/edit/{party.id}")
    assert "checked" in field(visitor.text, "active")
    answer = visitor.post(
        f"/ledgers/parties/edit/{party.id}",
        seen=visitor.hidden("seen"),
        name=party.name,
        kind="other",
        place=party.place_id,
    )
    assert answer.status_code == 302
    session.expire_all()
    assert party.active is False


def test_an_empty_form_names_every_field_that_is_missing(visitor: Visitor) -> None:
    visitor.sign_in("secretary")
    assert visitor.post("/ledgers/units/add", once="x").status_code == 422
    for name in ("place", "label", "floor", "area"):
        assert "请填写" in field(visitor.text, name), name
    assert "保存" in visitor.text.split("flash-bad")[1]


def test_what_was_typed_stays_when_something_is_wrong(visitor: Visitor, cast: Cast) -> None:
    visitor.sign_in("secretary")
    visitor.post(
        "/ledgers/units/add",
        place=cast.places["entrance"].id,
        label="3单元<b>301</b>",
        floor="三楼",
        area="六十八",
        once="x",
    )
    assert "请输入整数" in field(visitor.text, "floor")
    assert 'value="三楼"' in visitor.text
    assert "请输入数字" in field(visitor.text, "area")
    assert 'value="六十八"' in visitor.text
    assert "3单元&lt;b&gt;301&lt;/b&gt;" in visitor.text
    assert "1单元 · " in field(visitor.text, "place")


@pytest.mark.parametrize(
    ("area", "said"),
    [("0", "面积必须大于零"), ("-3", "面积必须大于零"), ("1.234", "最多 2 位小数"),
     ("NaN", "请输入数字"), ("1e400", "请输入数字"), ("99999999999", "请输入数字")],
)  # fmt: skip
def test_a_number_is_checked_before_and_by_the_database(
    visitor: Visitor, cast: Cast, area: str, said: str
) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post(
        "/ledgers/units/add",
        place=cast.places["entrance"].id, label="1", floor="1", area=area,
        area_source="registered", households="1", once="x",
    )  # fmt: skip
    assert answer.status_code == 422
    assert said in field(visitor.text, "area")


def test_dates_are_native_inputs_and_checked(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    visitor.sign_in("admin")
    visitor.get("/ledgers/staff/add")
    assert 'type="date"' in field(visitor.text, "since")
    form = {
        "user": cast.users["council"].id,
        "place": cast.places["grid"].id,
        "title": "楼长",
        "once": "x",
    }
    visitor.post("/ledgers/staff/add", **form, since="2026-02-30")
    assert "请输入日期" in field(visitor.text, "since")
    visitor.post("/ledgers/staff/add", **form, since="2026-05-01", until="2026-04-01")
    assert "截止日期早于起始日期" in field(visitor.text, "until")
    visitor.post("/ledgers/staff/add", **form, since="2026/05/01", until="２０２６-06-01")
    made = session.scalars(sa.select(m.Staff).where(m.Staff.title == "楼长")).one()
    assert (made.since, made.until) == (date(2026, 5, 1), date(2026, 6, 1))


def test_an_odd_choice_is_refused(visitor: Visitor, cast: Cast) -> None:
    visitor.sign_in("secretary")
    visitor.post(
        "/ledgers/parties/add", name="x", kind="nonsense", place=cast.places["grid"].id, once="x"
    )
    assert "请从列表中选择" in field(visitor.text, "kind")


def test_control_characters_never_reach_the_database(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post(
        "/ledgers/residents/add",
        name="零\x00字\x07节",
        place=cast.places["entrance"].id,
        note="甲\x00\r\n乙",
        once="x\x00",
    )
    assert answer.status_code == 302
    made = session.scalars(sa.select(m.Person).where(m.Person.name == "零字节")).one()
    assert made.note == "甲\n乙"


def test_too_long_a_text_is_told_beside_the_field(visitor: Visitor, cast: Cast) -> None:
    visitor.sign_in("secretary")
    visitor.post("/ledgers/residents/add", name="长" * 201, place=cast.places["grid"].id, once="x")
    assert "最多 200 个字符" in field(visitor.text, "name")


# --- searching selects without script -----------------------------------------------------------


def test_typed_words_are_looked_up_without_script(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    form = {"name": "无脚本", "once": "x"}
    visitor.post("/ledgers/residents/add", **form, **{"place-text": "单元"})
    row = field(visitor.text, "place")
    assert "有多项符合" in row
    assert row.count("<option") == 3
    visitor.post("/ledgers/residents/add", **form, **{"place-text": "没有这样的地方"})
    assert "没有找到" in field(visitor.text, "place")
    answer = visitor.post("/ledgers/residents/add", **form, **{"place-text": "1单元"})
    assert answer.status_code == 302
    made = session.scalars(sa.select(m.Person).where(m.Person.name == "无脚本")).one()
    assert made.place_id == cast.places["entrance"].id


def test_a_lookup_tells_rows_of_one_name_apart(visitor: Visitor, session: Session) -> None:
    visitor.sign_in("admin")
    found = visitor.get("/lookup/PersonView/place", q="1单元").get_json()["results"]
    assert [row["text"] for row in found] == ["1单元 · 第一网格 / 翠微南里 / 4号楼"]


def test_a_lookup_is_bounded(visitor: Visitor, session: Session, cast: Cast) -> None:
    place = cast.places["entrance"].id
    session.add_all(m.Person(place_id=place, name=f"居民{n:03d}") for n in range(60))
    session.commit()
    visitor.sign_in("secretary")
    found = visitor.get("/lookup/OwnerView/person", q="居民").get_json()
    assert len(found["results"]) == 20
    assert found["more"] is True
    assert len(visitor.statements) <= 4


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
    assert rows[1] == ["蔡阿姨", "1单元", "138****5678", "否"]
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


# --- drafts of workflows ------------------------------------------------------------------------


def draft(session: Session, key: str = "duty") -> m.Workflow:
    return session.scalars(sa.select(m.Workflow).where(m.Workflow.key == key)).one()


def transition(session: Session) -> m.DraftTransition:
    workflow = draft(session)
    return next(t for t in workflow.transitions if t.target)


def sent(visitor: Visitor, row: m.DraftTransition, **changes: str) -> dict[str, str]:
    visitor.get(f"/ledgers/draft-transitions/edit/{row.id}")
    form = {
        "seen": visitor.hidden("seen"),
        "workflow": str(row.workflow_id),
        "position": str(row.position),
        "key": row.key,
        "label_zh": row.label_zh,
        "label_en": row.label_en,
        "source": ", ".join(row.source),
        "target": row.target,
        "roles": ", ".join(row.roles),
    }
    return form | changes


def test_a_row_of_a_draft_is_edited_and_counted(visitor: Visitor, session: Session) -> None:
    row = transition(session)
    before = row.workflow.draft_version
    visitor.sign_in("designer")
    form = sent(
        visitor, row, label_zh="新按钮", roles="Secretary，GridWorker、 CommitteeStaff",
        when="fact: assignee.set", effects="- assign: actor",
    )  # fmt: skip
    answer = visitor.post(f"/ledgers/draft-transitions/edit/{row.id}", **form)
    assert answer.status_code == 302, visitor.text
    session.expire_all()
    assert row.roles == ["Secretary", "GridWorker", "CommitteeStaff"]
    assert row.when == {"fact": "assignee.set"}
    assert row.effects == [{"assign": "actor"}]
    assert row.workflow.draft_version == before + 1


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"when": "fact: [a\nb"}, "when", "第 "),
        ({"when": "- a\n- b"}, "when", "应填“名称: 值”"),
        ({"effects": "assign: actor"}, "effects", "应填列表"),
        ({"effects": "- &x a\n- *x"}, "effects", "锚点"),
        ({"effects": "- nonsense: 1"}, "effects", ""),
        ({"when": "any: []"}, "when", ""),
        ({"key": "1 with blank"}, "key", ""),
        ({"roles": "Secretary, Secretary"}, "roles", "重复"),
    ],
)
def test_a_fault_in_a_draft_is_told_beside_its_field(
    visitor: Visitor, session: Session, changes: dict[str, str], name: str, said: str
) -> None:
    row = transition(session)
    kept = (row.key, row.when, row.effects)
    visitor.sign_in("designer")
    form = sent(visitor, row, **changes)
    answer = visitor.post(f"/ledgers/draft-transitions/edit/{row.id}", **form)
    assert answer.status_code == 422, answer.headers
    assert "field-error" in field(visitor.text, name)
    assert said in field(visitor.text, name)
    session.expire_all()
    assert (row.key, row.when, row.effects) == kept


def test_a_published_workflow_is_not_deleted(visitor: Visitor, session: Session) -> None:
    row = draft(session)
    visitor.sign_in("designer")
    assert visitor.post(f"/ledgers/workflows/delete/{row.id}").status_code == 409
    assert "已发布过的流程不能删除" in visitor.text


def test_a_new_workflow_is_begun_by_form(visitor: Visitor, session: Session) -> None:
    visitor.sign_in("designer")
    answer = visitor.post(
        "/ledgers/workflows/add",
        key="wish", label_zh="微心愿", leg="case", start="raised", once="x",
    )  # fmt: skip
    assert answer.status_code == 302, visitor.text
    row = draft(session, "wish")
    visitor.post(
        "/ledgers/draft-states/add", workflow=row.id, key="raised", label_zh="已提出",
        kind="open", position="0", once="y",
    )  # fmt: skip
    session.expire_all()
    assert [(s.key, s.kind) for s in row.states] == [("raised", "open")]


# --- places and logins --------------------------------------------------------------------------


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
