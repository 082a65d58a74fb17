"""A meeting as it stands: who is there, what each party said, what may be decided.

Read with one statement per kind of row, however many parties and items there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session, aliased

from app import models as m
from app.errors import MissingError, Problem
from app.models import Stance
from app.services import quorum
from app.services.actors import Viewer, name_of
from app.services.attendance import Bench, Seat, Standing, standing
from app.services.providers import CaseRow
from app.services.quorum import Quorum, Rules, Verdict
from app.services.scope import visible


@dataclass(frozen=True, slots=True)
class Spoken:
    """A version of a party's position; the ``latest`` counts, the others are how it got there."""

    id: int
    item_id: int
    party_id: int
    stance: Stance
    reason: str
    spoken_by: str
    recorded_by_id: int
    recorded_by: str
    at: datetime
    latest: bool


@dataclass(frozen=True, slots=True)
class Linked:
    """A case that somebody may be shown by number; ``url``-worthy only when ``visible``."""

    id: int
    number: str
    title: str
    state_label: dict[str, str]
    closed: bool
    visible: bool


@dataclass(frozen=True, slots=True)
class Decided:
    id: int
    text: str
    basis: dict[str, Any]
    owner_party_id: int | None
    owner_party: str
    owner_id: int | None
    owner: str
    due_on: date | None
    decided_at: datetime
    decided_by_id: int
    decided_by: str
    followup: Linked | None


@dataclass(frozen=True, slots=True)
class Item:
    """An agenda item. ``verdict`` says whether it may be decided now, and what is open if not."""

    id: int
    position: int
    title: str
    text: str
    case: Linked | None
    earlier_id: int | None
    adjourned_at: datetime | None
    adjourned_why: str
    spoken: tuple[Spoken, ...]
    decision: Decided | None
    verdict: Verdict

    @property
    def newest(self) -> dict[int, Spoken]:
        return {spoken.party_id: spoken for spoken in self.spoken if spoken.latest}

    @property
    def status(self) -> str:
        if self.decision is not None:
            return "decided"
        return "open" if self.adjourned_at is None else "adjourned"


@dataclass(frozen=True, slots=True)
class Room:
    case: CaseRow
    scheduled_at: datetime
    room: str
    basis: str
    rules: Rules
    benches: tuple[Bench, ...]
    quorum: Quorum
    items: tuple[Item, ...]

    @property
    def names(self) -> dict[int, str]:
        return {bench.id: bench.name for bench in self.benches}

    def seat(self, seat_id: int) -> Seat | None:
        seats = (seat for bench in self.benches for seat in bench.seats)
        return next((seat for seat in seats if seat.id == seat_id), None)

    def item(self, item_id: int) -> Item | None:
        return next((item for item in self.items if item.id == item_id), None)


def load(session: Session, case: CaseRow, viewer: Viewer) -> Room:
    """The whole meeting. ``viewer`` decides which linked cases may be opened from it; whether the
    meeting itself is visible is the caller's question, asked when ``case`` was loaded."""
    found = standing(session, case.id)
    if found is None:
        raise MissingError(
            Problem({"zh": "这个事项不是会议。", "en": "This case is not a meeting."})
        )
    return Room(
        case=case,
        scheduled_at=found.meeting.scheduled_at,
        room=found.meeting.room,
        basis=found.meeting.basis,
        rules=found.rules,
        benches=found.benches,
        quorum=found.quorum,
        items=_items(session, case.id, viewer, found),
    )


