"""When, in words; and how long there is left, in words and as a bar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _

from app.services import edge
from app.services.cases import Shown
from app.views import labels
from app.workflows import rounds
from app.workflows.spec import Workflow

SOON = 0.8
"""From this share of the time on the bar warns."""


@dataclass(frozen=True, slots=True)
class Left:
    """``look`` is ``ok``, ``soon`` or ``late``: the colour."""

    text: str
    look: str
    due: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A clock of a case. ``share`` is what is left of the time, in percent; ``when`` is its due
    time in words. A clock that waits has neither, but for one that is due by a date of its own."""

    label: str
    left: Left | None
    when: str
    share: int
    paused: bool
    provisional: bool


def day(at: datetime, now: datetime) -> str:
    """``Today``, ``Tomorrow``, ``Yesterday`` or the date with its weekday, in local time."""
    date, today = edge.local(at).date(), edge.today(now)
    near = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}.get((date - today).days)
    if near is not None:
        return str(near)
    chinese = labels.language() == "zh"
    pattern = "M月d日 EEE" if chinese else "EEE d MMM"
    if date.year != today.year:
        pattern = f"y年{pattern}" if chinese else f"{pattern} y"
    return str(format_date(date, pattern, locale=get_locale()))


def moment(at: datetime, now: datetime) -> str:
    """``Tomorrow 14:05``."""
    return f"{day(at, now)} {clock(at)}"


def clock(at: datetime) -> str:
    return f"{edge.local(at):%H:%M}"


def left(due: datetime | None, now: datetime, *, began: datetime | None = None) -> Left | None:
    """What is left until ``due``; None without a due time."""
    if due is None:
        return None
    if due <= now:
        return Left(_("%(time)s overdue", time=span(now - due)), "late", edge.shown(due))
    text = _("%(time)s left", time=span(due - now))
    near = due - now <= timedelta(hours=4)
    if began is not None and due > began:
        near = (now - began) / (due - began) >= SOON
    return Left(text, "soon" if near else "ok", edge.shown(due))


def span(delta: timedelta) -> str:
    """The two largest units: people want to know about how long, not to the second."""
    minutes = max(int(delta.total_seconds() // 60), 1)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        _("%(n)s d", n=days) if days else "",
        _("%(n)s h", n=hours) if hours and days < 10 else "",
        _("%(n)s min", n=minutes) if minutes and not days else "",
    ]
    return " ".join(part for part in parts if part)


def bars(shown: Shown, now: datetime) -> list[Bar]:
    """The clocks of a case that run or pause, nearest first."""
    return ticking(shown.compiled.spec, shown.case.clocks, now)


def ticking(spec: Workflow, rows: Iterable[Mapping[str, Any]], now: datetime) -> list[Bar]:
    """The rows of clocks that run or pause, nearest first."""
    names = {d.key: d.label for d in spec.deadlines}
    found: list[tuple[bool, datetime, Bar]] = []
    for row in rows:
        if row["status"] == "stopped":
            continue
        name = names.get(row["key"])
        label = labels.localized(name.model_dump()) if name else row["key"]
        due = rounds.instant(row["due_at"])
        found.append((due is None, due or now, _bar(row, label, due, now)))
    return [bar for _waits, _due, bar in sorted(found, key=lambda item: item[:2])]


def _bar(row: Mapping[str, Any], label: str, due: datetime | None, now: datetime) -> Bar:
    paused, provisional = row["status"] == "paused", bool(row["provisional"])
    began = rounds.instant(row["started_at"]) or now
    time = left(due, now, began=began)
    if due is None or time is None:
        return Bar(label, None, "", 0, paused, provisional)
    total = (due - began).total_seconds()
    share = (due - now).total_seconds() / total if total > 0 else 0.0
    whole = 100 if time.look == "late" else round(max(0.0, min(share, 1.0)) * 100)
    return Bar(label, time, moment(due, now), whole, paused, provisional)
