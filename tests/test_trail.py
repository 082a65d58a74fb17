"""Who looks residents up by their telephone number leaves a line, as who has it shown does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.models import AccessKind
from app.services import privacy
from tests.cast import Cast
from tests.raising import Matter
from tests.visitor import Visitor

PHONE = "13812345678"


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    found = Matter(session, cast, now).begin()
    session.commit()
    return found


def trail(session: Session) -> list[tuple[str, str]]:
    """Who looked whom up."""
    rows = session.execute(
        sa.select(m.AccessEvent.username, m.AccessEvent.detail["phone"].astext)
        .where(m.AccessEvent.kind == AccessKind.SEARCH)
        .order_by(m.AccessEvent.id)
    )
    return [(name, phone) for name, phone in rows]


@pytest.mark.parametrize("path", ["/search/", "/grievances/", "/all-cases/"])
@pytest.mark.parametrize("words", ["5678", PHONE, "５６７８", "138 1234 5678"])
def test_a_number_that_was_found_is_on_record(
    app: Flask, session: Session, matter: Matter, path: str, words: str
) -> None:
    visitor = Visitor(app).sign_in("staff")
    assert visitor.get(path, q=words).status_code == 200
    assert "盼装长椅" in visitor.text
    assert trail(session) == [("staff", "5678")]


def test_letters_typed_after_one_another_are_one_look(
    app: Flask, session: Session, matter: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(app).sign_in("staff")
    for _ in range(3):
        visitor.get("/search/", q="5678")
    visitor.get("/grievances/", q="5678", page="1")
    assert len(trail(session)) == 1
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    visitor.get("/search/", q="5678")
    assert len(trail(session)) == 2


@pytest.mark.parametrize("words", ["长椅", "567", "9999", "翠微南里", "G2026-5678", ""])
def test_other_searches_leave_nothing(
    app: Flask, session: Session, matter: Matter, words: str
) -> None:
    visitor = Visitor(app).sign_in("staff")
    for path in ("/search/", "/grievances/"):
        assert visitor.get(path, q=words).status_code == 200
    assert trail(session) == []


@pytest.mark.parametrize("login", ["property", "council", "outsider", "street"])
def test_who_finds_nobody_by_a_number_is_not_on_record(
    app: Flask, session: Session, matter: Matter, login: str
) -> None:
    visitor = Visitor(app).sign_in(login)
    visitor.get("/search/", q="5678")
    assert "盼装长椅" not in visitor.text
    assert trail(session) == []


def test_the_digits_of_a_number(cast: Cast) -> None:
    viewer = cast.viewer("staff")
    assert privacy.looked_up(viewer, "+86 138-1234-5678") == "5678"
    assert privacy.looked_up(viewer, "G1234") == ""
    assert privacy.looked_up(cast.viewer("property"), PHONE) == ""
