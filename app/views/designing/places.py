"""Places that have a workflow their own way: the list, one place with what differs, publishing."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import RefusedError, SifangError
from app.extensions import db
from app.models import Place, Variation, Workflow, WorkflowVersion
from app.services import edge, publications, reach, variations, versions
from app.services.publications import Made
from app.services.scope import visible
from app.transaction import unit_of_work
from app.views import access, errors, pictures
from app.views.designing.frame import may, must, pages, row_of, whole
from app.views.designing.versions import SIGNS
from app.workflows import compare, variation
from app.workflows.spec import Workflow as Spec
from app.workflows.variation import Changes

VIEW = "VariationView"
URL = "/<int:workflow_id>/places"


@pages.get(URL)
def places(workflow_id: int) -> str:
    must("can_show")
    row = row_of(workflow_id)
    session, viewer = db.session(), access.viewer()
    template, why = _template(row)
    spec = Spec.model_validate(template.spec) if template else None
    return render_template(
        "definitions/places.html",
        row=row,
        rows=variations.listed(session, viewer, row.id),
        template=template,
        why=why,
        worded=bool(spec and spec.vary and spec.vary.labels),
        casts=variation.casts(spec) if spec else (),
        spans=variation.spans(spec) if spec else (),
        own=_own_places() if _may_vary() else (),
        may_vary=_may_vary(),
        may_edit=may("can_edit", row),
        shown_at=edge.shown,
    )


@pages.get(URL + "/open")
def find_place(workflow_id: int) -> Response:
    """From the searching select to the page of the place that was chosen."""
    place_id = whole(request.args.get("place"))
    if place_id is None:
        flash(_("Choose a place from the list first."), "warning")
        return redirect(url_for("definitions.places", workflow_id=workflow_id))
    return redirect(url_for("definitions.variation", workflow_id=workflow_id, place_id=place_id))


@pages.get(URL + "/<int:place_id>", endpoint="variation")
def show_variation(workflow_id: int, place_id: int) -> str:
    must("can_show")
    found = load(workflow_id, place_id)
    session, viewer = db.session(), access.viewer()
    own, spec = found.own, found.spec
    changes = Changes.model_validate(own.changes) if own else Changes()
    faults = variation.faults(spec, changes) if spec else ()
    derived = variation.apply(spec, changes) if spec and not faults else None
    return render_template(
        "definitions/variation.html",
        row=found.row,
        place=found.place,
        own=own,
        why=found.why,
        faults=[fault.text for fault in faults],
        count=changes.count,
        waiting=own is not None and own.changes != own.published,
        changes=compare.compare(spec, derived) if spec and derived else (),
        picture=pictures.of_contrast(spec, derived) if spec and derived else None,
        signs=SIGNS,
        lines=versions.listed(session, viewer, found.row, place_id),
        record=publications.history(session, viewer, found.row.id, place_id),
        shown_at=edge.shown,
        may_vary=may_vary(found.place),
    )


@pages.post(URL + "/<int:place_id>/publish")
def publish_variation(workflow_id: int, place_id: int) -> Response:
    found = loaded_to_vary(workflow_id, place_id)
    expected = whole(request.form.get("expected")) or 0
    try:
        with unit_of_work(db.session()) as session:
            version = variations.publish(
                session, found.row, found.place, expected=expected, made=_made(found.row)
            )
            number = version.number
    except SifangError as error:
        return _back(found, error)
    name, said = found.place.name, _("Version %(number)s of %(place)s is in force for new cases.")
    flash(said % {"number": number, "place": name}, "success")
    return _to(found)


@pages.post(URL + "/<int:place_id>/withdraw")
def withdraw(workflow_id: int, place_id: int) -> Response:
    found = loaded_to_vary(workflow_id, place_id)
    try:
        with unit_of_work(db.session()) as session:
            variations.withdraw(session, found.row, found.place, made=_made(found.row))
    except SifangError as error:
        return _back(found, error)
    flash(_("New cases follow the template again."), "success")
    return _to(found)


# --- what all of them need -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded:
    """``spec`` is the template's in force; None where there is none to vary, and ``why``."""

    row: Workflow
    place: Place
    own: Variation | None
    spec: Spec | None
    why: str


def load(workflow_id: int, place_id: int) -> Loaded:
    session = db.session()
    row = row_of(workflow_id)
    place = session.scalar(
        sa.select(Place).where(Place.id == place_id, visible(access.viewer(), Place))
    )
    if place is None:
        abort(404)
    template, why = _template(row)
    spec = Spec.model_validate(template.spec) if template else None
    return Loaded(row, place, variations.found(session, row.id, place.id), spec, why)


def loaded_to_vary(workflow_id: int, place_id: int) -> Loaded:
    """The same for who may change it."""
    must("can_show")
    found = load(workflow_id, place_id)
    if not may_vary(found.place):
        abort(403)
    return found


def may_vary(place: Place) -> bool:
    return _may_vary() and reach.covers(db.session(), access.viewer(), place)


def _may_vary() -> bool:
    return access.may("can_vary", VIEW)


def _template(row: Workflow) -> tuple[WorkflowVersion | None, str]:
    try:
        return variations.template(db.session(), row), ""
    except RefusedError as error:
        return None, errors.said(error.problems[0])


def _own_places() -> list[Place]:
    """Where the viewer is bound to; those who look after everything have no place of their own."""
    if reach.covers(db.session(), access.viewer(), None):
        return []
    query = sa.select(Place).where(Place.path.in_(access.viewer().places)).order_by(Place.path)
    return list(db.session.scalars(query.limit(5)))


def _made(row: Workflow) -> Made:
    note = request.form.get("note", "").strip()[:2000]
    return Made(row, access.viewer(), access.now(), note)


def _back(found: Loaded, error: SifangError) -> Response:
    for problem in error.problems:
        flash(errors.said(problem), "danger")
    return _to(found)


def _to(found: Loaded) -> Response:
    row, place = found.row, found.place
    return redirect(url_for("definitions.variation", workflow_id=row.id, place_id=place.id))
