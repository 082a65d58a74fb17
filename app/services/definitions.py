"""Workflows from draft to published version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import assoc_user_role
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, MissingError, Problem
from app.models import Place, PlaceKind, Staff
from app.services import drafts
from app.services.actors import Viewer
from app.workflows import files
from app.workflows.check import Finding, check
from app.workflows.engine import Compiled, compile_
from app.workflows.spec import Workflow

_compiled: WeakKeyDictionary[sa.Engine, dict[int, Compiled]] = WeakKeyDictionary()
_lock = Lock()


def compiled(session: Session, version_id: int) -> Compiled:
    """The compiled form of a published version; versions never change, so it is kept for as long
    as the process talks to that database."""
    known = _compiled.get(session.get_bind().engine)
    found = None if known is None else known.get(version_id)
    return _compile(session, version_id) if found is None else found


def _compile(session: Session, version_id: int) -> Compiled:
    with _lock:
        known = _compiled.setdefault(session.get_bind().engine, {})
        if version_id not in known:
            spec = session.scalar(
                sa.select(m.WorkflowVersion.spec).where(m.WorkflowVersion.id == version_id)
            )
            if spec is None:
                raise MissingError(
                    Problem({"zh": "没有这个流程版本。", "en": "There is no such version."})
                )
            known[version_id] = compile_(Workflow.model_validate(spec))
        return known[version_id]


@dataclass(frozen=True, slots=True)
class Current:
    workflow_id: int
    version_id: int


def current(session: Session, key: str) -> Current:
    """What new cases of workflow ``key`` begin on. Raises MissingError when none is published."""
    row = session.execute(
        sa.select(m.Workflow.id, m.Workflow.current_id).where(m.Workflow.key == key)
    ).one_or_none()
    if row is None or row.current_id is None:
        raise MissingError(
            Problem(
                {
                    "zh": f"流程“{key}”还没有发布，请联系流程管理员。",
                    "en": f"Workflow “{key}” isn't published yet: ask a workflow administrator.",
                }
            )
        )
    return Current(row.id, row.current_id)


def published(session: Session) -> dict[str, Workflow]:
    """Every workflow's current version, by key: what a draft may refer to."""
    rows = session.execute(
        sa.select(m.Workflow.key, m.WorkflowVersion.spec).join(
            m.WorkflowVersion, m.WorkflowVersion.id == m.Workflow.current_id
        )
    )
    return {key: Workflow.model_validate(spec) for key, spec in rows}


def findings(
    session: Session, spec: Workflow, *, beside: Mapping[str, Workflow] | None = None
) -> list[Finding]:
    """What the checker says of ``spec`` beside the published workflows (and ``beside``), with the
    communities in which nobody holds a role that it needs."""
    known = {**published(session), **(beside or {}), spec.key: spec}
    return check(spec, known=known, holders=_vacancies(session))


def _vacancies(session: Session) -> Callable[[str], list[str]]:
    """Communities without a holder, by role; one pair of statements however many roles."""
    communities = session.execute(
        sa.select(Place.path, Place.name).where(Place.kind == PlaceKind.COMMUNITY)
    ).all()
    held: dict[str, set[str]] = {}
    for role, path in session.execute(
        sa.select(RoleRow.name, Place.path)
        .join(assoc_user_role, assoc_user_role.c.role_id == RoleRow.id)
        .join(Staff, Staff.user_id == assoc_user_role.c.user_id)
        .join(Place, Place.id == Staff.place_id)
        .where(Staff.until.is_(None))
    ):
        held.setdefault(role, set()).add(path)

    def vacant(role: str) -> list[str]:
        paths = held.get(role, set())
        return [
            name
            for path, name in communities
            if not any(path.startswith(p) or p.startswith(path) for p in paths)
        ]

    return vacant


def publish(
    session: Session,
    row: m.Workflow,
    *,
    actor: Viewer,
    now: datetime,
    note: str = "",
    beside: Mapping[str, Workflow] | None = None,
) -> m.WorkflowVersion:
    """Check the draft and freeze it as the version that new cases begin on.

    Raises InvalidError with every finding that is an error. A draft equal to the present version
    publishes nothing and returns that version.
    """
    spec = drafts.spec(row)
    errors = [f for f in findings(session, spec, beside=beside) if f.level == "error"]
    if errors:
        raise InvalidError(
            *(Problem({"zh": f.text.zh, "en": f.text.text("en")}, f.path) for f in errors)
        )
    checksum = files.checksum(spec)
    if row.current_id is not None:
        present = session.get_one(m.WorkflowVersion, row.current_id)
        if present.checksum == checksum:
            return present
    last = session.scalar(
        sa.select(sa.func.max(m.WorkflowVersion.number)).where(
            m.WorkflowVersion.workflow_id == row.id
        )
    )
    version = m.WorkflowVersion(
        workflow_id=row.id,
        number=(last or 0) + 1,
        spec=spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        checksum=checksum,
        note=note,
        published_at=now,
        published_by_id=actor.user_id,
    )
    session.add(version)
    session.flush()
    row.current_id = version.id
    session.flush()
    return version


def load_library(session: Session, *, actor: Viewer, now: datetime) -> list[str]:
    """Store and publish every shipped workflow that this database doesn't have yet; returns their
    keys. One that is there is left alone: it belongs to the administrators."""
    present = set(session.scalars(sa.select(m.Workflow.key)))
    specs = files.library()
    fresh = [key for key in specs if key not in present]
    rows = [drafts.store(session, specs[key]) for key in fresh]
    for row in rows:
        publish(session, row, actor=actor, now=now, beside=specs)
    return fresh
