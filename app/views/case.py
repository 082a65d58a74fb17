"""The page of a case, of any leg, and the one address at which its buttons are pressed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.errors import MissingError
from app.extensions import db
from app.models import AccessKind
from app.security import sessions
from app.services import candidates, cases, definitions, history, links, privacy, rows
from app.transaction import unit_of_work
from app.views import access, dossier, labels, pictures, pressing
from app.views.errors import said
from app.workflows.registry import CHANNELS

pages = Blueprint("cases", __name__, url_prefix="/cases")
ID = "<int(max=9223372036854775807):case_id>"
Answer = str | Response | tuple[str, int]


@pages.get(f"/{ID}")
def page(case_id: int) -> str:
    """Everything about one case, with the buttons of this person."""
    return _drawn(case_id)


@pages.post(f"/{ID}/<event>")
def press(case_id: int, event: str) -> Answer:
    """Fire ``event`` with what was filled in; ``expected`` is the row version that was seen."""
    pressed = pressing.press(case_id, event, access.viewer())
    if pressed.status:
        return _drawn(case_id, pressed.opened), pressed.status
    return redirect(_next(case_id, pressed.label))


def _next(case_id: int, step: str) -> str:
    """Back to the case, or to my work when the step has taken it out of this person's sight; and
    what has become of it."""
    session = db.session()
    try:
        case = rows.load(session, case_id, access.viewer())
    except MissingError:
        flash(_("Done: %(step)s. The case is now with others.", step=step), "success")
        return url_for("work.index")
    state = definitions.compiled(session, case.version_id).states[case.state]
    now = labels.localized(state.label.model_dump())
    flash(_("Done: %(step)s. State: %(state)s.", step=step, state=now), "success")
    return url_for("cases.page", case_id=case_id)


def _drawn(case_id: int, opened: dossier.Opened | None = None) -> str:
    opened = opened or dossier.Opened()
    oldest = request.args.get("order") == "oldest"
    found = dossier.of(
        db.session(),
        case_id,
        viewer=access.viewer(),
        now=access.now(),
        opened=opened,
        oldest=oldest,
    )
    refusals = [said(problem) for problem in opened.problems if problem.field is None]
    return render_template("case/page.html", d=found, refusals=refusals, oldest=oldest)


# --- beside the workflow ------------------------------------------------------------------------


@pages.get(f"/{ID}/told")
def told(case_id: int) -> str:
    """Who has been told what about the case."""
    case = rows.load(db.session(), case_id, access.viewer())
    if not dossier.inside(access.viewer()):
        raise NotFound
    channels = {name: entry.label.text(labels.language()) for name, entry in CHANNELS.items()}
    notices = history.told(db.session(), case_id)
    return render_template(
        "case/told.html", case=case, notices=notices, channels=channels, part=_in_place()
    )


@pages.get(f"/{ID}/way")
def way(case_id: int) -> str:
    """The whole workflow with the way of the case, as a picture and in words."""
    session, viewer = db.session(), access.viewer()
    shown = cases.choices(session, case_id, actor=viewer, now=access.now())
    found = pictures.of_case(shown, history.of_case(session, case_id))
    return render_template("case/way.html", case=shown.case, picture=found, part=_in_place())


def _in_place() -> bool:
    """Whether only the content is asked for, to be put into the page of the case."""
    return "HX-Request" in request.headers


@pages.post(f"/{ID}/show-numbers")
def show_numbers(case_id: int) -> str:
    """Show telephone numbers in full, once, and put it on record."""
    session, viewer = db.session(), access.viewer()
    case = rows.load(session, case_id, viewer)
    if not privacy.may_reveal(viewer, case.assignee_id):
        raise NotFound
    with unit_of_work(session):
        sessions.record(
            session,
            AccessKind.REVEAL,
            now=access.now(),
            user=current_user._get_current_object(),  # noqa: SLF001  a proxy can't be stored
            address=request.remote_addr or "",
            detail={"case": case.number},
        )
    g.full_numbers = True
    return _drawn(case_id)


@pages.post(f"/{ID}/new-link")
def new_link(case_id: int) -> Response:
    """A new tracking link for the resident who lost theirs; shown once."""
    session = db.session()
    with unit_of_work(session):
        token = links.renew(session, case_id, actor=access.viewer(), now=access.now())
    address = url_for("public.follow", token=token, _external=True)
    flash(
        _("Give the resident this new link, it is shown only now: %(link)s", link=address), "info"
    )
    return redirect(url_for("cases.page", case_id=case_id))


@pages.get("/lookup/<kind>")
def lookup(kind: str) -> Response:
    """Hits of a searching select in a workflow's form."""
    if kind not in ("person", "party", "place", "resident"):
        raise NotFound
    words = request.args.get("q", "").strip()[:100]
    found = candidates.find(db.session(), access.viewer(), [kind], words=words)[kind]
    results: list[dict[str, Any]] = [{"id": str(i.id), "text": i.text} for i in found.items[:20]]
    more = found.more or len(found.items) > 20
    note = _("More was found: type more words.") if more else _("Nothing was found.")
    return jsonify(results=results, more=more, note=note)
