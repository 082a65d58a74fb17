"""What people send who don't use the forms: no answer is a fault of ours, nothing leaks."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import links
from tests import world
from tests.cast import Cast
from tests.test_routes import address, keys_of, rules
from tests.visitor import Visitor

VALUES = ("-1", str(2**63), "9" * 5000, "a\x00b", "\ud800", "../'\"{{7*7}}")
BODIES = (
    ("application/json", b'{"title": {"a": 1}, "place_id": null}'),
    ("multipart/form-data", b"no boundary at all"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n"),
    ("application/x-www-form-urlencoded", b"title=%ED%A0%80&%00=%00&=&&&title=%FF%FE"),
)


@pytest.fixture
def filled(session: Session, cast: Cast, now) -> Session:
    world.fill(session, cast, now)
    return session


def faults(visitor: Visitor, requests: Iterator[tuple[str, str, dict]]) -> list[str]:
    found = []
    for method, path, options in requests:
        with visitor.open(path, method=method, **options) as answer:
            if answer.status_code >= 500:
                found.append(f"{method} {path[:150]} {str(options)[:150]}: {answer.status_code}")
    return found


def paths(app: Flask, values: tuple[str, ...]) -> Iterator[tuple[str, str, dict]]:
    """Every route that takes something, with each of ``values`` in every place of it."""
    for rule, method in rules(app):
        if not rule.arguments or rule.endpoint == "static":
            continue
        for value in values:
            whole = {name: quote(value, safe="", errors="surrogatepass") for name in rule.arguments}
            path = address(rule, {**whole, f"pk {rule.endpoint.split('.')[0]}": whole.get("pk")})
            yield method, path, {}


def test_no_address_is_a_fault(app, filled):
    visitor = Visitor(app).sign_in("admin")
    assert faults(visitor, paths(app, VALUES)) == []


def test_no_address_of_the_residents_pages_is_a_fault(app, filled, cast):
    visitor = Visitor(app)
    token = links.renew(
        filled,
        filled.scalars(sa.select(m.Grievance.case_id)).first(),
        actor=cast.viewer("secretary"),
        now=cast.session.scalar(sa.select(sa.func.now())),
    )
    filled.commit()
    ways = [
        (method, f"/r/t/{token}/{quote(word, safe='', errors='surrogatepass')}", {})
        for word in (*VALUES, "accept", "close", "rate", "urge", "link")
        for method in ("GET", "POST")
    ]
    ways += [("GET", f"/r/?q={quote(word, errors='surrogatepass')}", {}) for word in VALUES]
    ways += [
        ("GET", f"/r/new?place={quote(number, errors='surrogatepass')}", {})
        for number in ("0", *VALUES)
    ]
    ways += [("POST", "/r/new", {"data": {"place": number}}) for number in ("0", *VALUES[:4])]
    assert faults(visitor, iter(ways)) == []
    events = filled.scalars(sa.select(m.Event.event).where(m.Event.actor_kind == "resident")).all()
    assert set(events) <= {"urge", "remind"}


@pytest.mark.parametrize(("kind", "body"), BODIES)
def test_no_body_is_a_fault(app, filled, cast, kind, body):
    visitor = Visitor(app).sign_in("admin")
    keys = keys_of(filled, cast)
    ways = (
        ("POST", address(rule, keys), {"data": body, "content_type": kind or None})
        for rule, method in rules(app)
        if method == "POST" and "logout" not in rule.rule
    )
    assert faults(visitor, ways) == []


@pytest.mark.parametrize("value", ["\x00", "9" * 5000])
def test_no_question_is_a_fault(app, filled, cast, value):
    visitor = Visitor(app).sign_in("secretary")
    keys = keys_of(filled, cast)
    names = ("q", "page", "kind", "sort", "tab", "leg", "place", "building", "version", "item")
    asked = "&".join(f"{name}={quote(value)}" for name in names)
    ways = (
        ("GET", f"{address(rule, keys)}?{asked}", {})
        for rule, method in rules(app)
        if method == "GET" and "logout" not in rule.rule
    )
    assert faults(visitor, ways) == []


@pytest.mark.parametrize("words", ["\x00", "翠微\x00"])
def test_what_no_keyboard_types_is_no_part_of_a_search(app, session, cast, words):
    visitor = Visitor(app).sign_in("staff")
    assert visitor.get("/consultations/scopes", q=words).status_code == 200
    assert visitor.get("/r/", q=words).status_code == 200


@pytest.mark.parametrize("number", ["9" * 5000, "0" * 25 + "9" * 30, str(2**63), "-1", "x"])
def test_an_impossible_number_in_a_form_of_the_room_is_refused(app, filled, cast, number):
    visitor = Visitor(app).sign_in("facilitator")
    meeting = filled.scalars(sa.select(m.Meeting.case_id)).first()
    for path, name in (("check-in", "seat"), ("parties", "party"), ("step/close", "expected")):
        answer = visitor.post(f"/meetings/{meeting}/{path}", **{name: number})
        assert answer.status_code in (404, 409, 422), (path, answer.status_code)
        assert visitor.get(f"/meetings/{meeting}", party=number).status_code == 200


@pytest.mark.parametrize(("ledger", "column"), [("workflows", "leg"), ("draft-states", "kind")])
def test_a_value_that_is_not_in_the_list_of_a_ledger_is_named(app, session, cast, ledger, column):
    visitor = Visitor(app).sign_in("designer")
    for value in ("", "x"):
        assert visitor.post(f"/ledgers/{ledger}/add", **{column: value}).status_code == 422
        assert "请从列表中选择" in visitor.text


@pytest.mark.parametrize("version", ["9" * 5000, "²", "-1", "0"])
def test_a_version_that_cannot_be_is_not_found(app, session, cast, version):
    visitor = Visitor(app).sign_in("designer")
    workflow = session.scalars(sa.select(m.Workflow.id)).first()
    assert visitor.get(f"/workflows/{workflow}/file", version=version).status_code == 404
