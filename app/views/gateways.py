"""Setting channels up: which group, provider or program is told for which place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app import models as m
from app.channels import KINDS, is_on
from app.errors import InvalidError, Problem
from app.extensions import db
from app.permissions import Role
from app.services import candidates, gateways
from app.services.gateways import Setup
from app.transaction import unit_of_work
from app.views import access
from app.views.deliveries import channels

pages = Blueprint("gateways", __name__, url_prefix="/deliveries/channels")
ID = "<int(max=9223372036854775807):gateway_id>"
Answer = str | Response | tuple[str, int]


@pages.before_request
def guard() -> None:
    if Role.ADMIN not in access.viewer().roles:
        abort(403)


@pages.get("/")
def index() -> str:
    return render_template(
        "deliveries/channels.html",
        gateways=gateways.listed(db.session(), access.viewer()),
        kinds=KINDS,
        channels=channels(),
        mail=is_on("email"),
    )


@pages.post("/email/test")
def test_mail() -> Response:
    """A mail to oneself, by the server of the settings."""
    address = str(current_user.email)
    _say(gateways.test(db.session(), None, address=address, now=access.now()))
    return redirect(url_for("gateways.index"))


def _say(problem: str) -> None:
    if problem:
        flash(_("Not sent: %(said)s", said=problem), "danger")
    else:
        flash(_("The test was sent and taken. Look whether it has arrived."), "success")


@dataclass(frozen=True, slots=True)
class _Form:
    """What the form shows: as saved, or as sent with what is wrong with it. Secrets are never
    among it."""

    kind: str
    gateway: m.Gateway | None = None
    setup: Setup = field(default_factory=lambda: Setup(""))
    problems: tuple[Problem, ...] = ()
    place: str = ""

    def wrong(self, name: str) -> dict[str, str] | None:
        return next((p.text for p in self.problems if p.field == name), None)


def _drawn(form: _Form) -> str:
    known = frozenset() if form.gateway is None else gateways.secrets(form.gateway)
    fields = {each.name for each in KINDS[form.kind].fields} | {"name", "place_id"}
    return render_template(
        "deliveries/channel.html",
        form=form,
        kind=KINDS[form.kind],
        channels=channels(),
        known=known,
        rest=[p.text for p in form.problems if p.field not in fields],
    )


@pages.get("/new/<kind>")
def new(kind: str) -> str:
    if kind not in KINDS:
        abort(404)
    values = {each.name: each.default for each in KINDS[kind].fields}
    return _drawn(_Form(kind, setup=Setup("", values)))


@pages.post("/new/<kind>")
def create(kind: str) -> Answer:
    if kind not in KINDS:
        abort(404)
    setup = _sent(kind)
    try:
        with unit_of_work(db.session()) as session:
            gateway = gateways.create(session, kind, setup, actor=access.viewer(), now=access.now())
            gateway_id = gateway.id
    except InvalidError as error:
        return _drawn(_Form(kind, None, setup, error.problems, _place(setup.place_id))), 422
    flash(_("Saved. Send a test to see that it works."), "success")
    return redirect(url_for("gateways.show", gateway_id=gateway_id))


@pages.get(f"/{ID}")
def show(gateway_id: int) -> str:
    gateway = gateways.found(db.session(), access.viewer(), gateway_id)
    setup = Setup(gateway.name, gateway.settings, gateway.place_id, gateway.active)
    return _drawn(_Form(gateway.kind, gateway, setup, place=_place(gateway.place_id)))


@pages.post(f"/{ID}")
def change(gateway_id: int) -> Answer:
    gateway = gateways.found(db.session(), access.viewer(), gateway_id)
    kind = gateway.kind
    setup = _sent(kind)
    try:
        with unit_of_work(db.session()) as session:
            gateways.change(session, gateway, setup, actor=access.viewer(), now=access.now())
    except InvalidError as error:
        gateway = gateways.found(db.session(), access.viewer(), gateway_id)
        form = _Form(kind, gateway, setup, error.problems, _place(setup.place_id))
        return _drawn(form), 422
    flash(_("Saved."), "success")
    return redirect(url_for("gateways.show", gateway_id=gateway_id))


@pages.post(f"/{ID}/test")
def test(gateway_id: int) -> Response:
    """A word by it, now; what the other side answers is shown."""
    session = db.session()
    gateway = gateways.found(session, access.viewer(), gateway_id)
    address = request.form.get("address", "").strip()[:40]
    with unit_of_work(session, poke=False):
        wait = gateways.grant(session, gateway_id, 1, access.now())[0] - access.now()
    if wait.total_seconds() > 0:
        seconds = max(int(wait.total_seconds()), 1)
        flash(_("Its limit is reached; try again in %(seconds)s s.", seconds=seconds), "warning")
    else:
        _say(gateways.test(session, gateway, address=address, now=access.now()))
    return redirect(url_for("gateways.show", gateway_id=gateway_id))


def _sent(kind: str) -> Setup:
    form: Any = request.form
    place = form.get("place_id", "")
    return Setup(
        name=form.get("name", "").strip(),
        values={each.name: form.get(f"value-{each.name}", "") for each in KINDS[kind].fields},
        place_id=int(place) if place.isascii() and place.isdecimal() and len(place) < 19 else None,
        active="active" in form,
    )


def _place(place_id: int | None) -> str:
    if place_id is None:
        return ""
    return candidates.names(db.session(), [("place", place_id)]).get(("place", place_id), "")
