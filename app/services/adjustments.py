"""Changes of the working calendar: days of their own, hours from a date on, announced years.

Each is written down with who and why, and becomes the calendar's next version. What follows for
deadlines that run is for ``services.recounts``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.models import CalendarChange, CalendarDay, CalendarHours, CalendarYear, Clock, Place
from app.services import calendars, edge, outbox, recipients
from app.services.actors import Viewer
from app.workflows import almanac
from app.workflows.almanac import AlmanacError
from app.workflows.calendar import Calendar, CalendarError, Segment

AHEAD = 366
"""Days within which every calendar must have a working minute."""


@dataclass(frozen=True, slots=True)
class Why:
    """Who changes it, when, and for what reason."""

    actor: Viewer
    now: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of its own, at a place and below it or everywhere. ``segments`` empty: nobody works;
    None: as on other days again."""

    day: date
    place_id: int | None
    segments: tuple[Segment, ...] | None
    name: str = ""


def set_days(session: Session, days: Iterable[Day], why: Why) -> int:
    """Write these days, in place of what was said of them; returns the new version. Flushes.

    Raises InvalidError: a reason is missing, or nobody would work any more."""
    _begin(session)
    given = list(days)
    for one in given:
        here = CalendarDay.place_id.is_not_distinct_from(one.place_id)
        session.execute(sa.delete(CalendarDay).where(CalendarDay.day == one.day, here))
        if one.segments is not None:
            _add_day(session, one, "local")
    first = given[0]
    place = session.get(Place, first.place_id) if first.place_id is not None else None
    where = ("全部辖区", "Everywhere") if place is None else (place.name, place.name)
    when = str(first.day) if len(given) == 1 else f"{first.day} … {given[-1].day}"
    if first.segments is None:
        zh, en = "恢复通常安排", "as usual"
    else:
        zh, en = ("上班", "people work") if first.segments else ("不上班", "nobody works")
    return _end(session, why, {"zh": f"{where[0]}：{when} {zh}", "en": f"{where[1]}: {when} {en}"})


def set_hours(
    session: Session,
    since: date,
    week: dict[int, tuple[Segment, ...]],
    makeup: tuple[Segment, ...],
    why: Why,
) -> int:
    """Working hours from a date on; returns the new version. Flushes. Raises InvalidError: among
    others for a date that is past, on whose hours people were measured."""
    _begin(session)
    _refuse_past(since, why)
    values = {
        "week": {str(day): calendars.written(found) for day, found in week.items()},
        "makeup": calendars.written(makeup),
        "note": why.reason[:200],
    }
    statement = insert(CalendarHours).values(since=since, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["since"], set_=values))
    text = {"zh": f"{since} 起的工作时间", "en": f"Working hours from {since} on"}
    return _end(session, why, text)


def drop_hours(session: Session, since: date, why: Why) -> int:
    """Take back working hours that don't hold yet; returns the new version. Flushes."""
    _begin(session)
    _refuse_past(since, why)
    found = session.scalars(sa.select(CalendarHours).where(CalendarHours.since == since)).first()
    if found is None:
        raise InvalidError(
            Problem({"zh": "没有这个版本。", "en": "There is no such version."}, "since")
        )
    session.delete(found)
    text = {"zh": f"撤回 {since} 起的工作时间", "en": f"Working hours from {since} on taken back"}
    return _end(session, why, text)


def relocate(session: Session, text: dict[str, str], why: Why) -> int:
    """A place lies elsewhere, so that other local days hold there: nothing is written but that
    there is a new version, which every process that keeps calendars reads. Flushes."""
    _begin(session)
    return _end(session, why, text)


def _refuse_past(since: date, why: Why) -> None:
    if since < edge.today(why.now):
        raise InvalidError(
            Problem(
                {
                    "zh": "过去的工作时间不能改，请选择今天或以后的日期。",
                    "en": "Hours of the past can't be changed: choose today or a later date.",
                },
                "since",
            )
        )


def read_year(session: Session, text: str, why: Why) -> tuple[int, int]:
    """Take the holidays of a year out of a file, in place of what was known of it; returns the
    year and the new version. Flushes. Raises InvalidError."""
    try:
        found = almanac.read(text)
    except AlmanacError as error:
        raise InvalidError(Problem({"zh": error.zh, "en": error.en}, "file")) from error
    _begin(session)
    source = f"notice:{found.year}"
    session.execute(sa.delete(CalendarDay).where(CalendarDay.source == source))
    session.execute(sa.delete(CalendarYear).where(CalendarYear.year == found.year))
    base = calendars.load(session, changed=True).base
    for day, (working, name) in sorted(found.days.items()):
        segments = calendars.usual(base, day) if working else ()
        _add_day(session, Day(day, None, segments, name), source)
    session.add(CalendarYear(year=found.year, papers=list(found.papers)))
    text_ = {
        "zh": f"{found.year} 年放假安排（{len(found.days)} 天）",
        "en": f"Holidays of {found.year} ({len(found.days)} days)",
    }
    return found.year, _end(session, why, text_)


