"""What each person wants to be told, by which channel and when. The bell has everything.

Asked when a notice is about to go out, not when it is written: a wish holds from the moment at
which it is saved, and writing stays one statement for hundreds of notices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.models import Mode
from app.services import edge

TOPICS = {
    "deadline": {"zh": "到期与超期", "en": "Deadlines"},
    "grievance": {"zh": "居民诉求", "en": "Grievances"},
    "meeting": {"zh": "四方会议", "en": "Meetings"},
    "consultation": {"zh": "改造协商", "en": "Consultations"},
    "case": {"zh": "其他事项", "en": "Other cases"},
}
"""The kinds of notices that people choose by."""
CHANNELS = ("email", "sms")
MODES = {"email": (Mode.NOW, Mode.DIGEST, Mode.NEVER), "sms": (Mode.NOW, Mode.NEVER)}

_notice, _case, _grievance = m.Notice.__table__, m.Case.__table__, m.Grievance.__table__
_account, _wish = m.Account.__table__, m.Preference.__table__


def topic(notice: Any, case: Any) -> sa.ColumnElement[str]:
    """What kind of thing a notice tells of: a clock's are about deadlines."""
    return sa.case(
        (notice.c.dedupe.startswith("clock:", autoescape=True), "deadline"),
        else_=sa.func.coalesce(case.c.leg, ""),
    )


@dataclass(frozen=True, slots=True)
class Wishes:
    """A person's own page. ``modes`` by topic and channel; what is missing is as the workflow
    says."""

    modes: Mapping[tuple[str, str], Mode] = field(default_factory=dict)
    phone: str = ""
    quiet_from: time | None = None
    quiet_until: time | None = None
    urgent_anyway: bool = True
    digest_at: time = time(18)


def of(session: Session, user_id: int) -> Wishes:
    rows = session.execute(
        sa.select(_wish.c.topic, _wish.c.channel, _wish.c.mode).where(_wish.c.user_id == user_id)
    )
    modes = {(row.topic, row.channel): row.mode for row in rows}
    account = session.get(m.Account, user_id)
    if account is None:
        return Wishes(modes)
    return Wishes(
        modes,
        account.phone,
        account.quiet_from,
        account.quiet_until,
        account.urgent_anyway,
        account.digest_at,
    )


def save(session: Session, user_id: int, wishes: Wishes) -> None:
    """Replace what this person wished; flushes. Raises InvalidError."""
    _check(wishes)
    values = {
        "phone": wishes.phone,
        "quiet_from": wishes.quiet_from,
        "quiet_until": wishes.quiet_until,
        "urgent_anyway": wishes.urgent_anyway,
        "digest_at": wishes.digest_at,
    }
    kept = insert(m.Account).values(user_id=user_id, **values)
    session.execute(kept.on_conflict_do_update(index_elements=["user_id"], set_=values))
    session.execute(sa.delete(m.Preference).where(m.Preference.user_id == user_id))
    session.add_all(
        m.Preference(user_id=user_id, topic=key, channel=channel, mode=mode)
        for (key, channel), mode in wishes.modes.items()
    )
    session.flush()
    session.expire_all()


def _check(wishes: Wishes) -> None:
    problems = []
    digits = wishes.phone.removeprefix("+")
    if wishes.phone and not (digits.isascii() and digits.isdecimal() and 5 <= len(digits) <= 15):
        words = {"zh": "请填写手机号，只用数字。", "en": "A telephone number has digits only."}
        problems.append(Problem(words, "phone"))
    if (wishes.quiet_from is None) != (wishes.quiet_until is None):
        words = {"zh": "免打扰要填开始和结束时间。", "en": "Quiet hours need both times."}
        problems.append(Problem(words, "quiet_from"))
    if wishes.quiet_from is not None and wishes.quiet_from == wishes.quiet_until:
        words = {"zh": "开始和结束时间不能相同。", "en": "The two times are the same."}
        problems.append(Problem(words, "quiet_until"))
    for (key, channel), mode in wishes.modes.items():
        if key not in TOPICS or mode not in MODES.get(channel, ()):
            words = {"zh": "请从列表中选择。", "en": "Choose one of the list."}
            problems.append(Problem(words, f"{key}-{channel}"))
    if problems:
        raise InvalidError(*problems)


