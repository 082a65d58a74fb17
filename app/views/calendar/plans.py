"""What every change goes through: filled in, tried and shown, then carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import format_date
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError, Problem
from app.extensions import db
from app.services import calendars, jobs, proposals
from app.services.adjustments import Why
from app.services.jobs import Order
from app.services.proposals import Plan, Proposal
from app.transaction import unit_of_work
from app.views import access, hours, labels

Answer = str | Response | tuple[str, int]
Draw = Callable[[tuple[Problem, ...]], str]
OURS = frozenset({"csrf_token", "seen", "again", "whole"})


@dataclass(frozen=True, slots=True)
class Asked:
    """``plan`` reads the form and raises InvalidError; ``draw`` shows it again; ``more`` is to be
    carried along with what was sent."""

    plan: Callable[[], Plan]
    draw: Draw
    more: dict[str, str] = field(default_factory=dict)


def decide(asked: Asked) -> Answer:
    """The preview of what was asked for; its confirmation: carried out, as a job."""
    if "again" in request.form:
        return asked.draw(())
    session = db.session()
    why = Why(access.viewer(), access.now(), request.form.get("reason", "").strip()[:300])
    try:
        plan = asked.plan()
        if "whole" in request.form:
            return redirect(url_for("jobs.show", job_id=_begun(asked, why)))
        if "seen" in request.form:
            try:
                return redirect(url_for("jobs.show", job_id=_carried(plan, why)))
            except ConflictError as error:
                flash(labels.localized(error.problems[0].text), "warning")
        found = proposals.tried(session, plan, why)
    except InvalidError as error:
        session.rollback()
        return asked.draw(error.problems), 422
    return _preview(found, asked)


def _carried(plan: Plan, why: Why) -> int:
    seen, owner = request.form["seen"], access.viewer().user_id
    if owner is None or not (seen.isascii() and seen.isdecimal() and len(seen) < 19):
        abort(400)
    try:
        with unit_of_work(db.session()) as session:
            job = proposals.carried(session, plan, why, seen=int(seen), owner_id=owner)
            return job.id
    finally:
        calendars.forget(db.session())


def _begun(asked: Asked, why: Why) -> int:
    """The number of the job that tries all deadlines, not only the first."""
    parameters = {"endpoint": request.endpoint, "form": _kept(asked), "reason": why.reason}
    label = {"zh": "试算日历变更", "en": "Try a change of the calendar"}
    with unit_of_work(db.session()) as session:
        order = Order(proposals.TRIAL, parameters, label)
        return jobs.start(session, order, owner_id=why.actor.user_id or 0, now=why.now).id


def _kept(asked: Asked) -> list[tuple[str, str]]:
    """What was sent, to be sent once more."""
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in OURS]
    return kept + [item for item in asked.more.items() if item[0] not in dict(kept)]


def _preview(found: Proposal, asked: Asked) -> str:
    return render_template(
        "calendar/preview.html",
        found=found,
        kept=_kept(asked),
        spans=lambda segments: hours.spans(calendars.written(segments)),
        named=lambda day: format_date(day, "full"),
        listed=proposals.LISTED,
    )


def missing(name: str) -> InvalidError:
    text = {
        "since": {"zh": "请选择日期。", "en": "Choose a date."},
        "place": {
            "zh": "没有这个地点，请从列表里选。",
            "en": "There is no such place: pick it from the list.",
        },
        "file": {"zh": "请先选择文件。", "en": "Choose a file first."},
    }
    return InvalidError(Problem(text[name], name))


def texts(problems: tuple[Problem, ...]) -> dict[str, str]:
    """What is wrong, by field; "" holds the rest."""
    return {each.field or "": labels.localized(each.text) for each in problems}
