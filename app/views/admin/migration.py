"""Ledgers of running cases that were moved to another version. It is done, and undone, on the
workflow's own pages."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models import Migrated, Migration
from app.views import labels
from app.views.base import READ, GuardedView


class MigratedView(GuardedView):
    datamodel = SQLAInterface(Migrated)
    route_base = "/ledgers/moved-cases"
    list_title = _l("Cases that changed version")
    singular = _l("Case that changed version")
    related_title = _l("What became of each case")
    icon = "arrow-right"
    abilities = READ | {"export"}
    list_columns = ("case", "migration", "undo", "outcome", "said", "at")
    show_columns = ("case", "migration", "undo", "outcome", "said", "seq", "at")
    search_columns = ("case", "undo", "outcome", "at")
    order_columns = ("id",)
    label_columns = {
        "migration": _l("Change of version"),
        "undo": _l("Undoing"),
        "outcome": _l("Outcome"),
        "said": _l("What changed, or why not"),
        "seq": _l("Step of the case"),
    }

    def said(self, item: Migrated) -> str:
        return labels.localized(item.text)


class MigrationView(GuardedView):
    datamodel = SQLAInterface(Migration)
    route_base = "/ledgers/migrations"
    list_title = _l("Changes of version")
    singular = _l("Change of version")
    icon = "versions"
    abilities = READ | {"export"}
    related_views = [MigratedView]
    list_columns = ("workflow", "versions", "running", "at", "actor_name", "undone_at")
    show_columns = (
        "workflow", "versions", "states", "clocks", "reason", "running", "at", "actor_name",
        "undone_at", "undone_name",
    )  # fmt: skip
    search_columns = ("workflow", "at", "actor")
    order_columns = ("id", "at")
    label_columns = {
        "versions": _l("Versions"),
        "states": _l("States"),
        "clocks": _l("Changed deadlines"),
        "running": _l("Cases that ran"),
        "actor": _l("Who"),
        "undone_at": _l("Undone at"),
        "undone_name": _l("Undone by"),
    }

    def versions(self, item: Migration) -> str:
        place = f"@{item.target.place_id}" if item.target.place_id else ""
        return f"{', '.join(item.sources)} → {item.target.number}{place}"

    def states(self, item: Migration) -> Any:
        """As they are called in the versions' files."""
        return "\n".join(
            f"“{name}: {state}” → " + (f"“{target}”" if target else _("stays"))
            for name, states in sorted(item.mapping.items())
            for state, target in states.items()
        )
