"""What residents do without a login, and what they and others can not do there."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.extensions import limiter
from tests.cast import Cast
from tests.photos import JPEG, PNG, bomb
from tests.test_attachments import office
from tests.visitor import Visitor

MATTER = {
    "field-category": "leak",
    "field-description": "顶楼漏水，卧室天花板一直滴水。",
    "field-reporter": "钱大妈",
    "field-phone": "138 1234 5678",
    "field-address": "4号楼1单元601",
}


@pytest.fixture
def resident(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


def opened(resident: Visitor, cast: Cast) -> dict[str, object]:
    """The hidden part of the form for the compound."""
    assert resident.get("/r/new", place=cast.places["compound"].id).status_code == 200
    return {"place": cast.places["compound"].id, "token": resident.hidden("token")}


def cases(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(m.Case)) or 0


def test_a_resident_finds_the_compound_writes_and_gets_a_number_and_a_link(
    resident: Visitor, cast: Cast, session: Session
) -> None:
    resident.get("/r/", q="南里")
    assert "翠微社区 · 翠微南里" in resident.text
    assert "红棉" not in resident.text
    form = {**opened(resident, cast), **MATTER}
    photo = (io.BytesIO(JPEG), "天花板.jpg")
    answer = resident.post("/r/new", **form, **{"field-photos": photo})
    assert answer.status_code == 302
    resident.get(answer.location)
    case = session.scalars(sa.select(m.Case)).one()
    assert case.number in resident.text
    token = re.search(r"/r/t/([\w-]+)\?new=1", answer.location)
    assert token
    assert f"/r/t/{token[1]}</a>" in resident.text
    assert case.token != token[1], "only its hash is kept"
    assert token[1] not in str(case.data)
    grievance = session.get_one(m.Grievance, case.id)
    assert (grievance.phone, grievance.reporter) == ("13812345678", "钱大妈")
    assert (case.creator_id, case.title) == (None, "顶楼漏水，卧室天花板一直滴水。")
    file = session.scalars(sa.select(m.Attachment)).one()
    answer = resident.get(f"/r/t/{token[1]}/files/{file.id}")
    assert answer.data == JPEG
    answer.close()
    resident.get(f"/r/t/{token[1]}")
    assert f'src="/r/t/{token[1]}/files/{file.id}/preview"' in resident.text
    with resident.get(f"/r/t/{token[1]}/files/{file.id}/preview") as small:
        assert small.mimetype == "image/webp"


def test_the_same_form_sent_twice_is_one_matter(
    resident: Visitor, cast: Cast, session: Session
) -> None:
    form = {**opened(resident, cast), **MATTER}
    first = resident.post("/r/new", **form)
    second = resident.post("/r/new", **form)
    assert first.location == second.location
    assert cases(session) == 1


def test_an_error_loses_nothing_that_was_typed(
    resident: Visitor, cast: Cast, session: Session
) -> None:
    form = {**opened(resident, cast), **MATTER, "field-phone": "不告诉你"}
    photo = (io.BytesIO(JPEG), "天花板.jpg")
    answer = resident.post("/r/new", **form, **{"field-photos": photo})
    assert answer.status_code == 422
    assert "请填写电话号码" in resident.text
    for typed in ("顶楼漏水", "钱大妈", "4号楼1单元601", "不告诉你", "天花板.jpg"):
        assert typed in resident.text
    assert cases(session) == 0
    kept = resident.hidden("field-photos-kept")
    again = {**form, **MATTER, "field-photos-kept": kept}
    assert resident.post("/r/new", **again).status_code == 302
    assert session.scalars(sa.select(m.Attachment)).one().name == "天花板.jpg"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("field-description", "长" * 2001, "最多 2000 个字"),
        ("field-description", "", "请填写“情况说明”"),
        ("field-reporter", "名" * 51, "最多 50 个字"),
        ("field-category", "nonsense", "请从中选择"),
        ("field-description", "坏\x00字", "含有不能保存的控制字符"),
        ("field-phone", "1" * 40, "请填写电话号码"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    resident: Visitor, cast: Cast, session: Session, field: str, value: str, said: str
) -> None:
    form = {**opened(resident, cast), **MATTER, field: value}
    assert resident.post("/r/new", **form).status_code == 422
    row = resident.text.split(f'id="row-new-{field.removeprefix("field-")}"')[1].split("</div>\n")
    assert said in "".join(row[:4])
    assert cases(session) == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("照片.jpg", b"<script>alert(1)</script>", "类型不能上传"),
        ("表.docx", office("word/document.xml"), "只能上传照片和 PDF"),
        ("空.jpg", b"", "是空的"),
        ("断.png", PNG[:-30], "已损坏或不完整"),
        ("炸.png", bomb(), "最多 4000 万像素"),
    ],
)
def test_wrong_files_are_refused_by_name(
    resident: Visitor, cast: Cast, session: Session, name: str, content: bytes, said: str
) -> None:
    form = {**opened(resident, cast), **MATTER}
    answer = resident.post("/r/new", **form, **{"field-photos": (io.BytesIO(content), name)})
    assert answer.status_code == 422
    assert said in resident.text
    assert cases(session) == 0


def test_what_a_resident_writes_is_never_markup(
    resident: Visitor, cast: Cast, session: Session, app: Flask
) -> None:
    evil = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    form = {
        **opened(resident, cast),
        **MATTER,
        "field-description": evil,
        "field-reporter": evil[:50],
    }
    answer = resident.post("/r/new", **form)
    resident.get(answer.location)
    case = session.scalars(sa.select(m.Case)).one()
    staff = Visitor(app).sign_in("staff")
    for visitor, path in ((staff, f"/cases/{case.id}"), (staff, "/grievances/"), (staff, "/work/")):
        visitor.get(path)
        assert "<script>alert" not in visitor.text
        assert "<img src=x" not in visitor.text
    assert "<script>alert" not in resident.text
    assert "&lt;script&gt;" in resident.text


def test_machines_that_fill_every_field_are_refused(
    resident: Visitor, cast: Cast, session: Session
) -> None:
    form = {**opened(resident, cast), **MATTER, "website": "https://example.org"}
    assert resident.post("/r/new", **form).status_code == 422
    assert cases(session) == 0


@pytest.mark.parametrize("place", ["", "0", "x", "99999999999999999999", "-1"])
def test_a_wrong_place_leads_back_to_the_choice(
    resident: Visitor, session: Session, place: str
) -> None:
    assert resident.get("/r/new", place=place).location == "/r/"
    assert resident.post("/r/new", place=place, **MATTER).location == "/r/"
    assert cases(session) == 0


def test_a_tampered_token_gets_a_fresh_one(resident: Visitor, cast: Cast, session: Session) -> None:
    form = {**opened(resident, cast), **MATTER, "token": "guess"}
    answer = resident.post("/r/new", **form)
    assert answer.status_code == 302
    assert "/r/t/guess" not in answer.location


@pytest.fixture
def limited(app: Flask) -> Iterator[None]:
    app.config["PUBLIC_LIMIT"] = "2/hour"
    limiter.reset()
    yield
    del app.config["PUBLIC_LIMIT"]
    limiter.reset()


@pytest.mark.usefixtures("limited")
def test_one_address_can_not_flood_the_community(
    resident: Visitor, cast: Cast, session: Session
) -> None:
    statuses = []
    for _ in range(3):
        statuses.append(resident.post("/r/new", **opened(resident, cast), **MATTER).status_code)
    assert statuses == [302, 302, 429]
    assert "请等" in resident.text or "几分钟" in resident.text
    assert cases(session) == 2


def test_the_pages_speak_english_too(resident: Visitor, cast: Cast, session: Session) -> None:
    resident.speak("en")
    form = {**opened(resident, cast), **MATTER, "field-phone": ""}
    assert "What happened" in resident.text
    resident.post("/r/new", **form)
    assert "fill in “Telephone”" in resident.text
