"""The history of a case as a page shows it: who did what when, what was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from app.services import edge
from app.views import labels, values
from app.views.values import Sight, Value
from app.workflows.spec import FieldSpec

FOLDED = 5
"""From so many recordings in a row on, they are one step of the page."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Step:
    """``target`` is empty where the state stayed; ``look`` is ``now``, ``late`` or empty; ``note``
    says what a leg recorded with the step."""

    label: str
    who: str
    at: str
    target: str
    values: tuple[Value, ...]
    look: str = ""
    note: str = ""


def of_staff(events: Sequence[Any], fields: Mapping[str, FieldSpec], sight: Sight) -> list[Step]:
    """Newest first, all of it, with the labels as they were then; a run of one kind of recording
    (a thousand doors of a consultation) is one step that says how many."""
    found: list[Step] = []
    for kind, run in groupby(events, key=_recording):
        several = list(run)
        if kind and len(several) >= FOLDED:
            found.append(_folded(several, first=not found))
        else:
            found.extend(_one(e, fields, sight, first=e is events[0]) for e in several)
    return found


def _recording(event: Any) -> str:
    """The recording that the event is; empty for every other event."""
    text = event.data.get("record", {}).get("text")
    return str(event.event) if text and event.kind == "noted" else ""


def _one(event: Any, fields: Mapping[str, FieldSpec], sight: Sight, *, first: bool) -> Step:
    return Step(
        label=labels.localized(event.label),
        who=_who(event),
        at=edge.shown(event.at),
        target=labels.localized(event.target_label) if event.source != event.target else "",
        values=tuple(values.of_form(fields, event.data.get("form", {}), sight)),
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
        at=f"{edge.shown(events[-1].at)} – {edge.shown(events[0].at)}",
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
            at=edge.shown(event.at),
            target=labels.localized(event.target_label) if event.source != event.target else "",
            values=tuple(values.of_form(fields, event.data.get("form", {}), sight, public=True)),
            look="now" if index == len(events) - 1 else "",
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
        return "late"
    return "now" if first else ""
