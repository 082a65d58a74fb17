"""The versions of a workflow: the list with the record, one of them, two compared, the files."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response as Answer
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.errors import InvalidError, SifangError
from app.extensions import db
from app.models import PublicationKind, Workflow
from app.services import edge, publications, versions
from app.services.publications import Made
from app.services.versions import DRAFT, Side
from app.transaction import unit_of_work
from app.views import access, errors, labels, pictures
from app.views.designing.frame import may, must, pages, row_of
from app.workflows import compare
from app.workflows.formats import FORMATS, written

labels.ENUMS[PublicationKind] = {
    PublicationKind.PUBLISHED: _l("Published"),
    PublicationKind.RESTORED: _l("Published again"),
    PublicationKind.RETIRED: _l("Retired"),
    PublicationKind.REVIVED: _l("Brought back"),
    PublicationKind.FOLLOWED: _l("Followed the template"),
}
SIGNS = {"added": "+", "removed": "−", "changed": "±"}


@pages.get("/<int:workflow_id>/versions")
def versions_(workflow_id: int) -> str:
    must("can_show")
    row = row_of(workflow_id)
    session, viewer = db.session(), access.viewer()
    lines = versions.listed(session, viewer, row)
    return render_template(
        "definitions/versions.html",
        row=row,
        lines=lines,
        current=next((line for line in lines if line.current), None),
        record=publications.history(session, viewer, row.id),
        shown_at=edge.shown,
        formats=FORMATS,
        may_publish=may("can_publish", row),
    )


@pages.get("/<int:workflow_id>/versions/<string:name>")
def version(workflow_id: int, name: str) -> str:
    """``3``, ``2@17`` (the second of the place 17) or ``draft``."""
    must("can_show")
    row = row_of(workflow_id)
    found = _side(row, name)
    return render_template(
        "definitions/version.html",
        row=row,
        side=found,
        title=title(found),
        picture=pictures.of_workflow(found.spec),
        shown_at=edge.shown,
        formats=FORMATS,
        sides=_sides(row),
    )


@pages.get("/<int:workflow_id>/compare")
def compare_(workflow_id: int) -> str:
    """``?before=2&after=draft``; without them the version in force and the draft."""
    must("can_show")
    row = row_of(workflow_id)
    sides = _sides(row)
    usual = next((name for name, _said in sides if name != DRAFT), DRAFT)
    before = _side(row, request.args.get("before") or usual)
    after = _side(row, request.args.get("after") or DRAFT)
    return render_template(
        "definitions/compare.html",
        row=row,
        before=before,
        after=after,
        title=title,
        sides=sides,
        changes=compare.compare(before.spec, after.spec),
        picture=pictures.of_contrast(before.spec, after.spec),
        signs=SIGNS,
    )


@pages.get("/<int:workflow_id>/file")
def export(workflow_id: int) -> Answer:
    """The draft as a file, or ``?version=3`` of it; ``?format=`` yaml, json, svg or mermaid."""
    must("can_show")
    row = row_of(workflow_id)
    name, format_ = request.args.get("version") or DRAFT, request.args.get("format", "yaml")
    if format_ not in FORMATS:
        abort(404)
    text = written(_side(row, name).spec, format_, labels.language())
    known = FORMATS[format_]
    answer = Answer(text, content_type=known.media)
    file = f"{row.id}-{name.replace('@', '-')}.{known.ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _side(row: Workflow, name: str) -> Side:
    return versions.side(db.session(), access.viewer(), row, name)


def _sides(row: Workflow) -> list[tuple[str, str]]:
    """What may be chosen for a comparison: value and words."""
    lines = versions.listed(db.session(), access.viewer(), row)
    named = [(f"{n}", _("Version %(number)s", number=n)) for n in (x.version.number for x in lines)]
    return [(DRAFT, _("Draft")), *named]


def title(side: Side) -> str:
    if side.version is None:
        return str(_("Draft"))
    said = str(_("Version %(number)s", number=side.version.number))
    place = side.version.place
    return said if place is None else f"{said} · {place.name}"


# --- which is in force ---------------------------------------------------------------------------


@pages.post("/<int:workflow_id>/versions/<int:number>/restore")
def restore(workflow_id: int, number: int) -> Response:
    def act(made: Made) -> str:
        found = versions.restore(db.session(), number, made)
        return str(_("Version %(number)s is in force for new cases.", number=found.number))

    return _done(workflow_id, act)


@pages.post("/<int:workflow_id>/retire")
def retire(workflow_id: int) -> Response:
    def act(made: Made) -> str:
        versions.retire(db.session(), made)
        return str(_("Retired: no new cases from now on. Those that run go on."))

    return _done(workflow_id, act)


@pages.post("/<int:workflow_id>/revive")
def revive(workflow_id: int) -> Response:
    def act(made: Made) -> str:
        found = versions.revive(db.session(), made)
        return str(_("Brought back with version %(number)s.", number=found.number))

    return _done(workflow_id, act)


def _done(workflow_id: int, act: Callable[[Made], str]) -> Response:
    row = row_of(workflow_id)
    must("can_publish", row)
    note = request.form.get("note", "").strip()[:2000]
    try:
        with unit_of_work(db.session()):
            said = act(Made(row, access.viewer(), access.now(), note))
    except SifangError as error:
        for problem in error.problems:
            flash(errors.said(problem), "danger")
        if isinstance(error, InvalidError):
            flash(_("Nothing was changed: the checker finds errors in this version today."), "info")
    else:
        flash(said, "success")
    return redirect(url_for("definitions.versions_", workflow_id=workflow_id))
