"""FAB's security manager without its holes (fab.md §3) and without its queries for every button."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask import Flask, has_request_context, request, session
from flask_appbuilder.security.sqla.manager import SecurityManager as FabManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    User,
    ViewMenu,
)
from flask_limiter import Limiter
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.security import generate_password_hash

from app import clock
from app.extensions import db, limiter
from app.models import AccessKind
from app.security import sessions
from app.transaction import unit_of_work

TOKEN = "login"  # noqa: S105  the name of a key in the cookie
CACHE_SECONDS = 30.0

Grant = tuple[str, str]


class SecurityManager(FabManager):
    """What a signed-in user may, from one query per request and one cache per set of roles.

    There is no public role: what anonymous visitors may open is marked ``public`` in code
    (app.views.access). There is no JSON login and no JWT.
    """

    def __init__(self, appbuilder: Any) -> None:
        self._granted: dict[frozenset[str], tuple[float, frozenset[Grant]]] = {}
        super().__init__(appbuilder)

    # --- what FAB asks for at start ---------------------------------------------------------

    def create_limiter(self, app: Flask) -> Limiter:
        limiter.init_app(app)
        return limiter

    def create_jwt_manager(self, app: Flask) -> None:
        """None: tokens of FAB's JSON login could not be revoked (hole 19)."""

    def create_login_manager(self, app: Flask) -> LoginManager:
        manager = LoginManager(app)
        manager.session_protection = None  # the token row decides, and phones change addresses
        manager.user_loader(self.load_user)
        return manager

    def register_views(self) -> None:
        """None here: app.views lists the views of accounts with all the others."""

    # --- sessions ----------------------------------------------------------------------------

    def load_user(self, pk: Any) -> User | None:
        token = session.get(TOKEN)
        if not token or not str(pk).isdecimal():
            return None
        return sessions.user_of(db.session(), int(pk), token, now=clock.now())

    def sign_in(self, user: User, hours: int) -> None:
        """Begin a session on the server and in the cookie; what the cookie held is dropped."""
        now = clock.now()
        kept = session.get("locale")
        session.clear()
        with unit_of_work(db.session()) as unit:
            token = sessions.start(unit, user, now=now, hours=hours, origin=_origin())
            language = sessions.language_of(unit, user.id)
            sessions.record(unit, AccessKind.LOGIN, now=now, user=user, address=_origin()[0])
        session.permanent = True
        session[TOKEN] = token
        if language or kept:
            session["locale"] = language or kept
        login_user(user)

    def sign_out(self) -> None:
        """End the session here and on the server: a copy of the cookie is worth nothing."""
        now = clock.now()
        token, kept = session.get(TOKEN), session.get("locale")
        user_id = current_user.id if current_user.is_authenticated else None
        with unit_of_work(db.session()) as unit:
            if token:
                sessions.end(unit, token, now=now)
            if user_id is not None:
                user = unit.get(User, user_id)
                sessions.record(unit, AccessKind.LOGOUT, now=now, user=user, address=_origin()[0])
        logout_user()
        session.clear()
        if kept:
            session["locale"] = kept

    def refuse_login(self, username: str) -> None:
        """Note a failed attempt, whether or not anybody has that name."""
        now = clock.now()
        with unit_of_work(db.session()) as unit:
            sessions.record(
                unit,
                AccessKind.FAILED,
                now=now,
                user=None,
                address=_origin()[0],
                detail={"username": username},
            )

    def reset_password(self, userid: Any, password: str) -> None:
        """Set a password and end the user's sessions, but for the one that asks."""
        now = clock.now()
        kept = ""
        if has_request_context() and current_user.is_authenticated and current_user.id == userid:
            kept = session.get(TOKEN, "")
        with unit_of_work(db.session()) as unit:
            user = unit.get(User, userid)
            if user is None:
                return
            user.password = generate_password_hash(password)
            sessions.end_all(unit, user.id, now=now, but=kept)
            sessions.record(unit, AccessKind.PASSWORD, now=now, user=user, address=_origin()[0])

    # --- permissions -------------------------------------------------------------------------

    def has_access(self, permission_name: str, view_name: str) -> bool:
        if not current_user.is_authenticated:
            return False
        return (permission_name, view_name) in self.granted(self.role_names(current_user))

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        if not current_user.is_authenticated:
            return set()
        granted = self.granted(self.role_names(current_user))
        return {view for permission, view in granted if permission == "menu_access"}

    def role_names(self, user: Any) -> frozenset[str]:
        names = {role.name for role in user.roles}
        names |= {role.name for group in user.groups for role in group.roles}
        return frozenset(names)

    def granted(self, roles: frozenset[str]) -> frozenset[Grant]:
        """Permission and view of these roles; read again after half a minute."""
        kept = self._granted.get(roles)
        now = clock.monotonic()
        if kept is not None and kept[0] > now:
            return kept[1]
        rows = db.session.execute(_granted_to(roles))
        found = frozenset((permission, view) for permission, view in rows)
        self._granted[roles] = (now + CACHE_SECONDS, found)
        return found

    def forget(self) -> None:
        """Drop the cached permissions, e.g. after a sync."""
        self._granted.clear()

    def _has_access_builtin_roles(self, role: Any, permission_name: str, view_name: str) -> bool:
        """As FAB's, but the patterns of FAB_ROLES must match whole names (hole 9)."""
        return any(
            re.fullmatch(view, view_name) and re.fullmatch(permission, permission_name)
            for view, permission, *_ in self.builtin_roles.get(role.name, [])
        )


def _granted_to(roles: frozenset[str]) -> sa.Select[str, str]:
    return (
        sa.select(Permission.name, ViewMenu.name)
        .select_from(Role)
        .join(Role.permissions)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(Role.name.in_(sorted(roles)))
        .distinct()
    )


def _origin() -> tuple[str, str]:
    """Address and browser of the request; empty outside of one."""
    if not has_request_context():
        return ("", "")
    return (request.remote_addr or "", request.user_agent.string)
