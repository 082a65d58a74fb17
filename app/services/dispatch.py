"""What was sent, what waits and what was given up, for those who look after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import models as m
from app.services.actors import Viewer
from app.services.scope import visible

PAGE = 50
LAST_PAGE = 40
TABS: dict[str, tuple[str, ...]] = {
    "dead": ("dead",),
    "waiting": ("waiting", "sending"),
    "sent": ("sent", "included"),
    "muted": ("muted",),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """``tab`` is a key of TABS; an empty ``channel`` means all of them."""

    tab: str = "dead"
    channel: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[m.Notice, ...]
    number: int
    more: bool


def listed(session: Session, viewer: Viewer, wanted: Wanted) -> Page:
    """One page, newest first; of what waits that whose turn is next."""
    number = min(max(wanted.page, 1), LAST_PAGE)
    notice = m.Notice
    # literals, so that the partial indexes are used
    states = ", ".join(f"'{status}'" for status in TABS[wanted.tab])
    query = sa.select(notice).where(
        visible(viewer, notice), sa.text(f"notice.status IN ({states})")
    )
    if wanted.channel:
        query = query.where(notice.channel == wanted.channel)
    elif wanted.tab == "sent":
        query = query.where(notice.channel != "inapp")
    order = (notice.next_at, notice.id) if wanted.tab == "waiting" else (notice.id.desc(),)
    loading = (joinedload(notice.user), joinedload(notice.case), joinedload(notice.gateway))
    rows = session.scalars(
        query.options(*loading).order_by(*order).offset((number - 1) * PAGE).limit(PAGE + 1)
    ).all()
    return Page(tuple(rows[:PAGE]), number, len(rows) > PAGE and number < LAST_PAGE)


def retry(
    session: Session, viewer: Viewer, now: datetime, *, ids: Sequence[int] | None = None
) -> int:
    """Wait for the next sweep as if it were new: what was given up, all of it or ``ids``. Returns
    how many; flushes."""
    dead = sa.update(m.Notice).where(visible(viewer, m.Notice), m.Notice.status == "dead")
    if ids is not None:
        dead = dead.where(m.Notice.id.in_(ids))
    changed = dead.values(status="waiting", attempts=0, next_at=now, error="")
    return len(session.execute(changed.returning(m.Notice.id)).all())


def hurry(session: Session, viewer: Viewer, now: datetime, notice_id: int) -> bool:
    """Try a waiting one now instead of at its time; flushes. False when it doesn't wait."""
    waiting = sa.update(m.Notice).where(
        visible(viewer, m.Notice), m.Notice.id == notice_id, m.Notice.status == "waiting"
    )
    found = session.execute(waiting.values(next_at=now, digest=False).returning(m.Notice.id))
    return found.one_or_none() is not None


def give_up(session: Session, viewer: Viewer, notice_id: int) -> bool:
    """Send a waiting one never; flushes. False when it doesn't wait."""
    waiting = sa.update(m.Notice).where(
        visible(viewer, m.Notice), m.Notice.id == notice_id, m.Notice.status == "waiting"
    )
    values = {"status": "dead", "next_at": None, "error": f"given up by {viewer.name}"}
    return (
        session.execute(waiting.values(**values).returning(m.Notice.id)).one_or_none() is not None
    )
