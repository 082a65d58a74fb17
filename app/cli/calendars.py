"""``sifang calendars``: which days people work, and what a change does to deadlines."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from app import clock
from app.cli.output import answering, as_json, say, text
from app.errors import InvalidError, Problem
from app.extensions import db
from app.services import adjustments, edge, recounts
from app.services import calendars as service
from app.services.actors import SYSTEM
from app.services.adjustments import Day, Why
from app.services.recounts import Preview
from app.transaction import unit_of_work
from app.workflows.calendar import OFFICE, Segment

_reason = click.option("--reason", required=True, help="Why; it is kept with the change.")
_dry = click.option("--dry-run", is_flag=True, help="Only say what it would do.")
_place = click.option("--place", type=int, help="Id of a place: it and all below it. Else all.")
_DAY = click.DateTime(["%Y-%m-%d"])
_SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_WEEK = re.compile(r"([1-7])(?:-([1-7]))?\s+(\S+)")


@click.group()
def calendars() -> None:
    """Working days and hours, and deadlines counted anew."""


@calendars.command("status")
@as_json
@with_appcontext
@answering
def status(*, json_: bool) -> None:
    """The years that are announced, the hours in force, and what is missing."""
    now, session = clock.now(), db.session()
    book = service.book(session)
    year = edge.today(now).year
    years = {
        y: {"announced": y in book.base.announced, "working_days": book.base.working_days(y)}
        for y in (year - 1, year, year + 1)
    }
    missing = adjustments.unannounced(session, now)
    lines = [
        f"{y}: {found['working_days']} {text({'zh': '个工作日', 'en': 'working days'})}"
        + ("" if found["announced"] else text({"zh": "（尚未公布）", "en": " (not announced yet)"}))
        for y, found in years.items()
    ]
    if missing is not None:
        lines.append(text(adjustments.warning(missing)))
    say({"version": book.version, "years": years, "missing": missing}, lines, json_=json_)


@calendars.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_reason
@_dry
@as_json
@with_appcontext
@answering
def read(file: Path, reason: str, *, dry_run: bool, json_: bool) -> None:
    """Take the holidays of a year out of a JSON file (holiday-cn) or an ICS calendar."""
    words = file.read_text("utf-8-sig", errors="replace")
    _change(
        lambda session, now: adjustments.read_year(session, words, Why(SYSTEM, now, reason)),
        reason,
        dry_run=dry_run,
        json_=json_,
    )


@calendars.command("day")
@click.argument("day", type=_DAY)
@click.argument("what", type=click.Choice(["off", "on", "usual"]))
@_place
@click.option("--hours", default="", help="With on: 09:00-12:00,13:30-17:30.")
@click.option("--name", default="", help="What the day is called.")
@_reason
@_dry
@as_json
@with_appcontext
@answering
def day_(  # noqa: PLR0913  a parameter for each option
    day: datetime,
    what: str,
    place: int | None,
    hours: str,
    name: str,
    reason: str,
    *,
    dry_run: bool,
    json_: bool,
) -> None:
    """Say that on one day nobody works (off), people do (on), or all is as usual again."""
    segments: tuple[Segment, ...] | None = None if what == "usual" else ()
    if what == "on":
        segments = _segments(hours) if hours else OFFICE
    one = Day(day.date(), place, segments, name)
    _change(
        lambda session, now: adjustments.set_days(session, [one], Why(SYSTEM, now, reason)),
        reason,
        dry_run=dry_run,
        json_=json_,
    )


@calendars.command("hours")
@click.argument("since", type=_DAY)
@click.argument("week", nargs=-1, required=True)
@_reason
@_dry
@as_json
@with_appcontext
@answering
def hours_(
    since: datetime, week: tuple[str, ...], reason: str, *, dry_run: bool, json_: bool
) -> None:
    """Working hours from a day on: "1-5 09:00-12:00,13:30-17:30" "6 09:00-12:00"; Monday is 1.
    Make-up days have the hours of the first weekday that is named."""
    found: dict[int, tuple[Segment, ...]] = {}
    for part in week:
        given = _WEEK.fullmatch(part.strip())
        if given is None:
            raise InvalidError(_wrong(part))
        segments = _segments(given[3])
        for day in range(int(given[1]), int(given[2] or given[1]) + 1):
            found[day - 1] = segments
    if not found:
        raise InvalidError(_wrong(" ".join(week)))
    makeup = next(iter(found.values()))
    _change(
        lambda session, now: adjustments.set_hours(
            session, since.date(), found, makeup, Why(SYSTEM, now, reason)
        ),
        reason,
        dry_run=dry_run,
        json_=json_,
    )


@calendars.command("recount")
@_reason
@_dry
@as_json
@with_appcontext
@answering
def recount(reason: str, *, dry_run: bool, json_: bool) -> None:
    """Count all deadlines that run anew, and write those that differ."""
    _change(lambda session, now: None, reason, dry_run=dry_run, json_=json_)


def _change(
    make: Callable[[Session, datetime], object], reason: str, *, dry_run: bool, json_: bool
) -> None:
    """Make the change and say what it moves; then write that, or undo the change."""
    session, now = db.session(), clock.now()
    nested = session.begin_nested()
    make(session, now)
    service.forget(session)
    found = recounts.preview(session, now)
    if dry_run:
        nested.rollback()
        session.rollback()
        service.forget(session)
    else:
        with unit_of_work(session, poke=False):
            nested.commit()
        _write(session, reason)
    say(_data(found), _lines(found, dry_run=dry_run), json_=json_)


def _write(session: Session, reason: str) -> None:
    after: int | None = 0
    while after is not None:
        with unit_of_work(session, poke=False):
            batch = recounts.batch(session, after, reason, actor=SYSTEM, now=clock.now())
        for clock_id in batch.busy:
            with unit_of_work(session, poke=False):
                recounts.one(session, clock_id, reason, actor=SYSTEM, now=clock.now())
        after = batch.last


def _data(found: Preview) -> dict[str, Any]:
    cases = [
        {"number": one.number, "before": one.before, "after": one.after, "overdue": one.overdue}
        for one in found.listed
    ]
    return {
        "looked": found.looked,
        "moved": found.moved,
        "overdue": found.overdue,
        "relieved": found.relieved,
        "cases": cases,
    }


def _lines(found: Preview, *, dry_run: bool) -> list[str]:
    arrow = text({"zh": "改为", "en": "to"})
    late = text({"zh": "（因此超期）", "en": " (late by it)"})
    lines = [
        f"{one.number} {text(one.label)}: {edge.shown(one.before) or '—'} {arrow} "
        f"{edge.shown(one.after) or '—'}{late if one.overdue else ''}"
        for one in found.listed
    ]
    figures = (found.looked, found.moved, found.overdue, found.relieved)
    zh = "{} 个时限，{} 个改变，{} 个因此超期，{} 个不再超期。"
    en = "{} deadlines, {} moved, {} late by it, {} no longer late."
    words = {"zh": zh.format(*figures), "en": en.format(*figures)}
    if dry_run:
        words = {"zh": f"试算：{words['zh']}", "en": f"Nothing written. {words['en']}"}
    return [*lines, text(words)]


def _segments(words: str) -> tuple[Segment, ...]:
    found = []
    for part in words.split(","):
        given = _SPAN.fullmatch(part.strip())
        try:
            if given is None:
                raise InvalidError(_wrong(words))
            found.append((time.fromisoformat(given[1]), time.fromisoformat(given[2])))
        except ValueError as error:
            raise InvalidError(_wrong(words)) from error
    return tuple(found)


def _wrong(words: str) -> Problem:
    return Problem(
        {
            "zh": f"读不懂“{words}”，请写成“1-5 09:00-12:00,13:30-17:30”。",
            "en": f"“{words}” can't be read; write it like “1-5 09:00-12:00,13:30-17:30”.",
        },
        "hours",
    )
