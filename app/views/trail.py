"""The access trail of what pages show: looking somebody up by their telephone number."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import sqlalchemy as sa
from flask import request
from flask_login import current_user

from app.extensions import db
from app.models import AccessEvent, AccessKind
from app.security import sessions
from app.services import privacy
from app.transaction import unit_of_work
from app.views import access

AGAIN = timedelta(minutes=10)
"""Pages of one search, and letters typed after one another, are one look."""


def looked_up(text: str, *, found: bool) -> None:
    """Put on record that ``text`` looked somebody up by their number and that this ``found``
    anybody: with the last digits, as a showing is."""
    tail = privacy.looked_up(access.viewer(), unicodedata.normalize("NFKC", text))
    if not tail or not found:
        return
    user, now = current_user._get_current_object(), access.now()  # noqa: SLF001  no proxy is stored
    with unit_of_work(db.session()) as session:
        known = sa.select(AccessEvent.id).where(
            AccessEvent.kind == AccessKind.SEARCH,
            AccessEvent.at > now - AGAIN,
            AccessEvent.user_id == user.id,
            AccessEvent.detail["phone"].astext == tail,
        )
        if session.scalar(known.limit(1)) is None:
            sessions.record(
                session,
                AccessKind.SEARCH,
                now=now,
                user=user,
                address=request.remote_addr or "",
                detail={"phone": tail, "page": request.path},
            )
