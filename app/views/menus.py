"""Which of the generated screens are ledgers and which are settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.permissions import Role
from app.views import access

SETTINGS = frozenset({"workflows", "calendar", "system"})
ledgers = Blueprint("ledgers", __name__, url_prefix="/ledgers")
settings = Blueprint("settings", __name__, url_prefix="/settings")


@dataclass(frozen=True, slots=True)
class Menu:
    """One of the two pages that list generated screens."""

    endpoint: str
    label: Any

    @property
    def url(self) -> str:
        return url_for(self.endpoint)


LEDGERS_MENU = Menu("ledgers.index", _l("Ledgers"))
SETTINGS_MENU = Menu("settings.index", _l("Settings"))


def install(app: Flask, groups: Iterable[Any]) -> None:
    """``groups`` have a ``name`` and ``views``, the classes of the generated screens."""
    views = [view for group in groups if group.name in SETTINGS for view in group.views]
    app.extensions["settings_views"] = frozenset(view.__name__ for view in views)
    app.extensions["settings_paths"] = tuple(view.route_base for view in views)
    app.jinja_env.globals["menu_of"] = menu


def menu(view: str) -> Menu:
    """Where the screens of the view class ``view`` are listed."""
    return SETTINGS_MENU if view in current_app.extensions["settings_views"] else LEDGERS_MENU


def section(path: str) -> str:
    """The navigation's section of an address below /ledgers/."""
    prefixes: tuple[str, ...] = current_app.extensions["settings_paths"]
    return "settings" if path.startswith(prefixes) else "ledgers"


@ledgers.get("/", endpoint="index")
def index_ledgers() -> str:
    """Every ledger that this person may open, by subject."""
    return render_template("menu.html", title=LEDGERS_MENU.label, groups=_groups(settings=False))


@settings.get("/", endpoint="index")
def index_settings() -> str:
    """Every setting that this person may open, by subject."""
    return render_template("menu.html", title=SETTINGS_MENU.label, groups=_groups(settings=True))


def _groups(*, settings: bool) -> list[Any]:
    groups = current_app.extensions["appbuilder"].menu.get_data()
    found = [g for g in groups if g.get("childs") and (g["name"] in SETTINGS) is settings]
    return [{**g, "childs": [*_pages(g["name"]), *g["childs"]]} for g in found]


def _pages(group: str) -> list[dict[str, Any]]:
    """Pages of our own that stand before the ledgers of a group."""
    if group != "calendar" or Role.ADMIN not in access.viewer().roles:
        return []
    url = url_for("calendar.index")
    return [{"url": url, "icon": "calendar", "label": _("The year, hours, days, holidays")}]
