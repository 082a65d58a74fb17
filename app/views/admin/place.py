"""Ledgers of places, parties, residents and staff."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import ForbiddenError, Problem
from app.extensions import db
from app.models import Party, Person, Place, Staff
from app.services import relocations
from app.views import access
from app.views.admin.privacy import Masked
from app.views.base import WRITE, GuardedView
from app.views.fields import PhoneField, masked

OUTSIDE = Problem(
    {
        "zh": "这里不在您的管辖范围内，请选择下级的场所。",
        "en": "That isn't below a place of yours: choose a place that is.",
    },
    "place",
)


def must_be_below(place: Place | None, field: str = "place") -> None:
    """Seeing the way up to the district doesn't mean being at home there."""
    viewer = access.viewer()
    if viewer.everywhere:
        return
    if place is None or not any(place.path.startswith(path) for path in viewer.places):
        raise ForbiddenError(Problem(OUTSIDE.text, field))


class PlaceView(GuardedView):
    datamodel = SQLAInterface(Place)
    route_base = "/ledgers/places"
    list_title = _l("Places")
    singular = _l("Place")
    icon = "map-pin"
    abilities = WRITE | {"export"}
    list_columns = ("name", "kind", "parent")
    show_columns = ("name", "kind", "parent")
    add_columns = edit_columns = ("name", "kind", "parent")
    search_columns = ("kind", "parent")
    order_columns = ("id", "name")
    base_order = ("id", False)
    description_columns = {"parent": _l("Empty only for the topmost place.")}

    def before_save(self, item: Place, form: Any, *, creating: bool) -> None:
        must_be_below(form.parent.data, "parent")

    def after_save(self, item: Place, form: Any, *, creating: bool) -> None:
        relocations.settle(db.session(), item, actor=access.viewer(), now=clock.now())

    def frozen(self, item: Place) -> str:
        """A place above one's own is shown for orientation only."""
        viewer = access.viewer()
        own = viewer.everywhere or any(item.path.startswith(path) for path in viewer.places)
        return "" if own else str(OUTSIDE_TEXT)


OUTSIDE_TEXT = _l("This place is above yours: only an administrator may change it.")


class PartyView(GuardedView):
    datamodel = SQLAInterface(Party)
    route_base = "/ledgers/parties"
    list_title = _l("Organisations")
    singular = _l("Organisation")
    icon = "users-group"
    abilities = WRITE | {"export"}
    list_columns = ("name", "kind", "place", "active")
    show_columns = ("name", "kind", "place", "active")
    add_columns = edit_columns = ("name", "kind", "place", "active")
    search_columns = ("kind", "place", "active")
    order_columns = ("id", "name")
    base_order = ("id", False)

    def before_save(self, item: Party, form: Any, *, creating: bool) -> None:
        must_be_below(form.place.data)


class PersonView(Masked, GuardedView):
    datamodel = SQLAInterface(Person)
    route_base = "/ledgers/residents"
    list_title = _l("Residents")
    singular = _l("Resident")
    icon = "user-heart"
    abilities = WRITE | {"export"}
    list_columns = ("name", "place", "phone", "demo")
    show_columns = ("name", "place", "phone", "note", "demo")
    add_columns = edit_columns = ("name", "place", "phone", "note")
    search_columns = ("place", "demo")
    order_columns = ("id", "name")
    required_columns = frozenset({"place"})
    own_fields = {"phone": PhoneField}
    formatters_columns = {"phone": masked}

    def before_save(self, item: Person, form: Any, *, creating: bool) -> None:
        must_be_below(form.place.data)


class StaffView(GuardedView):
    datamodel = SQLAInterface(Staff)
    route_base = "/ledgers/staff"
    list_title = _l("Staff")
    singular = _l("Staff member")
    icon = "id"
    abilities = WRITE | {"export"}
    list_columns = ("user", "title", "place", "party", "since", "until")
    show_columns = ("user", "title", "place", "party", "since", "until")
    add_columns = edit_columns = ("user", "place", "party", "title", "since", "until")
    search_columns = ("user", "place", "party")
    order_columns = ("id", "since", "until")
    label_columns = {"title": _l("Position held"), "until": _l("Last day")}
    description_columns = {
        "place": _l("Where this login may look: the place and all below it."),
        "party": _l("For whom this login speaks."),
        "until": _l("Empty: until further notice."),
    }

    def before_save(self, item: Staff, form: Any, *, creating: bool) -> None:
        must_be_below(form.place.data)
