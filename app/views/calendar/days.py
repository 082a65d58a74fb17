"""Days of their own: a flood day here, a fair there."""

from __future__ import annotations

from datetime import date, timedelta

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.extensions import db
from app.services import adjustments, candidates
from app.services.adjustments import Day, Why
from app.services.proposals import Plan
from app.views import access
from app.views.calendar.pages import date_of, name_of, pages, place_of
from app.views.calendar.plans import Answer, Asked, decide, missing, texts
from app.views.calendar.week import ROWS, segments_of
from app.views.fields import clean
from app.workflows.calendar import OFFICE, Segment

MOST = 62
"""Days at once: more is another version of the working hours."""


@pages.get("/days")
def day() -> str:
    return _draw(())


@pages.post("/days")
def set_day() -> Answer:
    return decide(Asked(plan, _draw))


def plan() -> Plan:
    first = date_of(request.form.get("first"))
    if first is None:
        raise InvalidError(Problem({"zh": "请选择日期。", "en": "Choose a date."}, "first"))
    last = date_of(request.form.get("last")) or first
    if not 0 <= (last - first).days < MOST:
        raise InvalidError(
            Problem(
                {
                    "zh": f"最后一天不能早于第一天，一次最多 {MOST} 天。",
                    "en": f"The last day can't be before the first; at most {MOST} days at once.",
                },
                "last",
            )
        )
    place, segments = _place(), _segments()
    name = clean(request.form.get("name"))[:200]
    wanted = [
        Day(first + timedelta(n), place, segments, name) for n in range((last - first).days + 1)
    ]

    def make(session: Session, why: Why) -> object:
        return adjustments.set_days(session, wanted, why)

    return Plan(make, first, last, place)


def _place() -> int | None:
    """The place that was chosen, or the one that the typed words mean; None: everywhere."""
    words = clean(request.form.get("place-text"))[:100]
    place = place_of(request.form.get("place"))
    if place is not None:
        if name_of(place):
            return place
        raise missing("place")
    if not words:
        return None
    found = candidates.find(db.session(), access.viewer(), ["place"], words=words)["place"]
    # Its buildings' addresses hold the name of a compound too.
    named = [each for each in found.items if each.text.endswith(words)]
    hits = named if len(named) == 1 else found.items
    if len(hits) != 1:
        raise missing("place")
    return hits[0].id


def _segments() -> tuple[Segment, ...] | None:
    what = request.form.get("what")
    if what == "usual":
        return None
    if what != "on":
        return ()
    found = segments_of("hours")
    return found or OFFICE


def _draw(problems: tuple[Problem, ...]) -> str:
    form = request.form if request.method == "POST" else request.args
    place = place_of(form.get("place"))
    first: date | None = date_of(form.get("first"))
    return render_template(
        "calendar/day.html",
        form=form,
        first=form.get("first", "") if first is None else first.isoformat(),
        place=place,
        place_name=name_of(place) or clean(form.get("place-text"))[:100],
        problems=texts(problems),
        choices=(
            ("off", _("Nobody works")),
            ("on", _("People work")),
            ("usual", _("As on other days again")),
        ),
        rows=range(ROWS),
        most=MOST,
    )
