"""Working hours from a date on: several segments for each weekday."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import CalendarHours
from app.services import adjustments, calendars, edge, years
from app.services.adjustments import Why
from app.services.proposals import Plan
from app.views import access, hours
from app.views.calendar.pages import date_of, pages
from app.views.calendar.plans import Answer, Asked, decide, missing, texts
from app.workflows.calendar import OFFICE, Segment

ROWS = 4
"""Segments that a day may have."""
MAKEUP = "makeup"


@pages.get("/hours")
def week() -> str:
    return _draw(())


@pages.post("/hours")
def set_week() -> Answer:
    return decide(Asked(plan, _draw))


def plan() -> Plan:
    since = date_of(request.form.get("since"))
    if since is None:
        raise missing("since")
    if request.form.get("drop"):

        def drop(session: Session, why: Why) -> object:
            return adjustments.drop_hours(session, since, why)

        return Plan(drop, since, since + timedelta(365))
    found = {day: segments_of(f"day-{day}") for day in range(7)}
    makeup = segments_of(MAKEUP)
    if not any(found.values()):
        raise InvalidError(
            Problem(
                {
                    "zh": "一周里至少要有一天上班。",
                    "en": "People must work on one day of the week at least.",
                },
                "day-0",
            )
        )

    def make(session: Session, why: Why) -> object:
        return adjustments.set_hours(session, since, found, makeup, why)

    return Plan(make, since, since + timedelta(365))


def segments_of(name: str) -> tuple[Segment, ...]:
    """The pairs ``<name>-from`` and ``<name>-to`` that were sent; raises InvalidError."""
    begins, ends = request.form.getlist(f"{name}-from"), request.form.getlist(f"{name}-to")
    pairs = [(a.strip(), b.strip()) for a, b in zip(begins, ends, strict=False)][:ROWS]
    try:
        found = tuple(
            (time.fromisoformat(begin), time.fromisoformat(end))
            for begin, end in pairs
            if begin or end
        )
    except ValueError as error:
        raise InvalidError(_wrong(name)) from error
    edges = [edge_ for segment in found for edge_ in segment]
    if edges != sorted(set(edges)):
        raise InvalidError(_wrong(name))
    return found


def _wrong(name: str) -> Problem:
    return Problem(
        {
            "zh": "每段都要填开始和结束时间，先后排列，互不重叠，不跨过午夜。",
            "en": "Each span needs its beginning and its end, one after the other, without "
            "overlap, within one day.",
        },
        name,
    )


def _draw(problems: tuple[Problem, ...]) -> str:
    session, today = db.session(), edge.today(access.now())
    versions = years.versions(session)
    sent = request.method == "POST"
    since = date_of(request.form.get("since") if sent else request.args.get("since"))
    base = _base(versions, since or today)
    rows = [(f"day-{day}", name) for day, name in enumerate(hours.weekdays("wide"))]
    rows.append((MAKEUP, _("Make-up working days")))
    return render_template(
        "calendar/hours.html",
        rows=[(name, label, _pairs(name, base, sent=sent)) for name, label in rows],
        since=since.isoformat() if since else "",
        today=today.isoformat(),
        planned=any(each.since == since and each.since > today for each in versions),
        reason=request.form.get("reason", ""),
        problems=texts(problems),
        used=lambda pairs: sum(1 for begin, end in pairs if begin or end),
    )


def _base(versions: list[CalendarHours], day: date) -> dict[str, Any]:
    """The hours that hold on that day, by the names of the form."""
    for each in versions:
        if each.since <= day:
            kept = {f"day-{number}": found for number, found in each.week.items()}
            return {**kept, MAKEUP: each.makeup}
    office = calendars.written(OFFICE)
    return {**{f"day-{number}": office for number in range(5)}, MAKEUP: office}


def _pairs(name: str, base: dict[str, Any], *, sent: bool) -> list[tuple[str, str]]:
    if sent:
        begins, ends = request.form.getlist(f"{name}-from"), request.form.getlist(f"{name}-to")
        found = list(zip(begins, ends, strict=False))
    else:
        found = [(begin[:5], end[:5]) for begin, end in base.get(name, ())]
    return [*found, *[("", "")] * ROWS][:ROWS]