def _items(session: Session, meeting_id: int, viewer: Viewer, found: Standing) -> tuple[Item, ...]:
    item = m.AgendaItem
    rows = session.execute(
        sa.select(*item.__table__.c).where(item.meeting_id == meeting_id).order_by(item.position)
    ).all()
    ids = [row.id for row in rows]
    spoken = _spoken(session, ids)
    decided = _decided(session, meeting_id, viewer, ids)
    linked = _linked(session, [row.case_id for row in rows if row.case_id], viewer)
    names = {bench.id: bench.name for bench in found.benches}
    items = []
    for row in rows:
        said = tuple(one for one in spoken if one.item_id == row.id)
        stated = {one.party_id: one.stance for one in said if one.latest}
        items.append(
            Item(
                id=row.id,
                position=row.position,
                title=row.title,
                text=row.text,
                case=linked.get(row.case_id),
                earlier_id=row.earlier_id,
                adjourned_at=row.adjourned_at,
                adjourned_why=row.adjourned_why,
                spoken=said,
                decision=decided.get(row.id),
                verdict=quorum.judge(found.rules, names, found.quorum, stated),
            )
        )
    return tuple(items)


def _spoken(session: Session, ids: Sequence[int]) -> list[Spoken]:
    if not ids:
        return []
    said = m.Position
    rows = session.execute(
        sa.select(*said.__table__.c, User.first_name, User.last_name)
        .join(User, User.id == said.recorded_by_id)
        .where(said.item_id.in_(ids))
        .order_by(said.id)
    )
    return [
        Spoken(
            id=row.id,
            item_id=row.item_id,
            party_id=row.party_id,
            stance=row.stance,
            reason=row.reason,
            spoken_by=row.spoken_by,
            recorded_by_id=row.recorded_by_id,
            recorded_by=name_of(row.first_name, row.last_name),
            at=row.at,
            latest=row.latest,
        )
        for row in rows
    ]


def _decided(
    session: Session, meeting_id: int, viewer: Viewer, ids: Sequence[int]
) -> dict[int, Decided]:
    if not ids:
        return {}
    decision, owner, by, case = m.Decision, aliased(User), aliased(User), m.Case
    rows = session.execute(
        sa.select(
            *decision.__table__.c,
            m.Party.name.label("owner_party"),
            owner.first_name.label("owner_given"),
            owner.last_name.label("owner_family"),
            by.first_name.label("by_given"),
            by.last_name.label("by_family"),
            *_link_columns(viewer),
        )
        .join(by, by.id == decision.decided_by_id)
        .outerjoin(owner, owner.id == decision.owner_id)
        .outerjoin(m.Party, m.Party.id == decision.owner_party_id)
        .outerjoin(
            case,
            sa.and_(
                case.parent_id == meeting_id,
                case.child_ref == sa.func.concat("decision:", decision.id),
                case.state_kind != "cancelled",
            ),
        )
        .where(decision.item_id.in_(ids))
    )
    return {
        row.item_id: Decided(
            id=row.id,
            text=row.text,
            basis=row.basis,
            owner_party_id=row.owner_party_id,
            owner_party=row.owner_party or "",
            owner_id=row.owner_id,
            owner=name_of(row.owner_given, row.owner_family),
            due_on=row.due_on,
            decided_at=row.decided_at,
            decided_by_id=row.decided_by_id,
            decided_by=name_of(row.by_given, row.by_family),
            followup=_link(row),
        )
        for row in rows
    }


def _linked(session: Session, ids: Sequence[int], viewer: Viewer) -> dict[int | None, Linked]:
    if not ids:
        return {}
    rows = session.execute(sa.select(*_link_columns(viewer)).where(m.Case.id.in_(ids)))
    return {link.id: link for link in map(_link, rows) if link is not None}


def _link_columns(viewer: Viewer) -> tuple[sa.ColumnElement[Any], ...]:
    case = m.Case
    return (
        case.id.label("linked_id"),
        case.number.label("linked_number"),
        case.title.label("linked_title"),
        case.state_label.label("linked_state"),
        case.closed_at.label("linked_closed"),
        visible(viewer, case).label("linked_visible"),
    )


def _link(row: Any) -> Linked | None:
    if row.linked_id is None:
        return None
    return Linked(
        id=row.linked_id,
        number=row.linked_number,
        title=row.linked_title,
        state_label=row.linked_state,
        closed=row.linked_closed is not None,
        visible=bool(row.linked_visible),
    )
