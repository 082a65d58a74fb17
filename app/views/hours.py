"""Working hours in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from app.services import calendars
from app.views import labels


def spans(kept: Sequence[Sequence[str]]) -> str:
    """``09:00–12:00, 13:30–17:30``."""
    if not kept:
        return str(_("Nobody works"))
    comma = "、" if labels.language() == "zh" else ", "
    return comma.join(f"{begin}–{end}" for begin, end in kept)


def weekdays(width: str = "abbreviated") -> list[str]:
    """Monday first."""
    names = get_locale().days["stand-alone"][width]
    return [str(names[day]) for day in range(7)]


def week(kept: Mapping[str, Any]) -> list[str]:
    """A line for each run of weekdays with the same hours."""
    names, lines = weekdays(), []
    colon = "：" if labels.language() == "zh" else ": "
    first = 0
    for day in range(1, 8):
        if day < 7 and _of(kept, day) == _of(kept, first):
            continue
        run = names[first] if day - first == 1 else f"{names[first]}–{names[day - 1]}"
        lines.append(f"{run}{colon}{spans(_of(kept, first))}")
        first = day
    return lines


def _of(kept: Mapping[str, Any], day: int) -> list[list[str]]:
    return calendars.written(calendars.segments(kept.get(str(day), ())))
