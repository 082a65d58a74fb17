"""Who is there at a meeting, and whether that is enough: the facts of quorum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import PartyKind
from app.services import quorum
from app.services.providers import Step, fact
from app.services.quorum import Quorum, Rules
from app.workflows.engine import Fact


@dataclass(frozen=True, slots=True)
class Seat:
    """One head of a party. ``stays`` are the times in the room, the last one open while there."""

    id: int
    party_id: int
    user_id: int | None
    name: str
    substitute: bool
    stays: tuple[tuple[datetime, datetime | None], ...]

    @property
    def present(self) -> bool:
        return bool(self.stays) and self.stays[-1][1] is None


@dataclass(frozen=True, slots=True)
class Bench:
    """A party of the meeting with its heads."""

    id: int
    name: str
    kind: PartyKind
    seats: tuple[Seat, ...]

    @property
    def there(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.present)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is there, without the agenda: enough for the facts of quorum."""

    meeting: sa.Row[Any]
    rules: Rules
    benches: tuple[Bench, ...]
    quorum: Quorum


def standing(session: Session, meeting_id: int) -> Standing | None:
    """None for a case that no meeting hangs on (yet)."""
    meeting = session.execute(
        sa.select(*m.Meeting.__table__.c).where(m.Meeting.case_id == meeting_id)
    ).one_or_none()
    if meeting is None:
        return None
    rules = Rules(
        parties=meeting.quorum_parties,
        heads=Fraction(meeting.quorum_heads, meeting.quorum_heads_over),
        decision=meeting.decision_rule,
        voices=meeting.voices,
    )
    benches = _benches(session, meeting_id)
    names = {bench.id: bench.name for bench in benches}
    heads = [
        quorum.Head(seat.party_id, seat.name, seat.present, counted=not seat.substitute)
        for bench in benches
        for seat in bench.seats
    ]
    return Standing(meeting, rules, benches, quorum.quorum(rules, names, heads))


def _benches(session: Session, meeting_id: int) -> tuple[Bench, ...]:
    seat, party = m.Attendance, m.Party
    rows = session.execute(
        sa.select(
            m.Invitation.party_id,
            party.name.label("party_name"),
            party.kind,
            seat.id,
            seat.user_id,
            seat.name,
            seat.substitute,
            seat.checked_in_at,
            seat.left_at,
            seat.earlier,
        )
        .join(party, party.id == m.Invitation.party_id)
        .outerjoin(
            seat,
            sa.and_(
                seat.meeting_id == m.Invitation.meeting_id, seat.party_id == m.Invitation.party_id
            ),
        )
        .where(m.Invitation.meeting_id == meeting_id)
        .order_by(m.Invitation.position, m.Invitation.id, seat.id)
    ).all()
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.party_id, []).append(row)
    return tuple(
        Bench(
            party_id,
            group[0].party_name,
            group[0].kind,
            tuple(_seat(row) for row in group if row.id is not None),
        )
        for party_id, group in grouped.items()
    )


def _seat(row: Any) -> Seat:
    stays: list[tuple[datetime, datetime | None]] = [
        (datetime.fromisoformat(came), datetime.fromisoformat(left)) for came, left in row.earlier
    ]
    if row.checked_in_at is not None:
        stays.append((row.checked_in_at, row.left_at))
    return Seat(row.id, row.party_id, row.user_id, row.name, row.substitute, tuple(stays))


def _count(step: Step) -> Quorum | None:
    """Counted once per step, however many facts ask."""
    if "quorum" not in step.memo:
        found = standing(step.session, step.case.id)
        step.memo["quorum"] = None if found is None else found.quorum
    counted: Quorum | None = step.memo["quorum"]
    return counted


@fact("quorum.met")
def _met(step: Step) -> Fact:
    found = _count(step)
    return Fact(value=False) if found is None else Fact(found.met, found.detail)


@fact("quorum.parties")
def _met_by_party(step: Step) -> Fact:
    found = _count(step)
    return Fact(value=False) if found is None else Fact(found.parties.met, found.parties.detail)


@fact("quorum.heads")
def _met_by_head(step: Step) -> Fact:
    found = _count(step)
    return Fact(value=False) if found is None else Fact(found.heads.met, found.heads.detail)
