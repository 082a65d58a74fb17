"""The list of meetings, and calling one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem, RefusedError
from app.extensions import db
from app.models import Place
from app.services import agenda, definitions, diary, guests, invitations
from app.services.agenda import Proposal
from app.services.guests import Candidate
from app.services.quorum import RULES, VOICES
from app.transaction import unit_of_work
from app.views import access, inputs, times
from app.views.fields import clean
from app.views.inputs import Given
from app.views.ledger import finding
from app.views.lists import frame
from app.views.lists.cases import Meetings
from app.views.meeting import plans, sent
from app.views.meeting.plans import Picked
from app.views.meeting.routes import pages
from app.views.meeting.sent import Sent
from app.workflows.engine import Compiled

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the form for a new meeting offers in a place. ``places`` are the first ones."""

    places: tuple[Place, ...]
    place: Place | None
    parties: list[Candidate]
    proposals: list[Proposal]

    @property
    def many(self) -> bool:
        """More than a list should show."""
        return len(self.places) > diary.SHORT


@pages.get("/")
def index() -> Response:
    """Every meeting that this person may see."""
    return frame.render(
        "meeting/index.html",
        frame.open_(Meetings()),
        may_call=_may_call(_intake()),
        when=lambda at: times.moment(at, access.now()),
    )


def _intake() -> Compiled:
    return definitions.near(db.session(), "meeting", access.viewer())


def _may_call(compiled: Compiled) -> bool:
    return bool(access.viewer().roles & set(compiled.spec.openers))


@pages.get("/venues")
def venues() -> Response:
    """What the searching box asks: places that a meeting may be called in."""
    words = clean(request.args.get("q"))[:100]
    found = diary.venues(db.session(), access.viewer(), words)
    more = len(found) > diary.SHORT
    note = _("More was found: type more words.") if more else _("Nothing was found.")
    shown = found[: diary.SHORT]
    named = finding.named(db.session(), list(shown))
    results = [{"id": str(p.id), "text": text} for p, text in zip(shown, named, strict=True)]
    return jsonify(results=results, more=more, note=note)


@pages.get("/new")
def new() -> str:
    """The form; ``?place=`` chooses whose parties it offers."""
    compiled = _intake()
    if not _may_call(compiled):
        abort(403)
    offer = _offer(sent.integer(request.args.get("place")))
    return _form(compiled, offer, Sent(), plans.usual(offer.parties, offer.proposals), Given())


@pages.post("/new")
def create() -> Answer:
    """Call the meeting; what is wrong comes back beside its field with all that was typed."""
    compiled, session, viewer = _intake(), db.session(), access.viewer()
    if not _may_call(compiled):
        abort(403)
    offer = _offer(sent.integer(sent.text("place")))
    picked = plans.picked()
    form = inputs.pairs(compiled.fields, compiled.spec.intake)
    given = inputs.read(session, viewer, form)
    try:
        plan = plans.read(offer.parties, offer.proposals, picked, given.problems)
        plan = replace(plan, place_id=offer.place.id if offer.place else 0, form=given.values)
        with unit_of_work(session):
            made = invitations.convene(session, plan, actor=viewer, now=access.now())
    except (InvalidError, RefusedError) as error:
        session.rollback()
        offer = _offer(sent.integer(sent.text("place")))
        refused = sent.refused("new", 0, error.problems)
        return _form(compiled, offer, refused, picked, given, error.problems), error.status
    again = _("This meeting was there already: nothing was saved twice.")
    flash(_("The meeting is saved.") if made.fresh else again, "success")
    return redirect(url_for("meetings.page", case_id=made.id))


def _offer(place_id: int | None) -> Offer:
    session, viewer, now = db.session(), access.viewer(), access.now()
    places = tuple(diary.venues(session, viewer))
    place = None
    if place_id is not None:
        place = diary.venue(session, viewer, place_id)
    elif words := clean(request.args.get("place-text"))[:100]:
        place = next(iter(diary.venues(session, viewer, words)), None)
    place = place or next(iter(places), None)
    if place is None:
        return Offer(places, None, [], [])
    return Offer(
        places,
        place,
        guests.candidates(session, viewer, place.id, now=now),
        agenda.proposals(session, viewer, place.id),
    )


def _form(
    compiled: Compiled,
    offer: Offer,
    refused: Sent,
    picked: Picked,
    given: Given,
    problems: tuple[Problem, ...] = (),
) -> str:
    form = inputs.pairs(compiled.fields, compiled.spec.intake)
    return render_template(
        "meeting/new.html",
        offer=offer,
        form=refused,
        picked=picked,
        intake=inputs.draw(form, prefix="new", given=given, problems=problems),
        rows=range(1, plans.ROWS + 1),
        shares=plans.shares(),
        rules=RULES,
        voices=VOICES,
    )
