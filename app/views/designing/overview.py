"""The list of workflows, and a workflow's first page: what is wrong with its draft, publishing."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError, Problem
from app.extensions import db
from app.models import Case, Workflow
from app.services import definitions, drafts, edge, variations
from app.services.scope import visible
from app.transaction import unit_of_work
from app.views import access, errors, pictures
from app.views.designing.frame import may, must, pages, row_of, whole
from app.workflows import files
from app.workflows.check import Finding
from app.workflows.formats import FORMATS
from app.workflows.spec import Workflow as Spec


@pages.get("/")
def index() -> str:
    must("can_list")
    return listed()


def listed(problems: tuple[Problem, ...] = ()) -> str:
    """The list; ``problems`` are of a file that was not imported."""
    rows = db.session.scalars(
        sa.select(Workflow)
        .options(sa.orm.joinedload(Workflow.current), sa.orm.joinedload(Workflow.place))
        .where(visible(access.viewer(), Workflow))
        .order_by(Workflow.key)
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
        problems=problems,
        shown_at=edge.shown,
    )


@pages.get("/<int:workflow_id>")
def show(workflow_id: int) -> str:
    must("can_show")
    return _page(row_of(workflow_id))


def _page(row: Workflow, note: str = "", said: tuple[str, ...] = ()) -> str:
    spec, found, problems = _judged(row)
    same, may_publish = _in_force(row, spec), may("can_publish", row)
    told = spec is not None and may_publish and not same
    return render_template(
        "definitions/show.html",
        row=row,
        picture=pictures.of_workflow(spec) if spec else None,
        findings=found,
        problems=problems,
        blocked=bool(problems) or any(f.level == "error" for f in found),
        same=same,
        stuck=variations.foretell(db.session(), row.id, spec) if spec and told else (),
        note=note,
        said=said,
        shown_at=edge.shown,
        formats=FORMATS,
        may_publish=may_publish,
        may_edit=may("can_edit", row),
    )


def _in_force(row: Workflow, spec: Spec | None) -> bool:
    """Whether the draft says just what holds now."""
    present = row.current
    return spec is not None and present is not None and files.checksum(spec) == present.checksum


def _judged(row: Workflow) -> tuple[Spec | None, list[Finding], tuple[Problem, ...]]:
    """The draft with what the checker says of it, or why its rows make no workflow at all."""
    try:
        spec = drafts.spec(row)
    except InvalidError as error:
        return None, [], error.problems
    return spec, definitions.findings(db.session(), spec), ()


@pages.post("/<int:workflow_id>/publish")
def publish(workflow_id: int) -> Response | tuple[str, int]:
    """The draft that the page showed, and no later one: ``seen`` is its version."""
    must("can_publish", row_of(workflow_id))
    note = request.form.get("note", "").strip()[:2000]
    seen = whole(request.form.get("seen"))
    try:
        with unit_of_work(db.session()) as session:
            row = drafts.locked(session, workflow_id)
            if seen is not None and row.draft_version != seen:
                raise drafts.conflict(session, row)
            version = definitions.publish(
                session, row, actor=access.viewer(), now=access.now(), note=note
            )
            number = version.number
    except ConflictError as error:
        said = tuple(errors.said(problem) for problem in error.problems)
        return _page(row_of(workflow_id), note, said), 409
    except InvalidError:
        return _page(row_of(workflow_id), note), 422
    flash(_("Version %(number)s is in force for new cases.", number=number), "success")
    return redirect(url_for("definitions.show", workflow_id=workflow_id))
