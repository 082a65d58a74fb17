"""Every type of field as people fill it in on the case page and read it afterwards."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import cases, definitions, drafts
from app.services.actors import SYSTEM
from app.services.cases import Opening
from app.workflows.spec import FieldType, Workflow
from tests.cast import Cast
from tests.photos import JPEG
from tests.visitor import Visitor

OPTIONS = [
    {"key": "one", "label": {"zh": "甲", "en": "A"}},
    {"key": "two", "label": {"zh": "乙", "en": "B"}},
]
FIELDS: list[dict[str, Any]] = [
    {
        "key": kind.value,
        "label": {"zh": f"栏{kind.value}", "en": f"Field {kind.value}"},
        "type": kind.value,
        **({"options": OPTIONS} if kind in (FieldType.CHOICE, FieldType.CHOICES) else {}),
    }
    for kind in FieldType
]
SPEC = {
    "key": "everything",
    "label": {"zh": "样样都有", "en": "Everything"},
    "start": "begun",
    "openers": ["CommitteeStaff"],
    "fields": FIELDS,
    "states": [
        {"key": "begun", "label": {"zh": "开始", "en": "Begun"}},
        {"key": "done", "label": {"zh": "完成", "en": "Done"}, "kind": "done"},
    ],
    "transitions": [
        {
            "key": "fill",
            "label": {"zh": "填写", "en": "Fill in"},
            "from": "begun",
            "roles": ["CommitteeStaff"],
            "form": [{"field": field["key"]} for field in FIELDS],
        },
        {
            "key": "finish",
            "label": {"zh": "完成", "en": "Finish"},
            "from": "begun",
            "to": "done",
            "roles": ["CommitteeStaff"],
            "form": [{"field": field["key"], "required": True} for field in FIELDS],
        },
    ],
}


@pytest.fixture
def case_id(session: Session, cast: Cast, now: datetime) -> int:
    row = drafts.store(session, Workflow.model_validate(SPEC))
    definitions.publish(session, row, actor=SYSTEM, now=now)
    opening = Opening("everything", "样样都有", cast.places["building"].id)
    return cases.open_case(session, opening, actor=cast.viewer("staff"), now=now).id


@pytest.fixture
def staff(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("staff")


def typed(cast: Cast) -> dict[str, Any]:
    """As a browser sends it."""
    return {
        "field-text": " 一行 ",
        "field-long_text": "第一行\r\n第二行",
        "field-number": "１２.５０",
        "field-money": "￥1,200",
        "field-date": "2026-12-01",
        "field-datetime": "2026-12-01T14:30",
        "field-choice": "two",
        "field-choices": ["one", "two"],
        "field-yes_no": "true",
        "field-person": cast.users["grid"].id,
        "field-party": cast.parties["property"].id,
        "field-parties": [cast.parties["water"].id, cast.parties["property"].id],
        "field-place": cast.places["entrance"].id,
        "field-files": (io.BytesIO(JPEG), "现场.jpg"),
        "field-rating": "4",
        "field-phone": "138-1234-5678",
    }


def test_each_is_kept_as_what_it_is_and_read_in_words(
    staff: Visitor, cast: Cast, session: Session, case_id: int
) -> None:
    staff.get(f"/cases/{case_id}")
    for kind in FieldType:
        assert f'name="field-{kind.value}"' in staff.text, kind
    seen = staff.hidden("expected")
    answer = staff.post(f"/cases/{case_id}/fill", **typed(cast), expected=seen)
    assert answer.status_code == 302, staff.text
    session.expire_all()
    data = session.get_one(m.Case, case_id).data
    [file_id] = data.pop("files")
    assert data == {
        "text": "一行",
        "long_text": "第一行\n第二行",
        "number": "12.5",
        "money": "1200.00",
        "date": "2026-12-01",
        "datetime": "2026-12-01T06:30:00+00:00",
        "choice": "two",
        "choices": ["one", "two"],
        "yes_no": True,
        "person": cast.users["grid"].id,
        "party": cast.parties["property"].id,
        "parties": sorted([cast.parties["water"].id, cast.parties["property"].id]),
        "place": cast.places["entrance"].id,
        "rating": 4,
        "phone": "13812345678",
    }
    staff.get(f"/cases/{case_id}")
    details = staff.text.split("办理经过")[1]
    for shown in (
        *("一行", "12.5", "¥ 1200.00", "2026-12-01", "2026-12-01 14:30", "乙", "甲、乙"),
        *("葛网格", "翠微物业公司", "翠微南里 4号楼 1单元", "★★★★☆", "138****5678"),
        f"/files/{file_id}",
    ):
        assert shown in details, shown
    assert "13812345678" not in staff.text


def test_what_is_there_stands_in_the_form_and_what_is_emptied_is_emptied(
    staff: Visitor, cast: Cast, session: Session, case_id: int
) -> None:
    staff.get(f"/cases/{case_id}")
    sent = {**typed(cast), "expected": staff.hidden("expected")}
    assert staff.post(f"/cases/{case_id}/fill", **sent).status_code == 302
    staff.get(f"/cases/{case_id}")
    form = staff.text.split('id="do-fill"')[1].split("</section>")[0]
    assert 'value="2026-12-01T14:30"' in form
    assert 'value="12.5"' in form
    assert '<option value="two" selected>' in form
    assert len(re.findall(r'type="checkbox"[^>]* checked', form)) == 4
    assert "第一行" not in form, "texts are written anew each time"
    seen = staff.hidden("expected")
    assert staff.post(f"/cases/{case_id}/fill", expected=seen).status_code == 302
    session.expire_all()
    data = session.get_one(m.Case, case_id).data
    emptied = {key for key, value in data.items() if value in (None, [])}
    assert emptied == {
        *("number", "money", "date", "datetime", "choice", "choices", "yes_no"),
        *("person", "party", "parties", "place"),
    }
    assert data["long_text"] == "第一行\n第二行"


def test_every_field_that_must_be_filled_says_so(
    staff: Visitor, session: Session, case_id: int
) -> None:
    staff.get(f"/cases/{case_id}")
    seen = staff.hidden("expected")
    assert staff.post(f"/cases/{case_id}/finish", expected=seen).status_code == 422
    for kind in FieldType:
        assert f"请填写“栏{kind.value}”" in staff.text, kind
    assert session.get_one(m.Case, case_id).state == "begun"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("number", "十二块", "请填写数字"),
        ("money", "-1", "金额不能为负"),
        ("date", "2026-02-30", "没有这一天"),
        ("datetime", "明天", "请填写日期和时间"),
        ("choice", "three", "请从中选择"),
        ("choices", "three", "请从中选择"),
        ("yes_no", "maybe", "请选择是或否"),
        ("person", "999999", "请从列表中选择"),
        ("person", "99999999999999999999999999", "请从列表中选择"),
        ("party", "x", "请从列表中选择"),
        ("place", "-5", "请从列表中选择"),
        ("rating", "6", "请给一至五星"),
        ("phone", "call me", "请填写电话号码"),
        ("text", "长" * 2001, "最多 2000 个字"),
    ],
)
def test_what_is_wrong_is_said_beside_it(
    staff: Visitor, case_id: int, key: str, value: str, said: str
) -> None:
    staff.get(f"/cases/{case_id}")
    sent = {f"field-{key}": value, "expected": staff.hidden("expected")}
    assert staff.post(f"/cases/{case_id}/fill", **sent).status_code == 422
    row = staff.text.split(f'id="row-fill-{key}"')[1].split('class="form-row')[0]
    assert said in row


def test_the_page_speaks_english_where_it_is_asked_to(staff: Visitor, case_id: int) -> None:
    staff.speak("en").get(f"/cases/{case_id}")
    assert "Field money" in staff.text
    assert "Fill in" in staff.text
    seen = staff.hidden("expected")
    staff.post(f"/cases/{case_id}/fill", **{"field-date": "soon"}, expected=seen)
    assert "write a date such as 2026-03-05" in staff.text
