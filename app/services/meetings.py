"""What is recorded in the room: who comes and goes, and what is on the agenda.

Each use case asks the workflow first, so that history holds every step; then it writes the leg's
own rows. All of them are safe to repeat: the same thing recorded twice is one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.services import cases, floor, rows
from app.services.actors import Viewer
from app.services.attendance import Seat
from app.services.invitations import MOST_TOPICS, Topic
from app.services.room import Room

# --- coming and going ---------------------------------------------------------------------------


def check_in(
    session: Session, meeting_id: int, seat_id: int, *, actor: Viewer, now: datetime
) -> bool:
    """Somebody is here; False when they were already."""
    found = floor.enter(session, meeting_id, actor)
    seat = floor.seat_of(found, seat_id)
    if seat.present:
        return False
    cases.fire(
        session, meeting_id, floor.CHECK_IN, actor=actor, now=now, record=_about(found, seat)
    )
    past = [[came.isoformat(), left.isoformat()] for came, left in seat.stays if left is not None]
    session.execute(
        sa.update(m.Attendance)
        .where(m.Attendance.id == seat_id)
        .values(checked_in_at=now, left_at=None, earlier=past)
    )
    return True


def check_out(
    session: Session, meeting_id: int, seat_id: int, *, actor: Viewer, now: datetime
) -> bool:
    """Somebody leaves; False when they weren't here."""
    found = floor.enter(session, meeting_id, actor)
    seat = floor.seat_of(found, seat_id)
    if not seat.present:
        return False
    cases.fire(
        session, meeting_id, floor.CHECK_OUT, actor=actor, now=now, record=_about(found, seat)
    )
    session.execute(sa.update(m.Attendance).where(m.Attendance.id == seat_id).values(left_at=now))
    return True


def arrive(
    session: Session, meeting_id: int, party_id: int, name: str, *, actor: Viewer, now: datetime
) -> bool:
    """Somebody comes for a party without having been invited, and is checked in.

    They speak for the party, but the quorum by head doesn't count them. False when a person of
    that name was there for it already.
    """
    found = floor.enter(session, meeting_id, actor)
    bench = floor.bench_of(found, party_id)
    name = floor.read(name, "name", most=200)
    same = next((seat for seat in bench.seats if seat.name == name), None)
    if same is not None:
        return check_in(session, meeting_id, same.id, actor=actor, now=now)
    about = floor.told(
        f"{bench.name}：{name}（未受邀，代为参会）",
        f"{bench.name}: {name} (came without being invited)",
        party_id=party_id,
        name=name,
        substitute=True,
    )
    cases.fire(session, meeting_id, floor.CHECK_IN, actor=actor, now=now, record=about)
    session.execute(
        sa.insert(m.Attendance).values(
            meeting_id=meeting_id,
            party_id=party_id,
            name=name,
            checked_in_at=now,
            substitute=True,
        )
    )
    return True


def _about(found: Room, seat: Seat) -> dict[str, Any]:
    party = found.names[seat.party_id]
    return floor.told(
        f"{party}：{seat.name}",
        f"{party}: {seat.name}",
        seat=seat.id,
        party_id=seat.party_id,
        name=seat.name,
    )


# --- the agenda ---------------------------------------------------------------------------------


def add_item(
    session: Session, meeting_id: int, topic: Topic, *, actor: Viewer, now: datetime
) -> int:
    """Put an item at the end of the agenda; the id of the one that is there if it is the same."""
    found = floor.enter(session, meeting_id, actor)
    title = floor.read(topic.title, "title", most=200, called="topic")
    text = floor.read(topic.text, "text", least=0)
    for item in found.items:
        about = item.case.id if item.case else None
        if (item.title, item.text, about) == (title, text, topic.case_id):
            return item.id
    if len(found.items) >= MOST_TOPICS:
        limit = {"zh": f"最多 {MOST_TOPICS} 个议题。", "en": f"At most {MOST_TOPICS} items."}
        raise InvalidError(Problem(limit, "title"))
    if topic.case_id is not None:
        rows.load(session, topic.case_id, actor)
    position = max((item.position for item in found.items), default=0) + 1
    about_item = floor.told(title, title, position=position, case_id=topic.case_id)
    cases.fire(session, meeting_id, floor.ADD_ITEM, actor=actor, now=now, record=about_item)
    values = {
        "meeting_id": meeting_id,
        "position": position,
        "title": title,
        "text": text,
        "case_id": topic.case_id,
        "earlier_id": topic.earlier_id,
    }
    insert = sa.insert(m.AgendaItem).values(values).returning(m.AgendaItem.id)
    return int(session.execute(insert).scalar_one())


def adjourn_item(
    session: Session, meeting_id: int, item_id: int, why: str, *, actor: Viewer, now: datetime
) -> bool:
    """Put an item off to the next meeting, with the reason; False when it was already."""
    found = floor.enter(session, meeting_id, actor)
    item = floor.item_of(found, item_id)
    why = floor.read(why, "why", most=2000)
    if item.status == "adjourned" and item.adjourned_why == why:
        return False
    floor.still_open(item)
    record = floor.told(f"{item.title}：{why}", f"{item.title}: {why}", item=item.id, why=why)
    cases.fire(session, meeting_id, floor.ADJOURN_ITEM, actor=actor, now=now, record=record)
    session.execute(
        sa.update(m.AgendaItem)
        .where(m.AgendaItem.id == item_id)
        .values(adjourned_at=now, adjourned_why=why)
    )
    return True
