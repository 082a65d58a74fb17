"""The tracking link: every step in plain words, stars, reopening, and no door beyond."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from tests.cast import Cast
from tests.photos import JPEG
from tests.raising import Matter
from tests.visitor import Visitor


@pytest.fixture
def resident(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    return Matter(session, cast, now)


def test_the_link_tells_every_step_and_nothing_that_stays_among_staff(
    resident: Visitor, matter: Matter
) -> None:
    matter.begin().press("staff", "accept")
    matter.press("staff", "comment", note="这位老人去年也反映过，脾气急。")
    matter.press("secretary", "supervise", supervision="请尽快，街道要看。")
    matter.press("secretary", "reply", reply="您好，已收到。")
    answer = resident.get(f"/r/t/{matter.token}")
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "您好，已收到。" in resident.text
    assert "已回复" in resident.text
    for hidden in ("脾气急", "街道要看", "督办", "舒记", "居小委", "13812345678", "138****"):
        assert hidden not in resident.text


def test_stars_are_given_by_the_link_once(
    resident: Visitor, matter: Matter, session: Session
) -> None:
    matter.begin().resolved_by_community()
    path = f"/r/t/{matter.token}"
    resident.get(path)
    assert "非常满意" in resident.text
    form = {"field-stars": "4", "field-comment": "不错", "expected": resident.hidden("expected")}
    assert resident.post(f"{path}/rate", **form).status_code == 302
    assert session.get_one(m.Grievance, matter.id).stars == 4
    assert resident.post(f"{path}/rate", **form).status_code == 409
    assert matter.events().count("rate") == 1
    resident.get(path)
    assert "★★★★☆" in resident.text


def test_stars_without_a_number_are_asked_for_again(resident: Visitor, matter: Matter) -> None:
    matter.begin().resolved_by_community()
    path = f"/r/t/{matter.token}"
    resident.get(path)
    form = {"field-comment": "还行吧", "expected": resident.hidden("expected")}
    assert resident.post(f"{path}/rate", **form).status_code == 422
    assert "请填写“评价”" in resident.text
    assert "还行吧</textarea>" in resident.text


def test_reopening_is_asked_by_the_link_with_a_reason(resident: Visitor, matter: Matter) -> None:
    matter.begin().resolved_by_community()
    path = f"/r/t/{matter.token}"
    resident.get(path)
    seen = resident.hidden("expected")
    assert resident.post(f"{path}/ask_reopen", expected=seen).status_code == 422
    form = {"field-reopen_reason": "又坏了", "expected": seen}
    assert resident.post(f"{path}/ask_reopen", **form).status_code == 302
    matter.press("secretary", "refuse_reopen", reopen_answer="下周来检修。")
    resident.get(path)
    assert "下周来检修。" in resident.text


@pytest.mark.parametrize("event", ["accept", "close", "grant_reopen", "comment", "archive", "nope"])
def test_the_link_opens_no_door_of_the_staff(resident: Visitor, matter: Matter, event: str) -> None:
    matter.begin()
    answer = resident.post(f"/r/t/{matter.token}/{event}", expected=matter.row().row_version)
    assert answer.status_code == 409
    assert matter.events() == ["open"]


def test_a_wrong_link_is_not_found_whatever_it_is(resident: Visitor, matter: Matter) -> None:
    matter.begin()
    case = matter.row()
    for token in ("x" * 32, case.token, "%00", "' OR 1=1 --", "x" * 3000):
        assert resident.get(f"/r/t/{token}").status_code == 404
        assert resident.post(f"/r/t/{token}/remind", expected=1).status_code == 404
        assert resident.get(f"/r/t/{token}/files/1").status_code == 404
        assert resident.get(f"/r/t/{token}/files/1/preview").status_code == 404


def test_the_link_shows_no_file_of_the_staff_or_of_another_case(
    resident: Visitor, matter: Matter, session: Session, cast: Cast, now: datetime, app: Flask
) -> None:
    matter.begin()
    staff = Visitor(app).sign_in("staff")
    staff.get(f"/cases/{matter.id}")
    form = {"field-note": "内部照片", "expected": staff.hidden("expected")}
    photo = {"field-photos": (io.BytesIO(JPEG), "内部.jpg")}
    assert staff.post(f"/cases/{matter.id}/comment", **form, **photo).status_code == 302
    file = session.scalars(sa.select(m.Attachment)).one()
    other = Matter(session, cast, now).begin(title="另一件")
    for token in (matter.token, other.token):
        for address in (f"/r/t/{token}/files/{file.id}", f"/r/t/{token}/files/{file.id}/preview"):
            assert resident.get(address).status_code == 404
    resident.get(f"/r/t/{matter.token}")
    assert "内部" not in resident.text
