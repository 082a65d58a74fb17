"""Notices on their way out: claimed for a while, handed to a channel, settled.

At least once, and one row per dedupe key. A claim counts the attempt and sets when it lapses, in a
transaction that is committed before anything is sent; the outcome is written right after each
message. So a worker that is killed leaves at most the one message open that it was handing over
at that moment; the claim lapses and somebody else tries again, under the same message id.

``now`` is the database's clock (``instant``), the one clock that all hosts share: a host whose own
is wrong neither takes over what others still work on nor holds anything back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import channels
from app import models as m
from app.channels import ChannelError, Message, Send, UnreachableError
from app.services import edge

FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 30
"""With the waits between them about a day: a mail server may be away over night."""

_notice = m.Notice.__table__
# The words of the partial index: with parameters in their place it would not be used.
_OPEN = sa.text("notice.status IN ('waiting', 'sending')")
_CLOCK = sa.select(sa.type_coerce(sa.func.clock_timestamp(), _notice.c.next_at.type))
_NEVER_REPORTED = "given up after {count} attempts; the last one never reported back"


@dataclass(frozen=True, slots=True)
class Claim:
    """A notice that this worker may send until its lease ends. ``attempt`` tells this claim from
    any later one of the same notice."""

    id: int
    attempt: int
    message: Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt; ``error`` None: it went out. ``permanent``: and never will."""

    error: str | None = None
    permanent: bool = False
    unreachable: bool = False
    """Nothing can be sent this way just now, so the rest of the batch need not be tried."""


def instant(session: Session) -> datetime:
    """The present time by the database's clock."""
    now: datetime = session.execute(_CLOCK).scalar_one()
    return now


def waiting(session: Session, now: datetime, limit: int) -> dict[str, list[int]]:
    """The notices that may be claimed now, by channel, those that wait longest first: new ones,
    those whose next attempt has come, and those whose worker has not come back. At most ``limit``
    of those for the bell, and as many others: a heap of one kind never hides the other."""
    inside = _notice.c.channel.in_([name for name in channels.NAMES if is_inside(name)])
    found: dict[str, list[int]] = {}
    for kind in (inside, ~inside):
        for notice_id, channel in session.execute(
            sa.select(_notice.c.id, _notice.c.channel)
            .where(_OPEN, _notice.c.next_at <= now, kind)
            .order_by(_notice.c.next_at, _notice.c.id)
            .limit(limit)
        ):
            found.setdefault(channel, []).append(notice_id)
    return found


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the next notice after ``now`` may be claimed; None: there is none."""
    later = sa.select(sa.func.min(_notice.c.next_at)).where(_OPEN, _notice.c.next_at > now)
    return session.scalar(later)


def show(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Mark notices sent whose row is itself the message; returns how many were not yet. Flushes.

    Nothing is called, so there is nothing to claim: once, whoever comes first.
    """
    statement = (
        sa.update(_notice)
        .where(_notice.c.id.in_(_claimable(ids, now)))
        .values(status="sent", sent_at=now, next_at=None, attempts=_notice.c.attempts + 1)
        .returning(_notice.c.id)
    )
    return len(session.connection().execute(statement).all())


def claim(session: Session, ids: Sequence[int], now: datetime, lease: timedelta) -> list[Claim]:
    """Take those of ``ids`` that nobody holds, until ``now`` + ``lease``; flushes.

    The caller commits before it sends. One that was claimed as often as may be and never reported
    back is dead instead: it may be the very one that kills its workers.
    """
    connection = session.connection()
    connection.execute(
        sa.update(_notice)
        .where(_notice.c.id.in_(_claimable(ids, now)), _notice.c.attempts >= MOST_ATTEMPTS)
        .values(status="dead", next_at=None, error=_NEVER_REPORTED.format(count=MOST_ATTEMPTS))
    )
    taken = (
        sa.update(_notice)
        .where(_notice.c.id.in_(_claimable(ids, now)))
        .values(status="sending", next_at=now + lease, attempts=_notice.c.attempts + 1)
        .returning(_notice)
        .cte("taken")
    )
    language = sa.func.coalesce(sa.func.nullif(m.Account.language, ""), edge.language())
    query = (
        sa.select(
            taken, language.label("language"), sa.func.coalesce(User.email, "").label("email")
        )
        .outerjoin(User, User.id == taken.c.user_id)
        .outerjoin(m.Account, m.Account.user_id == taken.c.user_id)
        .order_by(taken.c.id)
    )
    return [Claim(row.id, row.attempts, _message(row)) for row in connection.execute(query)]


