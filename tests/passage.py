"""Cases with random histories, written as rows: for tests of what is counted from them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import definitions
from app.workflows.spec import Workflow
from tests.cast import Cast


@dataclass(slots=True)
class Passage:
    """One case: ``events`` are (seconds after its beginning, kind, event, source, target, data)."""

    place: str
    opened_at: datetime
    events: list[tuple[float, str, str, str, str, dict[str, Any]]] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    id: int = 0

    def add(self, after: float, event: str, target: str, **more: Any) -> Passage:
        """Another step; ``stay`` and ``level`` don't move it."""
        source = self.events[-1][4] if self.events else ""
        kind = more.get("kind") or ("moved" if source != target else "noted")
        data = more.get("data", {})
        self.events.append((after, kind if source else "opened", event, source, target, data))
        self.by.append(more.get("by", "user"))
        return self

    @property
    def state(self) -> str:
        return self.events[-1][4]


def wander(spec: Workflow, dice: random.Random, begin: datetime, end: datetime) -> Passage:
    """A way through ``spec`` that keeps to its arrows and to nothing else."""
    made = Passage(dice.choice(["building", "far_compound"]), begin)
    made.add(0, "open", spec.start)
    ends = {state.key for state in spec.states if state.kind.ended}
    after = 0.0
    while made.state not in ends and dice.random() < 0.93:
        after += dice.choice([0.0, 60.0, dice.expovariate(1 / 90_000)])
        if begin + timedelta(seconds=after) > end:
            break
        ways = [t for t in spec.transitions if made.state in spec.sources(t)]
        step = dice.choice(ways)
        by = dice.choice(["user", "user", "system"])
        if by == "system" and dice.random() < 0.5:
            fired = {"fire": step.key}
            made.add(after, "some_deadline", made.state, kind="level", by="system", data=fired)
        made.add(after, step.key, step.target or made.state, by=by)
    return made


def write(session: Session, cast: Cast, key: str, passages: Iterable[Passage]) -> None:
    """Cases of the published workflow ``key``; flushes."""
    current = definitions.current(session, key)
    spec = definitions.compiled(session, current.version_id).spec
    states = {state.key: state for state in spec.states}
    events = []
    for passage in passages:
        state = states[passage.state]
        last = passage.opened_at + timedelta(seconds=passage.events[-1][0])
        case = m.Case(
            number=f"T-{random.getrandbits(60)}",
            title="经过",
            leg=spec.leg,
            workflow_id=current.workflow_id,
            version_id=current.version_id,
            state=state.key,
            state_label=state.label.model_dump(),
            state_kind=state.kind.value,
            place_id=cast.places[passage.place].id,
            data={},
            opened_at=passage.opened_at,
            changed_at=last,
            closed_at=last if state.kind.ended else None,
        )
        session.add(case)
        session.flush()
        passage.id = case.id
        events += list(_rows(case, passage))
    session.execute(sa.insert(m.Event), events)


def _rows(case: m.Case, passage: Passage) -> Iterable[dict[str, Any]]:
    for seq, (after, kind, event, source, target, data) in enumerate(passage.events, 1):
        yield {
            "case_id": case.id,
            "seq": seq,
            "at": passage.opened_at + timedelta(seconds=after),
            "kind": m.EventKind(kind),
            "event": event,
            "label": {"zh": event},
            "source": source,
            "target": target,
            "target_label": {"zh": target},
            "actor_kind": passage.by[seq - 1],
            "actor_name": "某人",
            "data": data,
            "before": b"",
            "hash": b"",
        }


def unpublished(session: Session) -> m.Workflow:
    """A draft that nobody has published; flushes."""
    row = m.Workflow(key="unpublished", label_zh="草稿")
    session.add(row)
    session.flush()
    return row
