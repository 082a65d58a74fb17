"""Ledgers of the working calendar, to look at: it is changed on its own pages, which show first
what a change does to deadlines.
"""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models import CalendarChange, CalendarDay, CalendarHours, CalendarYear
from app.views import hours, labels
from app.views.base import READ, GuardedView

LOCAL = "local"


class CalendarDayView(GuardedView):
    datamodel = SQLAInterface(CalendarDay)
    route_base = "/ledgers/calendar-days"
    list_title = _l("Days of their own")
    singular = _l("Day of its own")
    icon = "calendar-event"
    abilities = READ | {"export"}
    list_columns = ("day", "works", "place", "name", "origin")
    show_columns = list_columns
    search_columns = ("day", "place")
    order_columns = ("day",)
    base_order = ("day", True)
    label_columns = {"works": _l("Working hours"), "origin": _l("Comes from")}

    def works(self, item: CalendarDay) -> str:
        return hours.spans(item.segments)

    def origin(self, item: CalendarDay) -> str:
        if item.source == LOCAL:
            return str(_("Entered here"))
        return str(_("Holidays of %(year)s", year=item.source.rpartition(":")[2]))


class CalendarHoursView(GuardedView):
    datamodel = SQLAInterface(CalendarHours)
    route_base = "/ledgers/calendar-hours"
    list_title = _l("Versions of the working hours")
    singular = _l("Version of the working hours")
    icon = "clock"
    list_columns = ("since", "hours", "note")
    show_columns = ("since", "hours", "makeup_hours", "note")
    order_columns = ("since",)
    base_order = ("since", True)
    label_columns = {
        "since": _l("They hold from"),
        "hours": _l("Working hours"),
        "makeup_hours": _l("On make-up days"),
    }

    def hours(self, item: CalendarHours) -> str:
        return "\n".join(hours.week(item.week))

    def makeup_hours(self, item: CalendarHours) -> str:
        return hours.spans(item.makeup)


class CalendarYearView(GuardedView):
    datamodel = SQLAInterface(CalendarYear)
    route_base = "/ledgers/calendar-years"
    list_title = _l("Imported years")
    singular = _l("Imported year")
    icon = "file-import"
    list_columns = ("year", "papers")
    show_columns = ("year", "papers")
    order_columns = ("year",)
    base_order = ("year", True)
    label_columns = {"papers": _l("Published at")}
    formatters_columns = {"papers": "\n".join}


class CalendarChangeView(GuardedView):
    datamodel = SQLAInterface(CalendarChange)
    route_base = "/ledgers/calendar-changes"
    list_title = _l("Changes of the calendar")
    singular = _l("Change of the calendar")
    icon = "history"
    abilities = READ | {"export"}
    list_columns = ("at", "what", "reason", "actor_name")
    show_columns = ("at", "what", "reason", "actor_name", "id")
    search_columns = ("at", "actor")
    order_columns = ("at",)
    base_order = ("id", True)
    label_columns = {"actor": _l("Who"), "what": _l("What was changed"), "id": _l("Version")}

    def what(self, item: CalendarChange) -> Any:
        return labels.localized(item.text)
