"""Opening a case of a workflow that administrators have drawn: which one, then its form."""

from __future__ import annotations

import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError, MissingError, Problem
from app.extensions import db
from app.services import candidates, entry
from app.services.entry import Entry, Openable
from app.transaction import unit_of_work
from app.views import access, inputs, labels
from app.views.errors import said
from app.views.inputs import Given

pages = Blueprint("openings", __name__, url_prefix="/cases/new")
ABOUT = (entry.TITLE, True), (entry.PLACE, True)
"""Before the workflow's own form: what it is about, and where."""
Answer = str | Response | tuple[str, int]


@pages.get("/")
def index() -> str:
    """The kinds of cases that this person may open."""
    found = [
        (each.id, labels.localized(spec.label.model_dump()), _help(each))
        for each in entry.openable(db.session(), access.viewer())
        for spec in (each.compiled.spec,)
    ]
    return render_template("openings/index.html", found=found)


def _help(each: Openable) -> str:
    about = each.compiled.spec.help
    return labels.localized(about.model_dump()) if about else ""


@pages.get("/<int:kind_id>")
def new(kind_id: int) -> str:
    chosen = entry.choose(db.session(), access.viewer(), kind_id)
    return _form(chosen, Given(), (), token=secrets.token_urlsafe(24))


@pages.post("/<int:kind_id>")
def register(kind_id: int) -> Answer:
    """Open the case; what is wrong comes back beside its field with all that was typed."""
    session, viewer = db.session(), access.viewer()
    chosen = entry.choose(session, viewer, kind_id)
    token = request.form.get("token", "")[:64]
    given = inputs.read(session, viewer, _pairs(chosen))
    try:
        with unit_of_work(session):
            opened = entry.register(
                session, chosen, _entry(given, token), actor=viewer, now=access.now()
            )
    except (InvalidError, MissingError) as error:
        return _form(chosen, given, error.problems, token=token), 422
    flash(_("Registered as %(number)s.", number=opened.number), "success")
    return redirect(url_for("cases.page", case_id=opened.id))


def _pairs(chosen: Openable) -> inputs.Pairs:
    compiled = chosen.compiled
    return (*ABOUT, *inputs.pairs(compiled.fields, compiled.spec.intake))


def _entry(given: Given, token: str) -> Entry:
    values = dict(given.values)
    title, place = values.pop("title", ""), str(values.pop("place_id", ""))
    whole = place.isascii() and place.isdecimal() and len(place) < 19
    return Entry(
        title=title,
        place_id=int(place) if whole else None,
        form=values,
        files=given.files,
        wrong=given.problems,
        token=token,
    )


def _form(chosen: Openable, given: Given, problems: tuple[Problem, ...], *, token: str) -> str:
    form = _pairs(chosen)
    offered = candidates.find(db.session(), access.viewer(), inputs.kinds(form))
    return render_template(
        "openings/new.html",
        name=labels.localized(chosen.compiled.spec.label.model_dump()),
        about=_help(chosen),
        rows=inputs.draw(
            form, prefix="new", present={}, given=given, problems=problems, offered=offered
        ),
        token=token,
        refusals=[said(problem) for problem in problems if problem.field is None],
    )
