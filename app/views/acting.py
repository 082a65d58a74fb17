"""The code of screens outside of a request: lists and words as somebody would see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flask import current_app, g, session
from flask_appbuilder.security.sqla.models import User
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.services.actors import Viewer
from app.services.kinds import Work

_PEOPLE = ("viewer", "now", "_login_user")


@contextmanager
def acting(work: Work, form: Sequence[Sequence[str]] = ()) -> Iterator[Viewer]:
    """While it lasts, whoever asks who is here, what the time is and which language is spoken is
    answered as for the owner of this job; and whoever reads the form that was sent, by ``form``."""
    kept = {name: g.pop(name) for name in _PEOPLE if name in g}
    sent = MultiDict([(name, value) for name, value in form])
    with current_app.test_request_context(method="POST" if form else "GET", data=sent):
        session["locale"] = work.language
        g.viewer, g.now = work.owner, work.now
        g._login_user = db.session.get(User, work.owner.user_id)  # noqa: SLF001  Flask-Login's
        try:
            yield work.owner
        finally:
            for name in _PEOPLE:
                g.pop(name, None)
    for name, value in kept.items():
        setattr(g, name, value)
