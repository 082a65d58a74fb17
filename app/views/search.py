"""The one search: a page with all groups, and the same under the box of every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.extensions import db
from app.services import finder
from app.services.actors import name_of
from app.services.finder import Found, Row
from app.services.privacy import masked, may_search
from app.services.wanted import LONGEST
from app.views import access, labels, trail
from app.views.fields import clean
from app.views.frame import Frame
from app.views.lists.work import leg_name

pages = Blueprint("search", __name__, url_prefix="/search")
PART = "search-list"
"""The id of the list below the box: asked for by htmx, it comes alone."""
JUMPS = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """One line: where it leads, what it is called, and what tells it from its namesakes."""

    url: str
    text: str
    detail: str = ""
    number: str = ""
    state: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    label: str
    icon: str
    hits: tuple[Hit, ...]
    more_url: str = ""


@pages.get("/", endpoint="index")
def index() -> Response:
    """``?q=``: all that was found. Nothing is kept of what was searched for, but that somebody was
    looked up by their number."""
    words = clean(request.args.get("q"))[:LONGEST]
    alone = request.headers.get("HX-Target") == PART and "HX-Request" in request.headers
    viewer, now = access.viewer(), access.now()
    found = finder.find(db.session(), viewer, words, _groups(), now=now) if words else []
    exact = finder.exact(found, words, now)
    trail.looked_up(words, found=bool(found) and exact is None)
    text = render_template(
        "search/list.html" if alone else "search/page.html",
        words=words,
        exact=None if exact is None else _case(exact),
        groups=[] if exact is not None else [*_drawn(found, words), *_jumps(words)],
        by_phone=may_search(viewer),
    )
    answer = make_response(text)
    answer.vary.update(("HX-Request", "HX-Target"))
    return answer


# --- what was found -----------------------------------------------------------------------------


def _case(row: Row) -> Hit:
    return Hit(
        url=url_for("cases.page", case_id=row.id),
        text=row.title,
        detail=row.place,
        number=row.number,
        state=labels.localized(row.state_label),
        kind=row.state_kind,
    )


def _task(row: Row) -> Hit:
    """Of other legs than the group is called after, the leg is said."""
    hit = _case(row)
    if row.leg == "grievance":
        return hit
    return Hit(hit.url, hit.text, _dotted(leg_name(row.leg), hit.detail), *_tail(hit))


def _tail(hit: Hit) -> tuple[str, str, str]:
    return hit.number, hit.state, hit.kind


def _place(row: Row) -> Hit:
    detail = _dotted(labels.of_enum(row.kind), row.above)
    return Hit(url_for("PlaceView.show", pk=row.id), row.text, detail)


def _resident(row: Row) -> Hit:
    detail = _dotted(row.place, masked(row.phone))
    return Hit(url_for("PersonView.show", pk=row.id), row.name, detail)


def _party(row: Row) -> Hit:
    detail = _dotted(labels.of_enum(row.kind), row.place)
    return Hit(url_for("PartyView.show", pk=row.id), row.name, detail)


def _staff(row: Row) -> Hit:
    name = name_of(row.first_name, row.last_name)
    detail = _dotted(row.title, row.party or row.place)
    return Hit(url_for("StaffView.show", pk=row.id), name, detail)


def _user(row: Row) -> Hit:
    name = name_of(row.first_name, row.last_name)
    detail = _dotted(row.username, "" if row.active else _("Not active"))
    return Hit(url_for("UserView.show", pk=row.id), name, detail)


def _workflow(row: Row) -> Hit:
    name = labels.localized({"zh": row.label_zh, "en": row.label_en}) or row.key
    detail = _dotted(row.key, "" if row.current_id else _("Not published"))
    return Hit(url_for("definitions.show", workflow_id=row.id), name, detail)


def _dotted(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part)


# label, icon, one row, the ledger that must be open to this person, the list that shows more
_KINDS: dict[str, tuple[Any, str, Callable[[Row], Hit], str, str]] = {
    "cases": (_l("Grievances and tasks"), "message-report", _task, "", "allcases.index"),
    "meetings": (_l("Meetings"), "users-group", _case, "", "meetings.index"),
    "consultations": (_l("Consultations"), "scale", _case, "", "consultations.index"),
    "places": (_l("Places"), "map-pin", _place, "PlaceView", "PlaceView.list"),
    "residents": (_l("Residents"), "user-heart", _resident, "PersonView", ""),
    "parties": (_l("Organisations"), "building-community", _party, "PartyView", "PartyView.list"),
    "staff": (_l("Staff"), "id", _staff, "StaffView", ""),
    "users": (_l("Users"), "user-cog", _user, "UserView", "UserView.list"),
    "workflows": (_l("Workflows"), "sitemap", _workflow, "WorkflowView", ""),
}


def _groups() -> set[str]:
    """Those whose rows this person may open. Who sees the logins needs no second list of the same
    people."""
    open_ = {
        key
        for key, (_label, _icon, _row, ledger, _more) in _KINDS.items()
        if not ledger or access.may("can_show", ledger)
    }
    return open_ - {"staff"} if "users" in open_ else open_


def _drawn(found: list[Found], words: str) -> Iterator[Group]:
    for each in found:
        label, icon, hit, _ledger, more = _KINDS[each.group]
        hits = tuple(hit(row) for row in each.rows)
        url = url_for(more, q=words) if each.more and more else ""
        yield Group(each.group, str(label), icon, hits, url)


# --- where one can go ---------------------------------------------------------------------------


def _jumps(words: str) -> list[Group]:
    """Screens and ledgers of this person whose name holds the words."""
    low = words.lower()
    hits = [hit for hit in _screens() if low and low in hit.text.lower()][:JUMPS]
    return [Group("jumps", _("Go to"), "arrow-right", tuple(hits))] if hits else []


def _screens() -> Iterator[Hit]:
    frame = Frame()
    seen = set()
    for link in frame.nav:
        seen.add(link.url)
        yield Hit(link.url, link.label)
    for group in current_app.extensions["appbuilder"].menu.get_data():
        for item in group.get("childs") or ():
            if item["url"] not in seen:
                yield Hit(item["url"], str(item["label"]), str(group["label"]))
    yield Hit(frame.account_url, _("My account"))
