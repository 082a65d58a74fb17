"""Trying a workflow: its draft is played, by one person in every role, and kept as a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import Workflow
from app.services import trials
from app.transaction import unit_of_work
from app.views import access
from app.views.designing import annals, blanks, deeds, rehearsal, runs, tokens
from app.views.designing.frame import may, must, pages, row_of, whole
from app.views.designing.runs import Run
from app.views.designing.tokens import Kept
from app.views.errors import said
from app.workflows import proof
from app.workflows.registry import ROLES
from app.workflows.spec import SYSTEM
from app.workflows.trials import MONDAY, Move

Answer = str | Response | tuple[str, int]


@pages.get("/<int:workflow_id>/play")
def play(workflow_id: int) -> Answer:
    """The beginning of a play; ``?test=7`` goes through a test of the draft."""
    row = row_of(workflow_id)
    must("can_show", row)
    compiled, problems = runs.compiled_of(row)
    if compiled is None:
        return _unplayable(row, problems)
    kept = Kept(row.draft_version, MONDAY, rehearsal.first_player(compiled))
    test = next((t for t in row.tests if t.id == whole(request.args.get("test"))), None)
    if test is not None:
        moves = tuple(Move.model_validate(move) for move in test.moves)
        refused = frozenset(range(len(moves)))
        kept = replace(kept, begins=test.begins or MONDAY, moves=moves, refused=refused)
    return _drawn(runs.resumed(row, compiled, kept), results=True)


@pages.post("/<int:workflow_id>/play/press/<event>")
def press(workflow_id: int, event: str) -> Answer:
    """Press a button as whoever is played."""
    return _go_on(workflow_id, lambda found: deeds.press(found, event))


@pages.post("/<int:workflow_id>/play/<what>")
def played(workflow_id: int, what: str) -> Answer:
    """Everything else that is done in a play."""
    if what not in deeds.DEEDS:
        raise NotFound
    return _go_on(workflow_id, deeds.DEEDS[what])


def _go_on(
    workflow_id: int,
    deed: Callable[[Run], None],
    after: Callable[[Run], Response] | None = None,
) -> Answer:
    """Take up the play, do one thing, and draw it; or go where ``after`` leads when it is done."""
    row = row_of(workflow_id)
    must("can_edit", row)
    compiled, problems = runs.compiled_of(row)
    if compiled is None:
        return _unplayable(row, problems)
    kept = tokens.read()
    if kept is None:
        found = runs.resumed(row, compiled, Kept(row.draft_version, MONDAY, SYSTEM))
        found.wrong.append(_("The page was incomplete: the play begins again."))
        found.kept = replace(found.kept, player=rehearsal.first_player(compiled))
        found.status = 422
        return _drawn(found)
    found = runs.resumed(row, compiled, kept)
    if not found.wrong:
        deed(found)
        if after is not None and found.status == 200:
            return after(found)
    return _drawn(found)


def _unplayable(row: Workflow, problems: tuple[Problem, ...]) -> str:
    texts = [said(problem) for problem in problems]
    return render_template("definitions/play.html", row=row, d=None, problems=texts)


def _drawn(found: Run, *, results: bool = False) -> Answer:
    page = render_template(
        "definitions/play.html",
        row=found.row,
        d=rehearsal.of(found.play, found.kept, found.opened),
        kept=found.kept,
        token=tokens.write(found.kept),
        wrong=found.wrong,
        proofs=_proofs(found) if results else None,
        wanted=annals.wanted(found.play),
        may_edit=may("can_edit", found.row),
        roles={role: blanks.said(label) for role, label in ROLES.items()},
        system=SYSTEM,
    )
    return (page, found.status) if found.status != 200 else page


def _proofs(found: Run) -> list[tuple[Any, proof.Proof]]:
    """The draft's tests, each with what comes of it now."""
    return list(zip(found.row.tests, proof.run_all(found.compiled), strict=True))


# --- tests --------------------------------------------------------------------------------------


@pages.post("/<int:workflow_id>/tests")
def keep_test(workflow_id: int) -> Answer:
    """The play becomes a test of the draft, or takes the place of one."""
    return _go_on(workflow_id, _keep, _listed)


def _keep(found: Run) -> None:
    if not found.kept.moves:
        runs.refuse(found, _("Play something first: there is nothing to keep yet."))
        return
    try:
        with unit_of_work(db.session()) as session:
            trials.keep(
                session,
                found.row,
                name=request.form.get("name", ""),
                begins=found.kept.begins,
                moves=proof.kept(found.play.scenes),
                actor=access.viewer(),
                now=access.now(),
                over=whole(request.form.get("over")),
            )
    except InvalidError as error:
        runs.refuse(found, *(said(problem) for problem in error.problems))


def _listed(found: Run) -> Response:
    flash(_("Kept. It is run with every check, and before each publication."), "success")
    return redirect(url_for("definitions.play", workflow_id=found.row.id, _anchor="tests"))


@pages.post("/<int:workflow_id>/tests/<int:test_id>/remove")
def remove_test(workflow_id: int, test_id: int) -> Response:
    row = row_of(workflow_id)
    must("can_edit", row)
    with unit_of_work(db.session()) as session:
        trials.remove(session, row, test_id, actor=access.viewer(), now=access.now())
    flash(_("The test is deleted."), "success")
    return redirect(url_for("definitions.play", workflow_id=workflow_id, _anchor="tests"))
