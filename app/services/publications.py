"""What is in force: freezing versions, putting one in force, and the record of that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import models as m
from app.models import PublicationKind
from app.services.actors import Viewer
from app.services.scope import visible
from app.workflows import files
from app.workflows.spec import Workflow

SHOWN = 100
"""So many entries of the record are shown."""


@dataclass(frozen=True, slots=True)
class Made:
    """By whom, when and why something is put in force; ``row`` is locked."""

    row: m.Workflow
    actor: Viewer
    now: datetime
    note: str = ""


def specs(session: Session) -> dict[str, Workflow]:
    """Every workflow's version in force (the templates'), by key."""
    rows = session.execute(
        sa.select(m.Workflow.key, m.WorkflowVersion.spec).join(
            m.WorkflowVersion, m.WorkflowVersion.id == m.Workflow.current_id
        )
    )
    return {key: Workflow.model_validate(spec) for key, spec in rows}


def freeze(
    session: Session,
    made: Made,
    spec: Workflow,
    *,
    place_id: int | None = None,
    based_on_id: int | None = None,
) -> m.WorkflowVersion:
    """A new version that says ``spec``, in force nowhere yet; flushes."""
    last = session.scalar(
        sa.select(sa.func.max(m.WorkflowVersion.number)).where(
            m.WorkflowVersion.workflow_id == made.row.id,
            m.WorkflowVersion.place_id.is_not_distinct_from(place_id),
        )
    )
    version = m.WorkflowVersion(
        workflow_id=made.row.id,
        place_id=place_id,
        based_on_id=based_on_id,
        number=(last or 0) + 1,
        spec=spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        checksum=files.checksum(spec),
        note=made.note,
        published_at=made.now,
        published_by_id=made.actor.user_id,
    )
    session.add(version)
    session.flush()
    return version


def enforce(
    session: Session, made: Made, version: m.WorkflowVersion | None, kind: PublicationKind
) -> None:
    """New cases begin on ``version`` from now on (None: on nothing); flushes."""
    made.row.current_id = None if version is None else version.id
    made.row.retired_at = made.now if kind is PublicationKind.RETIRED else None
    record(session, made, version, kind)


def record(
    session: Session,
    made: Made,
    version: m.WorkflowVersion | None,
    kind: PublicationKind,
    *,
    place_id: int | None = None,
) -> None:
    """Keep for ever that this is in force from now on (None: nothing of its own); flushes."""
    session.add(
        m.Publication(
            workflow_id=made.row.id,
            place_id=place_id,
            version_id=None if version is None else version.id,
            kind=kind,
            note=made.note,
            at=made.now,
            by_id=made.actor.user_id,
        )
    )
    session.flush()


def history(
    session: Session, viewer: Viewer, workflow_id: int, place_id: int | None = None
) -> list[m.Publication]:
    """The record, latest first: of the template, or of a place's own versions."""
    query = (
        sa.select(m.Publication)
        .options(
            joinedload(m.Publication.version),
            joinedload(m.Publication.by),
            joinedload(m.Publication.place),
        )
        .where(
            m.Publication.workflow_id == workflow_id,
            m.Publication.place_id.is_not_distinct_from(place_id),
            visible(viewer, m.Publication),
        )
        .order_by(m.Publication.id.desc())
        .limit(SHOWN)
    )
    return list(session.scalars(query))
