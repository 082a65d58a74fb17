"""Structure of the screens: who gets in where, and that no way around the guarded base is left."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder import ModelView
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app import models as m
from app.permissions import Role
from app.security.grants import GRANTS
from app.services.scope import visible
from app.views.admin import LEDGERS
from app.views.base import GuardedView
from config import ROOT
from tests import world
from tests.cast import Cast
from tests.visitor import Visitor

PUBLIC = {
    "/login/",
    "/logout/",
    "/account/language",
    "/account/look",
    "/static/<path:filename>",
    "/healthz",
    "/metrics",
    "/r/",
    "/r/new",
    "/r/t/<token>",
    "/r/t/<token>/<event>",
    "/r/t/<token>/files/<int(max=9223372036854775807):file_id>",
    "/r/t/<token>/files/<int(max=9223372036854775807):file_id>/preview",
}
"""Everything that may be opened without signing in. A new one is added here by a decision."""

VIEWS = [view for group in LEDGERS for view in group.views]
NO_LEDGER = {m.Submission, m.SavedView, m.Job, m.JobItem, m.Gateway, m.Preference}
"""Tables that hold nothing for people, or that have screens of their own."""


@pytest.fixture
def filled(session: Session, cast: Cast, now: datetime) -> Session:
    world.fill(session, cast, now)
    return session


def rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            yield rule, method


def test_only_the_listed_routes_are_public(app: Flask) -> None:
    views = app.view_functions
    open_ = {
        rule.rule
        for rule, _method in rules(app)
        if rule.endpoint == "static" or getattr(views[rule.endpoint], "is_public", False)
    }
    assert open_ == PUBLIC


def test_every_other_route_turns_an_anonymous_visitor_away(app: Flask, session: Session) -> None:
    visitor = Visitor(app)
    for rule, method in rules(app):
        if rule.rule in PUBLIC:
            continue
        path = address(rule, {})
        answer = visitor.open(path, method=method)
        if method == "GET":
            assert answer.status_code == 302, path
            assert answer.headers["Location"].startswith("/login/?next="), path
        else:
            assert answer.status_code == 401, path


def test_every_route_keeps_an_outsider_from_what_is_next_door(
    app: Flask, filled: Session, cast: Cast
) -> None:
    """The secretary of the next community, with every key of Cuiwei in hand."""
    visitor = Visitor(app).sign_in("outsider")
    keys = keys_of(filled, cast)
    refused = 0
    for rule, method in rules(app):
        if rule.rule in PUBLIC:
            continue
        answer = visitor.open(address(rule, keys), method=method)
        assert answer.status_code < 500, (method, rule.rule, visitor.text[-1500:])
        assert world.MARK not in visitor.text, (method, rule.rule)
        if rule.arguments & keys.keys() and not shared(rule):
            assert answer.status_code in (302, 401, 403, 404, 405), (method, rule.rule)
            refused += 1
    assert refused > 60


def shared(rule: Rule) -> bool:
    """Rows that everybody with the role may see: workflows, rule sets; and lookups, which check
    each hit."""
    return rule.endpoint.startswith(
        ("WorkflowView", "WorkflowVersion", "MigrationView", "RuleSet", "definitions")
    )


def keys_of(session: Session, cast: Cast) -> dict[str, object]:
    """For each argument of a route a key that exists in Cuiwei."""
    case = session.scalar(sa.select(m.Case).where(m.Case.leg == "grievance"))
    assert case is not None
    meeting = session.scalar(sa.select(m.Meeting.case_id))
    keys: dict[str, object] = {
        "case_id": case.id,
        "meeting_id": meeting,
        "item_id": session.scalar(sa.select(m.AgendaItem.id)),
        "unit_id": session.scalar(sa.select(m.Unit.id)),
        "file_id": session.scalar(sa.select(m.Attachment.id)),
        "workflow_id": session.scalar(sa.select(m.Workflow.id)),
        "job_id": session.scalar(sa.select(m.Job.id)),
        "migration_id": session.scalar(sa.select(m.Migration.id)),
    }
    outsider = cast.viewer("outsider")
    for view in VIEWS:
        model = view.datamodel.obj
        primary = sa.inspect(model).primary_key[0]
        hidden = sa.select(primary).where(sa.not_(visible(outsider, model))).limit(1)
        keys[f"pk {view.__name__}"] = session.scalar(hidden)
    keys["pk"] = None
    return keys


def address(rule: Rule, keys: dict[str, object]) -> str:
    path = rule.rule
    view = rule.endpoint.split(".")[0]
    for name in rule.arguments:
        key = keys.get(f"pk {view}") if name == "pk" else keys.get(name)
        start = path.rindex("<", 0, path.index(f"{name}>") + 1)
        end = path.index(">", start)
        known = {"name": "reveal", "event": "accept", "kind": "person", "view": "OwnerView"}
        path = path[:start] + str(key or known.get(name, "1")) + path[end + 1 :]
    return path


# --- structure -----------------------------------------------------------------------------------


def test_every_model_view_is_a_guarded_one(app: Flask) -> None:
    views = app.extensions["appbuilder"].baseviews
    bare = [v for v in views if isinstance(v, ModelView) and not isinstance(v, GuardedView)]
    assert bare == []
    assert {type(v) for v in views if isinstance(v, GuardedView)} == set(VIEWS)


def test_no_file_but_the_base_names_fab_s_model_view() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        if path == ROOT / "app/views/base.py":
            continue
        names = {
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Name | ast.Attribute)
        }
        assert not names & {"ModelView", "ModelRestApi", "MasterDetailView"}, path


def test_every_table_has_a_ledger() -> None:
    models = {getattr(m, name) for name in m.__all__ if hasattr(getattr(m, name), "__table__")}
    shown = {view.datamodel.obj for view in VIEWS}
    assert models - shown == NO_LEDGER


def test_the_table_of_grants_and_the_ledgers_name_each_other(app: Flask) -> None:
    assert GRANTS.keys() == {view.__name__ for view in VIEWS}
    registered = {
        view.class_permission_name: view for view in app.extensions["appbuilder"].baseviews
    }
    for name, cells in GRANTS.items():
        granted = set().union(*cells.values())
        assert granted == set(registered[name].base_permissions), name


def test_the_administrator_may_do_all_that_anybody_may() -> None:
    for name, cells in GRANTS.items():
        assert cells[Role.ADMIN] == frozenset().union(*cells.values()), name


NEVER_EDITED = {
    "state", "state_label", "state_kind", "closed_at", "opened_at", "changed_at", "due_at",
    "row_version", "version", "version_id", "workflow_id", "head", "seq", "token", "data",
    "restricted_to", "assignee", "assignee_id", "creator", "frozen_at", "result", "result_hash",
    "result_at", "rule", "stars", "status", "checked_in_at", "left_at", "decided_at", "latest",
    "hash", "before", "current", "current_id", "path",
}  # fmt: skip
SETTLED = {
    m.Case, m.Event, m.Anchor, m.Clock, m.Attachment, m.WorkflowVersion, m.Position, m.Decision,
    m.Opinion, m.RollHead, m.RollUnit, m.Scheme, m.AccessEvent, m.Notice, m.Consultation,
    m.Meeting, m.Migration, m.Migrated,
}  # fmt: skip
"""Moved by a use case, or append-only: no form at all."""


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_no_form_edits_what_only_a_use_case_may_change(view: type[GuardedView]) -> None:
    assert not NEVER_EDITED & {*(view.add_columns or ()), *(view.edit_columns or ())}
    if view.datamodel.obj in SETTLED:
        assert not view.abilities & {"add", "edit", "delete"}


def test_posting_a_state_to_a_ledger_changes_nothing(
    app: Flask, filled: Session, cast: Cast
) -> None:
    case = filled.scalar(sa.select(m.Case).where(m.Case.leg == "grievance"))
    assert case is not None
    before = (case.state, case.row_version)
    visitor = Visitor(app).sign_in("admin")
    for path in (f"/ledgers/cases/edit/{case.id}", "/ledgers/cases/add"):
        assert visitor.post(path, state="closed", state_kind="done").status_code == 404
    path = f"/ledgers/grievances/edit/{case.id}"
    visitor.get(path)
    form = {"source": "visit", "reporter": "钱大妈", "state": "closed", "stars": "5"}
    assert visitor.post(path, seen=visitor.hidden("seen"), **form).status_code == 302
    filled.expire_all()
    assert (case.state, case.row_version) == before
    grievance = filled.get_one(m.Grievance, case.id)
    assert (grievance.source, grievance.stars) == (m.Source.VISIT, None)


def test_templates_hold_no_styles_and_no_handlers() -> None:
    """The content security policy would refuse them."""
    folder = Path(ROOT / "app/templates")
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle\s*=", text), path
        assert not re.search(r"\son(click|change|submit|load|input)\s*=", text), path
        assert "javascript:" not in text, path
        assert not re.search(r"<script(?![^>]*(src=|nonce=|type=\"application/json\"))", text), path
