"""What happened to a case, as rows for a page: for staff all of it, for the resident their part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import EventKind
from app.services import places
from app.services.actors import Viewer
from app.services.scope import visible

MOST = 500
"""Events of one case on one page; a case with more shows its newest and each change of state."""

_CHANGES = (EventKind.OPENED, EventKind.MOVED, EventKind.CORRECTED)

_KEPT = (*_CHANGES, EventKind.MIGRATED)
"""What staff still find among thousands of steps."""

_COLUMNS = (
    m.Event.id,
    m.Event.seq,
    m.Event.at,
    m.Event.kind,
    m.Event.event,
    m.Event.label,
    m.Event.source,
    m.Event.target,
    m.Event.target_label,
    m.Event.actor_kind,
    m.Event.actor_id,
    m.Event.actor_name,
    m.Event.data,
)


def open_to_residents() -> sa.ColumnElement[bool]:
    """Steps that the resident sees: each change of state, and all that they did themselves. Notes
    and reminders among staff, and deadlines, are not for them."""
    return sa.or_(
        m.Event.kind.in_(_CHANGES),
        m.Event.actor_kind == "resident",
    )


def of_case(
    session: Session, case_id: int, *, resident: bool = False
) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The events of a case, newest first; whether it may be seen is the caller's to have asked."""
    last = sa.select(sa.func.max(m.Event.seq)).where(m.Event.case_id == case_id).scalar_subquery()
    query = sa.select(*_COLUMNS).where(
        m.Event.case_id == case_id,
        sa.or_(m.Event.seq > last - MOST, m.Event.kind.in_(_KEPT)),
    )
    if resident:
        query = query.where(open_to_residents())
    rows: Sequence[sa.Row[*tuple[Any, ...]]] = session.execute(
        query.order_by(m.Event.seq.desc()).limit(2 * MOST)
    ).all()
    return rows


def relatives(
    session: Session, case_id: int, parent_id: int | None, viewer: Viewer
) -> tuple[Any | None, list[Any]]:
    """Parent and children, as far as ``viewer`` may see them; one statement."""
    case = m.Case
    query = (
        sa.select(
            case.id,
            case.number,
            case.title,
            case.child_key,
            case.state_label,
            case.state_kind,
            case.due_at,
            case.closed_at,
            case.parent_id,
            m.Party.name.label("party"),
            places.address(case.place_id).label("place"),
        )
        .outerjoin(m.Party, m.Party.id == case.party_id)
        .where(sa.or_(case.parent_id == case_id, case.id == parent_id), visible(viewer, case))
        .order_by(case.id)
        .limit(MOST)
    )
    rows = session.execute(query).all()
    parent = next((row for row in rows if row.id == parent_id), None)
    return parent, [row for row in rows if row.parent_id == case_id]


def told(session: Session, case_id: int) -> list[m.Notice]:
    """Who has been told what about a case, newest first; for those who see the case."""
    query = (
        sa.select(m.Notice)
        .where(m.Notice.case_id == case_id)
        .options(sa.orm.joinedload(m.Notice.user), sa.orm.joinedload(m.Notice.gateway))
        .order_by(m.Notice.id.desc())
        .limit(100)
    )
    return list(session.scalars(query))
