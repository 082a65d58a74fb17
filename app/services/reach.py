"""Whose a workflow is: who may edit it, and in which places it holds."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import ForbiddenError, Problem
from app.models import Place, Staff
from app.services.actors import Viewer


def covers(session: Session, viewer: Viewer, place: Place | None) -> bool:
    """Whether ``place`` (None: the whole system) lies within what the viewer is bound to.

    Who never was bound to a place works for the whole system; whose bindings have all ended, for
    nothing any more.
    """
    if viewer.everywhere:
        return True
    if not viewer.places:
        return viewer.user_id is not None and bool(viewer.roles) and _unbound(session, viewer)
    if place is not None:
        return place.path.startswith(viewer.places)
    roots = session.scalars(sa.select(Place.path).where(Place.parent_id.is_(None)))
    return all(path in viewer.places for path in roots)


def _unbound(session: Session, viewer: Viewer) -> bool:
    bound = sa.select(sa.exists().where(Staff.user_id == viewer.user_id))
    return not session.scalar(bound)


def require(session: Session, viewer: Viewer, place: Place | None) -> None:
    """Raises ForbiddenError where ``covers`` says no."""
    if covers(session, viewer, place):
        return
    name = (
        {"zh": "整个系统", "en": "the whole system"}
        if place is None
        else {"zh": f"“{place.name}”", "en": f"“{place.name}”"}
    )
    words = {
        "zh": f"这个流程属于{name['zh']}，不在您的管辖范围内，只能由那里的流程管理员修改。",
        "en": f"This workflow belongs to {name['en']}, which is not yours to look after: a "
        "workflow administrator there may change it.",
    }
    raise ForbiddenError(Problem(words))


def home(session: Session, viewer: Viewer) -> Place | None:
    """The place that owns what the viewer makes: the highest that they are bound to, or None, the
    whole system, for those who look after all of it."""
    if covers(session, viewer, None) or not viewer.places:
        return None
    highest = min(viewer.places, key=lambda path: (len(path), path))
    return session.scalar(sa.select(Place).where(Place.path == highest))
