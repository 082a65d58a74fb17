"""What our overrides lean on inside Flask-AppBuilder. After an upgrade this fails before a screen
does: read what changed, then change the expectation and the override together."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import flask_appbuilder
import pytest
from flask import Flask
from flask_appbuilder import AppBuilder, ModelView
from flask_appbuilder.actions import ActionItem
from flask_appbuilder.baseviews import BaseCRUDView, BaseModelView, BaseView
from flask_appbuilder.menu import Menu
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.manager import BaseSecurityManager
from flask_appbuilder.security.sqla.manager import SecurityManager as FabManager

from app.factory import create_app
from app.security import SecurityManager
from app.views.base import GuardedView
from app.views.builder import Builder

OVERRIDDEN: list[tuple[type, str, list[str]]] = [
    (BaseModelView, "_init_properties", ["self"]),
    (BaseCRUDView, "_init_forms", ["self"]),
    (BaseCRUDView, "_init_titles", ["self"]),
    (ModelView, "list", ["self"]),
    (ModelView, "show", ["self", "pk"]),
    (ModelView, "add", ["self"]),
    (ModelView, "edit", ["self", "pk"]),
    (ModelView, "delete", ["self", "pk"]),
    (ModelView, "action", ["self", "name", "pk"]),
    (ModelView, "action_post", ["self"]),
    (AppBuilder, "_add_global_static", ["self"]),
    (AppBuilder, "_add_admin_views", ["self"]),
    (BaseSecurityManager, "create_limiter", ["self", "app"]),
    (BaseSecurityManager, "create_jwt_manager", ["self", "app"]),
    (BaseSecurityManager, "create_login_manager", ["self", "app"]),
    (BaseSecurityManager, "register_views", ["self"]),
    (BaseSecurityManager, "load_user", ["self", "pk"]),
    (BaseSecurityManager, "reset_password", ["self", "userid", "password"]),
    (BaseSecurityManager, "has_access", ["self", "permission_name", "view_name"]),
    (BaseSecurityManager, "is_item_public", ["self", "permission_name", "view_name"]),
    (BaseSecurityManager, "get_user_menu_access", ["self", "menu_names"]),
    (
        BaseSecurityManager,
        "_has_access_builtin_roles",
        ["self", "role", "permission_name", "view_name"],
    ),
]
CALLED: list[tuple[type, str, list[str]]] = [
    (FabManager, "auth_user_db", ["self", "username", "password"]),
    (FabManager, "on_user_login", ["self", "user"]),
    (ModelView, "get_action_permission_name", ["self", "name"]),
    (BaseView, "get_method_permission", ["self", "method_name"]),
    (BaseView, "get_init_inner_views", ["self"]),
    (Menu, "get_data", ["self", "menu"]),
    (Menu, "get_list", ["self"]),
]


def test_the_release_is_the_one_that_was_examined() -> None:
    assert flask_appbuilder.__version__.startswith("5.3.")


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    OVERRIDDEN + CALLED,
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_method_that_we_lean_on_is_there_as_it_was(
    owner: type, name: str, parameters: list[str]
) -> None:
    method: Callable[..., Any] = inspect.unwrap(getattr(owner, name))
    assert list(inspect.signature(method).parameters) == parameters


def test_every_override_still_overrides() -> None:
    ours = {ModelView: GuardedView, BaseModelView: GuardedView, BaseCRUDView: GuardedView,
            AppBuilder: Builder, BaseSecurityManager: SecurityManager}  # fmt: skip
    for owner, name, _parameters in OVERRIDDEN:
        assert name in vars(ours[owner]), name
        assert issubclass(ours[owner], owner)


def test_we_override_no_handler_less_than_fab_has() -> None:
    """A new route of ModelView would come without scope."""
    routes = {name for name in dir(ModelView) if hasattr(getattr(ModelView, name), "_urls")}
    assert routes == {
        "list", "show", "add", "edit", "delete", "download", "action", "action_post",
    }  # fmt: skip
    assert routes - {"download"} <= vars(GuardedView).keys()


def test_permissions_are_collected_from_the_handlers_that_exist(app: Flask) -> None:
    views = {type(v).__name__: v for v in app.extensions["appbuilder"].baseviews}
    assert set(views["CaseView"].base_permissions) == {"can_list", "can_show", "can_export"}
    assert "can_reveal" in views["PersonView"].base_permissions
    assert "can_download" not in {p for v in views.values() for p in v.base_permissions or ()}


def test_the_access_decorator_carries_the_name_of_the_permission() -> None:
    @has_access
    def peek(self: Any) -> None: ...

    assert peek._permission_name == "peek"


def test_an_action_is_what_the_templates_expect() -> None:
    item = ActionItem("a", "text", "sure?", "icon", True, False, lambda: None)
    assert (item.name, item.text, item.confirmation, item.icon) == ("a", "text", "sure?", "icon")
    assert (item.multiple, item.single) == (True, False)


def test_nothing_of_fab_s_forms_and_filters_is_built(app: Flask) -> None:
    """They would load whole tables and be shared by all threads."""
    for view in app.extensions["appbuilder"].baseviews:
        if isinstance(view, GuardedView):
            assert (view._filters, view._base_filters, view.search_form) == (None, None, None)


def test_the_language_is_asked_from_us(app: Flask) -> None:
    selector = app.extensions["babel"].locale_selector
    assert selector.__module__ == "app.views.frame"
    directories = app.extensions["babel"].translation_directories
    assert str(directories[-1]).endswith("/translations")
    assert directories[-1] != directories[0]  # FAB's come first and lose


def test_building_the_app_asks_the_database_nothing(app: Flask) -> None:
    nowhere = replace(
        app.extensions["settings"],
        database_url="postgresql+psycopg://nobody@/none?host=/nonexistent",
        redis_url=None,
    )
    assert create_app(nowhere).url_map
