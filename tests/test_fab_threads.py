"""Threads share FAB's view objects; nothing of one request may reach another. On stock views 5 %
of related rows were attached to the wrong parent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from app.models import AccessEvent, LoginSession, Party, PartyKind, Place, Submission
from tests.visitor import Visitor

THREADS = 8
ROUNDS = 12


@pytest.fixture
def places(app: Flask) -> Iterator[list[int]]:
    """Two places to attach to; on real connections, so what is made is removed by hand."""
    with app.app_context():
        ids = list(db.session.scalars(sa.select(Place.id).order_by(Place.id).limit(2)))
    yield ids
    with app.app_context():
        db.session.execute(sa.delete(Party).where(Party.name.like("Faden %")))
        for table in (LoginSession, AccessEvent, Submission):
            db.session.execute(sa.delete(table))
        db.session.commit()


def test_rows_are_attached_to_the_parent_of_their_own_request(
    app: Flask, places: list[int]
) -> None:
    visitors = [Visitor(app).sign_in("admin") for _ in range(THREADS)]

    def work(number: int) -> None:
        visitor, place = visitors[number], places[number % 2]
        for turn in range(ROUNDS):
            visitor.get("/ledgers/parties/add", f_place=place)
            assert visitor.hidden("place") == str(place)
            answer = visitor.post(
                "/ledgers/parties/add",
                name=f"Faden {place} {number} {turn}",
                kind="other",
                place=visitor.hidden("place"),
                once=visitor.hidden("once"),
            )
            assert answer.status_code == 302, visitor.text

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    with app.app_context():
        made = db.session.execute(
            sa.select(Party.name, Party.place_id).where(Party.name.like("Faden %"))
        ).all()
    assert len(made) == THREADS * ROUNDS
    assert [row for row in made if row.name.split()[1] != str(row.place_id)] == []


def test_lists_show_what_their_own_request_filters(app: Flask, places: list[int]) -> None:
    visitors = [Visitor(app).sign_in("admin") for _ in range(THREADS)]
    kinds = (PartyKind.COUNCIL, PartyKind.PROPERTY)
    names = {PartyKind.COUNCIL: "翠微居民议事会", PartyKind.PROPERTY: "翠微物业公司"}

    def work(number: int) -> None:
        kind, other = kinds[number % 2], kinds[1 - number % 2]
        for _ in range(ROUNDS):
            visitors[number].get("/ledgers/parties/list/", f_kind=kind.value)
            assert names[kind] in visitors[number].text
            assert names[other] not in visitors[number].text

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
