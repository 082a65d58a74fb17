"""How a case begins: on the current version of its workflow, with its first event and clocks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.models import EventKind
from app.services import definitions, facts, outbox, outcomes, rows, timers
from app.services.actors import Viewer, hashed
from app.services.providers import LEGS, CaseRow, Seed, Step
from app.services.search import bigrams
from app.workflows import engine
from app.workflows.engine import Compiled, Outcome, Refused


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


def titled(text: str) -> str:
    """The title as it is kept; raises InvalidError for one that is none."""
    title = text.strip()
    if not 1 <= len(title) <= 200:
        said = {"zh": "请用 1 到 200 个字写明标题。", "en": "Give a title of 1 to 200 characters."}
        raise InvalidError(Problem(said, "title"))
    return title


def open_case(session: Session, opening: Opening, *, actor: Viewer, now: datetime) -> Opened:
    """Begin a case on the version of workflow ``opening.key`` that holds at its place; flushes.

    Raises MissingError (nothing in force there), InvalidError (the form), RefusedError (not this
    person's to open).
    """
    title = titled(opening.title)
    place = session.get_one(m.Place, opening.place_id)
    current = definitions.current(session, opening.key, place.path)
    compiled = definitions.compiled(session, current.version_id)
    token = (opening.token or secrets.token_urlsafe(24)) if opening.tracked else None
    case = _blank(session, opening, compiled, (place, current), now)
    case = case._replace(creator_id=actor.user_id, title=title)
    step = Step(session, compiled.spec, case, actor, now)
    form = {**(opening.seed.data if opening.seed else {}), **opening.form}
    outcome = engine.opening(
        compiled, actor=outcomes.actor(actor, case), facts=facts.lookup(step), form=form
    )
    if isinstance(outcome, Refused):
        raise outcomes.refusal(outcome)
    written = _write_opening(step, compiled, outcome, opening, token)
    return Opened(written.id, written.number, token)


def _blank(
    session: Session,
    opening: Opening,
    compiled: Compiled,
    where: tuple[m.Place, definitions.Current],
    now: datetime,
) -> CaseRow:
    """The case before its first event; id 0 until it is inserted."""
    place, current = where
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
    case = outcomes.assigned(step.case._replace(state=outcome.target, data=outcome.data), outcome)
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
            **outcomes.position(compiled, outcome, now),
            "row_version": 0,
            "due_at": plan.due_at,
            "token": hashed(token) if token else None,
            "words": sa.func.array_to_tsvector(
                sa.cast(bigrams(case.number, case.title, opening.words), sa.ARRAY(sa.Text))
            ),
        },
    )
    case = case._replace(id=case_id)
    step = replace(step, case=case, data=outcome.data)
    leg = LEGS.get(case.leg)
    if leg is not None:
        leg(step, opening.seed, dict(opening.extra))
    event = rows.record(
        kind=EventKind.OPENED,
        event="open",
        label={"zh": "登记", "en": "Register"},
        places=("", outcome.target, outcomes.label(compiled, outcome.target)),
        actor=step.actor,
        now=now,
        data=outcomes.told(outcome, {}, ()),
    )
    notices = outbox.prepare(step, outcome.notices, cause=f"{case.id}:1", due=plan.due_at)
    rows.move(session, case, {}, event, fresh=plan.fresh, changed=plan.changed, notices=notices)
    return case
