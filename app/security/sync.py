"""Brings the roles of the database to what the code says."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    ViewMenu,
    assoc_permissionview_role,
)
from flask_appbuilder.security.sqla.models import (
    Role as RoleRow,
)
from sqlalchemy.orm import Session

from app.extensions import db
from app.permissions import Role
from app.security.grants import GRANTS
from app.transaction import unit_of_work

Grant = tuple[str, str]
MENU = "menu_access"


def sync(appbuilder: Any = None) -> dict[str, int]:
    """Create permissions and roles exactly as coded and remove what is no longer there.

    A role that the code doesn't know keeps its name and users, but no permissions. Running it
    twice changes nothing. Returns how many grants were added and removed.
    """
    builder = appbuilder or current_app.extensions["appbuilder"]
    wanted = wanted_grants(builder)
    with unit_of_work(db.session()) as session:
        # Two deploys at once wait for each other.
        session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('sifang.roles'))"))
        roles = _named(session, RoleRow, {role.value for role in Role})
        names = {name for grants in wanted.values() for name, _ in grants}
        views = {view for grants in wanted.values() for _, view in grants}
        permissions = _named(session, Permission, names)
        menus = _named(session, ViewMenu, views)
        pairs = _pairs(session, permissions, menus, set().union(*wanted.values()))
        target = {
            (pairs[grant], roles[role.value]) for role, grants in wanted.items() for grant in grants
        }
        counts = _settle(session, target)
        _remove_unused(session, set(pairs.values()), set(permissions.values()), set(menus.values()))
    builder.sm.forget()
    return counts


def wanted_grants(builder: Any) -> dict[Role, set[Grant]]:
    """Grants by role: of the views that are registered, and of the menu entries they stand in."""
    registered = {view.class_permission_name: view for view in builder.baseviews}
    wanted: dict[Role, set[Grant]] = {role: set() for role in Role}
    for view, cells in GRANTS.items():
        exposed = set(registered[view].base_permissions) if view in registered else set()
        for role, names in cells.items():
            wanted[role] |= {(name, view) for name in names & exposed}
    for category in builder.menu.get_list():
        for item in category.childs or [category]:
            view = getattr(item.baseview, "class_permission_name", "")
            for role, grants in wanted.items():
                if ("can_list", view) in grants:
                    wanted[role] |= {(MENU, item.name), (MENU, category.name)}
    return wanted


def _named(session: Session, model: type[Any], names: set[str]) -> dict[str, int]:
    """Ids by name; missing ones are made."""
    found = {row.name: row.id for row in session.scalars(sa.select(model))}
    for name in sorted(names - found.keys()):
        row = model(name=name)
        session.add(row)
        session.flush()
        found[name] = row.id
    return {name: found[name] for name in names}


def _pairs(
    session: Session, permissions: dict[str, int], menus: dict[str, int], grants: set[Grant]
) -> dict[Grant, int]:
    found = {
        (permission, view): key
        for key, permission, view in session.execute(
            sa.select(PermissionView.id, PermissionView.permission_id, PermissionView.view_menu_id)
        )
    }
    pairs: dict[Grant, int] = {}
    for name, view in sorted(grants):
        ids = (permissions[name], menus[view])
        if ids not in found:
            row = PermissionView(permission_id=ids[0], view_menu_id=ids[1])
            session.add(row)
            session.flush()
            found[ids] = row.id
        pairs[(name, view)] = found[ids]
    return pairs


def _settle(session: Session, target: set[tuple[int, int]]) -> dict[str, int]:
    link = assoc_permissionview_role
    present = {
        (pair, role)
        for pair, role in session.execute(sa.select(link.c.permission_view_id, link.c.role_id))
    }
    added, removed = target - present, present - target
    if added:
        session.execute(
            sa.insert(link),
            [{"permission_view_id": pair, "role_id": role} for pair, role in sorted(added)],
        )
    for pair, role in removed:
        session.execute(
            sa.delete(link).where(link.c.permission_view_id == pair, link.c.role_id == role)
        )
    return {"added": len(added), "removed": len(removed)}


def _remove_unused(
    session: Session, pairs: set[int], permissions: set[int], menus: set[int]
) -> None:
    for model, kept in ((PermissionView, pairs), (Permission, permissions), (ViewMenu, menus)):
        session.execute(sa.delete(model).where(model.id.not_in(kept)))
