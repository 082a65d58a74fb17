"""A change of the calendar: looked at first with all that follows from it, then carried out.

Looking makes the change in a savepoint, keeps the calendars that it leads to in memory and undoes
it. Carrying it out writes it, and leaves the deadlines that run to a job (``services.recounts``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import ConflictError, InvalidError, Problem
from app.models import CalendarChange, Job
from app.services import calendars, jobs, recounts, years
from app.services.adjustments import Why
from app.services.calendars import Book
from app.services.jobs import Order
from app.services.recounts import Preview
from app.workflows.calendar import Calendar, Segment

Make = Callable[[Session, Why], object]
"""Makes the change; flushes."""
LISTED = 60
"""Days that a proposal names; ``count`` counts all."""
TRIED = 20_000
"""Deadlines that are tried while somebody waits, about three seconds' work; more are tried by a job
on request."""
TRIAL = "clocks.trial"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done (``make`` None: only count anew), and the days to be compared."""

    make: Make | None
    first: date
    last: date
    place_id: int | None = None


@dataclass(frozen=True, slots=True)
class Altered:
    """A day whose working hours would be others."""

    day: date
    before: tuple[Segment, ...]
    after: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change would do. ``version`` is that of the calendar it was tried on."""

    version: int
    text: dict[str, str]
    preview: Preview
    days: tuple[Altered, ...]
    count: int


def tried(session: Session, plan: Plan, why: Why) -> Proposal:
    """What the plan would do; nothing is written. Raises InvalidError."""
    way = () if plan.place_id is None else years.upwards(session, plan.place_id)
    book = calendars.book(session)
    then, text = outlook(session, plan, why)
    preview = recounts.preview(session, why.now, TRIED, then)
    found = list(_altered(book.along(way), then.along(way), plan))
    return Proposal(book.version, text, preview, tuple(found[:LISTED]), len(found))


def outlook(session: Session, plan: Plan, why: Why) -> tuple[Book, dict[str, str]]:
    """The calendars as the plan would make them, and what it does in words; nothing is written.
    Raises InvalidError."""
    nested = session.begin_nested()
    try:
        text = _made(session, plan, why)
        return calendars.book(session), text
    finally:
        nested.rollback()
        calendars.forget(session)


def _made(session: Session, plan: Plan, why: Why) -> dict[str, str]:
    if plan.make is None:
        _refuse_silence(why)
        return {"zh": "按现行日历重新计算", "en": "Counted anew on the present calendar"}
    plan.make(session, why)
    calendars.forget(session)
    newest = sa.select(CalendarChange.text).order_by(CalendarChange.id.desc()).limit(1)
    text: dict[str, str] = session.scalars(newest).one()
    return text


def _altered(before: Calendar, after: Calendar, plan: Plan) -> Iterator[Altered]:
    for n in range((plan.last - plan.first).days + 1):
        day = plan.first + timedelta(n)
        old, new = before.segments(day), after.segments(day)
        if old != new:
            yield Altered(day, old, new)


def carried(session: Session, plan: Plan, why: Why, *, seen: int, owner_id: int) -> Job:
    """Write the change and start the job that counts deadlines anew; flushes.

    Raises InvalidError; ConflictError when the calendar is no longer of the version ``seen``."""
    text = _made(session, plan, why)
    newest = sa.select(CalendarChange.id).order_by(CalendarChange.id.desc()).limit(2)
    ids = [*session.scalars(newest), 0, 0]
    if ids[0 if plan.make is None else 1] != seen:
        raise ConflictError(
            Problem(
                {
                    "zh": "日历刚被别人改过。下面是按新日历重新试算的结果，请再看一遍。",
                    "en": "Somebody has just changed the calendar. This is what would follow now: "
                    "please look again.",
                }
            )
        )
    label = {
        "zh": f"重新计算时限：{text['zh']}"[:200],
        "en": f"Count deadlines anew: {text['en']}"[:200],
    }
    order = Order(recounts.KIND, {"reason": why.reason}, label, plan.place_id)
    return jobs.start(session, order, owner_id=owner_id, now=why.now)


def _refuse_silence(why: Why) -> None:
    if not 1 <= len(why.reason.strip()) <= 200:
        raise InvalidError(
            Problem(
                {
                    "zh": "请用 1 到 200 个字写明原因。",
                    "en": "Give the reason in 1 to 200 characters.",
                },
                "reason",
            )
        )
