"""Changes to a meeting before it begins: another time or room, another party."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.services import cases, edge, floor
from app.services.actors import Viewer
from app.services.guests import candidates, named
from app.services.invitations import MOST_PARTIES


def reschedule(
    session: Session, meeting_id: int, at: datetime, room: str, *, actor: Viewer, now: datetime
) -> bool:
    """Another time or room; False when both are what they were."""
    found = floor.enter(session, meeting_id, actor)
    room = floor.read(room, "room", least=0, most=200)
    if (found.scheduled_at, found.room) == (at, room):
        return False
    slot = f"{edge.shown(at)} {room}".strip()
    record = floor.told(
        slot,
        slot,
        scheduled_at=at.isoformat(),
        room=room,
        before={"scheduled_at": found.scheduled_at.isoformat(), "room": found.room},
    )
    cases.fire(session, meeting_id, floor.RESCHEDULE, actor=actor, now=now, record=record)
    session.execute(
        sa.update(m.Meeting)
        .where(m.Meeting.case_id == meeting_id)
        .values(scheduled_at=at, room=room)
    )
    return True


def invite(
    session: Session, meeting_id: int, party_id: int, *, actor: Viewer, now: datetime
) -> bool:
    """One more party with those who speak for it now; False when it is invited already.

    A rule that asked for every invited party goes on to do so.
    """
    found = floor.enter(session, meeting_id, actor)
    if party_id in found.names:
        return False
    known = {p.id: p for p in candidates(session, actor, found.case.place_id, now=now)}
    party = known.get(party_id)
    if party is None or len(found.benches) >= MOST_PARTIES:
        text = {
            "zh": "请选择本地的参会方。",
            "en": "Choose a party of this place.",
        }
        raise InvalidError(Problem(text, "party"))
    record = floor.told(party.name, party.name, party_id=party.id)
    cases.fire(session, meeting_id, floor.INVITE, actor=actor, now=now, record=record)
    position = len(found.benches) + 1
    session.execute(
        sa.insert(m.Invitation).values(meeting_id=meeting_id, party_id=party_id, position=position)
    )
    if party.guests:
        rows = [
            {"meeting_id": meeting_id, "party_id": party_id, "name": name, "user_id": user_id}
            for name, user_id in named(party.guests).items()
        ]
        session.execute(sa.insert(m.Attendance), rows)
    if found.rules.parties == len(found.benches):
        session.execute(
            sa.update(m.Meeting)
            .where(m.Meeting.case_id == meeting_id)
            .values(quorum_parties=position)
        )
    return True
