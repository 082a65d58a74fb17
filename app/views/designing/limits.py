"""What places may change of a workflow, ticked on a screen: the part ``vary`` of the draft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError, Problem
from app.extensions import db
from app.models import Workflow
from app.services import drafts
from app.transaction import unit_of_work
from app.views import access, errors, labels
from app.views.designing.frame import must, pages, row_of, whole
from app.views.designing.places import URL
from app.workflows import files, registry
from app.workflows.leeway import Leeway
from app.workflows.spans import Duration
from app.workflows.spec import SYSTEM, Deadline
from app.workflows.spec import Workflow as Spec

OFFERED = tuple(role for role in registry.ROLES if role != SYSTEM)
"""A step may be given to any of these; what the system does is nobody's to give."""


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    name: str
    label: str
    chosen: tuple[str, ...]
    usual: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Time:
    id: str
    name: str
    label: str
    usual: str
    unit: str
    least: str
    most: str
    error: str = ""


def _unit(within: Duration, language: str) -> str:
    """What stands behind the two numbers: they are of the template's own unit."""
    return within.unit.value if language == "en" else within.text(language).partition(" ")[2]


@pages.get(URL + "/limits")
def limits(workflow_id: int) -> str:
    row = row_of(workflow_id)
    must("can_edit", row)
    spec = drafts.spec(row)
    return _form(row, spec, _typed(spec.vary or Leeway()), {}, row.draft_version)


@pages.post(URL + "/limits")
def set_limits(workflow_id: int) -> Response | tuple[str, int]:
    row = row_of(workflow_id)
    must("can_edit", row)
    spec, expected = drafts.spec(row), whole(request.form.get("expected")) or 0
    try:
        vary = _read(spec, request.form)
        document = {**spec.model_dump(mode="json", by_alias=True), "vary": vary}
        with unit_of_work(db.session()) as session:
            drafts.save(
                session,
                row.id,
                files.parse(document, row.key),
                expected=expected,
                actor=access.viewer(),
                now=access.now(),
            )
    except (InvalidError, ConflictError) as error:
        wrong: dict[str, str] = {}
        for problem in error.problems:
            wrong.setdefault(problem.field or "", errors.said(problem))
        return _form(row_of(workflow_id), spec, request.form, wrong, expected), error.status
    flash(_("Kept in the draft. It holds once the draft is published."), "success")
    return redirect(url_for("definitions.show", workflow_id=workflow_id))


def _read(spec: Spec, form: MultiDict[str, str]) -> dict[str, Any]:
    """The part ``vary`` of a file. Raises InvalidError with all that is wrong, by field."""
    problems = [found for deadline in _timed(spec) for found in _wrong(deadline, form)]
    if problems:
        raise InvalidError(*problems)
    roles = []
    for key in dict.fromkeys(step.key for step in spec.transitions):
        among = [role for role in OFFERED if role in form.getlist(f"roles.{key}")]
        if among:
            roles.append({"transition": key, "among": among})
    times = []
    for deadline in _timed(spec):
        least, most = _pair(deadline, form)
        if least is not None and most is not None and deadline.within is not None:
            unit = deadline.within.unit
            between = {"least": f"{least} {unit}", "most": f"{most} {unit}"}
            times.append({"deadline": deadline.key, **between})
    return {"labels": "labels" in form, "roles": roles, "times": times}


def _pair(deadline: Deadline, form: MultiDict[str, str]) -> tuple[int | None, int | None]:
    name = f"times.{deadline.key}"
    return whole(form.get(f"{name}.least")), whole(form.get(f"{name}.most"))


def _wrong(deadline: Deadline, form: MultiDict[str, str]) -> Iterator[Problem]:
    name = f"times.{deadline.key}"
    if not (form.get(f"{name}.least") or form.get(f"{name}.most")) or deadline.within is None:
        return
    least, most = _pair(deadline, form)
    if least is None or most is None:
        words = {"zh": "两个都要填整数。", "en": "Give both, as whole numbers."}
        yield Problem(words, name)
    elif not least <= deadline.within.amount <= most <= 100_000:
        words = {
            "zh": f"上级流程自己的 {deadline.within.amount} 要在两者之间。",
            "en": f"The template's own {deadline.within.amount} must lie between them.",
        }
        yield Problem(words, name)


def _timed(spec: Spec) -> Iterator[Deadline]:
    return (deadline for deadline in spec.deadlines if deadline.within is not None)


def _typed(vary: Leeway) -> MultiDict[str, str]:
    typed: MultiDict[str, str] = MultiDict({"labels": "1"} if vary.labels else {})
    for one in vary.roles:
        typed.setlist(f"roles.{one.transition}", list(one.among))
    for limit in vary.times:
        typed[f"times.{limit.deadline}.least"] = str(limit.least.amount)
        typed[f"times.{limit.deadline}.most"] = str(limit.most.amount)
    return typed


def _form(
    row: Workflow, spec: Spec, typed: MultiDict[str, str], wrong: dict[str, str], expected: int
) -> str:
    language = labels.language()
    steps = {step.key: step for step in reversed(spec.transitions)}
    ordered = dict.fromkeys(step.key for step in spec.transitions)
    times = [
        Time(
            id=f"time-{index}",
            name=f"times.{deadline.key}",
            label=deadline.label.text(language),
            usual=deadline.within.text(language) if deadline.within else "",
            unit=_unit(deadline.within, language) if deadline.within else "",
            least=typed.get(f"times.{deadline.key}.least", ""),
            most=typed.get(f"times.{deadline.key}.most", ""),
            error=wrong.get(f"times.{deadline.key}", ""),
        )
        for index, deadline in enumerate(_timed(spec))
    ]
    return render_template(
        "definitions/limits.html",
        row=row,
        worded="labels" in typed,
        steps=[
            Step(
                id=f"step-{index}",
                name=f"roles.{key}",
                label=steps[key].label.text(language),
                chosen=tuple(typed.getlist(f"roles.{key}")),
                usual=steps[key].roles,
            )
            for index, key in enumerate(ordered)
        ],
        times=times,
        roles=OFFERED,
        flaws=[(time.id, time.label) for time in times if time.error],
        general=[text for field, text in wrong.items() if not field.startswith("times.")],
        expected=expected,
    )
