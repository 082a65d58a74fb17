"""All that the page of a case shows, gathered in few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import Session

from app import models as m
from app.errors import Problem
from app.services import attachments, candidates, cases, definitions, history, privacy
from app.services.actors import Viewer
from app.services.candidates import Candidates
from app.services.cases import Shown
from app.services.providers import OWN
from app.services.scope import COMMUNITY_ROLES
from app.views import inputs, labels, panels, pictures, steps, times, values
from app.views.inputs import Given, Input
from app.views.steps import Day, Told
from app.views.times import Bar, Left
from app.views.values import Sight, Value
from app.workflows.engine import Choice
from app.workflows.spec import FieldSpec, FieldType


@dataclass(frozen=True, slots=True)
class Opened:
    """The form that was just sent and refused: drawn open, with what was typed."""

    event: str = ""
    given: Given | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A button that this person may press now. ``at_once``: nothing to fill in or confirm."""

    key: str
    label: str
    confirm: str
    primary: bool
    inputs: tuple[Input, ...]
    open: bool

    @property
    def at_once(self) -> bool:
        return not (self.inputs or self.confirm or self.open)


@dataclass(frozen=True, slots=True)
class Grey:
    """A button that can't be pressed now, and why."""

    label: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relative:
    """The case that this one is a part of, or one of its own parts; ``name`` says which part."""

    id: int
    number: str
    name: str
    state: str
    kind: str
    left: Left | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """``unmet`` are grey buttons of this person's own; ``foreign`` are for others to press.
    ``attachments`` are those that no step of the history shows."""

    shown: Shown
    workflow: str
    place: str
    state: str
    kind: str
    help: str
    bars: list[Bar]
    offers: list[Offer]
    unmet: list[Grey]
    foreign: list[Grey]
    values: list[Value]
    days: list[Day]
    parent: Relative | None
    children: list[Relative]
    attachments: list[m.Attachment]
    way: Markup
    panel: Markup
    inside: bool


def inside(viewer: Viewer) -> bool:
    """Whether this person is of the community's own staff, who see how a case is run."""
    return viewer.everywhere or bool(viewer.roles & COMMUNITY_ROLES)


def number(phone: str) -> str:
    """A telephone number as this request may show it: masked, unless it was asked for."""
    return phone if g.get("full_numbers") else privacy.masked(phone)


def revealable(viewer: Viewer, assignee_id: int | None) -> bool:
    """Whether to offer this person to have the numbers of the page shown in full."""
    return not g.get("full_numbers") and privacy.may_reveal(viewer, assignee_id)


def of(
    session: Session,
    case_id: int,
    *,
    viewer: Viewer,
    now: datetime,
    opened: Opened,
    oldest: bool = False,
) -> Dossier:
    """The case as ``viewer`` sees it at ``now``, its history newest first unless ``oldest``;
    raises MissingError."""
    shown = cases.choices(session, case_id, actor=viewer, now=now)
    case, fields = shown.case, shown.compiled.fields
    events = history.of_case(session, case_id)
    parent, children = history.relatives(session, case_id, case.parent_id, viewer)
    files = {item.id: item for item in attachments.of_case(session, case_id)}
    sight = Sight(_names(session, shown, events), files, full=bool(g.get("full_numbers")))
    state = shown.compiled.states[case.state]
    unmet, foreign = _greys(bare(shown))
    told = _told(shown, events)
    history_ = steps.of_staff(events, _ever(session, fields, events), sight, told)
    in_history = {f.id for step in history_ for value in step.values for f in value.files}
    return Dossier(
        shown=shown,
        workflow=labels.localized(shown.compiled.spec.label.model_dump()),
        place=sight.names.get(("place", case.place_id), case.place_name),
        state=labels.localized(state.label.model_dump()),
        kind=state.kind.value,
        help=labels.localized(state.help.model_dump()) if state.help else "",
        bars=times.bars(shown, now),
        offers=offers(session, shown, viewer, opened),
        unmet=unmet,
        foreign=foreign,
        values=[*_people(shown, sight), *_values(shown, sight, told)],
        days=steps.days(reversed(history_) if oldest else history_, now),
        parent=_relative(parent, now) if parent else None,
        children=_children(children, now),
        attachments=[file for file in files.values() if file.id not in in_history],
        way=pictures.of_way(shown, events),
        panel=panels.drawn(shown, viewer),
        inside=inside(viewer),
    )


def _relative(row: Any, now: datetime, name: str = "") -> Relative:
    return Relative(
        id=row.id,
        number=row.number,
        name=name or row.title,
        state=labels.localized(row.state_label),
        kind=row.state_kind,
        left=times.left(row.due_at, now) if row.closed_at is None else None,
    )


