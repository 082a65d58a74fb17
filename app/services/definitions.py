"""Published workflows: which version holds where, what the checker says, and publishing a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.errors import InvalidError, MissingError, Problem
from app.models import Place, PublicationKind
from app.services import drafts, edge, holders, publications, variations
from app.services.actors import Viewer
from app.workflows import files
from app.workflows.check import Finding, check
from app.workflows.engine import Compiled, compile_
from app.workflows.spec import Workflow

_compiled: WeakKeyDictionary[sa.Engine, dict[int, Compiled]] = WeakKeyDictionary()
_lock = Lock()
KEPT = 200
"""Compiled versions that a process keeps, some 50 MB: places may have many of their own."""


def compiled(session: Session, version_id: int) -> Compiled:
    """The compiled form of a published version; versions never change, so it is kept until newer
    ones need the room."""
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
            while len(known) >= KEPT:
                known.pop(next(iter(known)))
            known[version_id] = compile_(Workflow.model_validate(spec))
        return known[version_id]


@dataclass(frozen=True, slots=True)
class Current:
    workflow_id: int
    version_id: int


def current(session: Session, key: str, place: str = "") -> Current:
    """What new cases of workflow ``key`` begin on at the place whose path is ``place``: the version
    of the nearest place on the way up that has one of its own, else the template's (which is also
    the answer without a place). Raises MissingError when there is none, or it isn't used there."""
    own = (
        sa.select(m.Variation.current_id)
        .join(Place, Place.id == m.Variation.place_id)
        .where(
            m.Variation.workflow_id == m.Workflow.id,
            m.Variation.current_id.is_not(None),
            Place.id.in_(int(step) for step in place.split("/") if step),
        )
        .order_by(sa.func.length(Place.path).desc())
        .limit(1)
        .scalar_subquery()
    )
    row = session.execute(
        sa.select(
            m.Workflow.id,
            m.Workflow.label_zh,
            m.Workflow.label_en,
            m.Workflow.current_id,
            m.Workflow.retired_at,
            own.label("own_id"),
            Place.path.label("owner"),
            Place.name.label("owner_name"),
        )
        .outerjoin(Place, Place.id == m.Workflow.place_id)
        .where(m.Workflow.key == key)
    ).one_or_none()
    if row is None or row.current_id is None:
        raise MissingError(_absent(key, row))
    if place and row.owner is not None and not place.startswith(row.owner):
        raise MissingError(_elsewhere(row))
    return Current(row.id, row.own_id or row.current_id)


def near(session: Session, key: str, viewer: Viewer) -> Compiled:
    """The workflow as it holds where the viewer works, for the form that they fill in before a
    place is chosen: the template's for those who work in several places. Raises as ``current``."""
    place = viewer.places[0] if len(viewer.places) == 1 else ""
    return compiled(session, current(session, key, place).version_id)


def _absent(key: str, row: sa.Row[tuple[object, ...]] | None) -> Problem:
    if row is None or row.retired_at is None:
        return Problem(
            {
                "zh": f"流程“{key}”还没有发布，请联系流程管理员。",
                "en": f"Workflow “{key}” isn't published yet: ask a workflow administrator.",
            }
        )
    zh, en = row.label_zh, row.label_en or row.label_zh
    day = f"{edge.local(row.retired_at):%Y-%m-%d}"
    return Problem(
        {
            "zh": f"流程“{zh}”自 {day} 起停用，不能再登记新事项；已登记的照常办理。"
            "如需恢复，请联系流程管理员。",
            "en": f"Workflow “{en}” was retired on {day}: no new case can be opened, those that "
            "run go on. A workflow administrator can bring it back.",
        }
    )


def _elsewhere(row: sa.Row[tuple[object, ...]]) -> Problem:
    return Problem(
        {
            "zh": f"流程“{row.label_zh}”只用于“{row.owner_name}”，请选那里的地点。",
            "en": f"Workflow “{row.label_en or row.label_zh}” is used in “{row.owner_name}” only: "
            "choose a place there.",
        },
        "place_id",
    )


def published(session: Session) -> dict[str, Workflow]:
    """Every workflow's current version, by key: what a draft may refer to."""
    return publications.specs(session)


def findings(
    session: Session, spec: Workflow, *, beside: Mapping[str, Workflow] | None = None
) -> list[Finding]:
    """What the checker says of ``spec`` beside the published workflows (and ``beside``), with the
    communities in which nobody holds a role that it needs."""
    known = {**published(session), **(beside or {}), spec.key: spec}
    return check(spec, known=known, holders=holders.vacancies(session, clock.now()))


def require(
    session: Session, spec: Workflow, *, beside: Mapping[str, Workflow] | None = None
) -> None:
    """Raises InvalidError with every finding that is an error."""
    errors = [f for f in findings(session, spec, beside=beside) if f.level == "error"]
    if errors:
        raise InvalidError(
            *(Problem({"zh": f.text.zh, "en": f.text.text("en")}, f.path) for f in errors)
        )


def publish(
    session: Session,
    row: m.Workflow,
    *,
    actor: Viewer,
    now: datetime,
    note: str = "",
    beside: Mapping[str, Workflow] | None = None,
) -> m.WorkflowVersion:
    """Check the draft and freeze it as the version that new cases begin on; the places that vary it
    follow, as far as it lets them.

    Raises InvalidError with every finding that is an error. A draft equal to the present version
    publishes nothing and returns that version.
    """
    row = drafts.locked(session, row.id)
    spec = drafts.spec(row)
    require(session, spec, beside=beside)
    checksum = files.checksum(spec)
    if row.current_id is not None:
        present = session.get_one(m.WorkflowVersion, row.current_id)
        if present.checksum == checksum:
            return present
    made = publications.Made(row, actor, now, note)
    version = publications.freeze(session, made, spec)
    publications.enforce(session, made, version, PublicationKind.PUBLISHED)
    variations.renew(session, made, version)
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
