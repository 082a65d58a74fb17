"""Is the history what it was?

Two seals guard it. Each event's hash covers its row and the hash before it in its case, and the
case keeps the newest one: a row changed, taken out or put in shows where. An anchor seals all
events up to an id at one time, whatever their case, chained to the anchor before: so a whole case
rewritten from end to end, or gone with all its rows, shows as well. Whoever can rewrite everything,
the anchors too, is found out only by a seal noted elsewhere: ``Anchor.hash`` of any anchor is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import models as m
from app.models import Anchor
from app.services import chain, edge

_case = m.Case.__table__
_event = m.Event.__table__
_ROWS = 2000
"""Rows fetched at a time, however many there are."""
_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that isn't as it was written. ``number``: of the case, or ``#3`` for an anchor;
    ``seq`` 0: the whole of it. ``code``: changed, missing, inserted, broken, state, anchor."""

    number: str
    seq: int
    code: str
    text: dict[str, str]


def verify(session: Session) -> Iterator[Fault]:
    """Recompute every hash; yields what doesn't fit. Each half reads one statement's snapshot, so
    cases may move meanwhile."""
    yield from _chains(session)
    yield from _orphans(session)
    yield from _anchors(session)


def is_older(session: Session, at: datetime) -> bool:
    """Whether the newest anchor was made before ``at``, or there is none."""
    newest = session.scalar(sa.select(sa.func.max(Anchor.at)))
    return newest is None or newest < at


def anchor(session: Session, now: datetime) -> Anchor | None:
    """Seal all events since the last anchor; flushes. None when there are none, when another
    process is at it, or when writers keep the table busy for seconds: the next time will do.
    """
    if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_KEY))):
        return None
    last = session.scalars(sa.select(Anchor).order_by(Anchor.id.desc()).limit(1)).one_or_none()
    upto = _settled(session)
    after = last.last_event_id if last else 0
    if upto is None or upto <= after:
        return None
    seal = _Seal(last.hash if last else b"")
    for row in _ids(session, after, upto):
        seal.add(row)
    made = Anchor(
        at=now,
        first_event_id=seal.first,
        last_event_id=upto,
        events=seal.count,
        hash=seal.digest(),
    )
    session.add(made)
    session.flush()
    return made


_KEY = sa.literal(0x51FA_A2C4, sa.BigInteger)


def _settled(session: Session) -> int | None:
    """The newest event below which none is still to be committed.

    Ids are given out before the commit, so a higher one may be visible earlier. The table lock
    waits for those who write and keeps others out for the one look; undoing the savepoint gives it
    back at once.
    """
    look = session.begin_nested()
    milliseconds = int(_PATIENCE / timedelta(milliseconds=1))
    try:
        session.execute(sa.text(f"SET LOCAL lock_timeout = {milliseconds}"))
        session.execute(sa.text("LOCK TABLE event IN SHARE MODE"))
        upto: int | None = session.scalar(sa.select(sa.func.max(_event.c.id)))
    except OperationalError as error:
        look.rollback()
        if error.connection_invalidated:
            raise
        return None
    look.rollback()
    return upto


@dataclass(slots=True)
class _Seal:
    """What an anchor's hash covers: the seal before it, then each event's place and own hash."""

    before: bytes
    count: int = 0
    first: int = 0
    _digest: Any = field(init=False)

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256(self.before)

    def add(self, row: Any) -> None:
        self.first = self.first or row.id
        self.count += 1
        self._digest.update(f"{row.id}:{row.case_id}:{row.seq}:".encode() + bytes(row.hash))

    def digest(self) -> bytes:
        found: bytes = self._digest.digest()
        return found


def _ids(session: Session, after: int, upto: int) -> Iterator[Any]:
    query = (
        sa.select(_event.c.id, _event.c.case_id, _event.c.seq, _event.c.hash)
        .where(_event.c.id > after, _event.c.id <= upto)
        .order_by(_event.c.id)
    )
    return iter(session.execute(query, execution_options={"yield_per": _ROWS}))


def _anchors(session: Session) -> Iterator[Fault]:
    last: Anchor | None = None
    for found in session.scalars(sa.select(Anchor).order_by(Anchor.last_event_id)).all():
        seal = _Seal(last.hash if last else b"")
        for row in _ids(session, last.last_event_id if last else 0, found.last_event_id):
            seal.add(row)
        if seal.digest() != found.hash:
            yield _unsealed(found, seal)
        last = found


