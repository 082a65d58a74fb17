"""Who is here, and what an anonymous visitor may open: nothing that isn't marked ``public``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app import clock
from app.extensions import db
from app.services import actors, edge
from app.services.actors import Viewer

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "is_public"
STATIC = frozenset({"static"})


def public(view: View) -> View:
    """Mark a view that everybody may open without signing in. Keep it next to the function."""
    setattr(view, PUBLIC, True)
    return view


def is_public(endpoint: str) -> bool:
    view = current_app.view_functions.get(endpoint)
    return endpoint in STATIC or bool(getattr(view, PUBLIC, False))


def guard() -> Response | None:
    """Runs before every request: refuse by default."""
    endpoint = request.endpoint
    if endpoint is None or is_public(endpoint) or current_user.is_authenticated:
        return None
    if request.method not in ("GET", "HEAD") or is_partial():
        abort(401)
    return redirect(url_for("AuthView.login", next=here()))


def is_partial() -> bool:
    """The answer goes into a page or a script, not into the address bar."""
    return "HX-Request" in request.headers or wants_json()


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and bool(request.accept_mimetypes)


def viewer() -> Viewer:
    """The signed-in person with places and parties, for ``visible()``; once per request."""
    found: Viewer | None = g.get("viewer")
    if found is None:
        if not current_user.is_authenticated:
            abort(401)
        today = edge.today(now())
        found = g.viewer = actors.viewer(db.session(), current_user, today=today)
    return found


def now() -> Any:
    """The instant of this request: asked once, so that one page never sees two times."""
    if "now" not in g:
        g.now = clock.now()
    return g.now


def may(permission: str, view: str) -> bool:
    """Whether the person's roles grant it; no query but for the first time per set of roles."""
    granted: bool = current_app.extensions["appbuilder"].sm.has_access(permission, view)
    return granted


def here() -> str:
    """Path and query of this request, to come back to."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def own_path(path: str | None) -> str | None:
    """``path`` when it stays on this site, else None: nobody is sent elsewhere by a link."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return None
    if any(ord(char) < 32 for char in path):
        return None
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc else None


def openable(path: str) -> str:
    """The page at ``path``, or the nearest one above it: what a form was sent to can't be opened
    by an address. ``/`` when there is none."""
    router = current_app.url_map.bind("")
    parts = path.partition("?")[0].rstrip("/").split("/")
    while len(parts) > 1:
        for ending in ("", "/"):
            above = "/".join(parts) + ending
            try:
                router.match(above, method="GET")
            except HTTPException:
                continue
            return path if path.partition("?")[0] == above else above
        parts.pop()
    return "/"
