"""What a workflow's notices would say of a real case, before it is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import outbox, rows
from app.services.actors import Viewer
from app.services.providers import Step
from app.services.scope import visible
from app.workflows.spec import Workflow


@dataclass(frozen=True, slots=True)
class Preview:
    """One notice; ``subject`` and ``body`` by language."""

    key: str
    to: tuple[str, ...]
    channels: tuple[str, ...]
    subject: dict[str, str]
    body: dict[str, str]


def case(session: Session, viewer: Viewer, workflow_id: int, number: str) -> m.Case | None:
    """The case of that number, else the latest of the workflow that this viewer sees."""
    query = sa.select(m.Case).where(visible(viewer, m.Case))
    if number:
        query = query.where(m.Case.number == number)
    else:
        query = query.where(m.Case.workflow_id == workflow_id)
    found: m.Case | None = session.scalar(query.order_by(m.Case.id.desc()).limit(1))
    return found


def previews(
    session: Session, viewer: Viewer, spec: Workflow, case_id: int, now: datetime
) -> Sequence[Preview]:
    """Every notice of ``spec`` as it would be written of the case; nothing is sent."""
    row = rows.load(session, case_id, viewer)
    names = outbox.names_of(Step(session, spec, row, viewer, now), row.due_at)
    return [
        Preview(
            notice.key,
            notice.to,
            notice.channels,
            outbox.render(notice.subject, names),
            outbox.render(notice.body, names),
        )
        for notice in spec.notices
    ]
