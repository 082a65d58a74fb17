"""The holidays of a year out of a file, for machines without internet."""

from __future__ import annotations

import json
from datetime import date

from flask import render_template, request
from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.services import adjustments
from app.services.adjustments import Why
from app.services.proposals import Plan
from app.views.calendar.pages import FIRST, LAST, pages
from app.views.calendar.plans import Answer, Asked, decide, missing, texts
from app.workflows import almanac
from app.workflows.almanac import Almanac, AlmanacError

MOST_BYTES = 1_000_000


@pages.get("/holidays")
def holidays() -> str:
    return _draw(())


@pages.post("/holidays")
def read() -> Answer:
    carried: dict[str, str] = {}
    return decide(Asked(lambda: plan(carried), _draw, carried))


def plan(carried: dict[str, str]) -> Plan:
    found = _almanac(request.form.get("text") or _uploaded())
    text = carried["text"] = _normal(found)

    def make(session: Session, why: Why) -> object:
        return adjustments.read_year(session, text, why)

    first = min(min(found.days), date(found.year, 1, 1))
    return Plan(make, first, max(max(found.days), date(found.year, 12, 31)))


def _uploaded() -> str:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise missing("file")
    content = sent.stream.read(MOST_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _almanac(text: str) -> Almanac:
    try:
        found = almanac.read(text)
    except AlmanacError as error:
        raise InvalidError(Problem({"zh": error.zh, "en": error.en}, "file")) from error
    if not FIRST <= found.year <= LAST:
        raise InvalidError(
            Problem(
                {"zh": f"文件是 {found.year} 年的。", "en": f"The file is of {found.year}."}, "file"
            )
        )
    return found


def _normal(found: Almanac) -> str:
    """The same as the one form, to be carried from the preview to its confirmation."""
    days = [
        {"date": str(day), "isOffDay": not working, "name": name}
        for day, (working, name) in sorted(found.days.items())
    ]
    kept = {"year": found.year, "papers": found.papers, "days": days}
    return json.dumps(kept, ensure_ascii=False)


def _draw(problems: tuple[Problem, ...]) -> str:
    return render_template(
        "calendar/holidays.html", problems=texts(problems), reason=request.form.get("reason", "")
    )
