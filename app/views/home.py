"""The way in after signing in."""

from __future__ import annotations

from flask import redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from werkzeug.wrappers import Response

from app.views.frame import Frame


class HomeView(BaseView):
    """``/`` leads to the first place of this person's navigation."""

    route_base = ""
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> Response:
        first = next(iter(Frame().nav), None)
        return redirect(first.url if first else url_for("account.index"))
