"""The meetings of today, or the next ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import edge, places
from app.services.actors import Viewer
from app.services.figures import Span
from app.services.scope import visible

AHEAD = timedelta(days=14)
"""How far ahead the next meeting is looked for when there is none today."""
MOST = 6
IN_SESSION = "in_session"

_case, _meeting = m.Case, m.Meeting


@dataclass(frozen=True, slots=True)
class Gathering:
    """A meeting in a list. ``mine``: this person is invited by name."""

    id: int
    title: str
    at: datetime
    room: str
    place: str
    state_label: dict[str, Any]
    state_kind: str
    going: bool
    mine: bool


def meetings(session: Session, viewer: Viewer, now: datetime) -> tuple[list[Gathering], bool]:
    """Those of today; without one the next within two weeks, and False. One statement."""
    today = Span.last_days(1, edge.today(now))
    invited = (
        sa.select(m.Attendance.id)
        .where(
            m.Attendance.meeting_id == _meeting.case_id,
            m.Attendance.user_id == viewer.user_id,
        )
        .exists()
    )
    going = sa.and_(_case.state == IN_SESSION, _meeting.scheduled_at < today.until)
    rows = session.execute(
        sa.select(
            _case.id,
            _case.title,
            _meeting.scheduled_at.label("at"),
            _meeting.room,
            places.address(_case.place_id).label("place"),
            _case.state_label,
            _case.state_kind,
            going.label("going"),
            invited.label("mine"),
        )
        .join(_case, _case.id == _meeting.case_id)
        .where(
            visible(viewer, _case),
            _case.state_kind != "cancelled",
            sa.or_(
                sa.and_(_meeting.scheduled_at >= today.since, _meeting.scheduled_at < now + AHEAD),
                sa.and_(going, _meeting.scheduled_at >= today.since - AHEAD),
            ),
        )
        .order_by(going.desc(), _meeting.scheduled_at, _case.id)
        .limit(MOST * 2)
    ).all()
    found = [Gathering(*row) for row in rows]
    now_on = [each for each in found if each.at < today.until]
    if now_on:
        return now_on[:MOST], True
    return found[:1], False
