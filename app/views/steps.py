"""The history of a case as a page shows it: who did what when, what was filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from flask_babel import gettext as _

from app.services import edge
from app.views import labels, times, values
from app.views.values import Sight, Value
from app.workflows.engine import OPENING
from app.workflows.spec import FieldSpec

FOLDED = 5
"""From so many recordings in a row on, they are one step of the page."""
SHOWN = 3


class Told(NamedTuple):
    """What the page says elsewhere: these fields, with their present values."""

    keys: frozenset[str]
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """``target`` is empty where the state stayed; ``look`` is ``now``, ``moved``, ``soon``,
    ``late`` or empty; ``note`` says what a leg recorded with the step."""

    label: str
    who: str
    at: datetime
    time: str
    target: str
    values: tuple[Value, ...]
    look: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """The steps of one local day."""

    label: str
    steps: tuple[Step, ...]


def of_staff(
    events: Sequence[Any], fields: Mapping[str, FieldSpec], sight: Sight, told: Told
) -> list[Step]:
    """Newest first, all of it, with the labels as they were then; a run of one kind of recording
    (a thousand doors of a consultation) is one step that says how many. What ``told`` says already
    isn't repeated."""
    found: list[Step] = []
    news = _news(events, told)
    for kind, run in groupby(events, key=_recording):
        several = list(run)
        if kind and len(several) >= FOLDED:
            found.append(_folded(several, first=not found))
        else:
            found.extend(
                _one(e, values.of_form(fields, news[e.id], sight), first=e is events[0])
                for e in several
            )
    return found


def days(steps: Iterable[Step], now: datetime) -> list[Day]:
    """The steps, in the order given, under their days."""
    grouped = groupby(steps, key=lambda step: times.day(step.at, now))
    return [Day(label, tuple(several)) for label, several in grouped]


def _news(events: Sequence[Any], told: Told) -> dict[int, dict[str, Any]]:
    """What each step filled in, by event id, without what the page says elsewhere and this step
    hasn't changed."""
    found: dict[int, dict[str, Any]] = {}
    before: dict[str, Any] = {}
    for event in reversed(events):
        form = event.data.get("form", {})
        opened = event.event == OPENING
        found[event.id] = {
            key: value
            for key, value in form.items()
            if key not in told.keys
            or (value != told.data.get(key) if opened else value != before.get(key))
        }
        before |= form
    return found


def _recording(event: Any) -> str:
    """The recording that the event is; empty for every other event."""
    text = event.data.get("record", {}).get("text")
    return str(event.event) if text and event.kind == "noted" else ""


def _one(event: Any, filled: Iterable[Value], *, first: bool) -> Step:
    return Step(
        label=labels.localized(event.label),
        who=_who(event),
        at=event.at,
        time=times.clock(event.at),
        target=labels.localized(event.target_label) if event.source != event.target else "",
        values=tuple(filled),
        look=_look(event, first=first),
        note=labels.localized(event.data.get("record", {}).get("text", {})),
    )


def _folded(events: list[Any], *, first: bool) -> Step:
    """The newest few in words, the others as a number."""
    newest = [labels.localized(event.data["record"]["text"]) for event in events[:SHOWN]]
    people = list(dict.fromkeys(_who(event) for event in events))
    return Step(
        label=f"{labels.localized(events[0].label)} × {len(events)}",
        who="、".join(people[:SHOWN]) + ("…" if len(people) > SHOWN else ""),
        at=events[0].at,
        time=_span(events[-1].at, events[0].at),
        target="",
        values=(),
        look="now" if first else "",
        note=" · ".join([*newest, "…"]),
    )


def of_resident(events: Sequence[Any], fields: Mapping[str, FieldSpec], sight: Sight) -> list[Step]:
    """Oldest first, without names of staff and without what stays among them."""
    return [
        Step(
            label=labels.localized(event.label),
            who=_("You") if event.actor_kind == "resident" else _("The community"),
            at=event.at,
            time=times.clock(event.at),
            target=labels.localized(event.target_label) if event.source != event.target else "",
            values=tuple(values.of_form(fields, event.data.get("form", {}), sight, public=True)),
            look="now" if index == len(events) - 1 else "moved",
        )
        for index, event in enumerate(reversed(events))
    ]


def _who(event: Any) -> str:
    if event.actor_kind == "system" and not event.actor_id:
        return str(_("The system"))
    if event.actor_kind == "resident":
        return str(_("The resident"))
    return str(event.actor_name)


def _look(event: Any, *, first: bool) -> str:
    if event.kind == "level":
        due, at = event.data.get("due"), event.data.get("at")
        passed = due and at and datetime.fromisoformat(at) >= datetime.fromisoformat(due)
        return "late" if passed else "soon"
    if first:
        return "now"
    return "moved" if event.source != event.target else ""


def _span(first: datetime, last: datetime) -> str:
    """Both ends; the date only where the day isn't the same."""
    if edge.local(first).date() == edge.local(last).date():
        return f"{times.clock(first)} – {times.clock(last)}"
    return f"{edge.local(first):%m-%d %H:%M} – {edge.local(last):%m-%d %H:%M}"
