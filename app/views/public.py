"""For residents, without a login: raise a matter, follow it, give stars, ask for more."""

from __future__ import annotations

import secrets
from dataclasses import replace

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import models as m
from app.errors import InvalidError, Problem
from app.extensions import db, limiter
from app.services import (
    attachments,
    candidates,
    cases,
    edge,
    grievances,
    history,
    links,
    questions,
)
from app.services.actors import resident
from app.services.grievances import Report
from app.transaction import unit_of_work
from app.views import access, dossier, files, inputs, labels, pressing, steps
from app.views.access import public
from app.views.errors import said
from app.views.inputs import Given
from app.views.values import Sight

pages = Blueprint("public", __name__, url_prefix="/r")
HONEYPOT = "website"
Answer = str | Response | tuple[str, int]


@pages.after_request
def unlisted(response: Response) -> Response:
    """Search engines keep nothing of what residents write or follow."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _limit() -> str:
    """How often one address may send something in."""
    testing = current_app.extensions["settings"].testing
    return str(current_app.config.get("PUBLIC_LIMIT", "10000/minute" if testing else "30/hour"))


# --- raise a matter -----------------------------------------------------------------------------


@pages.get("/")
@public
def index() -> str:
    """First: where is it?"""
    words = request.args.get("q", "").strip()[:50]
    found = grievances.doors(db.session(), words)
    return render_template(
        "public/where.html",
        words=words,
        doors=found[: grievances.DOORS],
        more=len(found) > grievances.DOORS,
    )


@pages.get("/new")
@public
def new() -> str | Response:
    """Then: what is it, and who are you?"""
    place = _place(request.args.get("place", ""))
    if place is None:
        return redirect(url_for("public.index"))
    return _form(place, Given(), (), token=secrets.token_urlsafe(24))


@pages.post("/new")
@limiter.limit(_limit)
@public
def send() -> Answer:
    """Register it. The form carries the future tracking token, signed, so that sent twice it is
    one matter; what is wrong comes back with everything that was typed."""
    place = _place(request.form.get("place", ""))
    if place is None:
        flash(_("Please choose the compound first."), "warning")
        return redirect(url_for("public.index"))
    session, actor = db.session(), resident("")
    token = _token(request.form.get("token", ""))
    given = inputs.read(session, None, _pairs())
    try:
        with unit_of_work(session):
            report = _report(place, given, token)
            done = grievances.register(session, report, actor=actor, now=access.now())
    except InvalidError as error:
        return _form(place, given, error.problems, token=token), 422
    return redirect(url_for("public.follow", token=done.token, new=1))


def _place(text: str) -> m.Place | None:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    query = sa.select(m.Place).where(
        m.Place.id == int(text), m.Place.kind.in_(grievances.OPEN_TO_RESIDENTS)
    )
    found: m.Place | None = db.session.scalar(query)
    return found


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="report")


def _token(signed: str) -> str:
    """The token that the form was given; a fresh one in place of anything else."""
    try:
        return str(_signer().loads(signed))
    except BadSignature:
        return secrets.token_urlsafe(24)


def _pairs() -> inputs.Pairs:
    compiled = grievances.intake(db.session())
    own = inputs.pairs(questions.EXTRA, questions.BY_RESIDENT)
    return (*inputs.pairs(compiled.fields, compiled.spec.intake), *own)


def _report(place: m.Place, given: Given, token: str) -> Report:
    values = dict(given.values)
    extra = {key: values.pop(key) for key in list(values) if key in questions.EXTRA}
    wrong = list(given.problems)
    if request.form.get(HONEYPOT):
        text = {"zh": "没有发送成功，请再试一次。", "en": "Not sent: please try again."}
        wrong.append(Problem(text))
    return Report(
        place_id=place.id,
        form=values,
        extra=extra,
        token=token,
        files=given.files,
        wrong=tuple(wrong),
    )


def _form(place: m.Place, given: Given, problems: tuple[Problem, ...], *, token: str) -> str:
    return render_template(
        "public/new.html",
        place=place,
        rows=inputs.draw(_pairs(), prefix="new", given=given, problems=problems),
        token=_signer().dumps(token),
        honeypot=HONEYPOT,
        refusals=[said(problem) for problem in problems if problem.field is None],
        wrong=bool(problems),
    )


# --- follow it ----------------------------------------------------------------------------------


@pages.get("/t/<token>")
@limiter.limit("240/minute")
@public
def follow(token: str) -> str:
    """Every step in plain words, and what the resident may do now."""
    return _followed(token)


@pages.post("/t/<token>/<event>")
@limiter.limit(_limit)
@public
def press(token: str, event: str) -> Answer:
    """Stars, a reminder, a request to reopen: whatever the workflow lets the resident do."""
    actor = links.holder(db.session(), token)
    pressed = pressing.press(links.followed(db.session(), actor), event, actor)
    if pressed.status:
        return _followed(token, pressed.opened), pressed.status
    flash(_("Thank you. The community has received it."), "success")
    return redirect(url_for("public.follow", token=token))


def _followed(token: str, opened: dossier.Opened | None = None) -> str:
    session, actor = db.session(), links.holder(db.session(), token)
    opened = opened or dossier.Opened()
    case_id = links.followed(session, actor)
    shown = cases.choices(session, case_id, actor=actor, now=access.now())
    events = history.of_case(session, case_id, resident=True)
    sight = Sight({}, {item.id: item for item in attachments.of_case(session, case_id)})
    state = shown.compiled.states[shown.case.state]
    return render_template(
        "public/follow.html",
        case=shown.case,
        place=_place_name(session, shown.case.place_id),
        token=token,
        link=edge.address(url_for("public.follow", token=token)),
        new="new" in request.args,
        state=labels.localized(state.label.model_dump()),
        kind=state.kind.value,
        days=steps.days(steps.of_resident(events, shown.compiled.fields, sight), access.now()),
        offers=_ready(dossier.offers(session, shown, actor, opened)),
        refusals=[said(problem) for problem in opened.problems if problem.field is None],
    )


def _ready(offers: list[dossier.Offer]) -> list[dossier.Offer]:
    """The usual next step, e.g. the stars, stands open: residents needn't find a button first."""
    if any(offer.open for offer in offers):
        return offers
    return [replace(offer, open=offer.primary) for offer in offers]


def _place_name(session: Session, place_id: int) -> str:
    return candidates.names(session, [("place", place_id)])["place", place_id]


@pages.get("/t/<token>/files/<int(max=9223372036854775807):file_id>")
@public
def download(token: str, file_id: int) -> Response:
    """A photo that the resident may see: their own, or one of a result."""
    return files.sent(_file(token, file_id))


@pages.get("/t/<token>/files/<int(max=9223372036854775807):file_id>/preview")
@public
def preview(token: str, file_id: int) -> Response:
    """The small picture to one of them."""
    return files.previewed(_file(token, file_id))


def _file(token: str, file_id: int) -> m.Attachment:
    actor = links.holder(db.session(), token)
    if links.followed(db.session(), actor) is None:
        abort(404)
    return attachments.find_public(db.session(), file_id, actor)
