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
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import channels
from app import models as m
from app.channels import ChannelError, Message, Send, UnreachableError
from app.services import direct, extras, gateways, letters, preferences

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
    pause: timedelta = timedelta()
    """The other side asks for that much patience."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What one job is made of: the notices of one kind that go out by one channel. ``digest``:
    they are to be put together first."""

    kind: str
    gateway_id: int | None = None
    digest: bool = False

    def __str__(self) -> str:
        """As jobs carry it: ``email``, ``wecom:7``, ``email+digest``."""
        by = "" if self.gateway_id is None else f":{self.gateway_id}"
        return f"{self.kind}{by}{'+digest' if self.digest else ''}"

    @classmethod
    def read(cls, text: str) -> Lane:
        rest, _, digest = text.partition("+")
        kind, _, by = rest.partition(":")
        return cls(kind, int(by) if by else None, digest == "digest")


def instant(session: Session) -> datetime:
    """The present time by the database's clock."""
    now: datetime = session.execute(_CLOCK).scalar_one()
    return now


def waiting(session: Session, now: datetime, limit: int) -> dict[str, list[int]]:
    """The notices that may be claimed now, by lane, those that wait longest first: new ones,
    those whose next attempt has come, and those whose worker has not come back. At most ``limit``
    of those for the bell, and as many others: a heap of one kind never hides the other."""
    inside = _notice.c.channel.in_([name for name in channels.NAMES if is_inside(name)])
    found: dict[str, list[int]] = {}
    for kind in (inside, ~inside):
        for notice_id, *lane in session.execute(
            sa.select(_notice.c.id, _notice.c.channel, _notice.c.gateway_id, _notice.c.digest)
            .where(_OPEN, _notice.c.next_at <= now, kind)
            .order_by(_notice.c.next_at, _notice.c.id)
            .limit(limit)
        ):
            found.setdefault(str(Lane(*lane)), []).append(notice_id)
    return found


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the next notice after ``now`` may be claimed; None: there is none."""
    later = sa.select(sa.func.min(_notice.c.next_at)).where(_OPEN, _notice.c.next_at > now)
    return session.scalar(later)


def show(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Mark notices sent whose row is itself the message; returns how many were not yet. Flushes.

    Nothing is called, so there is nothing to claim: once, whoever comes first. Who wants more
    than the bell gets it from here (services.extras).
    """
    rows = direct.run(session, _shown()[0], {**_shown()[1], "ids": list(ids), "now": now})
    people: dict[int, list[int]] = {}
    for notice_id, user_id in rows:
        people.setdefault(user_id, []).append(notice_id)
    extras.write(session, people, now, mail=channels.is_on("email"))
    return rows.rowcount


@lru_cache(maxsize=1)
def _shown() -> tuple[str, dict[str, Any]]:
    """The statement of ``show``, compiled once: a worker runs it for every hundred notices."""
    return direct.compiled(
        sa.update(_notice)
        .where(_notice.c.id.in_(_CLAIMABLE))
        .values(
            status="sent",
            sent_at=sa.bindparam("now", type_=_notice.c.sent_at.type),
            next_at=None,
            attempts=_notice.c.attempts + 1,
        )
        .returning(_notice.c.id, _notice.c.user_id)
    )


def claim(
    session: Session,
    ids: Sequence[int],
    now: datetime,
    lease: timedelta,
    *,
    gateway_id: int | None = None,
) -> list[Claim]:
    """Take those of ``ids`` that nobody holds, until ``now`` + ``lease``; flushes.

    Those whose person wants them later or not at all, and those beyond the limits of the channel
    ``gateway_id``, are put off instead. The caller commits before it sends. One that was claimed
    as often as may be and never reported back is dead instead: it may be the very one that kills
    its workers.
    """
    ids = preferences.sift(session, _claimable(ids, now), now)
    if gateway_id is not None:
        ids = _within_limits(session, ids, gateway_id, now)
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
    return [
        Claim(row.id, row.attempts, letters.message(row))
        for row in connection.execute(letters.asked(taken))
    ]


def _within_limits(
    session: Session, ids: Sequence[int], gateway_id: int, now: datetime
) -> list[int]:
    """Those that the channel takes now; the others wait until it takes them."""
    times = gateways.grant(session, gateway_id, len(ids), now)
    later: dict[datetime, list[int]] = {}
    for notice_id, at in zip(ids, times, strict=True):
        later.setdefault(at, []).append(notice_id)
    go = later.pop(now, [])
    for at, put_off in later.items():
        session.execute(
            sa.update(_notice).where(_notice.c.id.in_(put_off)).values(status="waiting", next_at=at)
        )
    return go


def attempt(send: Send, claimed: Claim) -> Outcome:
    """Hand one message to its channel."""
    try:
        send(claimed.message)
    except ChannelError as error:
        unreachable = isinstance(error, UnreachableError)
        pause = timedelta(seconds=error.pause)
        return Outcome(error.message, error.permanent, unreachable, pause)
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
            "next_at": None if dead else now + max(outcome.pause, pause(claimed.attempt)),
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


_CLAIMABLE = (
    sa.select(_notice.c.id)
    .where(
        _notice.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))),
        _OPEN,
        _notice.c.next_at <= sa.bindparam("now", type_=_notice.c.next_at.type),
    )
    .order_by(_notice.c.id)
    .with_for_update(skip_locked=True)
)
"""Those of ``ids`` whose time has come and that nobody is just now deciding about."""


def _claimable(ids: Sequence[int], now: datetime) -> sa.Select[tuple[int]]:
    return _CLAIMABLE.params(ids=list(ids), now=now)


def is_inside(channel: str) -> bool:
    """Whether notices of this channel are delivered by ``show``."""
    return channels.is_on(channel) and channels.find(channel).inside
