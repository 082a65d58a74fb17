"""The list of consultations, and opening one: about what, who decides, counted by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ForbiddenError, InvalidError, Problem, SifangError
from app.extensions import db
from app.models import RuleSet
from app.models import Workflow as WorkflowRow
from app.services import cases, definitions, electorates, openings, versions
from app.services.cases import Opened, Opening
from app.services.electorates import Electorate
from app.transaction import unit_of_work
from app.views import access
from app.views.consultation import frame
from app.views.consultation.pages import Answer, pages
from app.views.lists import frame as lists
from app.views.lists.cases import Consultations
from app.workflows.spec import Workflow


@pages.get("/")
def index() -> Response:
    """The consultations that this person may see, each with its progress."""
    return lists.render(
        "consultation/index.html",
        lists.open_(Consultations()),
        may_open=bool(openable()),
    )


@pages.get("/new")
def new() -> str:
    return _page({}, {})


@pages.get("/scopes")
def scopes() -> Response:
    """What the searching box asks: places that can be an electorate."""
    found = electorates.find(db.session(), access.viewer(), request.args.get("q", "")[:100])
    shown = found[: electorates.SHOWN]
    more = len(found) > len(shown)
    note = _("More was found: type more words.") if more else _("Nothing was found.")
    results = [{"id": str(item.id), "text": item.text} for item in shown]
    return jsonify(results=results, more=more, note=note)


@pages.post("/new")
def open_new() -> Answer:
    try:
        with unit_of_work(db.session()):
            opened = _open(request.form)
    except SifangError as error:
        if error.status in (403, 404):
            raise
        return _page(frame.by_field(error), request.form.to_dict()), error.status
    flash(_("%(number)s is registered. Next: put a scheme on the table.", number=opened.number))
    return redirect(url_for("consultations.schemes", case_id=opened.id))


def _open(form: Mapping[str, str]) -> Opened:
    workflows = _workflows()
    spec = next((w for w in workflows if w.key == form.get("workflow")), workflows[0])
    problems = _unwritten(form, spec)
    place = None
    try:
        place = _scope(form)
    except InvalidError as error:
        problems.extend(error.problems)
    if not form.get("rule_set"):
        said = {"zh": "请选择按哪一套规则计算。", "en": "Choose the rule set to count by."}
        problems.append(Problem(said, "rule_set"))
    if problems:
        raise InvalidError(*problems)
    assert place is not None
    opening = Opening(
        spec.key,
        form.get("title", ""),
        place.id,
        form={item.field: form.get(f"field-{item.field}", "") for item in spec.intake},
        extra={"scope_id": place.id, "rule_set": form.get("rule_set")},
        words=place.text,
    )
    return cases.open_case(db.session(), opening, actor=access.viewer(), now=access.now())


def _unwritten(form: Mapping[str, str], spec: Workflow) -> list[Problem]:
    """What is left empty, so that all that is wrong is told at once."""
    found: list[Problem] = []
    try:
        openings.titled(form.get("title", ""))
    except InvalidError as error:
        found.extend(error.problems)
    labels = {field.key: field.label for field in spec.fields}
    for item in spec.intake:
        if item.required and not form.get(f"field-{item.field}", "").strip():
            label = labels[item.field]
            said = {"zh": f"请填写“{label.zh}”。", "en": f"Fill in “{label.text('en')}”."}
            found.append(Problem(said, item.field))
    return found


def _scope(form: Mapping[str, str]) -> Electorate:
    """The place chosen from the box; without script, the only one that fits the words."""
    session, viewer = db.session(), access.viewer()
    key, words = form.get("scope_id", ""), form.get("scope_id-text", "").strip()
    if key:
        found = electorates.get(session, viewer, frame.whole(key, "scope_id"))
        hits = [found] if found else []
    else:
        hits = electorates.find(session, viewer, words) if words else []
        hits = [hit for hit in hits if hit.text == words] or hits
    if len(hits) == 1:
        return hits[0]
    said = {
        "zh": "请输入小区、楼栋或单元的名称，并从列表中选择一个。",
        "en": "Type the name of a compound, building or entrance and choose one of the list.",
    }
    raise InvalidError(Problem(said, "scope_id"))


def openable() -> list[Workflow]:
    """Published workflows of this leg that the person may open; one small statement."""
    session, roles = db.session(), access.viewer().roles
    rows = session.execute(
        sa.select(WorkflowRow.key, WorkflowRow.current_id)
        .where(
            WorkflowRow.leg == "consultation",
            WorkflowRow.current_id.is_not(None),
            versions.usable(access.viewer()),
        )
        .order_by(WorkflowRow.key)
    )
    specs = [definitions.compiled(session, row.current_id).spec for row in rows]
    return [spec for spec in specs if roles & set(spec.openers)]


def _workflows() -> list[Workflow]:
    found = openable()
    if not found:
        said = {"zh": "您的角色不能发起协商。", "en": "Your roles can't open a consultation."}
        raise ForbiddenError(Problem(said))
    return found


def _page(problems: dict[str, str], typed: dict[str, str]) -> str:
    workflows = _workflows()
    fields: dict[str, Any] = {f.key: f for spec in workflows for f in spec.fields}
    chosen = next((w for w in workflows if w.key == typed.get("workflow")), workflows[0])
    return render_template(
        "consultation/new.html",
        workflows=workflows,
        chosen=chosen,
        fields=fields,
        rule_sets=list(db.session.scalars(sa.select(RuleSet).order_by(RuleSet.id))),
        problems=problems,
        typed=typed,
    )
