"""The versions of a workflow: what there is, which holds, an earlier one again, and none at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import models as m
from app.errors import MissingError, Problem, RefusedError
from app.models import Place, PublicationKind
from app.services import definitions, drafts, publications, variations
from app.services.actors import Viewer
from app.services.publications import Made
from app.services.scope import visible
from app.workflows.spec import Workflow

DRAFT = "draft"
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """``running`` are the cases that have not ended; ``current``: new cases begin on it."""

    version: m.WorkflowVersion
    running: int
    current: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison, or what is drawn: ``version`` None is the draft."""

    name: str
    spec: Workflow
    version: m.WorkflowVersion | None = None


def listed(
    session: Session, viewer: Viewer, row: m.Workflow, place_id: int | None = None
) -> list[Line]:
    """The template's versions, or a place's own, latest first."""
    version = m.WorkflowVersion
    found = session.scalars(
        sa.select(version)
        .options(
            sa.orm.defer(version.spec),
            joinedload(version.published_by),
            joinedload(version.based_on).defer(version.spec),
        )
        .where(
            version.workflow_id == row.id,
            version.place_id.is_not_distinct_from(place_id),
            visible(viewer, version),
        )
        .order_by(version.number.desc())
        .limit(SHOWN)
    ).all()
    running = running_by(session, [one.id for one in found])
    current_id: int | None = row.current_id
    if place_id is not None:
        own = variations.found(session, row.id, place_id)
        current_id = own.current_id if own else None
    return [Line(one, running.get(one.id, 0), current=one.id == current_id) for one in found]


def running_by(session: Session, ids: list[int]) -> Mapping[int, int]:
    """How many cases of each version have not ended."""
    rows = session.execute(
        sa.select(m.Case.version_id, sa.func.count())
        .where(m.Case.version_id.in_(ids), m.Case.closed_at.is_(None))
        .group_by(m.Case.version_id)
    )
    return {version_id: count for version_id, count in rows}  # noqa: C416  a typed row


def side(session: Session, viewer: Viewer, row: m.Workflow, name: str) -> Side:
    """``draft``, the number of a version (``3``), or that of a place's (``2@17``). Raises
    MissingError, and InvalidError when the draft's rows make no workflow."""
    if name == DRAFT:
        return Side(name, drafts.spec(row))
    number, _, place = name.partition("@")
    version = m.WorkflowVersion
    query = sa.select(version).where(
        version.workflow_id == row.id,
        version.number == _whole(number),
        version.place_id.is_not_distinct_from(_whole(place) if place else None),
        visible(viewer, version),
    )
    found = session.scalar(query.options(joinedload(version.place)))
    if found is None:
        raise MissingError(
            Problem(
                {
                    "zh": f"流程“{row.key}”没有版本“{name[:40]}”。",
                    "en": f"Workflow “{row.key}” has no version “{name[:40]}”.",
                }
            )
        )
    return Side(name, Workflow.model_validate(found.spec), found)


def _whole(text: str) -> int:
    """-1, which nothing has, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def name_of(version: m.WorkflowVersion) -> str:
    """What ``side`` finds it by."""
    return f"{version.number}" + (f"@{version.place_id}" if version.place_id else "")


def usable(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Workflows that are used in a place of the viewer's."""
    if viewer.everywhere:
        return sa.true()
    owner = sa.select(Place.path).where(Place.id == m.Workflow.place_id).scalar_subquery()
    near = [owner.like(f"{path}%") for path in viewer.places]
    near += [sa.literal(path).like(owner + "%") for path in viewer.places]
    return sa.or_(m.Workflow.place_id.is_(None), *near)


# --- which holds --------------------------------------------------------------------------------


def restore(session: Session, number: int, made: Made) -> m.WorkflowVersion:
    """Put an earlier version in force again; flushes.

    It is the same version as before, not a copy under a new number: its cases, its figures and its
    checksum stay in one place, and when it was in force is what the record is for. The checker
    looks at it anew: what it names may be gone. Raises MissingError, RefusedError (it is in force)
    and InvalidError.
    """
    row = drafts.locked(session, made.row.id)
    version = session.scalar(
        sa.select(m.WorkflowVersion).where(
            m.WorkflowVersion.workflow_id == row.id,
            m.WorkflowVersion.place_id.is_(None),
            m.WorkflowVersion.number == number,
        )
    )
    if version is None:
        words = {"zh": f"没有第 {number} 版。", "en": f"There is no version {number}."}
        raise MissingError(Problem(words))
    if version.id == row.current_id:
        words = {"zh": f"第 {number} 版正在生效。", "en": f"Version {number} is in force."}
        raise RefusedError(Problem(words))
    return _enforce(session, made, row, version, PublicationKind.RESTORED)


def revive(session: Session, made: Made) -> m.WorkflowVersion:
    """Bring a retired workflow back, with the version that was in force last; flushes."""
    row = drafts.locked(session, made.row.id)
    if row.current_id is not None or row.retired_at is None:
        words = {"zh": "这个流程没有停用。", "en": "This workflow isn't retired."}
        raise RefusedError(Problem(words))
    last = session.scalar(
        sa.select(m.Publication.version_id)
        .where(
            m.Publication.workflow_id == row.id,
            m.Publication.place_id.is_(None),
            m.Publication.version_id.is_not(None),
        )
        .order_by(m.Publication.id.desc())
        .limit(1)
    )
    version = session.get_one(m.WorkflowVersion, last)
    return _enforce(session, made, row, version, PublicationKind.REVIVED)


def _enforce(
    session: Session,
    made: Made,
    row: m.Workflow,
    version: m.WorkflowVersion,
    kind: PublicationKind,
) -> m.WorkflowVersion:
    definitions.require(session, Workflow.model_validate(version.spec))
    made = Made(row, made.actor, made.now, made.note)
    publications.enforce(session, made, version, kind)
    variations.renew(session, made, version)
    return version


def retire(session: Session, made: Made) -> None:
    """No new cases from now on; those that run go on. Flushes.

    Raises RefusedError where nothing is in force, and while another workflow in force brings forth
    cases of this one: its steps would fail.
    """
    row = drafts.locked(session, made.row.id)
    if row.current_id is None:
        words = {"zh": "这个流程现在没有生效的版本。", "en": "No version of it is in force."}
        raise RefusedError(Problem(words))
    parents = [
        spec.label
        for spec in publications.specs(session).values()
        if spec.key != row.key and any(child.workflow == row.key for child in spec.children)
    ]
    if parents:
        zh = "、".join(f"“{label.zh}”" for label in parents)
        en = ", ".join(f"“{label.text('en')}”" for label in parents)
        words = {
            "zh": f"{zh} 会产生这个流程的事项。请先修改并发布这些流程，或先将其停用。",
            "en": f"{en} brings forth cases of this workflow: publish it without them, or retire "
            "it first.",
        }
        raise RefusedError(Problem(words))
    made = Made(row, made.actor, made.now, made.note)
    publications.enforce(session, made, None, PublicationKind.RETIRED)