def _children(rows: list[Any], now: datetime) -> list[Relative]:
    """Each by what tells it from the others: its party, its place, else its title."""
    alike = Counter((row.party, row.place) for row in rows)
    return [
        _relative(row, now, "" if alike[row.party, row.place] > 1 else row.party or row.place)
        for row in rows
    ]


def _told(shown: Shown, events: Sequence[Any]) -> Told:
    """The fields that stand among the facts: what the case was opened with, and what no step of
    the history filled in. The rest is read where it was done."""
    filled = {key for event in events for key in event.data.get("form", {})}
    intake = {item.field for item in shown.compiled.spec.intake}
    return Told(frozenset(intake | (shown.case.data.keys() - filled)), shown.case.data)


def _ever(
    session: Session, fields: Mapping[str, FieldSpec], events: Sequence[Any]
) -> Mapping[str, FieldSpec]:
    """The fields with those, and their options, that only earlier versions of the case had: what
    was filled in then reads as it did."""
    found = dict(fields)
    for event in events:
        if event.kind != "migrated" or "version" not in event.data:
            continue
        earlier = definitions.compiled(session, event.data["version"]["before"])
        for key, old in earlier.fields.items():
            new = found.setdefault(key, old)
            known = {option.key for option in new.options}
            gone = tuple(option for option in old.options if option.key not in known)
            found[key] = new.model_copy(update={"options": new.options + gone}) if gone else new
    return found


def _names(session: Session, shown: Shown, events: Any) -> Mapping[candidates.Key, str]:
    case = shown.case
    wanted = values.keys(
        shown.compiled.fields, [case.data, *(e.data.get("form", {}) for e in events)]
    )
    for kind, id_ in (
        ("place", case.place_id),
        ("person", case.assignee_id),
        ("party", case.party_id),
    ):
        if id_ is not None:
            wanted.add((kind, id_))
    return candidates.names(session, wanted)


def _people(shown: Shown, sight: Sight) -> list[Value]:
    case = shown.case
    found = [
        (_("Responsible party"), "party", case.party_id),
        (_("In charge"), "person", case.assignee_id),
    ]
    return [
        Value(label, "text", sight.names.get((kind, id_), "")) for label, kind, id_ in found if id_
    ]


def _values(shown: Shown, sight: Sight, told: Told) -> list[Value]:
    """The facts as they are now; files stand together elsewhere."""
    fields = {
        key: field
        for key, field in shown.compiled.fields.items()
        if key in told.keys and field.type is not FieldType.FILES
    }
    return values.of_form(fields, shown.case.data, sight)


def offers(session: Session, shown: Shown, viewer: Viewer, opened: Opened) -> list[Offer]:
    """The buttons that may be pressed, the usual next step first."""
    allowed = [choice.transition for choice in bare(shown) if choice.allowed]
    forms = {t.key: inputs.pairs(shown.compiled.fields, t.form) for t in allowed}
    kinds: set[str] = set().union(*(inputs.kinds(form) for form in forms.values()))
    offered: dict[str, Candidates] = candidates.find(
        session, viewer, kinds, near=shown.case.place_id
    )
    found = [
        Offer(
            key=t.key,
            label=labels.localized(t.label.model_dump()),
            confirm=labels.localized(t.confirm.model_dump()) if t.confirm else "",
            primary=t.primary,
            inputs=tuple(
                inputs.draw(
                    forms[t.key],
                    prefix=t.key,
                    present=shown.case.data,
                    given=opened.given if t.key == opened.event else None,
                    problems=opened.problems if t.key == opened.event else (),
                    offered=offered,
                )
            ),
            open=t.key == opened.event,
        )
        for t in allowed
    ]
    return sorted(found, key=lambda offer: not offer.primary)


def bare(shown: Shown) -> tuple[Choice, ...]:
    """The buttons of the case page: all but the recordings that have a page of their own."""
    elsewhere = OWN.get(shown.case.leg, frozenset())
    return tuple(c for c in shown.choices if c.transition.key not in elsewhere)


def _greys(choices: tuple[Choice, ...]) -> tuple[list[Grey], list[Grey]]:
    """Mine but not now; and those of others. What only the system fires is nobody's button."""
    unmet: list[Grey] = []
    foreign: list[Grey] = []
    for choice in choices:
        if choice.allowed or not (set(choice.transition.roles) - {"System"} or _related(choice)):
            continue
        reasons = tuple(
            labels.localized({"zh": r.text.zh, "en": r.text.text("en")}) for r in choice.reasons
        )
        grey = Grey(labels.localized(choice.transition.label.model_dump()), reasons)
        mine = any(reason.code == "condition" for reason in choice.reasons)
        (unmet if mine else foreign).append(grey)
    return unmet, foreign


def _related(choice: Choice) -> bool:
    return bool(choice.transition.relations)
