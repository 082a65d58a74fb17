"""The room: what the facilitator holds in the hand while the meeting goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from app.extensions import db
from app.models import Stance
from app.services import cases, definitions, edge, minutes, room, rows
from app.services.actors import Viewer
from app.services.cases import Shown
from app.services.floor import EVENTS
from app.services.guests import Candidate, candidates
from app.services.room import Item, Room
from app.views import access, labels, times
from app.views.meeting import sent
from app.views.meeting.routes import ID, pages
from app.views.meeting.sent import Sent
from app.views.panels import panel

TABS = ("check-in", "agenda", "positions", "decision")


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the room's page; ``key`` is the party and ``item_id`` the item it is about. An
    empty name leaves it to the page which part fits what the meeting has come to."""

    name: str
    key: int = 0
    item_id: int | None = None

    def known(self) -> Tab:
        return self if self.name in TABS else Tab(TABS[0])

    def address(self, case_id: int) -> str:
        anchor = f"party-{self.key}" if self.key else None
        return url_for(
            "meetings.page",
            case_id=case_id,
            tab=self.name or None,
            item=self.item_id,
            _anchor=anchor,
        )


@dataclass(frozen=True, slots=True)
class Press:
    """A button of the workflow as the room shows it. ``here``: it needs no form, so that it can be
    pressed without leaving the room. ``why`` is not empty when it is grey."""

    key: str
    label: str
    confirm: str
    primary: bool
    here: bool
    why: tuple[str, ...]


@pages.get(f"/{ID}")
def page(case_id: int) -> str:
    tab = Tab(request.args.get("tab", ""), 0, sent.integer(request.args.get("item")))
    return drawn(case_id, tab, Sent())


def drawn(case_id: int, tab: Tab, refused: Sent) -> str:
    """The room with one of its parts open; ``refused`` is the form to be drawn again."""
    session, viewer = db.session(), access.viewer()
    shown = cases.choices(session, case_id, actor=viewer, now=access.now())
    found = room.load(session, shown.case, viewer)
    may = _may(shown)
    tab = tab.known() if tab.name else Tab(_fitting(found, may))
    item = found.item(tab.item_id) if tab.item_id else _first(found)
    parties = _parties(found, viewer) if _asks_for_parties(tab, may, item) else []
    return render_template(
        "meeting/room.html",
        room=found,
        shown=shown,
        tab=tab.name,
        item=item,
        may=may,
        sent=refused,
        parties=parties,
        presses=_presses(shown),
        stances=tuple(Stance),
        today=edge.today(access.now()).isoformat(),
        local=edge.local,
        shown_at=edge.shown,
        when=lambda at: times.moment(at, access.now()),
    )


def _may(shown: Shown) -> Mapping[str, bool]:
    """By event of the room: whether this person may record that now."""
    return {c.transition.key: c.allowed for c in shown.choices if c.transition.key in EVENTS}


def _fitting(found: Room, may: Mapping[str, bool]) -> str:
    """The part that is likely wanted when somebody opens the room."""
    if may.get("record_position") and found.quorum.met:
        return "positions"
    return "check-in" if "check_in" in may else "agenda"


def _first(found: Room) -> Item | None:
    """The first item that is not dealt with, else the last."""
    waiting = (item for item in found.items if item.status == "open")
    return next(waiting, found.items[-1] if found.items else None)


def _asks_for_parties(tab: Tab, may: Mapping[str, bool], item: Item | None) -> bool:
    if tab.name == "decision":
        return bool(may.get("decide")) and item is not None and item.status == "open"
    return tab.name == "check-in" and bool(may.get("invite"))


def _parties(found: Room, viewer: Viewer) -> list[Candidate]:
    return candidates(db.session(), viewer, found.case.place_id, now=access.now())


def _presses(shown: Shown) -> list[Press]:
    """The workflow's buttons that move the meeting on, those that this person may press first."""
    presses = []
    for choice in shown.choices:
        step = choice.transition
        if step.key in EVENTS or step.target is None:
            continue
        foreign = any(reason.code == "who" for reason in choice.reasons)
        if foreign or not step.roles:
            continue
        presses.append(
            Press(
                key=step.key,
                label=labels.localized(step.label.model_dump()),
                confirm=labels.localized(step.confirm.model_dump()) if step.confirm else "",
                primary=step.primary,
                here=not any(field.required for field in step.form),
                why=tuple(labels.localized(reason.text.both()) for reason in choice.reasons),
            )
        )
    return sorted(presses, key=lambda press: (not press.primary, bool(press.why)))


# --- the minutes, and a part of the case page ---------------------------------------------------


@pages.get(f"/{ID}/minutes")
def page_of_minutes(case_id: int) -> str:
    """The minutes to be printed and signed."""
    session, viewer = db.session(), access.viewer()
    case = rows.load(session, case_id, viewer)
    found = room.load(session, case, viewer)
    leaving = definitions.compiled(session, case.version_id).leaving[case.state]
    return render_template(
        "meeting/minutes.html",
        draft=any(event in leaving for event in EVENTS),
        room=found,
        minutes=minutes.compose(found),
        shown_at=edge.shown,
        summary=case.data.get("minutes") or "",
    )


@panel("meeting")
def _panel(shown: Shown, viewer: Viewer) -> str:
    """What the case page shows of a meeting."""
    found = room.load(db.session(), shown.case, viewer)
    return render_template("meeting/panel.html", **context(found))


def context(found: Room) -> dict[str, Any]:
    decided = sum(item.status == "decided" for item in found.items)
    return {
        "room": found,
        "decided": decided,
        "shown_at": edge.shown,
        "lead": _("%(done)s of %(all)s items decided", done=decided, all=len(found.items)),
    }
