"""A workflow file arrives: what it would change in the draft of its key, and the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, Problem
from app.services import drafts, reach
from app.services.actors import Viewer
from app.workflows import compare, files
from app.workflows.compare import Change
from app.workflows.spec import Workflow


@dataclass(frozen=True, slots=True)
class Arrival:
    """``before`` is the present draft, None where there is none, or none that is whole
    (``broken``); ``expected`` is the version of it that was looked at."""

    spec: Workflow
    row: m.Workflow | None
    before: Workflow | None
    expected: int | None
    changes: tuple[Change, ...] = ()

    @property
    def new(self) -> bool:
        return self.row is None

    @property
    def broken(self) -> bool:
        return self.row is not None and self.before is None

    @property
    def equal(self) -> bool:
        return self.before is not None and not self.changes


def look(session: Session, spec: Workflow, *, actor: Viewer) -> Arrival:
    """Nothing is written. Raises ForbiddenError where the workflow isn't theirs to change."""
    row = session.scalar(sa.select(m.Workflow).where(m.Workflow.key == spec.key))
    if row is None:
        return Arrival(spec, None, None, None)
    reach.require(session, actor, row.place)
    try:
        before = drafts.spec(row)
    except files.FileError:
        return Arrival(spec, row, None, row.draft_version)
    return Arrival(spec, row, before, row.draft_version, compare.compare(before, spec))


def take(
    session: Session, spec: Workflow, *, expected: int | None, actor: Viewer, now: datetime
) -> m.Workflow:
    """Make it the draft, over the one that was looked at; flushes.

    Raises ConflictError when the draft is another one by now, or there is one by now.
    """
    found = look(session, spec, actor=actor)
    if found.row is None:
        if expected is not None:
            words = {"zh": "这个流程已被删除。", "en": "This workflow was deleted meanwhile."}
            raise ConflictError(Problem(words))
        row = drafts.begin(session, spec, actor=actor, now=now)
        row.place = reach.home(session, actor)
        return row
    if expected is None:
        raise drafts.conflict(session, found.row)
    return drafts.save(session, found.row.id, spec, expected=expected, actor=actor, now=now)
