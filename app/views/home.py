"""The way in after signing in, and the list of all ledgers and settings."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from werkzeug.wrappers import Response

from app.views.frame import Frame

pages = Blueprint("settings", __name__, url_prefix="/settings")


class HomeView(BaseView):
    """``/`` leads to the first place of this person's navigation."""

    route_base = ""
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> Response:
        first = next(iter(Frame().nav), None)
        return redirect(first.url if first else url_for("settings.index"))


@pages.get("/")
def index() -> str:
    """Every ledger that this person may open, by subject."""
    groups = current_app.extensions["appbuilder"].menu.get_data()
    return render_template("settings.html", groups=[g for g in groups if g.get("childs")])
