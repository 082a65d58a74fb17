"""All deadlines that run counted anew, without a change of the calendar."""

from __future__ import annotations

from flask import render_template, request

from app.errors import Problem
from app.services import edge
from app.services.proposals import Plan
from app.views import access
from app.views.calendar.pages import pages
from app.views.calendar.plans import Answer, Asked, decide, texts


@pages.get("/recount")
def recount() -> str:
    return _draw(())


@pages.post("/recount")
def count() -> Answer:
    return decide(Asked(plan, _draw))


def plan() -> Plan:
    today = edge.today(access.now())
    return Plan(None, today, today)


def _draw(problems: tuple[Problem, ...]) -> str:
    return render_template(
        "calendar/recount.html", problems=texts(problems), reason=request.form.get("reason", "")
    )
