"""The one way a case begins, and the one way it moves.

Everything that changes a case goes through ``fire``: screens, commands, deadlines, children. One
call writes the new state, the event, the clocks, the notices and the children, or nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem, RefusedError
from app.models import EventKind
from app.services import definitions, facts, outbox, rows, seeds, timers
from app.services.actors import SYSTEM, Viewer, hashed
from app.services.providers import EFFECTS, LEGS, OWN, CaseRow, Seed, Step, effect
from app.services.scope import COMMUNITY_ROLES
from app.services.search import bigrams
from app.workflows import engine
from app.workflows.engine import Choice, Compiled, Outcome, Refused
from app.workflows.spec import Relation

__all__ = ["COMMUNITY_ROLES", "Fired", "Opened", "Opening", "Shown", "choices", "fire", "open_case"]


@dataclass(frozen=True, slots=True)
class Opening:
    """How a case is to begin. ``extra`` is for the leg (e.g. who raised a grievance); ``seed`` and
    ``parent`` are set for children."""

    key: str
    title: str
    place_id: int
    form: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    party_id: int | None = None
    assignee_id: int | None = None
    parent: CaseRow | None = None
    child_key: str = ""
    seed: Seed | None = None
    tracked: bool = False
    """Whether a resident gets a tracking token."""
    token: str = ""
    """The token to use, when the form brought one along so that sent twice it opens one case."""
    words: str = ""
    """More text to be found by, e.g. the address."""
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """``token`` is shown to the resident once; only its hash is kept."""

    id: int
    number: str
    token: str | None


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


def open_case(session: Session, opening: Opening, *, actor: Viewer, now: datetime) -> Opened:
    """Begin a case on the current version of workflow ``opening.key``; flushes.

    Raises MissingError (nothing published), InvalidError (the form), RefusedError (not this
    person's to open).
    """
    title = opening.title.strip()
    if not 1 <= len(title) <= 200:
        raise InvalidError(
            Problem(
                {
                    "zh": "请用 1 到 200 个字写明标题。",
                    "en": "Give a title of 1 to 200 characters.",
                },
                "title",
            )
        )
    current = definitions.current(session, opening.key)
    compiled = definitions.compiled(session, current.version_id)
    token = (opening.token or secrets.token_urlsafe(24)) if opening.tracked else None
    case = _blank(session, opening, compiled, current, now)
    case = replace(case, creator_id=actor.user_id, title=title)
    step = Step(session, compiled.spec, case, actor, now)
    form = {**(opening.seed.data if opening.seed else {}), **opening.form}
    outcome = engine.opening(
        compiled, actor=_actor(actor, case), facts=facts.lookup(step), form=form
    )
    if isinstance(outcome, Refused):
        raise _refusal(outcome)
    written = _write_opening(step, compiled, outcome, opening, token)
    return Opened(written.id, written.number, token)


def _blank(
    session: Session,
    opening: Opening,
    compiled: Compiled,
    current: definitions.Current,
    now: datetime,
) -> CaseRow:
    """The case before its first event; id 0 until it is inserted."""
    place = session.get_one(m.Place, opening.place_id)
    leg = compiled.spec.leg
    return CaseRow(
        id=0,
        number=rows.next_number(session, leg, now),
        title=opening.title,
        leg=leg,
        workflow_id=current.workflow_id,
        version_id=current.version_id,
        state=compiled.spec.start,
        place_id=place.id,
        place_name=place.name,
        party_id=opening.party_id,
        assignee_id=opening.assignee_id,
        creator_id=None,
        parent_id=opening.parent.id if opening.parent else None,
        child_key=opening.child_key,
        child_ref=opening.seed.ref if opening.seed else "",
        data={},
        row_version=0,
        reopened=0,
        opened_at=now,
        closed_at=None,
        due_at=None,
        head=b"",
        seq=0,
        demo=opening.demo,
    )


def _write_opening(
    step: Step, compiled: Compiled, outcome: Outcome, opening: Opening, token: str | None
) -> CaseRow:
    session, now = step.session, step.now
    case = _assigned(replace(step.case, state=outcome.target, data=outcome.data), outcome)
    values = {
        name: getattr(case, name)
        for name in rows.PLAIN
        if name not in ("id", "head", "seq", "row_version", "closed_at", "due_at")
    }
    plan = timers.plan(step, outcome, case)
    case_id = rows.insert_case(
        session,
        {
            **values,
            **_position(compiled, outcome, now),
            "row_version": 0,
            "due_at": plan.due_at,
            "token": hashed(token) if token else None,
            "words": sa.func.array_to_tsvector(
                sa.cast(bigrams(case.number, case.title, opening.words), sa.ARRAY(sa.Text))
            ),
        },
    )
    case = replace(case, id=case_id)
    step = replace(step, case=case, data=outcome.data)
    leg = LEGS.get(case.leg)
    if leg is not None:
        leg(step, opening.seed, dict(opening.extra))
    event = rows.record(
        kind=EventKind.OPENED,
        event="open",
        label={"zh": "登记", "en": "Register"},
        places=("", outcome.target, _label(compiled, outcome.target)),
        actor=step.actor,
        now=now,
        data=_told(outcome, {}, ()),
    )
    notices = outbox.prepare(step, outcome.notices, cause=f"{case.id}:1", due=plan.due_at)
    rows.move(session, case, {}, event, fresh=plan.fresh, changed=plan.changed, notices=notices)
    _spawn(step, compiled, outcome)
    return case


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
        actor=_actor(actor, case),
        facts=facts.lookup(step),
        data=case.data,
        form=form or {},
        clocks=timers.states(case),
    )
    if isinstance(outcome, Refused):
        raise _refusal(outcome)
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
    after = _assigned(replace(before, state=outcome.target, data=outcome.data), outcome)
    step = replace(step, case=after)
    children = _spawn(step, compiled, outcome)
    stayed = outcome.target == outcome.source
    event = rows.record(
        kind=EventKind.NOTED if stayed else EventKind.MOVED,
        event=outcome.event,
        label=_words(outcome.transition.label),
        places=(before.state, outcome.target, _label(compiled, outcome.target)),
        actor=step.actor,
        now=now,
        data=_told(outcome, ran, children, record),
    )
    changes = {
        **_position(compiled, outcome, now),
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


def _position(compiled: Compiled, outcome: Outcome, now: datetime) -> dict[str, Any]:
    state = compiled.states[outcome.target]
    return {
        "state": state.key,
        "state_label": _words(state.label),
        "state_kind": state.kind.value,
        "restricted_to": list(outcome.visible_to) or None,
        "changed_at": now,
        "closed_at": now if outcome.ended else None,
    }


def _told(
    outcome: Outcome,
    ran: dict[str, Any],
    children: tuple[int, ...],
    record: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the event records: only what there is."""
    told = {
        "form": outcome.changed,
        "effects": {name: result for name, result in ran.items() if result},
        "assign": [{"to": a.to, "id": a.id} for a in outcome.assign],
        "clocks": [{"key": move.key, "action": move.action} for move in outcome.moves],
        "children": list(children),
        "record": dict(record or {}),
    }
    return {key: value for key, value in told.items() if value}


def _assigned(case: CaseRow, outcome: Outcome) -> CaseRow:
    for assign in outcome.assign:
        if assign.to == "party":
            case = replace(case, party_id=assign.id)
        else:
            case = replace(case, assignee_id=assign.id)
    return case


def _label(compiled: Compiled, state: str) -> dict[str, str]:
    return _words(compiled.states[state].label)


def _words(label: Any) -> dict[str, str]:
    return {"zh": label.text("zh"), "en": label.text("en")}


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


# --- who is it, and what may they ---------------------------------------------------------------


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
        actor=_actor(actor, case),
        facts=facts.lookup(step),
        data=case.data,
    )
    return Shown(case, compiled, found)


def _actor(viewer: Viewer, case: CaseRow) -> engine.Actor:
    relations: set[Relation] = set()
    if viewer.kind == "user":
        if case.assignee_id == viewer.user_id:
            relations.add(Relation.ASSIGNEE)
        if case.creator_id == viewer.user_id:
            relations.add(Relation.CREATOR)
        if case.party_id in viewer.parties:
            relations.add(Relation.PARTY)
    return engine.Actor(
        kind=viewer.kind,
        id=viewer.user_id,
        name=viewer.name,
        roles=viewer.roles,
        relations=frozenset(relations),
    )


def _elsewhere() -> InvalidError:
    return InvalidError(
        Problem(
            {
                "zh": "这一步要在本事项自己的页面上登记，不能直接操作。",
                "en": "This step is recorded on the case's own page, not with a bare button.",
            }
        )
    )


def _refusal(refused: Refused) -> InvalidError | RefusedError:
    problems = [
        Problem({"zh": r.text.zh, "en": r.text.text("en")}, r.field) for r in refused.reasons
    ]
    if all(reason.code == "form" for reason in refused.reasons):
        return InvalidError(*problems)
    return RefusedError(*problems, codes=[reason.code for reason in refused.reasons])
