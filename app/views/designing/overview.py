"""Workflow drafts: what the checker says, publishing, and files in and out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import Case, Workflow
from app.services import definitions, drafts
from app.transaction import unit_of_work
from app.views import access, pictures
from app.views.designing.frame import may, must, pages, row_of
from app.workflows import files
from app.workflows.check import Finding
from app.workflows.spec import Workflow as Spec

_LARGEST = 1_000_000


@pages.get("/")
def index() -> str:
    must("can_list")
    rows = db.session.scalars(
        sa.select(Workflow).options(sa.orm.joinedload(Workflow.current)).order_by(Workflow.key)
    ).all()
    counts = db.session.execute(
        sa.select(Case.workflow_id, sa.func.count())
        .where(Case.closed_at.is_(None))
        .group_by(Case.workflow_id)
    )
    running = {workflow_id: count for workflow_id, count in counts}  # noqa: C416  a typed row
    return render_template(
        "definitions/index.html",
        rows=rows,
        running=running,
        may_edit=may("can_edit"),
        problems=(),
    )


@pages.get("/<int:workflow_id>")
def show(workflow_id: int) -> str:
    must("can_show")
    return _page(row_of(workflow_id))


def _page(row: Workflow, note: str = "") -> str:
    spec, found, problems = _judged(row)
    return render_template(
        "definitions/show.html",
        row=row,
        picture=pictures.of_workflow(spec) if spec else None,
        findings=found,
        problems=problems,
        blocked=bool(problems) or any(f.level == "error" for f in found),
        note=note,
        may_publish=may("can_publish", row),
        may_edit=may("can_edit", row),
    )


def _judged(row: Workflow) -> tuple[Spec | None, list[Finding], tuple[Problem, ...]]:
    """The draft with what the checker says of it, or why its rows make no workflow at all."""
    try:
        spec = drafts.spec(row)
    except InvalidError as error:
        return None, [], error.problems
    return spec, definitions.findings(db.session(), spec), ()


@pages.post("/<int:workflow_id>/publish")
def publish(workflow_id: int) -> Response | tuple[str, int]:
    must("can_publish", row_of(workflow_id))
    note = request.form.get("note", "").strip()[:2000]
    try:
        with unit_of_work(db.session()) as session:
            version = definitions.publish(
                session, row_of(workflow_id), actor=access.viewer(), now=access.now(), note=note
            )
            number = version.number
    except InvalidError:
        return _page(row_of(workflow_id), note), 422
    flash(_("Version %(number)s is in force for new cases.", number=number), "success")
    return redirect(url_for("definitions.show", workflow_id=workflow_id))


@pages.post("/import")
def import_() -> Response | tuple[str, int]:
    """A workflow file becomes the draft of its key; nothing is saved when it has a fault."""
    must("can_edit")
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        words = {"zh": "请先选择一个流程文件。", "en": "Choose a workflow file first."}
        return _again((Problem(words, "file"),)), 422
    try:
        spec = files.read(sent.stream.read(_LARGEST + 1), sent.filename)
        with unit_of_work(db.session()) as session:
            key = drafts.store(session, spec).id
    except InvalidError as error:
        return _again(error.problems), 422
    flash(_("The file is now the draft. Check it, then publish."), "success")
    return redirect(url_for("definitions.show", workflow_id=key))


def _again(problems: tuple[Problem, ...]) -> Any:
    rows = db.session.scalars(sa.select(Workflow).order_by(Workflow.key)).all()
    return render_template(
        "definitions/index.html", rows=rows, running={}, may_edit=True, problems=problems
    )