def attempt(send: Send, claimed: Claim) -> Outcome:
    """Hand one message to its channel."""
    try:
        send(claimed.message)
    except ChannelError as error:
        unreachable = isinstance(error, UnreachableError)
        return Outcome(error.message, error.permanent, unreachable)
    return Outcome()


def settle(session: Session, claimed: Claim, outcome: Outcome, now: datetime) -> bool:
    """Write what became of an attempt; flushes. False when it was no news: the claim had lapsed
    and somebody else settles it, or has sent it."""
    mine = [_notice.c.id == claimed.id]
    if outcome.error is None:
        # true whoever holds it by now
        mine.append(_notice.c.status != "sent")
        values: dict[str, object] = {
            "status": "sent",
            "sent_at": now,
            "next_at": None,
            "error": "",
        }
    else:
        mine += [_notice.c.status == "sending", _notice.c.attempts == claimed.attempt]
        dead = outcome.permanent or claimed.attempt >= MOST_ATTEMPTS
        values = {
            "status": "dead" if dead else "waiting",
            "next_at": None if dead else now + pause(claimed.attempt),
            "error": outcome.error[:2000],
        }
    statement = sa.update(_notice).where(*mine).values(**values).returning(_notice.c.id)
    return session.connection().execute(statement).one_or_none() is not None


def release(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Give back what was not tried; it costs no attempt. Flushes."""
    held = (
        sa.func.unnest(
            sa.literal([claimed.id for claimed in claims], sa.ARRAY(sa.BigInteger)),
            sa.literal([claimed.attempt for claimed in claims], sa.ARRAY(sa.Integer)),
        )
        .table_valued("id", "attempt")
        .render_derived()
    )
    session.connection().execute(
        sa.update(_notice)
        .where(
            _notice.c.id == held.c.id,
            _notice.c.status == "sending",
            _notice.c.attempts == held.c.attempt,
        )
        .values(status="waiting", next_at=now, attempts=_notice.c.attempts - 1)
    )


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubled each time, up to an hour."""
    doubled: timedelta = FIRST_RETRY * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_RETRY)


def _claimable(ids: Sequence[int], now: datetime) -> sa.Select[tuple[int]]:
    """Those of ``ids`` whose time has come and that nobody is just now deciding about."""
    return (
        sa.select(_notice.c.id)
        .where(
            _notice.c.id == sa.any_(sa.literal(list(ids), sa.ARRAY(sa.BigInteger))),
            _OPEN,
            _notice.c.next_at <= now,
        )
        .order_by(_notice.c.id)
        .with_for_update(skip_locked=True)
    )


def _message(row: sa.Row[tuple[object, ...]]) -> Message:
    language = row.language if row.language in ("zh", "en") else "zh"
    link = edge.address(f"/cases/{row.case_id}") if row.case_id else ""
    body = str(row.body.get(language) or row.body.get("zh", ""))
    if link and link not in body:
        body = f"{body.rstrip()}\n\n{link}\n"
    return Message(
        key=row.dedupe,
        address=row.address or row.email,
        language=language,
        subject=str(row.subject.get(language) or row.subject.get("zh", "")),
        body=body,
        at=row.created_at,
    )


def is_inside(channel: str) -> bool:
    """Whether notices of this channel are delivered by ``show``."""
    return channels.is_on(channel) and channels.find(channel).inside
