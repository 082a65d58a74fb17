"""The demo: the town, and everything that happened in it in the last weeks."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import models as m
from app.models import NoticeStatus
from app.services import edge
from app.services.demo import everyday, loops, meeting, renovation, storm, town
from app.services.demo.days import Days
from app.services.demo.stage import Stage
from app.services.demo.town import Login

FRESH = timedelta(hours=26)
"""Notices older than this have been read."""


def seed(session: Session, now: datetime, folder: Path) -> dict[str, Any]:
    """Fill an empty database; flushes. ``folder`` takes the photos. What it returns is to be
    shown: how much there is, and the link by which a resident may give stars.

    In a database that has places it does nothing and returns nothing.
    """
    if session.scalar(sa.select(sa.exists().select_from(m.Place))):
        return {}
    stage = Stage(session, town.build(session, now), folder, now)
    days = Days(now)
    renovation.play(stage, days)
    storm.play(stage, days)
    meeting.play(stage, days)
    named = loops.play(stage, days)
    everyday.play(stage, days)
    stage.play()
    session.execute(sa.update(m.Case).values(demo=True))
    _settle_notices(session, now)
    return _report(session, edge.address(f"/r/t/{named['rate'].token}"))


def _settle_notices(session: Session, now: datetime) -> None:
    """What was told in the past has been told: it isn't delivered now, and nothing is mailed."""
    notice = m.Notice
    session.execute(sa.delete(notice).where(notice.channel != "inapp"))
    session.execute(
        sa.update(notice).values(
            status=NoticeStatus.SENT,
            sent_at=notice.created_at,
            attempts=1,
            next_at=None,
            read_at=sa.case((notice.created_at < now - FRESH, notice.created_at), else_=None),
        )
    )


def _report(session: Session, link: str) -> dict[str, Any]:
    def count(model: type[Any]) -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0

    return {
        "places": count(m.Place),
        "units": count(m.Unit),
        "cases": count(m.Case),
        "events": count(m.Event),
        "tracking_link": link,
    }


def logins(session: Session) -> list[Login]:
    """Who can log in to the demo; nobody when this database doesn't hold it."""
    mails = sa.select(User.username).where(User.email.like(f"%@{town.DOMAIN}"))
    there = set(session.scalars(mails))
    return [login for login in town.logins() if login.login in there]
