"""How things stand now: what is open, what of it is urgent, and what is overdue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services.actors import Viewer
from app.services.figures import keys
from app.services.figures import within as choice
from app.services.figures.keys import By
from app.services.figures.within import Within

_case = m.Case


@dataclass(frozen=True, slots=True)
class Load:
    """Cases that have not ended; ``overdue`` and ``urgent`` are among ``open``."""

    open: int = 0
    overdue: int = 0
    urgent: int = 0
    urgent_overdue: int = 0


def standing(session: Session, viewer: Viewer, within: Within, now: datetime) -> Load:
    """One statement. The lists of cases show the same with their filters."""
    return _loads(session, viewer, within, now, key=None).get("", Load())


def spread(
    session: Session, viewer: Viewer, within: Within, now: datetime, *, by: By
) -> dict[str, Load]:
    """The same by place, category or party, under the ids of ``rates.grouped``."""
    key = keys.of(session, viewer, within, by)
    if by is By.PARTY:
        within = Within(within.place_id, within.category, within.parties, duties=True)
    return _loads(session, viewer, within, now, key=key)


def _loads(
    session: Session, viewer: Viewer, within: Within, now: datetime, *, key: keys.Key | None
) -> dict[str, Load]:
    late = _case.due_at < now
    urgent = _case.data["urgency"].astext == "urgent"
    count = sa.func.count
    value = sa.literal_column("''", sa.Text) if key is None else sa.cast(key.promises, sa.Text)
    query = sa.select(
        value.label("key"),
        count().label("open"),
        count().filter(late).label("overdue"),
        count().filter(urgent).label("urgent"),
        count().filter(urgent, late).label("urgent_overdue"),
    ).select_from(_case)
    if key is not None and key.spots is not None:
        query = query.outerjoin(key.spots, key.spots.c.id == _case.place_id)
    query = query.where(_case.closed_at.is_(None), *choice.cases(viewer, within))
    rows = session.execute(query.group_by(sa.text("1")))
    return {
        row.key or "": Load(row.open, row.overdue, row.urgent, row.urgent_overdue) for row in rows
    }
