"""Grievances for staff: the list, registering one for a caller, the part of the case page."""

from __future__ import annotations

import secrets

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem
from app.extensions import db
from app.services import candidates, definitions, edge, grievances, links, questions
from app.services.actors import Viewer
from app.services.cases import Shown
from app.services.grievances import Registered, Report
from app.transaction import unit_of_work
from app.views import access, dossier, inputs, labels
from app.views.desk import listed
from app.views.errors import said
from app.views.inputs import Given
from app.views.lists.cases import Grievances
from app.views.panels import panel

pages = Blueprint("grievances", __name__, url_prefix="/grievances")
ABOUT = (questions.TITLE, True), (questions.PLACE, True)
"""Before the workflow's own form: what it is about, and where."""
Answer = str | Response | tuple[str, int]


@pages.get("/")
def index() -> Response:
    """Every grievance that this person may see."""
    return listed(Grievances(), may_register=may_register())


def may_register() -> bool:
    return bool(access.viewer().roles & grievances.REGISTRARS)


@pages.get("/new")
def new() -> str:
    """The form for a caller."""
    if not may_register():
        abort(403)
    return _form(Given(), (), token=secrets.token_urlsafe(24))


@pages.post("/new")
def register() -> Answer:
    """Register; what is wrong comes back beside its field with everything that was typed."""
    if not may_register():
        abort(403)
    session, viewer = db.session(), access.viewer()
    token = request.form.get("token", "")[:64]
    given = inputs.read(session, viewer, _pairs())
    try:
        with unit_of_work(session):
            report = _report(given, token)
            done = grievances.register(session, report, actor=viewer, now=access.now())
    except InvalidError as error:
        return _form(given, error.problems, token=token), 422
    _say(done)
    return redirect(url_for("cases.page", case_id=done.id))


def _say(done: Registered) -> None:
    if not done.fresh:
        flash(_("This was registered already: nothing was saved twice."), "info")
        return
    address = edge.address(url_for("public.follow", token=done.token))
    text = _(
        "Registered as %(number)s. Tracking link for the resident, shown only now: %(link)s",
        number=done.number,
        link=address,
    )
    flash(text, "success")


def _pairs() -> inputs.Pairs:
    compiled = definitions.near(db.session(), grievances.WORKFLOW, access.viewer())
    own = inputs.pairs(questions.EXTRA, questions.BY_STAFF)
    return (*ABOUT, *inputs.pairs(compiled.fields, compiled.spec.intake), *own)


def _report(given: Given, token: str) -> Report:
    values = dict(given.values)
    title, place = values.pop("title", ""), values.pop("place_id", "")
    extra = {key: values.pop(key) for key in list(values) if key in questions.EXTRA}
    return Report(
        place_id=_whole(place),
        title=title,
        person_id=_whole(request.form.get("person_id", "")),
        form=values,
        extra=extra,
        token=token,
        files=given.files,
        wrong=given.problems,
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _form(given: Given, problems: tuple[Problem, ...], *, token: str) -> str:
    form = _pairs()
    offered = candidates.find(db.session(), access.viewer(), inputs.kinds(form))
    return render_template(
        "grievance/new.html",
        rows=inputs.draw(
            form, prefix="new", present={}, given=given, problems=problems, offered=offered
        ),
        token=token,
        person=(request.form.get("person_id", ""), request.form.get("person_id-text", "")),
        strangers=[said(problem) for problem in problems if problem.field == "person_id"],
        refusals=[said(problem) for problem in problems if problem.field is None],
        wrong=bool(problems),
    )


@panel("grievance")
def _panel(shown: Shown, viewer: Viewer) -> str:
    """Who raised it and how, with the number masked until somebody who needs it asks."""
    row = grievances.of_case(db.session(), shown.case.id)
    return render_template(
        "grievance/panel.html",
        grievance=row,
        phone=dossier.number(row.phone) if row else "",
        source=labels.of_enum(row.source) if row else "",
        revealable=dossier.revealable(viewer, shown.case.assignee_id),
        relink=bool(viewer.roles & links.GIVERS),
        case_id=shown.case.id,
    )
