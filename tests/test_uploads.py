"""What a script that sends files is told, and what a form says whose session has ended."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.cast import PASSWORD, Cast
from tests.visitor import Visitor

UPLOAD = {"X-Upload": "1"}


@pytest.fixture
def form(cast: Cast) -> dict[str, object]:
    return {
        "token": "one-form",
        "field-title": "楼道堆物",
        "field-place_id": cast.places["building"].id,
        "field-category": "facilities",
        "field-description": "纸箱堆到二楼。",
        "field-source": "visit",
    }


def test_a_script_is_told_where_to_go_and_the_message_waits_there(
    app: Flask, session: Session, form: dict[str, object]
) -> None:
    visitor = Visitor(app).sign_in("staff").speak("en")
    answer = visitor.open("/grievances/new", method="POST", data=form, headers=UPLOAD)
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert visitor.text == ""
    visitor.get(answer.headers["X-Location"])
    assert "Registered as" in visitor.text


def test_a_refused_form_comes_back_to_the_script_whole(
    app: Flask, session: Session, form: dict[str, object]
) -> None:
    visitor = Visitor(app).sign_in("staff").speak("en")
    data = {**form, "field-phone": "one two"}
    answer = visitor.open("/grievances/new", method="POST", data=data, headers=UPLOAD)
    assert answer.status_code == 422
    assert "data-summary" in visitor.text
    assert 'data-jump="new-phone"' in visitor.text
    assert visitor.text.count("please correct the marked fields") == 1, "nothing is said twice"
    assert "纸箱堆到二楼。" in visitor.text


def test_others_are_sent_on_as_ever(app: Flask, session: Session, form: dict[str, object]) -> None:
    answer = Visitor(app).sign_in("staff").post("/grievances/new", **form)
    assert answer.status_code == 302
    assert "X-Location" not in answer.headers


def test_a_form_whose_session_has_ended_leads_back_to_its_page(
    app: Flask, session: Session, form: dict[str, object]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        visitor = Visitor(app).speak("en")
        referrer = {"Referer": "http://localhost/grievances/new"}
        answer = visitor.open("/grievances/new", method="POST", data=form, headers=referrer)
        assert answer.status_code == 401
        assert 'href="/login/?next=/grievances/new"' in visitor.text
        answer = visitor.open("/r/new", method="POST", data=form)
        assert answer.status_code == 400, "residents have no login to go back to"
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_telephones_are_typed_on_the_keys_of_a_telephone(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("secretary")
    for path in ("/ledgers/residents/add", "/grievances/new"):
        visitor.get(path)
        (tag,) = [t for t in visitor.text.split("<input") if 'type="tel"' in t]
        assert 'inputmode="tel"' in tag, path
        assert 'autocomplete="off"' in tag, "of somebody else, not of who writes"


@pytest.mark.parametrize(
    ("sent", "back"),
    [
        ("/grievances/new", "/grievances/new"),
        ("/cases/12/fire/accept", "/cases/12"),
        ("/exports/work?kind=open", "/exports/work?kind=open"),
        ("/nowhere/at/all", "/"),
    ],
)
def test_after_signing_in_again_nobody_lands_where_only_forms_are_sent(
    app: Flask, session: Session, sent: str, back: str
) -> None:
    visitor = Visitor(app)
    path = f"/login/?{urlencode({'next': sent})}"
    answer = visitor.open(path, method="POST", data={"username": "staff", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.headers["Location"] == back
