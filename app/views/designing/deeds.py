"""What is done on the page of a play: each deed reads this request and goes on with the play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import request
from flask_babel import gettext as _
from pydantic import ValidationError

from app.extensions import db
from app.views import inputs
from app.views.designing import blanks, rehearsal, runs
from app.views.designing.frame import whole
from app.views.designing.runs import Run
from app.views.dossier import Opened
from app.views.errors import said
from app.views.inputs import Given
from app.workflows.registry import ROLES
from app.workflows.spec import SYSTEM
from app.workflows.trials import MONDAY, Move


def _plain(found: Run, document: dict[str, Any]) -> None:
    """A move without a form."""
    scene = runs.take(found, document)
    if scene is not None and scene.refused:
        runs.refuse(found, *(blanks.said(reason.text) for reason in scene.refused))


def _filled(found: Run, event: str, document: dict[str, Any], given: Given) -> None:
    """A move with a form: what is wrong about it stands beside its fields."""
    scene = runs.take(found, document)
    if scene is None or not scene.refused:
        return
    problems = rehearsal.problems(scene)
    found.opened = Opened(event, given, problems)
    runs.refuse(found, *(said(problem) for problem in problems if problem.field is None))


def _open(found: Run) -> None:
    intake = found.compiled.spec.intake
    given = inputs.read(db.session(), None, blanks.pairs(found.compiled, intake))
    begins = request.form.get("begins", "").replace("T", " ").strip() or MONDAY
    try:
        found.play = runs.begin(found.compiled, begins)
    except ValueError:
        runs.refuse(found, _("Write the beginning like this: 2026-03-02 09:00"))
        return
    found.kept = replace(found.kept, begins=begins, moves=(), refused=frozenset())
    document = {
        "open": found.kept.player,
        "form": blanks.filled(found.compiled, intake, given.values),
        "party": whole(request.form.get("party")),
        "assignee": request.form.get("assignee") or None,
    }
    _filled(found, "open", document, given)


def press(found: Run, event: str) -> None:
    state = found.play.stage.state
    transition = found.compiled.leaving.get(state, {}).get(event)
    form = transition.form if transition else ()
    given = inputs.read(db.session(), None, blanks.pairs(found.compiled, form))
    values = blanks.filled(found.compiled, form, given.values)
    _filled(found, event, _pressing(found, event, values), given)


def _pressing(found: Run, event: str, values: dict[str, Any]) -> dict[str, Any]:
    kept = found.kept
    player = "" if kept.player == SYSTEM else kept.player
    relations = rehearsal.relations(kept) if player else None
    pressed = {"press": event, "form": values}
    if player:
        pressed |= {"as": player}
    return pressed if relations is None else {**pressed, "relations": relations}


def _try(found: Run) -> None:
    """Press what is grey: that it is refused becomes a part of the play."""
    event = request.form.get("event", "")
    scene = runs.take(found, _pressing(found, event, {}), record=True)
    if scene is not None and scene.refused:
        found.wrong.append(_("Refused, as it should be: this is now a step of the play."))


def _as(found: Run) -> None:
    role = request.form.get("role", found.kept.player)
    if role not in ROLES:
        runs.refuse(found, _("There is no such role."))
        return
    stranger = request.form.get("stranger", "") == "1"
    found.kept = replace(found.kept, player=role, stranger=stranger)


def _wait(found: Run) -> None:
    span = request.form.get("span", "").strip() or request.form.get("typed", "").strip()
    try:
        Move.model_validate({"wait": span})
    except ValidationError:
        runs.refuse(found, _("Write how long like this: 30 min, 4 working hours, 2 working days"))
        return
    _plain(found, {"wait": span})


def _set(found: Run) -> None:
    """The facts whose value is another than before."""
    changed: dict[str, Any] = {}
    for known in rehearsal.facts(found.play):
        sent = request.form.get(f"fact-{known.name}", known.value).strip()
        if sent != known.value:
            changed[known.name] = _typed(known.kind, sent)
    if not changed:
        runs.refuse(found, _("Nothing was changed: choose another value first."))
        return
    _plain(found, {"set": changed})


def _typed(kind: str, sent: str) -> Any:
    if sent == "":
        return None
    if kind == "yes_no":
        return sent == "true"
    number = kind == "number" and sent.isascii() and sent.isdecimal() and len(sent) < 10
    return int(sent) if number else sent


def _end(found: Run) -> None:
    how = "cancelled" if request.form.get("how") == "cancelled" else "done"
    _plain(found, {"end": request.form.get("child", ""), "how": how})


def _undo(found: Run) -> None:
    kept = found.kept
    moves = kept.moves[:-1]
    rest = frozenset(index for index in kept.refused if index < len(moves))
    again = runs.resumed(found.row, found.compiled, replace(kept, moves=moves, refused=rest))
    found.kept, found.play = again.kept, again.play


def _again(found: Run) -> None:
    found.kept = replace(found.kept, moves=(), refused=frozenset())
    found.play = runs.begin(found.compiled, found.kept.begins)


DEEDS: dict[str, Callable[[Run], None]] = {
    "open": _open,
    "try": _try,
    "as": _as,
    "wait": _wait,
    "set": _set,
    "end": _end,
    "undo": _undo,
    "again": _again,
}
