"""A workflow file on the screen: what it would change is shown before it becomes the draft."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError, Problem
from app.extensions import db
from app.services import arrivals, definitions
from app.services.arrivals import Arrival
from app.transaction import unit_of_work
from app.views import access, errors, pictures
from app.views.designing.frame import must, pages
from app.views.designing.overview import listed
from app.views.designing.versions import SIGNS
from app.workflows import files
from app.workflows.spec import Workflow as Spec

_OPEN = 8 * 3600
"""Seconds for which a difference that was shown may be confirmed."""
Answer = Response | tuple[str, int]


@pages.post("/import")
def import_() -> Answer:
    """Nothing is saved: the page shows the difference and carries the file on to ``confirm``."""
    must("can_edit")
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        words = {"zh": "请先选择一个流程文件。", "en": "Choose a workflow file first."}
        return listed((Problem(words, "file"),)), 422
    text = sent.stream.read(files.LARGEST + 1)
    sent.close()
    try:
        spec = files.read(text, sent.filename)
        found = arrivals.look(db.session(), spec, actor=access.viewer())
    except InvalidError as error:
        return listed(error.problems), 422
    if found.equal and found.row is not None:
        flash(_("The file says just what the draft says. Nothing to import."), "info")
        return redirect(url_for("definitions.show", workflow_id=found.row.id))
    return _page(found), 200


@pages.post("/import/confirm")
def confirm() -> Answer:
    """What was shown becomes the draft, if that is still the one that it was compared with."""
    must("can_edit")
    spec, expected = _opened(request.form.get("payload", ""))
    viewer, now = access.viewer(), access.now()
    try:
        with unit_of_work(db.session()) as session:
            row = arrivals.take(session, spec, expected=expected, actor=viewer, now=now)
            key = row.id
    except ConflictError as error:
        found = arrivals.look(db.session(), spec, actor=viewer)
        return _page(found, error.problems), 409
    except InvalidError as error:
        return listed(error.problems), 422
    flash(_("The file is now the draft. Check it, then publish."), "success")
    return redirect(url_for("definitions.show", workflow_id=key))


def _page(found: Arrival, problems: tuple[Problem, ...] = ()) -> str:
    spec = found.spec
    return render_template(
        "definitions/import.html",
        found=found,
        problems=[errors.said(problem) for problem in problems],
        findings=definitions.findings(db.session(), spec),
        picture=(
            pictures.of_contrast(found.before, spec)
            if found.before is not None
            else pictures.of_workflow(spec).svg
        ),
        signs=SIGNS,
        payload=_sealed(found),
    )


# --- from one request to the next ----------------------------------------------------------------


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="workflow.import")


def _sealed(found: Arrival) -> str:
    """The file itself travels with the page (packed and signed: at most 1.4 MB), so that nothing
    is stored before somebody has said yes, and what is stored is what was shown."""
    plain = found.spec.model_dump_json(by_alias=True, exclude_defaults=True)
    return str(_seal().dumps([access.viewer().user_id, found.expected, plain]))


def _opened(payload: str) -> tuple[Spec, int | None]:
    """Raises InvalidError for what we haven't sealed for this person lately."""
    try:
        user_id, expected, plain = _seal().loads(payload, max_age=_OPEN)
    except (BadSignature, ValueError):
        user_id, expected, plain = None, None, ""
    if user_id is None or user_id != access.viewer().user_id:
        words = {
            "zh": "这一页已失效，请重新选择文件。",
            "en": "This page is no longer valid: choose the file again.",
        }
        raise InvalidError(Problem(words, "file"))
    document: dict[str, Any] = json.loads(plain)
    return files.parse(document, "workflow"), expected
