"""Notices of a workflow's draft, shown with a real case."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from app.errors import InvalidError
from app.extensions import db
from app.models import Workflow
from app.services import drafts, previews
from app.views import access, labels
from app.views.deliveries import channels
from app.views.errors import said
from app.views.ledger import vocabulary

pages = Blueprint("previews", __name__, url_prefix="/workflows/<int:workflow_id>/notices")
VIEW = "DraftNoticeView"


@pages.get("/")
def index(workflow_id: int) -> str:
    """``?case=G2026-000012`` chooses the case; else it is the workflow's latest."""
    if not access.may("can_list", VIEW):
        abort(403)
    session, viewer = db.session(), access.viewer()
    row = session.get(Workflow, workflow_id)
    if row is None:
        abort(404)
    number = request.args.get("case", "").strip().upper()[:40]
    case = previews.case(session, viewer, workflow_id, number)
    problems: list[str] = []
    found: object = ()
    try:
        spec = drafts.spec(row)
        if case is not None:
            found = previews.previews(session, viewer, spec, case.id, access.now())
    except InvalidError as error:
        problems = [said(problem) for problem in error.problems]
    return render_template(
        "deliveries/preview.html",
        row=row,
        case=case,
        number=number,
        previews=found,
        problems=problems,
        channels=channels(),
        to=vocabulary.of_recipients,
        name=labels.of_object(row),
    )
