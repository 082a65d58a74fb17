"""Once a day, all in one: the notices that a person wants together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import models as m
from app.services import edge

_notice, _account = m.Notice.__table__, m.Account.__table__
MOST = 200
"""Notices in one digest; more than that is told in the next one."""


def gather(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Put what waits for the digests of the people behind ``ids`` into one notice each; returns
    how many digests were written. Flushes.

    Everything of a person that is due goes in, named or not, under the lock of their account: of
    two workers with parts of it the second finds nothing left.
    """
    people = session.execute(
        sa.select(_notice.c.user_id, _notice.c.channel)
        .where(_notice.c.id.in_(ids), *_due(now))
        .distinct()
        .order_by(_notice.c.user_id, _notice.c.channel)
    ).all()
    return sum(_gather(session, user_id, channel, now) for user_id, channel in people)


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    waits = sa.text("notice.digest AND notice.status = 'waiting'")
    return (waits, _notice.c.next_at <= now)  # type: ignore[return-value]


def _gather(session: Session, user_id: int, channel: str, now: datetime) -> bool:
    locked = sa.select(_account.c.user_id).where(_account.c.user_id == user_id)
    session.execute(locked.with_for_update())
    rows = session.execute(
        sa.select(_notice.c.id, _notice.c.case_id, _notice.c.path, _notice.c.subject)
        .where(_notice.c.user_id == user_id, _notice.c.channel == channel, *_due(now))
        .order_by(_notice.c.id)
        .limit(MOST)
        .with_for_update()
    ).all()
    if not rows:
        return False
    digest_id = session.execute(
        insert(_notice)
        .values(
            user_id=user_id,
            channel=channel,
            key="digest",
            path="/notices/",
            subject=_subject(len(rows)),
            body={language: _body(rows, language) for language in ("zh", "en")},
            dedupe=f"digest:{rows[0].id}:{channel}",
            created_at=now,
            next_at=now,
        )
        .returning(_notice.c.id)
    ).scalar_one()
    session.execute(
        sa.update(_notice)
        .where(_notice.c.id.in_([row.id for row in rows]))
        .values(status="included", digest_id=digest_id, next_at=None, error="")
    )
    return True


def _subject(count: int) -> dict[str, str]:
    many = "notices" if count > 1 else "notice"
    return {"zh": f"今日消息汇总（{count} 条）", "en": f"Your daily digest: {count} {many}"}


def _body(rows: Sequence[Any], language: str) -> str:
    lines = []
    for number, row in enumerate(rows, 1):
        subject = row.subject.get(language) or row.subject.get("zh", "")
        path = row.path or (f"/cases/{row.case_id}" if row.case_id else "")
        lines.append(f"{number}. {subject}" + (f"\n   {edge.address(path)}" if path else ""))
    return "\n".join(lines)
