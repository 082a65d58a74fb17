"""FAB's AppBuilder with our own admin views instead of its own, and none of its assets."""

from __future__ import annotations

from flask import Blueprint, current_app
from flask_appbuilder import AppBuilder
from flask_appbuilder.menu import Menu

from app.security import SecurityManager
from app.views.auth import AuthView
from app.views.home import HomeView


class Builder(AppBuilder):
    """Registers no API, no language link by GET, no scripts of FAB's."""

    def __init__(self) -> None:
        super().__init__(
            menu=Menu(),
            indexview=HomeView,
            base_template="layout.html",
            security_manager_class=SecurityManager,
            update_perms=False,
        )

    def _add_global_static(self) -> None:
        """FAB's templates, in case one of ours extends them, without its jQuery and Bootstrap 3."""
        current_app.register_blueprint(
            Blueprint("appbuilder", "flask_appbuilder.base", template_folder="templates")
        )

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        view = AuthView()
        self.sm.auth_view = view
        self.add_view_no_menu(view)
