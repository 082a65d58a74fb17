"""Forged addresses, file names, files and tables: nothing leaves the place it was meant for."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app import models as m
from app.services import attachments
from tests import world
from tests.cast import PASSWORD
from tests.estate import Estate
from tests.photos import JPEG
from tests.raising import Matter
from tests.test_routes import address, keys_of, rules
from tests.visitor import Visitor


@pytest.fixture
def filled(session, cast, now):
    world.fill(session, cast, now)
    return session


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "http:evil.example",
    ],
)
def test_nobody_is_led_to_another_site(app: Flask, session, cast, target):
    visitor = Visitor(app)
    answer = visitor.open(
        "/login/",
        method="POST",
        query_string={"next": target},
        data={"username": "staff", "password": PASSWORD, "next": target},
    )
    answers = [answer, visitor.post("/account/language", language="zh", back=target)]
    unit = Estate(session, cast, clock.now()).units(1, owners=[])[0]
    session.commit()
    answers.append(
        visitor.open(
            f"/ledgers/units/delete/{unit.id}",
            method="POST",
            query_string={"back": target},
            data={"back": target},
        )
    )
    for one in answers:
        place = urlsplit(one.headers.get("Location", "/"))
        assert one.status_code in (302, 404), one.status_code
        assert place.netloc in ("", "localhost")
        assert place.scheme in ("", "http")
        assert not one.headers.get("Location", "/").startswith(("//", "/\\")), one.headers[
            "Location"
        ]
        assert "Set-Cookie: a" not in str(one.headers)


@pytest.mark.parametrize(
    "name",
    [
        'a"; filename="evil.html',
        "a\r\nX-Evil: 1.jpg",
        "甲\u202egpj.exe",
        "..\\..\\a.jpg",
        "a\x00.jpg",
        "<b id=xss>.jpg",
    ],
)
def test_no_file_name_leaves_its_header(app: Flask, session, cast, now, files_dir, name):
    matter = Matter(session, cast, now).begin(title="长椅")
    kept = attachments.keep(files_dir, name, io.BytesIO(JPEG), most=10_000, field="photos")
    (id_,) = attachments.reserve(session, 1)
    attachments.attach(
        session, matter.id, [(id_, "photos", kept)], actor=cast.viewer("staff"), now=now
    )
    session.commit()
    visitor = Visitor(app).sign_in("staff")
    with visitor.get(f"/files/{id_}") as answer:
        assert answer.status_code == 200
        assert "X-Evil" not in answer.headers
        assert answer.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''")
        assert answer.headers["Content-Disposition"].count("filename=") == 0
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    visitor.get(f"/cases/{matter.id}")
    assert "<b id=xss" not in visitor.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"<html><script>alert(1)</script>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.html", b"<!doctype html><p>"),
        ("a.jpg", b"MZ\x90\x00" + b"\0" * 200),
        ("a.docm", b"PK\x03\x04" + b"\0" * 60),
        ("a.jpg", b""),
    ],
)
def test_what_is_no_picture_and_no_document_is_refused_beside_its_field(
    app, session, cast, now, name, content
):
    matter = Matter(session, cast, now).begin(title="长椅")
    session.commit()
    visitor = Visitor(app).sign_in("staff")
    visitor.get("/grievances/new")
    form = {
        "token": visitor.hidden("token"),
        "field-title": "保留的题目",
        "field-photos": (io.BytesIO(content), name),
    }
    assert visitor.post("/grievances/new", **form).status_code == 422
    assert 'id="new-photos-error"' in visitor.text
    assert "保留的题目" in visitor.text
    assert session.scalar(sa.select(sa.func.count(m.Attachment.id))) == 0
    assert matter.id


def test_a_table_for_excel_holds_no_formulas(app: Flask, session, cast, now):
    for title in ("=cmd|'/c calc'!A1", "+1+1", "-2", "@SUM(A1)", "\t=1"):
        Estate(session, cast, now).owner(title)
        Matter(session, cast, now).begin(title=title)
    session.commit()
    visitor = Visitor(app).sign_in("secretary")
    for ledger in ("cases", "grievances", "owners"):
        visitor.get(f"/ledgers/{ledger}/export/")
        cells = [cell for line in visitor.text.splitlines() for cell in line.split(",")]
        assert not [
            cell for cell in cells if cell.strip('"\ufeff').startswith(("=", "+", "-", "@", "\t"))
        ], ledger


def test_every_post_without_its_token_is_refused(app: Flask, filled, cast, monkeypatch):
    visitor = Visitor(app).sign_in("admin")
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    keys = keys_of(filled, cast)
    for rule, method in rules(app):
        if method == "POST":
            answer = visitor.post(address(rule, keys), csrf_token="forged", title="x")
            assert answer.status_code == 400, rule.rule
