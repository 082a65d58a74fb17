"""Pressing a button of a case: read its form, keep its files, fire, all in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from app.errors import ConflictError, InvalidError, Problem, RefusedError
from app.extensions import db
from app.services import attachments, cases
from app.services.actors import Viewer
from app.transaction import unit_of_work
from app.views import access, inputs, labels
from app.views.dossier import Opened
from app.views.inputs import Given


@dataclass(frozen=True, slots=True)
class Pressed:
    """``status`` 0: done. Else the status of the answer, and what to draw open again."""

    label: str
    status: int = 0
    opened: Opened | None = None


def press(case_id: int, event: str, actor: Viewer) -> Pressed:
    """Fire ``event`` with what this request holds; ``expected`` in it is the row version that was
    seen. Raises MissingError when the case isn't this person's to see."""
    session = db.session()
    shown = cases.choices(session, case_id, actor=actor, now=access.now())
    transition = shown.compiled.leaving[shown.case.state].get(event)
    form = inputs.pairs(shown.compiled.fields, transition.form) if transition else ()
    given = inputs.read(session, actor if actor.kind == "user" else None, form)
    label = labels.localized(transition.label.model_dump()) if transition else event
    try:
        _fire(case_id, event, given, actor)
    except InvalidError as error:
        return Pressed(label, 422, Opened(event, given, error.problems))
    except (RefusedError, ConflictError) as error:
        return Pressed(label, 409, Opened(event, given, error.problems))
    return Pressed(label)


def _fire(case_id: int, event: str, given: Given, actor: Viewer) -> None:
    expected = _expected()
    if given.problems:
        raise InvalidError(*given.problems)
    session, now = db.session(), access.now()
    with unit_of_work(session):
        ids = attachments.reserve(session, len(given.files))
        files = [(id_, *named) for id_, named in zip(ids, given.files, strict=True)]
        attachments.attach(session, case_id, files, actor=actor, now=now)
        form = dict(given.values)
        for id_, key, _kept in files:
            form[key] = [*form.get(key, ()), id_]
        cases.fire(session, case_id, event, actor=actor, now=now, form=form, expected=expected)


def _expected() -> int:
    text = request.form.get("expected", "")
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    problem = {
        "zh": "页面不完整，请重新打开这个事项再操作。",
        "en": "The page was incomplete: open the case again.",
    }
    raise InvalidError(Problem(problem))
