"""Ledgers of what is in force where: the history, and what places have otherwise."""

from __future__ import annotations

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models import Publication, Variation
from app.views.base import READ, GuardedView
from app.views.ledger import cells


class PublicationView(GuardedView):
    datamodel = SQLAInterface(Publication)
    route_base = "/ledgers/publications"
    list_title = _l("What was in force from when")
    singular = _l("Publication")
    icon = "versions"
    abilities = READ | {"export"}
    list_columns = ("at", "workflow", "place", "kind", "version.number", "by", "note")
    show_columns = list_columns
    search_columns = ("workflow", "place", "kind", "at")
    order_columns = ("id", "at")
    label_columns = {
        "kind": _l("What was done"),
        "version.number": _l("Version"),
    }


class VariationView(GuardedView):
    datamodel = SQLAInterface(Variation)
    route_base = "/ledgers/variations"
    list_title = _l("Workflows varied by places")
    singular = _l("Variation")
    icon = "map-pin"
    abilities = READ
    more_permissions = frozenset({"can_vary"})
    list_columns = ("workflow", "place", "current.number", "changed_at", "changed_by")
    show_columns = (*list_columns, "changes", "problems")
    search_columns = ("workflow", "place")
    order_columns = ("id", "changed_at")
    label_columns = {"current.number": _l("Version in force")}

    def buttons(self, item: Variation) -> list[tuple[str, str, str]]:
        url = cells.page_of(
            "definitions.variation", workflow_id=item.workflow_id, place_id=item.place_id
        )
        return [(url, "map-pin", _("Open the variation"))] if url else []