# --- at delivery ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a notice now. ``reason``: it never goes out. ``until``: it waits."""

    reason: str = ""
    until: datetime | None = None
    digest: bool = False


GO = Verdict()


def sift(session: Session, claimable: sa.Select[tuple[int]], now: datetime) -> list[int]:
    """Of notices that could go out now, those that shall; the others are put off, put into a
    digest, or muted. Flushes. Their rows are locked by then."""
    rows = session.connection().execute(_asked(claimable)).all()
    verdicts: dict[Verdict, list[int]] = {}
    for row in rows:
        verdicts.setdefault(judge(row, now), []).append(row.id)
    for verdict, ids in verdicts.items():
        if verdict == GO:
            continue
        values: dict[str, Any] = {"status": "waiting", "next_at": verdict.until}
        if verdict.reason:
            values = {"status": "muted", "next_at": None, "error": verdict.reason}
        if verdict.digest:
            values["digest"] = True
        session.execute(sa.update(_notice).where(_notice.c.id.in_(ids)).values(**values))
    return verdicts.get(GO, [])


def _asked(claimable: sa.Select[tuple[int]]) -> sa.Select[Any]:
    return (
        sa.select(
            _notice.c.id,
            _notice.c.channel,
            _notice.c.user_id,
            _notice.c.resident,
            _notice.c.address,
            (_case.c.data["urgency"].astext == "urgent").label("urgent"),
            _wish.c.mode,
            _account.c.phone,
            _account.c.quiet_from,
            _account.c.quiet_until,
            _account.c.urgent_anyway,
            _account.c.digest_at,
            _grievance.c.messages,
            _grievance.c.phone.label("resident_phone"),
            _grievance.c.email.label("resident_email"),
        )
        .outerjoin(_case, _case.c.id == _notice.c.case_id)
        .outerjoin(_grievance, sa.and_(_notice.c.resident, _grievance.c.case_id == _case.c.id))
        .outerjoin(_account, _account.c.user_id == _notice.c.user_id)
        .outerjoin(
            _wish,
            sa.and_(
                _wish.c.user_id == _notice.c.user_id,
                _wish.c.channel == _notice.c.channel,
                _wish.c.topic == topic(_notice, _case),
            ),
        )
        .where(_notice.c.id.in_(claimable))
        .order_by(_notice.c.id)
    )


def judge(row: Any, now: datetime) -> Verdict:
    """What this notice's person wishes."""
    if row.resident:
        given = row.resident_phone if row.channel == "sms" else row.resident_email
        if not row.messages:
            return Verdict("the resident has not agreed to messages")
        return GO if given else Verdict("the resident has left no address for it")
    if row.user_id is None:
        return GO
    if row.mode == Mode.NEVER:
        return Verdict("its recipient wants none of this kind")
    if row.channel == "sms" and not (row.address or row.phone):
        return Verdict("its recipient has left no telephone number")
    if row.mode == Mode.DIGEST and not row.urgent:
        return Verdict(until=next_time(now, row.digest_at or time(18)), digest=True)
    if row.urgent and row.urgent_anyway:
        return GO
    until = quiet_end(now, row.quiet_from, row.quiet_until)
    return GO if until is None else Verdict(until=until)


def next_time(now: datetime, at: time) -> datetime:
    """The next instant at which local clocks show ``at``."""
    local = edge.local(now)
    day = local.date() if at > local.time().replace(tzinfo=None) else _tomorrow(local)
    return edge.instant(datetime.combine(day, at))


def quiet_end(now: datetime, begin: time | None, end: time | None) -> datetime | None:
    """When the quiet hours end that it is within; None outside of them. They may span midnight."""
    if begin is None or end is None:
        return None
    at = edge.local(now).time().replace(tzinfo=None)
    within = begin <= at < end if begin < end else at >= begin or at < end
    return next_time(now, end) if within else None


def _tomorrow(local: datetime) -> Any:
    return (local + timedelta(days=1)).date()
