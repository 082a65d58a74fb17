"""What the room's forms record. Every address is safe to send twice."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError, Problem, RefusedError
from app.extensions import db
from app.models import Stance
from app.services import agenda, cases, changes, decisions, meetings, positions
from app.services.decisions import Motion
from app.services.invitations import Topic
from app.services.positions import Statement
from app.transaction import unit_of_work
from app.views import access
from app.views.meeting import sent
from app.views.meeting.room import Tab, drawn
from app.views.meeting.routes import ID, ITEM, pages

Answer = str | Response | tuple[str, int]
AGAIN = "expected"


def _record(
    case_id: int, tab: Tab, form: str, work: Callable[[], str], *, then: Tab | None = None
) -> Answer:
    """Do ``work`` in one transaction and go back to where it was asked for, or on to ``then``;
    ``work`` returns what to say, nothing when it had been recorded before. What is refused comes
    back with the form as it was typed."""
    try:
        with unit_of_work(db.session()):
            said = work()
    except (InvalidError, RefusedError, ConflictError) as error:
        db.session.rollback()
        refused = sent.refused(form, tab.key, error.problems)
        return drawn(case_id, tab, refused), error.status
    flash(said or _("This was recorded already: nothing was saved twice."), "success")
    return redirect((then or tab).address(case_id))


# --- coming and going ---------------------------------------------------------------------------

CHECK_IN = Tab("check-in")
_WHO = ("请选择人员。", "Choose a person.")


@pages.post(f"/{ID}/check-in")
def check_in(case_id: int) -> Answer:
    def work() -> str:
        seat = sent.needed("seat", *_WHO)
        done = meetings.check_in(
            db.session(), case_id, seat, actor=access.viewer(), now=access.now()
        )
        return _("Checked in.") if done else ""

    return _record(case_id, CHECK_IN, "check-in", work)


@pages.post(f"/{ID}/check-out")
def check_out(case_id: int) -> Answer:
    def work() -> str:
        seat = sent.needed("seat", *_WHO)
        done = meetings.check_out(
            db.session(), case_id, seat, actor=access.viewer(), now=access.now()
        )
        return _("The leaving is on record.") if done else ""

    return _record(case_id, CHECK_IN, "check-out", work)


@pages.post(f"/{ID}/arrive")
def arrive(case_id: int) -> Answer:
    party = sent.integer(sent.text("party"))

    def work() -> str:
        done = meetings.arrive(
            db.session(),
            case_id,
            party or 0,
            sent.text("name"),
            actor=access.viewer(),
            now=access.now(),
        )
        return _("Checked in.") if done else ""

    return _record(case_id, Tab("check-in", party or 0), "arrive", work)


# --- the agenda, and changes before the meeting -------------------------------------------------

AGENDA = Tab("agenda")


@pages.post(f"/{ID}/items")
def add_item(case_id: int) -> Answer:
    def work() -> str:
        session, viewer = db.session(), access.viewer()
        number = sent.text("number").strip()
        about = agenda.numbered(session, viewer, number) if number else None
        topic = Topic(sent.text("title"), sent.text("text"), about)
        meetings.add_item(session, case_id, topic, actor=viewer, now=access.now())
        return str(_("The item is on the agenda."))

    return _record(case_id, AGENDA, "item", work)


@pages.post(f"/{ID}/time")
def reschedule(case_id: int) -> Answer:
    def work() -> str:
        done = changes.reschedule(
            db.session(),
            case_id,
            sent.moment("scheduled_at"),
            sent.text("room"),
            actor=access.viewer(),
            now=access.now(),
        )
        return _("Time and room are changed.") if done else ""

    return _record(case_id, AGENDA, "time", work)


@pages.post(f"/{ID}/parties")
def invite(case_id: int) -> Answer:
    def work() -> str:
        party = sent.needed("party", "请选择参会方。", "Choose a party.")
        done = changes.invite(db.session(), case_id, party, actor=access.viewer(), now=access.now())
        return _("The party is invited.") if done else ""

    return _record(case_id, CHECK_IN, "party", work)


# --- an item ------------------------------------------------------------------------------------


@pages.post(f"/{ID}/items/{ITEM}/position")
def record_position(case_id: int, item_id: int) -> Answer:
    party = sent.integer(sent.text("party")) or 0

    def work() -> str:
        done = positions.record_position(
            db.session(),
            case_id,
            _statement(item_id, party),
            actor=access.viewer(),
            now=access.now(),
        )
        return _("The position is on record.") if done else ""

    return _record(case_id, Tab("positions", party, item_id), "position", work)


def _statement(item_id: int, party: int) -> Statement:
    stance = sent.text("stance")
    if stance not in {known.value for known in Stance}:
        words = {"zh": "请选择一种表态。", "en": "Choose one of the positions."}
        raise InvalidError(Problem(words, "stance"))
    return Statement(
        item_id=item_id,
        party_id=party,
        stance=Stance(stance),
        seat_id=sent.integer(sent.text("seat")) or 0,
        reason=sent.text("reason"),
        seen=sent.integer(sent.text("seen")),
    )


@pages.post(f"/{ID}/items/{ITEM}/adjourn")
def adjourn_item(case_id: int, item_id: int) -> Answer:
    def work() -> str:
        done = meetings.adjourn_item(
            db.session(),
            case_id,
            item_id,
            sent.text("why"),
            actor=access.viewer(),
            now=access.now(),
        )
        return _("The item is put off to the next meeting.") if done else ""

    return _record(case_id, Tab("decision", 0, item_id), "adjourn", work)


@pages.post(f"/{ID}/items/{ITEM}/decide")
def decide(case_id: int, item_id: int) -> Answer:
    def work() -> str:
        done = decisions.decide(
            db.session(), case_id, _motion(item_id), actor=access.viewer(), now=access.now()
        )
        return _("The decision is on record.") if done else ""

    return _record(case_id, Tab("decision", 0, item_id), "decide", work)


def _motion(item_id: int) -> Motion:
    """``owner`` is ``5`` for a party and ``5:12`` for one of its people."""
    party, _colon, person = sent.text("owner").partition(":")
    party_id = sent.integer(party)
    problems = []
    if party_id is None or (person and sent.integer(person) is None):
        words = {"zh": "请选择由谁落实。", "en": "Choose who sees to it."}
        problems.append(Problem(words, "owner"))
    try:
        due_on = sent.day("due_on")
    except InvalidError as error:
        problems += error.problems
    if not sent.text("text").strip():
        words = {"zh": "请填写决议内容。", "en": "Write down what is decided."}
        problems.append(Problem(words, "text"))
    if problems:
        raise InvalidError(*problems)
    return Motion(
        item_id=item_id,
        text=sent.text("text"),
        owner_party_id=party_id or 0,
        owner_id=sent.integer(person) if person else None,
        due_on=due_on,
    )


# --- the workflow's own buttons that need no form -----------------------------------------------


@pages.post(f"/{ID}/step/<event>")
def step(case_id: int, event: str) -> Answer:
    """Press a button of the workflow and stay in the room."""
    tab = Tab(request.args.get("tab", "check-in"))

    def work() -> str:
        expected = sent.integer(sent.text("expected"))
        if expected is None:
            words = {
                "zh": "页面不完整，请重新打开会议再操作。",
                "en": "The page was incomplete: open the meeting again.",
            }
            raise InvalidError(Problem(words))
        cases.fire(
            db.session(),
            case_id,
            event,
            actor=access.viewer(),
            now=access.now(),
            expected=expected,
        )
        return str(_("Done."))

    return _record(case_id, tab.known(), "step", work, then=Tab(""))
