"""Rates, trends and curves in words, tiles, tables and charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.services.figures import Day, Group, Rate, Rates

NAMES = {
    "response": _l("Response rate"),
    "resolution": _l("Resolution rate"),
    "satisfaction": _l("Satisfaction rate"),
}
HELP = {
    "response": _l("First reply within its time"),
    "resolution": _l("Resolved within its time"),
    "satisfaction": _l("Four or five stars, of those rated"),
}
OF_PARTS = {
    "response": _l("Taken on within its time"),
    "resolution": _l("Handled within its time"),
    "satisfaction": HELP["satisfaction"],
}
_LOOKS = {"response": "open", "resolution": "done", "satisfaction": "waiting"}


@dataclass(frozen=True, slots=True)
class Tile:
    """A rate with the one before it. ``look`` is ``up``, ``down`` or ``same``; empty: nothing to
    compare with."""

    key: str
    name: str
    help: str
    percent: str
    exact: str
    look: str
    change: str
    note: str


def percent(share: Fraction | None) -> str:
    """Cut off after one decimal, not rounded: 100% means all."""
    if share is None:
        return "–"
    whole, tenth = divmod(share.numerator * 1000 // share.denominator, 10)
    return f"{whole}.{tenth}%" if tenth else f"{whole}%"


def exact(rate: Rate) -> str:
    return f"{rate.good} / {rate.all}" if rate.all else ""


def points(value: Fraction) -> str:
    """Percentage points to one decimal, without sign."""
    tenths = (abs(value) * 1000 + Fraction(1, 2)).__floor__()
    return f"{tenths // 10}.{tenths % 10}"


def tiles(now: Rates, before: Rates, *, against: str, parts: bool = False) -> list[Tile]:
    """The three, each compared with ``against`` (``last month``). ``parts``: they are about what
    parties were given."""
    helps = OF_PARTS if parts else HELP
    found = []
    for key in NAMES:
        rate, earlier = getattr(now, key), getattr(before, key)
        look, change = _change(rate, earlier, against)
        found.append(
            Tile(
                key=key,
                name=str(NAMES[key]),
                help=str(helps[key]),
                percent=percent(rate.share),
                exact=exact(rate),
                look=look,
                change=change,
                note=_note(key, now),
            )
        )
    return found


def _change(rate: Rate, earlier: Rate, against: str) -> tuple[str, str]:
    if rate.share is None:
        return "", _("Nothing to count yet")
    if earlier.share is None:
        return "", _("No figure for %(period)s", period=against)
    diff, was = rate.share - earlier.share, exact(earlier)
    if points(diff) == "0.0":
        return "same", _("Unchanged from %(period)s (%(exact)s)", period=against, exact=was)
    words = {"points": points(diff), "period": against, "exact": was}
    if diff > 0:
        return "up", _("Up %(points)s points from %(period)s (%(exact)s)", **words)
    return "down", _("Down %(points)s points from %(period)s (%(exact)s)", **words)


def _note(key: str, rates: Rates) -> str:
    if key == "satisfaction":
        return " · ".join(_stars(rates))
    rate: Rate = getattr(rates, key)
    parts = []
    if count := rate.extended:
        parts.append(ngettext("%(num)s with an extension", "%(num)s with an extension", count))
    if count := rate.again:
        parts.append(ngettext("%(num)s taken up again", "%(num)s taken up again", count))
    return " · ".join(parts)


def _stars(rates: Rates) -> list[str]:
    parts = []
    if rates.average is not None:
        tenths = rates.average.numerator * 10 // rates.average.denominator
        parts.append(_("%(stars)s stars on average", stars=f"{tenths // 10}.{tenths % 10}"))
    if count := rates.unrated:
        parts.append(ngettext("%(num)s ended without stars", "%(num)s ended without stars", count))
    return parts


# --- charts -------------------------------------------------------------------------------------


def number(share: Fraction | None) -> float | None:
    """For a chart, to a tenth of a percent."""
    return None if share is None else share.numerator * 1000 // share.denominator / 10


def curve_chart(days: Sequence[Day]) -> dict[str, Any]:
    return {
        "kind": "lines",
        "labels": [_day(each.day) for each in days],
        "series": [
            {"name": _("Reported"), "look": "open", "values": [d.opened for d in days]},
            {"name": _("Resolved"), "look": "done", "values": [d.closed for d in days]},
            {"name": _("Fell overdue"), "look": "late", "values": [d.overdue for d in days]},
        ],
    }


def trend_chart(steps: Sequence[tuple[date, Rates]], step: str) -> dict[str, Any]:
    return {
        "kind": "lines",
        "percent": True,
        "labels": [_step(day, step) for day, _rates in steps],
        "series": [
            {
                "name": str(name),
                "look": _LOOKS[key],
                "values": [number(getattr(rates, key).share) for _at, rates in steps],
                "exact": [exact(getattr(rates, key)) for _at, rates in steps],
            }
            for key, name in NAMES.items()
        ],
    }


def groups_chart(groups: Iterable[Group]) -> dict[str, Any]:
    shown = [group for group in groups if group.id][:12]
    return {
        "kind": "bars",
        "percent": True,
        "labels": [group.name for group in shown],
        "series": [
            {
                "name": str(NAMES[key]),
                "look": _LOOKS[key],
                "values": [number(getattr(group.rates, key).share) for group in shown],
                "exact": [exact(getattr(group.rates, key)) for group in shown],
            }
            for key in NAMES
        ],
    }


def _day(day: date) -> str:
    return f"{day.month}-{day.day:02d}"


def _step(day: date, step: str) -> str:
    return f"{day.year}-{day.month:02d}" if step == "month" else _day(day)
