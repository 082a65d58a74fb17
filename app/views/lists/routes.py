"""Saving, naming, sharing and deleting views, and what somebody chooses for a list."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from flask import Blueprint, abort, flash, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError
from app.extensions import db
from app.models import SavedView
from app.services import saved
from app.transaction import unit_of_work
from app.views import access
from app.views.errors import said
from app.views.fields import clean
from app.views.lists import registry
from app.views.lists.frame import NONE, worth
from app.views.lists.listing import Listing
from app.views.lists.query import SIZES

pages = Blueprint("lists", __name__, url_prefix="/lists/<key>")
ID = "<int(max=9223372036854775807):view_id>"


def _listing(key: str) -> Listing:
    found = registry.find(key)
    if found is None:
        abort(404)
    if not found.allowed():
        abort(403)
    return found


def _sent() -> dict[str, str]:
    """The arguments of the list's address, as the page that was pressed on had them."""
    return dict(parse_qsl(request.form.get("query", "")[:4000]))


def _back(listing: Listing, **changes: str) -> Response:
    """To the list, as it was but for these arguments."""
    values = {**_sent(), "page": "", **changes}
    return redirect(listing.address({name: text for name, text in values.items() if text}))


@pages.post("/save")
def save(key: str) -> Response:
    """Keep the present filters, order, columns and size under a name."""
    listing = _listing(key)
    query = {**worth(listing, _chosen(key)), **worth(listing, _sent())}

    def work() -> SavedView:
        name = clean(request.form.get("name"))
        view = saved.save(db.session(), access.viewer(), key, name, query)
        _flags(key, view)
        return view

    view = _attempt(work)
    if view is None:
        return _back(listing)
    flash(_("The view “%(name)s” is saved.", name=view.name), "success")
    return redirect(listing.address({"view": str(view.id)}))


def _chosen(key: str) -> dict[str, str]:
    """Size and columns, which don't stand in the address when they are one's usual ones."""
    left = saved.known(db.session(), access.viewer(), key).left
    return {name: left[name] for name in ("size", "columns") if name in left}


@pages.post(f"/{ID}/change")
def change(key: str, view_id: int) -> Response:
    """Its name, whether it is shared, whether the list opens with it."""
    listing = _listing(key)

    def work() -> SavedView:
        name = clean(request.form.get("name"))
        view = saved.rename(db.session(), access.viewer(), view_id, name)
        _flags(key, view)
        return view

    if _attempt(work) is not None:
        flash(_("Saved."), "success")
    return redirect(listing.address({"view": str(view_id)}))


def _flags(key: str, view: SavedView) -> None:
    """The boxes of the form; one that wasn't drawn for this person changes nothing."""
    session, viewer = db.session(), access.viewer()
    if saved.may_share(viewer):
        saved.share(session, viewer, view.id, shared=request.form.get("shared") == "1")
    _open_with(key, view.id, usual=request.form.get("usual") == "1")


def _open_with(key: str, view_id: int, *, usual: bool) -> None:
    session, viewer = db.session(), access.viewer()
    present = saved.known(session, viewer, key).left.get("view", "")
    if usual:
        saved.open_with(session, viewer, key, str(view_id))
    elif present == str(view_id):
        saved.open_with(session, viewer, key, "")


@pages.post(f"/{ID}/usual")
def usual(key: str, view_id: int) -> Response:
    """Whether the list opens with this view, be it one's own or a shared one."""
    listing = _listing(key)
    with unit_of_work(db.session()):
        _open_with(key, view_id, usual=request.form.get("usual") == "1")
    flash(_("Saved."), "success")
    return redirect(listing.address({"view": str(view_id)}))


@pages.post(f"/{ID}/delete")
def delete(key: str, view_id: int) -> Response:
    listing = _listing(key)
    with unit_of_work(db.session()):
        name = saved.remove(db.session(), access.viewer(), view_id).name
    flash(_("The view “%(name)s” is deleted.", name=name), "success")
    usual = saved.known(db.session(), access.viewer(), key).usual
    return redirect(listing.address({"view": NONE} if usual else {}))


@pages.post("/choose")
def choose(key: str) -> Response:
    """Page size, or columns and their order; remembered for this person and list."""
    listing = _listing(key)
    chosen: dict[str, str] = {}
    size = request.form.get("size", "")
    if size in {str(known) for known in SIZES}:
        chosen["size"] = size
    if "column" in request.form or "usual" in request.form:
        chosen["columns"] = ",".join(_columns(listing))
    with unit_of_work(db.session()):
        saved.leave(db.session(), access.viewer(), key, **chosen)
    # what was chosen holds from now on: the address shall not say otherwise
    return _back(listing, **dict.fromkeys(chosen, ""))


def _columns(listing: Listing) -> list[str]:
    """As ticked, moved by the pressed arrow; none: the usual ones."""
    if "usual" in request.form:
        return []
    known = listing.choosable()
    names = [name for name in request.form.getlist("column") if name in known]
    for press, step in (("earlier", -1), ("later", 1)):
        name = request.form.get(press, "")
        if name in names:
            at = names.index(name)
            to = min(max(at + step, 0), len(names) - 1)
            names.insert(to, names.pop(at))
    return list(dict.fromkeys(names))


def _attempt(work: Callable[[], SavedView]) -> SavedView | None:
    """Do it in one transaction; what is wrong is told on the page that comes next."""
    try:
        with unit_of_work(db.session()):
            view = work()
            db.session.flush()
    except InvalidError as error:
        for problem in error.problems:
            flash(said(problem), "danger")
        return None
    return view
