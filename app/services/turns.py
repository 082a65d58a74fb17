"""Whose turn it is: which states wait for which role, read from the published versions.

A case waits for whoever may press one of its state's main buttons (``primary``; where a state has
none, any button that moves the case). This decides what lies on somebody's desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.workflows.spec import RESIDENT, SYSTEM, Relation, Transition, Workflow

_PSEUDO = frozenset({RESIDENT, SYSTEM})


@dataclass(frozen=True, slots=True)
class Turn:
    """A button that a state waits for. ``roles`` empty: any role, by relation alone."""

    version_id: int
    state: str
    roles: frozenset[str]
    relations: frozenset[Relation]


_known: dict[tuple[int, str], tuple[Turn, ...]] = {}
_lock = Lock()


def all_(session: Session) -> list[Turn]:
    """Every turn of every version. Versions never change, so each is read once per process: one
    small statement, and one more when there is a new version."""
    rows = session.execute(sa.select(m.WorkflowVersion.id, m.WorkflowVersion.checksum)).all()
    present = {(row.id, row.checksum) for row in rows}
    unread = [id_ for id_, checksum in present if (id_, checksum) not in _known]
    if unread:
        fresh = session.execute(
            sa.select(
                m.WorkflowVersion.id, m.WorkflowVersion.checksum, m.WorkflowVersion.spec
            ).where(m.WorkflowVersion.id.in_(unread))
        )
        with _lock:
            for id_, checksum, spec in fresh:
                _known[id_, checksum] = _of(id_, Workflow.model_validate(spec))
    return [turn for key in sorted(present) for turn in _known.get(key, ())]


def _of(version_id: int, spec: Workflow) -> tuple[Turn, ...]:
    return tuple(
        Turn(version_id, state.key, frozenset(t.roles) - _PSEUDO, frozenset(t.relations))
        for state in spec.states
        if not state.kind.ended
        for t in _main(spec, state.key)
        if t.relations or set(t.roles) - _PSEUDO
    )


def _main(spec: Workflow, state: str) -> list[Transition]:
    """The main buttons that lead out of a state, whoever they are for."""
    leaving = [
        t for t in spec.transitions if state in spec.sources(t) and t.target not in (None, state)
    ]
    return [t for t in leaving if t.primary] or leaving
