"""Places that have a workflow their own way: what they vary, published, and kept in step with the
template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import models as m
from app.errors import ConflictError, InvalidError, MissingError, Problem, RefusedError
from app.models import Place, PublicationKind, Variation
from app.services import drafts, edge, publications, reach, wardens
from app.services.actors import Viewer, full_name
from app.services.publications import Made
from app.services.scope import visible
from app.workflows import files, variation
from app.workflows.check import check
from app.workflows.faults import Fault
from app.workflows.spec import Workflow
from app.workflows.variation import Changes

FORETOLD = 200
"""So many places are tried before a template is published."""


def listed(session: Session, viewer: Viewer, workflow_id: int) -> list[Variation]:
    """The variations that the viewer may see, those that need a hand first."""
    query = (
        sa.select(Variation)
        .join(Place, Place.id == Variation.place_id)
        .options(
            joinedload(Variation.place),
            joinedload(Variation.current).joinedload(m.WorkflowVersion.based_on),
            joinedload(Variation.changed_by),
        )
        .where(Variation.workflow_id == workflow_id, visible(viewer, Variation))
        .order_by(Variation.problems == sa.text("'[]'::jsonb"), Place.path)
    )
    return list(session.scalars(query))


def found(session: Session, workflow_id: int, place_id: int) -> Variation | None:
    """The place's own, whoever asks; who may see the place is asked before."""
    return session.scalar(
        sa.select(Variation)
        .options(joinedload(Variation.current))
        .where(Variation.workflow_id == workflow_id, Variation.place_id == place_id)
    )


def template(session: Session, row: m.Workflow) -> m.WorkflowVersion:
    """The version that places vary. Raises RefusedError when none is in force, or when it lets
    them vary nothing."""
    if row.current_id is None:
        words = {
            "zh": "上级流程还没有发布或已停用，现在不能调整。",
            "en": "The template isn't in force, so there is nothing to vary.",
        }
        raise RefusedError(Problem(words))
    version = session.get_one(m.WorkflowVersion, row.current_id)
    if not version.spec.get("vary"):
        words = {
            "zh": "上级流程没有开放任何可调整的内容。"
            "流程管理员设置各地可调整的范围并发布以后，各地才能调整。",
            "en": "The template lets places vary nothing until a workflow administrator sets what "
            "they may change, and publishes it.",
        }
        raise RefusedError(Problem(words))
    return version


def save(  # noqa: PLR0913  what, where, over what, by whom, when
    session: Session,
    row: m.Workflow,
    place: Place,
    changes: Changes,
    *,
    expected: int,
    actor: Viewer,
    now: datetime,
) -> Variation:
    """Keep what a place wants otherwise; nothing is in force yet. Flushes.

    Raises ForbiddenError (not theirs to vary), InvalidError (beyond the template's limits, by
    field), ConflictError (somebody saved since ``expected``).
    """
    _may(session, row, place, actor)
    spec = Workflow.model_validate(template(session, row).spec)
    if faults := variation.faults(spec, changes):
        raise InvalidError(*_problems(faults))
    own = _locked(session, row.id, place.id)
    if (0 if own is None else own.counter) != expected:
        raise ConflictError(_overtaken(own))
    if own is None:
        own = Variation(workflow_id=row.id, place_id=place.id, counter=0, problems=[])
        session.add(own)
    own.changes = _plain(variation.lean(spec, changes))
    own.counter += 1
    own.changed_at, own.changed_by_id = now, actor.user_id
    session.flush()
    return own


def publish(
    session: Session, row: m.Workflow, place: Place, *, expected: int, made: Made
) -> m.WorkflowVersion:
    """Put the saved changes in force for new cases of the place; flushes.

    Raises as ``save`` does, and InvalidError with what the checker finds.
    """
    _may(session, row, place, made.actor)
    row = drafts.locked(session, row.id)
    version = template(session, row)
    own = _locked(session, row.id, place.id)
    if own is None or own.counter != expected:
        raise ConflictError(_overtaken(own))
    changes = Changes.model_validate(own.changes)
    if not changes.count:
        words = {
            "zh": "与上级流程没有差别，不需要发布。要改回上级流程，请用“停用本地调整”。",
            "en": "Nothing differs from the template, so there is nothing to publish. To go back "
            "to the template, withdraw the variation.",
        }
        raise RefusedError(Problem(words))
    spec = Workflow.model_validate(version.spec)
    if problems := unfit(spec, changes, publications.specs(session)):
        raise InvalidError(*problems)
    made = Made(row, made.actor, made.now, made.note)
    return _enforce(session, made, own, (version, spec, changes), PublicationKind.PUBLISHED)


