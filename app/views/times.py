"""How long there is left, in words and as a bar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from app.services import edge
from app.services.cases import Shown
from app.views import labels

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
    """A clock of a case. ``share`` is what is left of the time, in percent."""

    label: str
    left: Left
    share: int
    paused: bool
    provisional: bool


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
    """The clocks that run or pause, nearest first."""
    names = {d.key: d.label for d in shown.compiled.spec.deadlines}
    found = []
    for clock in _alive(shown.case.clocks):
        due = datetime.fromisoformat(clock["due_at"])
        began = datetime.fromisoformat(clock["started_at"])
        time = left(due, now, began=began)
        assert time is not None
        total = (due - began).total_seconds()
        share = (due - now).total_seconds() / total if total > 0 else 0.0
        label = names.get(clock["key"])
        found.append(
            Bar(
                label=labels.localized(label.model_dump()) if label else clock["key"],
                left=time,
                share=100 if time.look == "late" else round(max(0.0, min(share, 1.0)) * 100),
                paused=clock["status"] == "paused",
                provisional=bool(clock["provisional"]),
            )
        )
    return sorted(found, key=lambda bar: bar.left.due)


def _alive(clocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [c for c in clocks if c["status"] != "stopped" and c["due_at"] is not None]
