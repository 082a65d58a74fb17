"""Running cases moved to another version: chosen, looked at first, carried out, undone."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem, RefusedError
from app.extensions import db
from app.models import Migration, MoveOutcome, Workflow
from app.services import campaigns, definitions, forecasts, migrations
from app.services.migrations import Plan, Version
from app.transaction import unit_of_work
from app.views import access, labels
from app.views.designing import wishes
from app.views.designing.frame import may, must, pages, row_of
from app.views.designing.outcomes import outcomes
from app.views.designing.wishes import Asked
from app.workflows.engine import Compiled
from app.workflows.transfer import Rule

ID = "<int(max=9223372036854775807):migration_id>"
Answer = str | Response | tuple[str, int]


@pages.get("/<int:workflow_id>/moves")
def moves(workflow_id: int) -> str:
    row = row_of(workflow_id)
    must("can_show", row)
    return _draw(row, wishes.read(row), ())


@pages.post("/<int:workflow_id>/moves")
def move(workflow_id: int) -> Answer:
    """The preview; its confirmation: carried out, as a job."""
    row = row_of(workflow_id)
    must("can_publish", row)
    asked = wishes.read(row)
    if "again" in request.form:
        return _draw(row, asked, ())
    plan = wishes.plan(row, asked)
    try:
        if "run" in request.form:
            return redirect(url_for("jobs.show", job_id=_run(plan)))
        terms = migrations.terms(db.session(), plan)
    except (InvalidError, RefusedError) as error:
        db.session.rollback()
        return _draw(row, asked, error.problems), 422
    found = forecasts.preview(db.session(), terms, row.id, viewer=access.viewer(), now=access.now())
    return render_template(
        "definitions/moves_preview.html",
        row=row,
        asked=asked,
        found=found,
        target=terms.names[terms.target_id],
        kept=[pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"],
        listed=forecasts.LISTED,
        fates=_fates(),
    )


def _run(plan: Plan) -> int:
    viewer = access.viewer()
    if viewer.user_id is None:
        abort(403)
    with unit_of_work(db.session()) as session:
        made = campaigns.start(
            session, plan, actor=viewer, owner_id=viewer.user_id, now=access.now()
        )
        job_id = made.job_id
    assert job_id is not None
    return job_id


@pages.get(f"/<int:workflow_id>/moves/{ID}")
def moved(workflow_id: int, migration_id: int) -> str:
    """What became of each case."""
    row = row_of(workflow_id)
    must("can_show", row)
    return _result(row, migration_id, ())


def _result(row: Workflow, migration_id: int, problems: tuple[Problem, ...]) -> str:
    session, viewer = db.session(), access.viewer()
    made = _made(row, migration_id)
    known = migrations.versions(session, row.id)
    page = outcomes(session, made, viewer)
    target = next(version for version in known.values() if version.id == made.target_id)
    return render_template(
        "definitions/moved.html",
        row=row,
        made=made,
        target=target.words,
        sources=[known[name] for name in made.sources],
        states=_states(made, known),
        tally=campaigns.tallies(session, [made.id])[made.id],
        page=page,
        problems=[labels.localized(problem.text) for problem in problems],
        until=made.at + campaigns.UNDO_FOR,
        may_undo=may("can_publish", row) and campaigns.may_undo(made, access.now()),
        outcomes=MoveOutcome,
    )


@pages.post(f"/<int:workflow_id>/moves/{ID}/undo")
def undo_move(workflow_id: int, migration_id: int) -> Answer:
    row = row_of(workflow_id)
    must("can_publish", row)
    viewer = access.viewer()
    if viewer.user_id is None:
        abort(403)
    try:
        with unit_of_work(db.session()) as session:
            made = _made(row, migration_id)
            campaigns.start_undo(
                session, made, actor=viewer, owner_id=viewer.user_id, now=access.now()
            )
            job_id = made.undo_job_id
    except RefusedError as error:
        db.session.rollback()
        return _result(row_of(workflow_id), migration_id, error.problems), 409
    return redirect(url_for("jobs.show", job_id=job_id))


def _made(row: Workflow, migration_id: int) -> Migration:
    made = campaigns.found(db.session(), migration_id, access.viewer())
    if made.workflow_id != row.id:
        abort(404)
    return made


def _states(made: Migration, known: dict[str, Version]) -> list[tuple[str, list[Any]]]:
    """By version: pairs of a state that was mapped and what it became, in words."""
    session = db.session()
    after = definitions.compiled(session, made.target_id)
    found = []
    for name in made.sources:
        before = definitions.compiled(session, known[name].id)
        pairs = [
            (_named(before, state), _named(after, target) if target else None)
            for state, target in made.mapping[name].items()
        ]
        found.append((labels.localized(known[name].words), pairs))
    return found


def _named(compiled: Compiled, state: str) -> str:
    found = compiled.states.get(state)
    return labels.localized(found.label.both()) if found else state


def _draw(row: Workflow, asked: Asked, problems: tuple[Problem, ...]) -> str:
    session = db.session()
    known = migrations.standings(session, row.id)
    past = campaigns.listed(session, row.id, access.viewer())
    return render_template(
        "definitions/moves.html",
        row=row,
        known=known,
        asked=asked,
        groups=wishes.groups(asked),
        goals=wishes.goals(asked),
        problems={each.field or "": labels.localized(each.text) for each in problems},
        stay=wishes.STAY,
        example=_example(),
        past=past,
        versions={standing.version.name: standing.version for standing in known},
        targets={standing.version.id: standing.version for standing in known},
        tallies=campaigns.tallies(session, [made.id for made in past]),
        outcomes=MoveOutcome,
        may_run=may("can_publish", row),
        now=access.now(),
        may_undo=campaigns.may_undo,
    )


def _fates() -> dict[str, str]:
    return {
        "keep": _("go on"),
        "shift": _("counted from the old start"),
        "restart": _("start again"),
        "stop": _("stop"),
        "start": _("begin"),
    }


def _example() -> dict[Rule, str]:
    """One and the same clock under each rule."""
    return {
        "shift": _("For example: begun on the 1st, 10 days become 6: due on the 7th."),
        "keep": _("For example: begun on the 1st, 10 days become 6: still due on the 11th."),
        "restart": _("For example: begun on the 1st, moved on the 5th, 6 days: due on the 11th."),
    }
