"""Reports: the three rates by period, place, category and party, on screen, paper and in Excel."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from babel.dates import format_skeleton
from flask import Blueprint, abort, render_template, send_file, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import db
from app.permissions import Role
from app.services import edge, sheets
from app.services.actors import Viewer
from app.services.figures import (
    READERS,
    By,
    Group,
    Kind,
    Load,
    Span,
    curve,
    grouped,
    spread,
    trend,
    versus,
)
from app.services.sheets import About, Column
from app.views import access, rates
from app.views.choice import Choice, categories, chosen

pages = Blueprint("reports", __name__, url_prefix="/reports")
READ_BY = frozenset(
    {
        Role.SECRETARY,
        Role.COMMITTEE_STAFF,
        Role.SUBDISTRICT,
        Role.ADMIN,
        Role.PROPERTY_STAFF,
    }
)
DAYS = 92
"""Up to so many days a period has a curve by day."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. ``narrow`` is the report of it alone, ``late`` the list behind it."""

    name: str
    group: Group
    load: Load
    narrow: str
    late: str


@pages.get("/")
def index() -> str:
    asked = _asked()
    session, viewer, now = db.session(), access.viewer(), access.now()
    this, before = versus(session, viewer, asked.within, asked.span, now)
    steps = trend(session, viewer, asked.within, asked.span, now)
    days = curve(session, viewer, asked.within, asked.span, now) if _short(asked.span) else []
    rows = _rows(asked)
    return render_template(
        "reports/index.html",
        asked=asked,
        heading=_heading(asked.span),
        tiles=rates.tiles(this, before, against=_before(asked.span), parts=asked.within.of_parties),
        trend=rates.trend_chart(steps, asked.span.step) if len(steps) > 1 else None,
        curve=rates.curve_chart(days) if len(days) > 1 else None,
        bars=rates.groups_chart(row.group for row in rows) if len(rows) > 1 else None,
        rows=rows,
        by=_by_words(),
        earlier=_address(asked, span=asked.span.before),
        later=_address(asked, span=asked.span.after) if asked.span.until <= now else "",
        to=lambda by: _address(asked, by=by),
        export=_address(asked, endpoint="reports.export"),
        kinds=_kinds(),
        names=rates.NAMES,
        percent=rates.percent,
        exact=rates.exact,
        made=edge.shown(now),
        step=_step_words()[asked.span.step],
    )


@pages.get("/excel")
def export() -> Response:
    """The table as a workbook, numerators and denominators in columns of their own."""
    asked = _asked()
    rows = _rows(asked)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        for _count in sheets.write(path, _columns(asked), _cells(rows), _about(asked)):
            pass
        content = io.BytesIO(path.read_bytes())
    name = f"{_('Reports')}-{asked.span.first}-{asked.span.last}.xlsx"
    return send_file(content, mimetype=sheets.TYPE, as_attachment=True, download_name=name)


def _asked() -> Choice:
    viewer = access.viewer()
    if not viewer.roles & READ_BY:
        abort(403)
    narrow = not viewer.roles & READERS
    if narrow and not viewer.parties:
        abort(403)
    return chosen(viewer, narrow=narrow)


def _short(span: Span) -> bool:
    return span.days <= DAYS


def _rows(asked: Choice) -> list[Row]:
    session, viewer, now = db.session(), access.viewer(), access.now()
    groups = grouped(session, viewer, asked.within, asked.span, now, by=asked.by)
    loads = spread(session, viewer, asked.within, now, by=asked.by)
    labels = categories(session) if asked.by is By.CATEGORY else {}
    return [
        Row(
            name=labels.get(group.id) or group.name or group.id or _rest(asked.by),
            group=replace(group, name=labels.get(group.id) or group.name or group.id),
            load=loads.get(group.id, Load()),
            narrow=_narrower(asked, group),
            late=_late(asked, group),
        )
        for group in groups
    ]


def _rest(by: By) -> Any:
    """What belongs to none of the rows."""
    return _("In none of these") if by is By.PLACE else _("Not given")


