"""Every ledger opens, for those whose role has it, in a few statements."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.views.admin import LEDGERS
from app.views.base import GuardedView
from app.views.ledger.columns import Kind, column
from tests import world
from tests.cast import Cast
from tests.visitor import Visitor

VIEWS = [view for group in LEDGERS for view in group.views]


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_opens_for_the_administrator(visitor: Visitor, view: type, language: str) -> None:
    visitor.sign_in("admin").speak(language)
    answer = visitor.get(f"{view.route_base}/list/")
    assert answer.status_code == 200, visitor.text[-3000:]
    assert len(visitor.statements) <= 12, "\n".join(visitor.statements)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_the_form_opens_for_the_administrator(visitor: Visitor, view: type) -> None:
    visitor.sign_in("admin")
    answer = visitor.get(f"{view.route_base}/add")
    assert answer.status_code == (200 if "add" in view.abilities else 404)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_every_column_exists_and_has_words(app: Flask, view: type[GuardedView]) -> None:
    made = next(v for v in app.extensions["appbuilder"].baseviews if isinstance(v, view))
    names = {
        *made.list_columns, *made.show_columns, *made.add_columns, *made.edit_columns,
        *made.search_columns, *made.order_columns, made.base_order[0],
    }  # fmt: skip
    assert names
    for name in names:
        known = column(made.model, name)
        assert known.kind is not Kind.DERIVED or hasattr(made, name), name
        with app.test_request_context():
            assert str(made.label(name))
    stored = [*made.search_columns, *made.order_columns, made.base_order[0]]
    assert all(column(made.model, name).kind is not Kind.DERIVED for name in stored)


@pytest.fixture
def filled(session: Session, cast: Cast, now: datetime) -> Session:
    world.fill(session, cast, now)
    return session


def test_pages_and_forms_of_rows_take_few_statements(app: Flask, filled: Session) -> None:
    """Related ledgers included; the permissions are cached after the first page."""
    visitor = Visitor(app).sign_in("admin")
    visitor.get("/settings/")
    seen = 0
    for view in VIEWS:
        primary = sa.inspect(view.datamodel.obj).primary_key[0]
        key = filled.scalar(sa.select(sa.func.min(primary)))
        if key is None:
            continue
        pages = ["show"] + [name for name in ("edit", "delete") if name in view.abilities]
        for page in pages:
            answer = visitor.get(f"{view.route_base}/{page}/{key}")
            assert answer.status_code in (200, 409), (view, page, visitor.text[-1500:])
            most = 13 if view.__name__ == "WorkflowView" else 12  # it has eight ledgers below it
            assert len(visitor.statements) <= most, (view, page, "\n".join(visitor.statements))
            seen += 1
    assert seen > 50


def test_a_list_asks_no_more_for_more_rows(app: Flask, filled: Session, cast: Cast) -> None:
    visitor = Visitor(app).sign_in("admin")
    for view in VIEWS:
        visitor.get(f"{view.route_base}/list/", size=100)
        assert len(visitor.statements) <= 8, (view, "\n".join(visitor.statements))
