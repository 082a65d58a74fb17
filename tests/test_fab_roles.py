"""The nine roles as code, brought to the database by one command."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
)
from sqlalchemy.orm import Session

from app import permissions
from app.security import GRANTS, allowed_by_code
from app.security.grants import LETTERS
from app.security.sync import sync, wanted_grants
from app.views.admin import LEDGERS
from tests.cast import PEOPLE, Cast
from tests.visitor import Visitor

VIEWS = {view.__name__: view for group in LEDGERS for view in group.views}


def grants(session: Session) -> dict[str, set[tuple[str, str]]]:
    query = (
        sa.select(Role.name, Permission.name, ViewMenu.name)
        .join(Role.permissions)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    found: dict[str, set[tuple[str, str]]] = {role.value: set() for role in permissions.Role}
    for role, permission, view in session.execute(query):
        found.setdefault(role, set()).add((permission, view))
    return found


def test_the_database_holds_exactly_what_the_code_says(app: Flask, session: Session) -> None:
    wanted = {
        role.value: pairs for role, pairs in wanted_grants(app.extensions["appbuilder"]).items()
    }
    assert grants(session) == wanted
    assert set(session.scalars(sa.select(Role.name))) == {role.value for role in permissions.Role}


def test_a_second_run_changes_nothing(session: Session) -> None:
    assert sync() == {"added": 0, "removed": 0}


def test_what_the_code_no_longer_says_is_taken_away(session: Session) -> None:
    pair = session.scalars(
        sa.select(PermissionView).join(Permission).where(Permission.name == "can_delete").limit(1)
    ).one()
    council = session.scalars(sa.select(Role).where(Role.name == "CouncilMember")).one()
    stray = PermissionView(
        permission=Permission(name="can_haunt"), view_menu=ViewMenu(name="GoneView")
    )
    council.permissions += [pair, stray]
    session.add(Role(name="Retired", permissions=[pair]))
    session.commit()
    assert sync()["removed"] == 3
    assert "can_haunt" not in set(session.scalars(sa.select(Permission.name)))
    assert "GoneView" not in set(session.scalars(sa.select(ViewMenu.name)))
    assert "Retired" not in grants(session)
    assert session.scalar(sa.select(Role.id).where(Role.name == "Retired")) is not None


def test_a_missing_role_and_grant_are_made(session: Session) -> None:
    session.execute(sa.text("DELETE FROM ab_permission_view_role"))
    session.execute(
        sa.text(
            "DELETE FROM ab_user_role WHERE role_id IN (SELECT id FROM ab_role WHERE name = :n)"
        ),
        {"n": "Facilitator"},
    )
    session.execute(sa.delete(Role).where(Role.name == "Facilitator"))
    session.commit()
    assert sync()["added"] > 300
    assert ("can_list", "MeetingView") in grants(session)["Facilitator"]


@pytest.mark.parametrize("name", [name for name in PEOPLE if not name.startswith("outsider")])
def test_each_role_opens_the_ledgers_of_the_table_and_no_other(
    app: Flask, session: Session, cast: Cast, name: str
) -> None:
    role = PEOPLE[name][0].value
    visitor = Visitor(app).sign_in(name)
    visitor.get("/settings/")
    menu = visitor.text
    visitor.get("/ledgers/")
    menu += visitor.text
    for view, cls in VIEWS.items():
        allowed = allowed_by_code(frozenset({role}), "can_list", view)
        assert (f'href="{cls.route_base}/list/"' in menu) == allowed, view
        answer = visitor.get(f"{cls.route_base}/list/")
        assert answer.status_code == (200 if allowed else 403), view
        if "add" in cls.abilities:
            allowed = allowed_by_code(frozenset({role}), "can_add", view)
            answer = visitor.get(f"{cls.route_base}/add")
            assert answer.status_code == (200 if allowed else 403), view


def test_the_table_uses_every_letter_and_no_other() -> None:
    used = {name for cells in GRANTS.values() for names in cells.values() for name in names}
    assert used == set(LETTERS.values())


def test_the_workflow_administrator_needs_no_case_data() -> None:
    seen = {view for view, cells in GRANTS.items() if cells[permissions.Role.WORKFLOW_ADMIN]}
    assert seen == {
        "WorkflowView", "WorkflowVersionView", "DraftStateView", "DraftTransitionView",
        "DraftDeadlineView", "DraftNoticeView", "DraftFieldView", "DraftChildView", "DraftTestView",
        "NoticeView", "RuleSetView", "PublicationView", "VariationView",
        "MigrationView",
    }  # fmt: skip


def test_a_person_with_two_roles_may_what_either_may(
    app: Flask, session: Session, cast: Cast
) -> None:
    user = cast.users["council"]
    visitor = Visitor(app).sign_in("council")
    assert visitor.get("/ledgers/residents/list/").status_code == 403
    user.roles.append(session.scalars(sa.select(Role).where(Role.name == "GridWorker")).one())
    session.commit()
    assert visitor.get("/ledgers/residents/list/").status_code == 200


def test_permissions_are_asked_for_once_for_a_set_of_roles(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("secretary")
    app.extensions["appbuilder"].sm.forget()
    visitor.get("/settings/")
    asked = [text for text in visitor.statements if "ab_permission" in text]
    assert len(asked) == 1
    visitor.get("/settings/")
    assert [text for text in visitor.statements if "ab_permission" in text] == []
    assert len(visitor.statements) <= 3
