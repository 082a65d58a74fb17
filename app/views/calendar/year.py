"""The year as a picture, with the hours, days and changes that made it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import render_template, request
from flask_babel import format_date, pgettext
from flask_babel import gettext as _

from app.extensions import db
from app.models import CalendarChange, Clock
from app.services import adjustments, calendars, edge, years
from app.services.scope import visible
from app.services.years import Day, Year
from app.views import access, hours, labels
from app.views.calendar.pages import FIRST, LAST, name_of, pages, place_of
from app.workflows.calendar import OFFICE

CHANGES = 10


@pages.get("/")
def index() -> str:
    session, today = db.session(), edge.today(access.now())
    number = request.args.get("year", "")
    known = number.isascii() and number.isdecimal() and len(number) == 4
    chosen = int(number) if known and FIRST <= int(number) <= LAST else today.year
    place = place_of(request.args.get("place"))
    name = name_of(place)
    found = years.drawn(session, chosen, place if name else None)
    versions = years.versions(session)
    return render_template(
        "calendar/year.html",
        year=found,
        first=FIRST,
        last=LAST,
        place=place if name else None,
        place_name=name,
        today=today,
        missing=adjustments.unannounced(session, access.now()),
        leaning=_leaning() if not found.announced else 0,
        weekdays=hours.weekdays("narrow"),
        full=hours.weekdays("wide"),
        month=lambda index: format_date(today.replace(month=index, day=1), "LLLL"),
        kinds=years.KINDS,
        kind_names=_kinds(),
        signs=_signs(),
        described=described,
        runs=runs(found),
        versions=versions,
        current=next((each for each in versions if each.since <= today), None),
        week=hours.week,
        office={str(day): calendars.written(OFFICE) for day in range(5)},
        changes=_changes(),
    )


def _kinds() -> dict[str, str]:
    return {
        years.WORK: _("Working day"),
        years.OFF: _("Weekend"),
        years.HOLIDAY: _("Holiday"),
        years.MAKEUP: _("Make-up working day"),
        years.LOCAL: _("Day of its own"),
    }


def _signs() -> dict[str, str]:
    """What stands in the picture beside the number, so that no colour is needed to tell."""
    return {
        years.HOLIDAY: pgettext("sign of a holiday", "H"),
        years.MAKEUP: pgettext("sign of a make-up day", "W"),
        years.LOCAL: pgettext("sign of a day of its own", "L"),
    }


def described(day: Day) -> str:
    """A day in words: its date, why it is as it is, and when people work."""
    parts = [format_date(day.day, "full"), _kinds()[day.kind], labels.localized(day.name)]
    parts += [day.where or "", hours.spans(calendars.written(day.segments))]
    comma = "，" if labels.language() == "zh" else ", "
    return comma.join(part for part in parts if part)


def runs(year: Year) -> list[tuple[Day, Day]]:
    """Days that are not as their weekday is, runs of the same kind and name put together."""
    found: list[tuple[Day, Day]] = []
    for day in year.days:
        if day.kind in (years.WORK, years.OFF):
            continue
        last = found[-1][1] if found else None
        if (
            last is not None
            and (day.day - last.day).days == 1
            and (last.kind, last.name, last.where, last.segments)
            == (day.kind, day.name, day.where, day.segments)
        ):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _changes() -> list[Any]:
    viewer = access.viewer()
    query = sa.select(CalendarChange).where(visible(viewer, CalendarChange))
    return list(db.session.scalars(query.order_by(CalendarChange.id.desc()).limit(CHANGES)))


def _leaning() -> int:
    """Deadlines that are only provisional."""
    viewer = access.viewer()
    query = sa.select(sa.func.count()).where(
        Clock.provisional, Clock.stopped_at.is_(None), visible(viewer, Clock)
    )
    return db.session.scalar(query) or 0
