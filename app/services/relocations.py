"""Places that come to lie elsewhere: what holds there is another calendar."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Case, Clock, ClockStatus, Job, Place
from app.services import adjustments, calendars, jobs, places, recounts
from app.services.actors import Viewer
from app.services.adjustments import Why
from app.services.jobs import Order


def settle(session: Session, place: Place, *, actor: Viewer, now: datetime) -> Job | None:
    """As ``places.settle``; where deadlines run at the place or below it and other local days hold
    there now, also start the job that counts them anew. Flushes; raises InvalidError as that does.
    """
    before = place.path
    places.settle(session, place)
    local = calendars.book(session).local.keys()
    if not before or before == place.path or not local & (_steps(before) ^ _steps(place.path)):
        return None
    up = session.get(Place, place.parent_id) if place.parent_id is not None else None
    words = {
        "zh": f"{place.name}改属{up.name if up else '最上级'}"[:200],
        "en": f"{place.name} now belongs to {up.name if up else 'the top'}"[:200],
    }
    adjustments.relocate(session, words, Why(actor, now, words["zh"]))
    if actor.user_id is None or not _running(session, place):
        return None
    label = {
        "zh": f"重新计算时限：{words['zh']}"[:200],
        "en": f"Count deadlines anew: {words['en']}"[:200],
    }
    order = Order(recounts.KIND, {"reason": words["zh"]}, label, place.id)
    return jobs.start(session, order, owner_id=actor.user_id, now=now)


def _running(session: Session, place: Place) -> bool:
    below = Place.path.startswith(place.path, autoescape=True)
    query = (
        sa.select(Clock.id)
        .join(Case, Case.id == Clock.case_id)
        .join(Place, Place.id == Case.place_id)
        .where(below, Clock.status != ClockStatus.STOPPED)
    )
    return session.scalar(query.limit(1)) is not None


def _steps(path: str) -> set[int]:
    return {int(step) for step in path.strip("/").split("/")}
