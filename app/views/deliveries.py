"""The delivery desk: what was sent, what waits, what was given up and why; and how the machinery
is doing. For administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app import models as m
from app import queue
from app.extensions import db
from app.permissions import Role
from app.services import dispatch, gateways, health
from app.services.dispatch import Wanted
from app.transaction import unit_of_work
from app.views import access, labels
from app.workflows.registry import CHANNELS

pages = Blueprint("deliveries", __name__, url_prefix="/deliveries")
ID = "<int(max=9223372036854775807):notice_id>"


@pages.before_request
def guard() -> None:
    """Others read their own notices under the bell."""
    if Role.ADMIN not in access.viewer().roles:
        abort(403)


@pages.get("/")
def index() -> str:
    session, viewer = db.session(), access.viewer()
    wanted = _wanted()
    found = dispatch.listed(session, viewer, wanted)
    return render_template(
        "deliveries/index.html",
        page=found,
        wanted=wanted,
        tabs=_tabs(wanted),
        channels=channels(),
        health=health.snapshot(session, queue.connection(), access.now()),
        gateways=len(gateways.listed(session, viewer)),
        whom=whom,
        page_url=lambda number: _url(wanted, page=number),
    )


def _wanted() -> Wanted:
    tab, channel = request.args.get("tab", "dead"), request.args.get("channel", "")
    number = request.args.get("page", "1")
    return Wanted(
        tab if tab in dispatch.TABS else "dead",
        channel if channel in CHANNELS else "",
        int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1,
    )


def _url(wanted: Wanted, **changes: Any) -> str:
    values = {"tab": wanted.tab, "channel": wanted.channel, **changes}
    return url_for("deliveries.index", **{key: value for key, value in values.items() if value})


def _tabs(wanted: Wanted) -> list[tuple[str, str, bool]]:
    words = {
        "dead": _("Not deliverable"),
        "waiting": _("Waiting"),
        "sent": _("Sent"),
        "muted": _("Not wanted"),
    }
    return [(words[tab], _url(wanted, tab=tab), tab == wanted.tab) for tab in dispatch.TABS]


def channels() -> dict[str, str]:
    """Every channel by its key, in the reader's language."""
    return {key: entry.label.text(labels.language()) for key, entry in CHANNELS.items()}


def whom(notice: m.Notice) -> str:
    """Who is told by it; a resident's address is nobody's business here."""
    if notice.gateway is not None and notice.user is None and not notice.resident:
        return notice.gateway.name
    if notice.user is not None:
        return labels.plain(notice.user)
    return _("the resident") if notice.resident else notice.address


@pages.post("/retry")
def retry_all() -> Response:
    """Everything that was given up."""
    with unit_of_work(db.session()) as session:
        count = dispatch.retry(session, access.viewer(), access.now())
    flash(
        ngettext("%(num)s notice is sent again.", "%(num)s notices are sent again.", count),
        "success",
    )
    return redirect(url_for("deliveries.index", tab="waiting"))


@pages.post(f"/{ID}/retry")
def retry(notice_id: int) -> Response:
    with unit_of_work(db.session()) as session:
        count = dispatch.retry(session, access.viewer(), access.now(), ids=[notice_id])
    return _done(bool(count), _("It is sent again."))


@pages.post(f"/{ID}/now")
def hurry(notice_id: int) -> Response:
    with unit_of_work(db.session()) as session:
        done = dispatch.hurry(session, access.viewer(), access.now(), notice_id)
    return _done(done, _("It is tried now."))


@pages.post(f"/{ID}/give-up")
def give_up(notice_id: int) -> Response:
    with unit_of_work(db.session()) as session:
        done = dispatch.give_up(session, access.viewer(), notice_id)
    return _done(done, _("It will not be sent."))


def _done(done: bool, words: str) -> Response:
    if done:
        flash(words, "success")
    else:
        flash(_("It has been dealt with meanwhile."), "warning")
    back = access.own_path(request.form.get("back")) or url_for("deliveries.index")
    return redirect(back)
