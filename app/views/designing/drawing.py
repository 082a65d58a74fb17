"""The designer: a draft as a picture and as text, saved as a whole over the version that was seen.

The page brings the draft along; the script edits it and sends it back. Where there is no room for
that, or no right, the picture that the server draws is shown instead.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template, url_for
from werkzeug.wrappers import Response

from app.errors import ConflictError, InvalidError
from app.extensions import db
from app.models import Workflow
from app.services import drafts, edge
from app.transaction import unit_of_work
from app.views import access, labels, pictures
from app.views.designing import sent
from app.views.designing.frame import may, must, pages, row_of
from app.views.designing.judging import judged, targets
from app.views.designing.vocabulary import vocabulary
from app.views.designing.words import words
from app.views.errors import said
from app.workflows import files
from app.workflows.compare import compare
from app.workflows.spec import Workflow as Spec

Answer = Response | tuple[Response, int]


@pages.get("/<int:workflow_id>/draw")
def draw(workflow_id: int) -> str:
    row = row_of(workflow_id)
    must("can_show", row)
    editing = may("can_edit", row)
    try:
        spec = drafts.spec(row)
    except InvalidError:
        spec = None
    return render_template(
        "definitions/draw.html",
        row=row,
        data=_data(row, spec) if editing else None,
        picture=pictures.of_workflow(spec) if spec and not editing else None,
        drawn=spec is not None,
    )


@pages.get("/<int:workflow_id>/draw/picture")
def draw_picture(workflow_id: int) -> str:
    """The part that a phone asks for in place of the designer."""
    row = row_of(workflow_id)
    must("can_show", row)
    picture = pictures.of_workflow(drafts.spec(row))
    return render_template("definitions/drawn.html", picture=picture)


def _data(row: Workflow, spec: Spec | None) -> dict[str, Any]:
    document = sent.lean(spec) if spec else drafts.document(row)
    names = ("check", "save", "text", "parse")
    return {
        "id": row.id,
        "document": document,
        "positions": row.positions or {},
        "version": row.draft_version,
        "language": labels.language(),
        "words": words(),
        "vocabulary": vocabulary(),
        "urls": {name: url_for(f"definitions.draw_{name}", workflow_id=row.id) for name in names},
    }


@pages.post("/<int:workflow_id>/draw/check")
def draw_check(workflow_id: int) -> Answer:
    """What is wrong with the document that was sent; nothing is kept."""
    must("can_edit", row_of(workflow_id))
    return jsonify(findings=judged(sent.body().get("document"))[1])


@pages.post("/<int:workflow_id>/draw/text")
def draw_text(workflow_id: int) -> Answer:
    """The document as its file."""
    must("can_edit", row_of(workflow_id))
    document = sent.body().get("document")
    spec, findings = judged(document)
    if spec is None:
        return _refused(findings), 422
    return jsonify(text=files.write(spec))


@pages.post("/<int:workflow_id>/draw/parse")
def draw_parse(workflow_id: int) -> Answer:
    """The text of a file as the document; or its faults, each with its line."""
    row = row_of(workflow_id)
    must("can_edit", row)
    text = sent.body().get("text")
    try:
        spec = files.read(text if isinstance(text, str) else "", row.key)
    except files.FileError as error:
        faults = [
            {"line": fault.line, "text": fault.text.text(labels.language()), "path": fault.path}
            for fault in error.faults
        ]
        return jsonify(faults=faults), 422
    return jsonify(document=sent.lean(spec))


@pages.post("/<int:workflow_id>/draw")
def draw_save(workflow_id: int) -> Answer:
    """Save the whole draft, or nothing of it."""
    must("can_edit", row_of(workflow_id))
    body = sent.body()
    document, expected = body.get("document"), body.get("version")
    spec, findings = judged(document, check=False)
    if spec is None:
        return _refused(findings), 422
    try:
        with unit_of_work(db.session()) as session:
            row = drafts.save(
                session,
                workflow_id,
                spec,
                expected=expected if type(expected) is int else -1,
                actor=access.viewer(),
                now=access.now(),
                positions=sent.positions(body.get("positions")),
            )
            version = row.draft_version
    except ConflictError as error:
        return jsonify(conflict=_conflict(workflow_id, error, body.get("base"), spec)), 409
    except InvalidError as error:
        problems = [said(problem) for problem in error.problems]
        return jsonify(problems=problems, findings=targets(document, error.problems)), 422
    return jsonify(
        version=version,
        at=f"{edge.local(access.now()):%H:%M}",
        findings=judged(document)[1],
    )


def _refused(findings: list[dict[str, Any]]) -> Response:
    return jsonify(problems=[each["whole"] for each in findings], findings=findings)


def _conflict(workflow_id: int, error: ConflictError, base: object, mine: Spec) -> dict[str, Any]:
    """Who was first, what they changed since ``base``, and what ``mine`` would undo of it."""
    row = row_of(workflow_id)
    try:
        theirs: Spec | None = drafts.spec(row)
    except InvalidError:
        theirs = None
    before = judged(base, check=False)[0]
    language = labels.language()
    changes = compare(before, theirs) if before and theirs else ()
    lost = compare(theirs, mine) if theirs else ()
    return {
        "text": said(error.problems[0]),
        "changes": [change.text.text(language) for change in changes],
        "lost": [change.text.text(language) for change in lost],
        "document": sent.lean(theirs) if theirs else drafts.document(row),
        "positions": row.positions or {},
        "version": row.draft_version,
    }
