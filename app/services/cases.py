"""The one way a case moves.

Everything that changes a case goes through ``fire``: screens, commands, deadlines, children. One
call writes the new state, the event, the clocks, the notices and the children, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem, RefusedError
from app.models import EventKind
from app.services import definitions, facts, outbox, outcomes, rows, seeds, timers
from app.services.actors import SYSTEM, Viewer
from app.services.openings import Opened, Opening, open_case
from app.services.providers import EFFECTS, OWN, CaseRow, Step, effect
from app.workflows import engine
from app.workflows.engine import Choice, Compiled, Outcome, Refused

__all__ = ["Fired", "Opened", "Opening", "Shown", "choices", "fire", "open_case"]


@dataclass(frozen=True, slots=True)
class Fired:
    case_id: int
    event: str
    source: str
    target: str
    seq: int
    children: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as a person sees it now: with the buttons and why some of them are grey."""

    case: CaseRow
    compiled: Compiled
    choices: tuple[Choice, ...]


def fire(  # noqa: PLR0913  the one call of all callers: a bundle would hide what it takes
    session: Session,
    case_id: int,
    event: str,
    *,
    actor: Viewer,
    now: datetime,
    form: Mapping[str, Any] | None = None,
    expected: int | None = None,
    record: Mapping[str, Any] | None = None,
) -> Fired:
    """Press the button ``event``; flushes.

    1. load the case, locked, and the version that it runs on; 2. ask the engine; 3. run the
    effects, write case and event, clocks, notices, children; 4. tell the parent if it ended.
    ``expected`` is the row version that the person saw; ``record`` is what a leg's own use case
    writes beside the step: it is kept with the event and sealed with it, and the events in OWN
    are refused without one. Raises MissingError, ConflictError (somebody was faster),
    InvalidError (the form), RefusedError (the rules say no).
    """
    case = rows.load(session, case_id, actor, lock=True)
    if expected is not None and expected != case.row_version:
        raise rows.conflict(session, case_id)
    if record is None and event in OWN.get(case.leg, ()):
        raise _elsewhere()
    compiled = definitions.compiled(session, case.version_id)
    step = Step(session, compiled.spec, case, actor, now, {**case.data, **(form or {})})
    outcome = engine.plan(
        compiled,
        case.state,
        event,
        actor=outcomes.actor(actor, case),
        facts=facts.lookup(step),
        data=case.data,
        form=form or {},
        clocks=timers.states(case),
    )
    if isinstance(outcome, Refused):
        raise outcomes.refusal(outcome)
    fired = _write(replace(step, data=outcome.data), compiled, outcome, record or {})
    if outcome.ended and case.parent_id is not None:
        _tell_parent(session, case, now)
    return fired


@effect("case.reopen")
def _reopen(step: Step) -> dict[str, Any]:
    return {"times": step.case.reopened + 1}


def _write(step: Step, compiled: Compiled, outcome: Outcome, record: Mapping[str, Any]) -> Fired:
    session, before, now = step.session, step.case, step.now
    assert outcome.transition is not None
    ran = {name: EFFECTS[name](step) for name in outcome.runs}
    plan = timers.plan(step, outcome, before)
    after = outcomes.assigned(before._replace(state=outcome.target, data=outcome.data), outcome)
    step = replace(step, case=after)
    children = _spawn(step, compiled, outcome)
    stayed = outcome.target == outcome.source
    event = rows.record(
        kind=EventKind.NOTED if stayed else EventKind.MOVED,
        event=outcome.event,
        label=outcomes.words(outcome.transition.label),
        places=(before.state, outcome.target, outcomes.label(compiled, outcome.target)),
        actor=step.actor,
        now=now,
        data=outcomes.told(outcome, ran, children, record),
    )
    changes = {
        **outcomes.position(compiled, outcome, now),
        "closed_at": (before.closed_at or now) if outcome.ended else None,
        "data": outcome.data,
        "party_id": after.party_id,
        "assignee_id": after.assignee_id,
        "due_at": plan.due_at,
        "reopened": ran.get("case.reopen", {}).get("times", before.reopened),
    }
    cause = f"{before.id}:{before.seq + 1}"
    notices = outbox.prepare(step, outcome.notices, cause=cause, due=plan.due_at)
    rows.move(
        session, before, changes, event, fresh=plan.fresh, changed=plan.changed, notices=notices
    )
    return Fired(before.id, outcome.event, before.state, outcome.target, before.seq + 1, children)


def _elsewhere() -> InvalidError:
    return InvalidError(
        Problem(
            {
                "zh": "这一步要在本事项自己的页面上登记，不能直接操作。",
                "en": "This step is recorded on the case's own page, not with a bare button.",
            }
        )
    )


# --- children and parents -----------------------------------------------------------------------


def _spawn(step: Step, compiled: Compiled, outcome: Outcome) -> tuple[int, ...]:
    """Bring forth the children that the outcome names, each once."""
    children: list[int] = []
    for child in outcome.spawn:
        carried = {key: outcome.data[key] for key in child.carry if key in outcome.data}
        for seed in seeds.fresh(step, compiled, child):
            opening = Opening(
                key=child.workflow,
                title=seed.title,
                place_id=seed.place_id or step.case.place_id,
                form=carried,
                party_id=seed.party_id,
                assignee_id=seed.assignee_id,
                parent=step.case,
                child_key=child.key,
                seed=seed,
                demo=step.case.demo,
            )
            actor = replace(SYSTEM, name=step.actor.name, user_id=step.actor.user_id)
            opened = open_case(step.session, opening, actor=actor, now=step.now)
            children.append(opened.id)
    return tuple(children)


def _tell_parent(session: Session, case: CaseRow, now: datetime) -> None:
    """Fire the parent's event once all children of this key have ended, if its rules allow it.

    The parent is locked first: of two children that end at the same time, the second sees both.
    """
    assert case.parent_id is not None
    parent = rows.load(session, case.parent_id, SYSTEM, lock=True)
    compiled = definitions.compiled(session, parent.version_id)
    child = compiled.children.get(case.child_key)
    if child is None or child.when_all_closed is None:
        return
    if child.when_all_closed not in compiled.leaving[parent.state]:
        return
    step = Step(session, compiled.spec, parent, SYSTEM, now, parent.data)
    if facts.lookup(step)(f"children.{child.key}.open").value:
        return
    try:
        fire(session, parent.id, child.when_all_closed, actor=SYSTEM, now=now)
    except RefusedError:
        # the parent asks for more than its children: its people go on by hand
        return


# --- what may be pressed now --------------------------------------------------------------------


def choices(session: Session, case_id: int, *, actor: Viewer, now: datetime) -> Shown:
    """The case with every button of its state, allowed or grey with the reasons.

    Raises MissingError when ``actor`` may not see the case.
    """
    case = rows.load(session, case_id, actor)
    compiled = definitions.compiled(session, case.version_id)
    step = Step(session, compiled.spec, case, actor, now, case.data)
    found = engine.choices(
        compiled,
        case.state,
        actor=outcomes.actor(actor, case),
        facts=facts.lookup(step),
        data=case.data,
    )
    return Shown(case, compiled, found)
