"""The form in which a place words and times a workflow its own way: only what the template lets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError, Problem, RefusedError
from app.extensions import db
from app.services import variations
from app.transaction import unit_of_work
from app.views import access, errors, labels
from app.views.designing.frame import joined, pages, whole
from app.views.designing.places import URL, Loaded, loaded_to_vary
from app.views.fields import clean
from app.workflows import variation
from app.workflows.spec import Label
from app.workflows.spec import Workflow as Spec
from app.workflows.variation import LONGEST, Changes, Words

GROUPS = {
    "workflow": _l("The workflow itself"),
    "states": _l("States"),
    "transitions": _l("Transitions"),
    "fields": _l("Fields"),
    "deadlines": _l("Deadlines"),
    "children": _l("Children"),
}
Typed = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the form. ``value`` is what the place has, empty: as the template."""

    id: str
    name: str
    label: str
    template: Any
    value: Any
    error: str = ""
    options: tuple[tuple[str, str], ...] = ()
    least: int = 0
    most: int = 0
    unit: str = ""


@pages.get(URL + "/<int:place_id>/edit")
def vary(workflow_id: int, place_id: int) -> str:
    found = loaded_to_vary(workflow_id, place_id)
    changes = Changes.model_validate(found.own.changes) if found.own else Changes()
    return _form(found, _typed(changes), {}, found.own.counter if found.own else 0)


@pages.post(URL + "/<int:place_id>/edit")
def save_variation(workflow_id: int, place_id: int) -> Response | tuple[str, int]:
    found = loaded_to_vary(workflow_id, place_id)
    spec, expected = _spec(found), whole(request.form.get("expected")) or 0
    try:
        changes = _read(spec, request.form)
        with unit_of_work(db.session()) as session:
            variations.save(
                session,
                found.row,
                found.place,
                changes,
                expected=expected,
                actor=access.viewer(),
                now=access.now(),
            )
    except (InvalidError, ConflictError) as error:
        wrong: dict[str, str] = {}
        for problem in error.problems:
            wrong.setdefault(problem.field or "", errors.said(problem))
        return _form(found, request.form, wrong, expected), error.status
    return redirect(url_for("definitions.variation", workflow_id=workflow_id, place_id=place_id))


def _spec(found: Loaded) -> Spec:
    if found.spec is None:
        raise RefusedError(Problem({"zh": found.why, "en": found.why}))
    return found.spec


# --- read and drawn again -------------------------------------------------------------------------


def _read(spec: Spec, form: MultiDict[str, str]) -> Changes:
    """What was sent. Raises InvalidError by field; the limits are the service's business."""
    document: dict[str, dict[str, Any]] = {"labels": {}, "roles": {}, "times": {}}
    for wording in variation.wordings(spec):
        words = {
            language: clean(form.get(f"labels.{wording.name}.{language}"))
            for language in ("zh", "en")
        }
        if any(words.values()):
            document["labels"][wording.name] = words
    for cast in variation.casts(spec):
        sent = form.getlist(f"roles.{cast.key}")
        document["roles"][cast.key] = [role for role in cast.among if role in sent]
    for span in variation.spans(spec):
        text = clean(form.get(f"times.{span.key}"))
        if text:
            amount = whole(text)
            if amount is None:
                said = {"zh": "请填写整数。", "en": "Give a whole number."}
                raise InvalidError(Problem(said, f"times.{span.key}"))
            document["times"][span.key] = {"amount": amount, "unit": span.within.unit}
    try:
        return Changes.model_validate(document)
    except ValidationError as error:
        raise InvalidError(*_faults(error)) from None


def _faults(error: ValidationError) -> list[Problem]:
    said = {
        "zh": f"太长或有不能用的字符，最多 {LONGEST} 个字。",
        "en": f"Too long, or with characters that can't be used: at most {LONGEST}.",
    }
    return [
        Problem(said, ".".join(str(step) for step in fault["loc"][:2])) for fault in error.errors()
    ]


def _typed(changes: Changes) -> MultiDict[str, str]:
    typed: MultiDict[str, str] = MultiDict()
    for name, words in changes.labels.items():
        typed[f"labels.{name}.zh"], typed[f"labels.{name}.en"] = words.zh, words.en
    for key, roles in changes.roles.items():
        typed.setlist(f"roles.{key}", list(roles))
    for key, within in changes.times.items():
        typed[f"times.{key}"] = str(within.amount)
    return typed


def _form(
    found: Loaded, typed: MultiDict[str, str], wrong: Mapping[str, str], expected: int
) -> str:
    spec = _spec(found)
    rows = [*_times(spec, typed, wrong), *_roles(spec, typed, wrong)]
    worded = _labels(spec, typed, wrong)
    every = [*rows, *(row for group in worded.values() for row in group)]
    return render_template(
        "definitions/varying.html",
        row=found.row,
        place=found.place,
        times=[row for row in rows if row.unit],
        roles=[row for row in rows if row.options],
        worded={GROUPS[part]: group for part, group in worded.items()},
        flaws=[(row.id, row.label) for row in every if row.error],
        general=[wrong[""]] if "" in wrong else [],
        longest=LONGEST,
        expected=expected,
    )


def _times(spec: Spec, typed: MultiDict[str, str], wrong: Mapping[str, str]) -> list[Row]:
    language = labels.language()
    return [
        Row(
            id=f"time-{index}",
            name=f"times.{span.key}",
            label=_text(span.label),
            template=span.within.text(language),
            value=typed.get(f"times.{span.key}", ""),
            error=wrong.get(f"times.{span.key}", ""),
            least=span.least,
            most=span.most,
            unit=span.within.text(language).lstrip("0123456789 个"),
        )
        for index, span in enumerate(variation.spans(spec))
    ]


def _roles(spec: Spec, typed: MultiDict[str, str], wrong: Mapping[str, str]) -> list[Row]:
    rows = []
    for index, cast in enumerate(variation.casts(spec)):
        name = f"roles.{cast.key}"
        known = name in typed or request.method == "POST"
        rows.append(
            Row(
                id=f"role-{index}",
                name=name,
                label=_text(cast.label),
                template=joined(labels.of_role(role) for role in cast.roles),
                value=typed.getlist(name) if known else list(cast.roles),
                error=wrong.get(name, ""),
                options=tuple((role, labels.of_role(role)) for role in cast.among),
            )
        )
    return rows


def _labels(
    spec: Spec, typed: MultiDict[str, str], wrong: Mapping[str, str]
) -> dict[str, list[Row]]:
    """By part, in the order of the file."""
    found: dict[str, list[Row]] = {}
    for index, wording in enumerate(variation.wordings(spec)):
        name = f"labels.{wording.name}"
        sent = Words.model_construct(zh=typed.get(f"{name}.zh", ""), en=typed.get(f"{name}.en", ""))
        found.setdefault(wording.part, []).append(
            Row(
                id=f"label-{index}",
                name=name,
                label=_text(wording.label),
                template=wording.label,
                value=sent,
                error=wrong.get(name, ""),
            )
        )
    return found


def _text(label: Label) -> str:
    return label.text(labels.language())