def _add_day(session: Session, day: Day, source: str) -> None:
    """A local day that is there already stays: whoever wrote it knew the place."""
    values = {
        "place_id": day.place_id,
        "day": day.day,
        "segments": calendars.written(day.segments or ()),
        "name": day.name[:200],
        "source": source,
    }
    statement = insert(CalendarDay).values(values)
    session.execute(statement.on_conflict_do_nothing(index_elements=["place_id", "day"]))


def _begin(session: Session) -> None:
    """One change at a time: the versions must become visible in their order."""
    session.execute(sa.text("LOCK TABLE calendar_change IN EXCLUSIVE MODE"))


def _end(session: Session, why: Why, text: dict[str, str]) -> int:
    reason = why.reason.strip()
    if not 1 <= len(reason) <= 200:
        raise InvalidError(
            Problem(
                {
                    "zh": "请用 1 到 200 个字写明原因。",
                    "en": "Give the reason in 1 to 200 characters.",
                },
                "reason",
            )
        )
    _refuse_idle(session, edge.today(why.now))
    change = CalendarChange(
        at=why.now,
        text=text,
        reason=reason,
        actor_id=why.actor.user_id,
        actor_name=why.actor.name,
    )
    session.add(change)
    session.flush()
    return change.id


def _refuse_idle(session: Session, today: date) -> None:
    """Raises InvalidError where nobody would work for a year: nothing would ever be due."""
    session.flush()
    try:
        book = calendars.load(session, changed=True)
        found = [("", "", book.base)]
        for place_id in book.local:
            name = session.scalar(sa.select(Place.name).where(Place.id == place_id)) or ""
            found.append((name, name, book.along((place_id,))))
        for zh, en, calendar in found:
            if not _works(calendar, today):
                raise InvalidError(_idle(zh, en))
    except CalendarError as error:
        raise InvalidError(
            Problem(
                {
                    "zh": f"工作时间有误：{error.text['zh']}。",
                    "en": f"Wrong working hours: {error.text['en']}.",
                },
                "hours",
            )
        ) from error


def _works(calendar: Calendar, today: date) -> bool:
    return any(calendar.is_working(today + timedelta(n)) for n in range(AHEAD))


def _idle(zh: str, en: str) -> Problem:
    return Problem(
        {
            "zh": f"{zh or '全部辖区'}今后一年里没有一分钟工作时间，时限将永远不会到期。",
            "en": f"{en or 'Everywhere'}: not one working minute within a year, so nothing would "
            "ever be due.",
        },
        "days",
    )


def unannounced(session: Session, now: datetime) -> int | None:
    """From November on, the next year as long as its holidays are not known; else None."""
    today = edge.today(now)
    if today.month < 11:
        return None
    year = today.year + 1
    return None if year in calendars.book(session).base.announced else year


def warning(year: int) -> dict[str, str]:
    """What administrators read as long as that year is not announced."""
    return {
        "zh": f"{year} 年的放假安排还没有导入：跨年的时限暂按周末和固定节日推算，可能变动。"
        "国务院公布后请导入。",
        "en": f"The holidays of {year} are not known yet: due times that reach into it are "
        "computed from weekends and fixed holidays, and may move. Import them once announced.",
    }


def warn(session: Session, now: datetime) -> int:
    """Tell the administrators once a month, from November on, that a year is missing; returns how
    many were told. Flushes."""
    year = unannounced(session, now)
    if year is None:
        return 0
    waiting = sa.select(sa.func.count()).where(Clock.provisional, Clock.stopped_at.is_(None))
    count = session.scalar(waiting) or 0
    words = warning(year)
    body = {
        "zh": f"{words['zh']}现有 {count} 个时限受影响。",
        "en": f"{words['en']} {count} deadlines lean on it.",
    }
    subject = {"zh": f"请导入 {year} 年放假安排", "en": f"Import the holidays of {year}"}
    return outbox.write(
        session,
        [
            {
                "user_id": user_id,
                "channel": "inapp",
                "key": "calendar.missing",
                "subject": subject,
                "body": body,
                "dedupe": f"calendar:{year}:{edge.today(now):%Y-%m}:{user_id}",
                "created_at": now,
                "next_at": now,
            }
            for user_id in recipients.administrators(session)
        ],
    )