def withdraw(session: Session, row: m.Workflow, place: Place, *, made: Made) -> None:
    """Back to the template for new cases; what was saved stays. Flushes."""
    _may(session, row, place, made.actor)
    own = _locked(session, row.id, place.id)
    if own is None or own.current_id is None:
        words = {"zh": "这里没有生效的本地调整。", "en": "No variation is in force here."}
        raise RefusedError(Problem(words))
    own.current_id, own.published, own.problems = None, {}, []
    publications.record(session, made, None, PublicationKind.RETIRED, place_id=place.id)


def renew(session: Session, made: Made, version: m.WorkflowVersion) -> int:
    """The template's version in force is another one: what places vary is applied to it anew. Where
    that doesn't fit, the place stays on its version, and those who look after it are told. Returns
    for how many it did not fit; flushes."""
    rows = session.scalars(
        sa.select(Variation)
        .options(joinedload(Variation.current, innerjoin=True), joinedload(Variation.place))
        .where(Variation.workflow_id == made.row.id, Variation.current_id.is_not(None))
        .order_by(Variation.id)
        .with_for_update(of=Variation)
    ).all()
    if not rows:
        return 0
    spec, known = Workflow.model_validate(version.spec), publications.specs(session)
    stuck = []
    for own in rows:
        changes = Changes.model_validate(own.published)
        problems = unfit(spec, changes, known)
        own.problems = [problem.text for problem in problems]
        if problems:
            stuck.append(own)
        else:
            _enforce(session, made, own, (version, spec, changes), PublicationKind.FOLLOWED)
    wardens.tell(session, made, version, stuck)
    return len(stuck)


def foretell(session: Session, workflow_id: int, spec: Workflow) -> list[tuple[str, Problem]]:
    """The places that couldn't follow if ``spec`` were published, with the first reason of each."""
    rows = session.execute(
        sa.select(Place.name, Variation.published)
        .join(Place, Place.id == Variation.place_id)
        .where(Variation.workflow_id == workflow_id, Variation.current_id.is_not(None))
        .order_by(Place.path)
        .limit(FORETOLD)
    ).all()
    known = publications.specs(session) if rows else {}
    found = []
    for name, published in rows:
        problems = unfit(spec, Changes.model_validate(published), known)
        found += [(name, problem) for problem in problems[:1]]
    return found


def unfit(spec: Workflow, changes: Changes, known: Mapping[str, Workflow]) -> list[Problem]:
    """Why the changes can't be made to ``spec``; empty: they can."""
    if faults := variation.faults(spec, changes):
        return _problems(faults)
    if not changes.roles and not changes.times:
        return []  # words alone make no workflow unsound
    made = variation.apply(spec, changes).model_copy(update={"tests": ()})
    return [
        Problem({"zh": found.text.zh, "en": found.text.text("en")}, found.path)
        for found in check(made, known={**known, made.key: made})
        if found.level == "error"
    ]


def _enforce(
    session: Session,
    made: Made,
    own: Variation,
    what: tuple[m.WorkflowVersion, Workflow, Changes],
    kind: PublicationKind,
) -> m.WorkflowVersion:
    version, spec, changes = what
    derived = variation.apply(spec, changes)
    own.published, own.problems = _plain(changes), []
    if own.current is not None and own.current.checksum == files.checksum(derived):
        session.flush()
        return own.current
    fresh = publications.freeze(
        session, made, derived, place_id=own.place_id, based_on_id=version.id
    )
    own.current = fresh
    publications.record(session, made, fresh, kind, place_id=own.place_id)
    return fresh


def _may(session: Session, row: m.Workflow, place: Place, actor: Viewer) -> None:
    reach.require(session, actor, place)
    if row.place is not None and not place.path.startswith(row.place.path):
        words = {
            "zh": f"这个流程只用于“{row.place.name}”，“{place.name}”不在其中。",
            "en": f"This workflow is used in “{row.place.name}” only, where “{place.name}” isn't.",
        }
        raise MissingError(Problem(words))


def _locked(session: Session, workflow_id: int, place_id: int) -> Variation | None:
    return session.scalar(
        sa.select(Variation)
        .where(Variation.workflow_id == workflow_id, Variation.place_id == place_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _overtaken(own: Variation | None) -> Problem:
    if own is None:
        words = {"zh": "这里还没有保存过调整。", "en": "Nothing was saved here yet."}
        return Problem(words)
    who = full_name(own.changed_by) if own.changed_by else ""
    at = edge.shown(own.changed_at)
    return Problem(
        {
            "zh": f"{who or '系统'}已于 {at} 保存过另外的调整。请先查看最新内容，再重新填写。",
            "en": f"{who or 'The system'} saved other changes at {at}. Look at them first, then "
            "fill in yours again.",
        }
    )


def _problems(faults: Iterable[Fault]) -> list[Problem]:
    return [Problem(fault.text.both(), fault.path) for fault in faults]


def _plain(changes: Changes) -> dict[str, Any]:
    plain: dict[str, Any] = changes.model_dump(mode="json", exclude_defaults=True)
    return plain