def _unsealed(found: Anchor, seal: _Seal) -> Fault:
    span = f"{found.first_event_id}–{found.last_event_id}"
    at = edge.shown(found.at)
    zh = f"{at} 的封存与记录不符（事件 {span}：封存时 {found.events} 条，现有 {seal.count} 条）。"
    en = f"The seal of {at} does not match events {span}: {found.events} then, {seal.count} now."
    return Fault(f"#{found.id}", 0, "anchor", {"zh": zh, "en": en})


# --- the chain of each case ---------------------------------------------------------------------


@dataclass(slots=True)
class _Chain:
    """A case while its events pass by; ``hash`` None: unknown after a gap."""

    case: Any
    seq: int = 0
    hash: bytes | None = b""
    target: str | None = None

    def follow(self, row: Any) -> Iterator[Fault]:
        """What is wrong with the next event."""
        if row.seq != self.seq + 1:
            yield self._missing(self.seq + 1, row.seq - 1)
            self.hash = None
        if chain.seal(row._mapping, bytes(row.before)) != bytes(row.hash):  # noqa: SLF001
            yield self.fault(
                row.seq,
                "changed",
                f"“{row.label.get('zh', row.event)}”这一步的内容被改过。",
                f"Step “{row.label.get('en') or row.event}” was changed.",
            )
        elif self.hash is not None and bytes(row.before) != self.hash:
            yield self.fault(
                row.seq,
                "broken",
                "与前一步的校验值不衔接：前一步被改写，或这一步是后来插入的。",
                "It does not follow on the step before: that one was rewritten, or this one put in",
            )
        self.seq, self.hash, self.target = row.seq, bytes(row.hash), row.target

    def end(self) -> Iterator[Fault]:
        """Whether the case agrees with its newest event."""
        case = self.case
        if case.case_seq > self.seq:
            yield self._missing(self.seq + 1, case.case_seq)
        elif case.case_seq < self.seq:
            yield self.fault(
                self.seq,
                "inserted",
                f"事项只记到第 {case.case_seq} 步，其后的步骤是后来插入的。",
                f"The case knows of {case.case_seq} steps; what follows was put in.",
            )
        elif self.hash is not None and bytes(case.head) != self.hash:
            yield self.fault(
                self.seq,
                "broken",
                "最后一步与事项记下的校验值不符：它被改写过。",
                "The newest step is not the one that the case remembers: it was rewritten.",
            )
        elif self.target is not None and case.state != self.target:
            yield self.fault(
                self.seq,
                "state",
                f"事项现在的状态“{case.state}”不是最后一步到达的“{self.target}”。",
                f"The case is in “{case.state}”, its newest step leads to “{self.target}”.",
            )

    def _missing(self, first: int, last: int) -> Fault:
        which = str(first) if first == last else f"{first}–{last}"
        zh, en = f"缺少第 {which} 步。", f"Step {which} is missing."
        return self.fault(first, "missing", zh, en)

    def fault(self, seq: int, code: str, zh: str, en: str) -> Fault:
        return Fault(self.case.number, seq, code, {"zh": zh, "en": en})


def _chains(session: Session) -> Iterator[Fault]:
    present: _Chain | None = None
    for row in session.execute(_HISTORY, execution_options={"yield_per": _ROWS}):
        if present is None or present.case.case_ref != row.case_ref:
            if present is not None:
                yield from present.end()
            present = _Chain(row)
        if row.seq is not None:
            yield from present.follow(row)
    if present is not None:
        yield from present.end()


def _orphans(session: Session) -> Iterator[Fault]:
    """Histories whose case is gone."""
    there = sa.exists().where(_case.c.id == _event.c.case_id)
    gone = sa.select(_event.c.case_id, sa.func.count().label("events"))
    for row in session.execute(gone.where(~there).group_by(_event.c.case_id)):
        zh = f"事项已不存在，但它的 {row.events} 步记录还在。"
        en = f"The case is gone, its {row.events} steps are still there."
        yield Fault(f"id {row.case_id}", 0, "missing", {"zh": zh, "en": en})


_HISTORY = (
    sa.select(
        _case.c.id.label("case_ref"),
        _case.c.number,
        _case.c.seq.label("case_seq"),
        _case.c.head,
        _case.c.state,
        *(_event.c[name] for name in chain.SEALED),
        _event.c.before,
        _event.c.hash,
    )
    .outerjoin_from(_case, _event, _event.c.case_id == _case.c.id)
    .order_by(_case.c.id, _event.c.seq)
)
