"""Registering a grievance for a caller: the form of the staff and what it takes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from tests.cast import Cast
from tests.visitor import Visitor


def test_staff_register_for_a_caller(app: Flask, session: Session, cast: Cast) -> None:
    visitor = Visitor(app).sign_in("staff")
    visitor.get("/grievances/new")
    assert "红棉" not in visitor.text
    form = {
        "token": visitor.hidden("token"),
        "field-title": "围栏没有恢复",
        "field-place_id": cast.places["building"].id,
        "field-category": "facilities",
        "field-description": "施工后围栏没有装回。",
        "field-source": "phone",
        "field-phone": "13800001111",
    }
    answer = visitor.post("/grievances/new", **form)
    assert answer.status_code == 302
    visitor.get(answer.location)
    assert "/r/t/" in visitor.text, "the link for the resident is shown once"
    again = visitor.post("/grievances/new", **form)
    assert again.location == answer.location
    assert session.scalar(sa.select(sa.func.count()).select_from(m.Case)) == 1
    case = session.scalars(sa.select(m.Case)).one()
    assert case.creator_id == cast.users["staff"].id


def test_without_script_the_typed_place_is_looked_up(app: Flask, cast: Cast) -> None:
    visitor = Visitor(app).sign_in("staff")
    form = {
        "field-title": "围栏没有恢复",
        "field-category": "facilities",
        "field-description": "施工后围栏没有装回。",
        "field-source": "phone",
    }
    for words, said in (("单元", "找到多个"), ("红棉", "没有找到")):
        typed = {"field-place_id-text": words}
        assert visitor.post("/grievances/new", **form, **typed).status_code == 422
        assert said in visitor.text
    typed = {"field-place_id-text": "翠微南里 4号楼 2单元"}
    assert visitor.post("/grievances/new", **form, **typed).status_code == 302


def test_a_registration_with_faults_saves_nothing_and_keeps_what_was_typed(
    app: Flask, session: Session
) -> None:
    visitor = Visitor(app).sign_in("staff")
    answer = visitor.post(
        "/grievances/new", **{"field-title": "围栏", "field-description": "未装回"}
    )
    assert answer.status_code == 422
    for said in ("请选择小区或地点", "请填写“类别”", "请填写“来源”"):
        assert said in visitor.text
    assert 'value="围栏"' in visitor.text
    assert session.scalar(sa.select(sa.func.count()).select_from(m.Case)) == 0


def test_a_resident_on_file_brings_name_and_number_along(
    app: Flask, session: Session, cast: Cast
) -> None:
    known = m.Person(place_id=cast.places["entrance"].id, name="钱大妈", phone="13812345678")
    foreign = m.Person(place_id=cast.places["far_compound"].id, name="钱旁人", phone="13900000000")
    session.add_all([known, foreign])
    session.commit()
    visitor = Visitor(app).sign_in("staff")
    hits = visitor.get("/cases/lookup/resident", q="钱").get_json()["results"]
    assert [hit["text"] for hit in hits] == ["钱大妈 · 翠微南里 4号楼 1单元"]
    form = {
        "field-title": "围栏没有恢复",
        "field-place_id": cast.places["building"].id,
        "field-category": "facilities",
        "field-description": "施工后围栏没有装回。",
        "field-source": "visit",
    }
    assert visitor.post("/grievances/new", **form, person_id=foreign.id).status_code == 422
    assert "没有这位居民" in visitor.text
    assert visitor.post("/grievances/new", **form, person_id=known.id).status_code == 302
    row = session.scalars(sa.select(m.Grievance)).one()
    assert (row.person_id, row.reporter, row.phone) == (known.id, "钱大妈", "13812345678")


@pytest.mark.parametrize("name", ["council", "facilitator", "designer"])
def test_others_may_not_register(app: Flask, session: Session, name: str) -> None:
    visitor = Visitor(app).sign_in(name)
    assert visitor.get("/grievances/new").status_code == 403
    assert visitor.post("/grievances/new").status_code == 403


def test_a_searching_select_stays_within_the_scope(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("staff")
    assert visitor.get("/cases/lookup/place", q="红棉").get_json()["results"] == []
    found_ = visitor.get("/cases/lookup/person", q="葛").get_json()["results"]
    assert [item["text"] for item in found_] == ["葛网格 · 翠微社区居委会"]
    assert visitor.get("/cases/lookup/party", q="物业").get_json()["results"]
    assert visitor.get("/cases/lookup/ab_user", q="a").status_code == 404
