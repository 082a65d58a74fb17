"""The history of a case as a page shows it: who did what when, what was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.services import edge
from app.views import labels, values
from app.views.values import Sight, Value
from app.workflows.spec import FieldSpec


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
    """Newest first, all of it, with the labels as they were then."""
    return [
        Step(
            label=labels.localized(event.label),
            who=_who(event),
            at=edge.shown(event.at),
            target=labels.localized(event.target_label) if event.source != event.target else "",
            values=tuple(values.of_form(fields, event.data.get("form", {}), sight)),
            look=_look(event, first=index == 0),
            note=labels.localized(event.data.get("record", {}).get("text", {})),
        )
        for index, event in enumerate(events)
    ]


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
