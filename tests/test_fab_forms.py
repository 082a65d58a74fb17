"""Forms of the ledgers: what can be typed, what is refused and how, what is saved."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from tests.cast import Cast
from tests.visitor import Visitor


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


def field(text: str, name: str) -> str:
    """The form row of one field."""
    return text.split(f'id="row-{name}"')[1].split('class="form-row')[0]


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