def _narrower(asked: Choice, group: Group) -> str:
    return _address(asked, **{asked.by.value: group.id}) if group.id else ""


def _late(asked: Choice, group: Group) -> str:
    """The overdue cases of a row; of a party there is no such list."""
    if asked.by is By.PARTY or not group.id:
        return ""
    place = group.id if asked.by is By.PLACE else asked.within.place_id
    category = group.id if asked.by is By.CATEGORY else asked.within.category
    endpoint = "allcases.index" if asked.within.of_parties else "grievances.index"
    return url_for(endpoint, late=1, f_place=place or None, f_category=category or None)


def _address(asked: Choice, *, endpoint: str = "reports.index", **changes: Any) -> str:
    return url_for(endpoint, **asked.query(**changes))


# --- words --------------------------------------------------------------------------------------


def _kinds() -> list[tuple[str, str]]:
    return [
        (Kind.WEEK, _("Week")),
        (Kind.MONTH, _("Month")),
        (Kind.QUARTER, _("Quarter")),
        (Kind.YEAR, _("Year")),
        (Kind.CUSTOM, _("From … to …")),
    ]


def _by_words() -> list[tuple[str, str]]:
    return [(By.PLACE, _("By place")), (By.CATEGORY, _("By category")), (By.PARTY, _("By party"))]


def _step_words() -> dict[str, str]:
    return {"day": _("Day"), "week": _("Week from"), "month": _("Month")}


def _heading(span: Span) -> Any:
    match span.kind:
        case Kind.MONTH:
            return format_skeleton("yMMMM", span.first, locale=get_locale())
        case Kind.QUARTER:
            return _("%(year)s, quarter %(n)s", year=span.first.year, n=(span.first.month + 2) // 3)
        case Kind.YEAR:
            return _("Year %(year)s", year=span.first.year)
        case _:
            return _("%(first)s to %(last)s", first=_day(span.first), last=_day(span.last))


def _day(day: date) -> str:
    return day.isoformat()


def _before(span: Span) -> Any:
    return {
        Kind.WEEK: _("the week before"),
        Kind.MONTH: _("the month before"),
        Kind.QUARTER: _("the quarter before"),
        Kind.YEAR: _("the year before"),
        Kind.CUSTOM: _("the days before"),
    }[span.kind]


# --- the workbook -------------------------------------------------------------------------------


def _columns(asked: Choice) -> Sequence[Column]:
    first = {By.PLACE: _("Place"), By.CATEGORY: _("Category"), By.PARTY: _("Party")}[asked.by]
    found = [Column(first), Column(_("Not finished"), "number"), Column(_("Overdue"), "number")]
    for name in rates.NAMES.values():
        found += [
            Column(str(name)),
            Column(_("%(rate)s: numerator", rate=name), "number"),
            Column(_("%(rate)s: denominator", rate=name), "number"),
        ]
    more = (_("With an extension"), _("Taken up again"), _("Stars given"), _("Ended without stars"))
    return [*found, *(Column(text, "number") for text in more)]


def _cells(rows: Sequence[Row]) -> Iterator[Sequence[sheets.Value]]:
    for row in rows:
        found: list[sheets.Value] = [row.name, row.load.open, row.load.overdue]
        this = row.group.rates
        for key in rates.NAMES:
            rate = getattr(this, key)
            found += [rates.percent(rate.share), rate.good, rate.all]
        found += [
            this.response.extended + this.resolution.extended,
            this.response.again + this.resolution.again,
            this.stars,
            this.unrated,
        ]
        yield found


def _about(asked: Choice) -> About:
    viewer: Viewer = access.viewer()
    lines = [
        (_("Period"), f"{asked.span.first} – {asked.span.last}"),
        (_("Place"), asked.place or _("all")),
        (_("Category"), asked.category or _("all")),
        (_("Party"), asked.party or _("all")),
        (_("Exported by"), viewer.name),
        (_("Exported at"), edge.shown(access.now())),
    ]
    return About(_("About this file"), _("Reports"), lines, viewer.name, (_("Yes"), _("No")))
