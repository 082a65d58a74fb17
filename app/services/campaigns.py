"""Many running cases moved to another version of their workflow: begun, undone, looked up.

Who may publish may move: the cases are moved wherever they are, and a person reads of them what
they may see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import models as m
from app.errors import MissingError, Problem, RefusedError
from app.models import ClockRule, Migration, MoveOutcome, Workflow
from app.services import jobs, migrations
from app.services.actors import Viewer
from app.services.jobs import Order
from app.services.migrations import Plan
from app.services.scope import visible
from app.services.transfers import Terms

MOVE, RESTORE = "cases.migrate", "cases.restore"
UNDO_FOR = timedelta(hours=24)
MOST = 50
"""Migrations of one workflow that are listed; the ledger has all."""
_BY_HAND = 0x51FA07
"""The class of advisory locks that a move without a job holds, by workflow."""
_HELD = sa.text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND classid = :classid AND objid = :objid AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


def record(session: Session, plan: Plan, *, actor: Viewer, now: datetime) -> Migration:
    """Write down that it begins; flushes. Raises InvalidError, RefusedError when another one of
    this workflow is under way."""
    found = migrations.terms(session, plan)
    _alone(session, plan.workflow_id)
    made = Migration(
        workflow_id=plan.workflow_id,
        target_id=found.target_id,
        mapping={name: dict(states) for name, states in plan.mapping.items()},
        clocks=ClockRule(plan.rule),
        reason=found.reason,
        running=running(session, plan.workflow_id, list(found.mapping), now),
        at=now,
        actor_id=actor.user_id,
        actor_name=actor.name,
    )
    session.add(made)
    session.flush()
    return made


def start(
    session: Session, plan: Plan, *, actor: Viewer, owner_id: int, now: datetime
) -> Migration:
    """The same, as a job; flushes."""
    made = record(session, plan, actor=actor, now=now)
    row = session.get_one(Workflow, plan.workflow_id)
    words = migrations.versions(session, plan.workflow_id)[plan.target].words
    label = {
        "zh": f"转到{words['zh']}：{row.label_zh}"[:200],
        "en": f"Move to {words['en']}: {row.label_en or row.label_zh}"[:200],
    }
    order = Order(MOVE, {"migration": made.id, "workflow": plan.workflow_id}, label)
    made.job_id = jobs.start(session, order, owner_id=owner_id, now=now).id
    session.flush()
    return made


def undo(session: Session, made: Migration, *, actor: Viewer, now: datetime) -> None:
    """Write down that it is undone; flushes. Raises RefusedError when it is too late for that."""
    _alone(session, made.workflow_id)
    session.refresh(made, with_for_update={"of": Migration})
    if made.undone_at is not None:
        raise RefusedError(
            Problem({"zh": "这次转版已经撤销过了。", "en": "This move was undone already."})
        )
    if not may_undo(made, now):
        raise RefusedError(
            Problem(
                {
                    "zh": "转版满 24 小时后不能撤销。需要的话，请再转回原来的版本。",
                    "en": "A move can be undone for 24 hours. Move the cases back to the old "
                    "version instead.",
                }
            )
        )
    made.undone_at, made.undone_name = now, actor.name
    session.flush()


def start_undo(
    session: Session, made: Migration, *, actor: Viewer, owner_id: int, now: datetime
) -> None:
    """The same, as a job; flushes."""
    undo(session, made, actor=actor, now=now)
    row = session.get_one(Workflow, made.workflow_id)
    label = {
        "zh": f"撤销转版：{row.label_zh}"[:200],
        "en": f"Undo the move: {row.label_en or row.label_zh}"[:200],
    }
    order = Order(RESTORE, {"migration": made.id, "workflow": made.workflow_id}, label)
    made.undo_job_id = jobs.start(session, order, owner_id=owner_id, now=now).id
    session.flush()


def may_undo(made: Migration, now: datetime) -> bool:
    return made.undone_at is None and now - made.at <= UNDO_FOR


def _alone(session: Session, workflow_id: int) -> None:
    """One at a time: who presses twice, or at the same time as somebody else, is told."""
    session.execute(
        sa.select(Workflow.id).where(Workflow.id == workflow_id).with_for_update(key_share=True)
    )
    job = m.Job
    if session.scalar(_HELD, {"classid": _BY_HAND, "objid": workflow_id}):
        raise RefusedError(
            Problem(
                {
                    "zh": "这个流程正在由命令行转版，请等它结束。",
                    "en": "Cases of this workflow are being moved from the command line: wait for "
                    "it to end.",
                }
            )
        )
    busy = session.scalar(
        sa.select(job.id)
        .join(Migration, sa.or_(Migration.job_id == job.id, Migration.undo_job_id == job.id))
        .where(Migration.workflow_id == workflow_id, jobs.OPEN)
        .limit(1)
    )
    if busy is not None:
        raise RefusedError(
            Problem(
                {
                    "zh": f"这个流程正在转版（任务 {busy}），请等它结束，或先取消它。",
                    "en": f"Cases of this workflow are being moved (job {busy}): wait for it to "
                    "end, or cancel it first.",
                }
            )
        )


@contextmanager
def by_hand(session: Session, workflow_id: int) -> Iterator[None]:
    """Hold the workflow while cases are moved without a job, so that nobody else begins. Entered
    before the commit of ``record`` or ``undo``; when the process dies, the hold goes with it."""
    with session.get_bind().engine.connect() as holder:
        holder.execute(sa.select(sa.func.pg_advisory_lock(_BY_HAND, workflow_id)))
        holder.commit()
        try:
            yield
        finally:
            holder.execute(sa.select(sa.func.pg_advisory_unlock(_BY_HAND, workflow_id)))
            holder.commit()


def running(session: Session, workflow_id: int, version_ids: Sequence[int], since: datetime) -> int:
    """How many cases run on these versions, or did at ``since``."""
    query = sa.select(sa.func.count()).where(*_on(workflow_id, version_ids, since))
    return session.scalar(query) or 0


def ahead(session: Session, made: Terms, workflow_id: int, at: datetime, after: int) -> list[int]:
    """The next cases of those, by id."""
    query = sa.select(m.Case.id).where(*_on(workflow_id, list(made.mapping), at), m.Case.id > after)
    return list(session.scalars(query.order_by(m.Case.id).limit(100)))


def _on(
    workflow_id: int, version_ids: Sequence[int], since: datetime
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        m.Case.workflow_id == workflow_id,
        m.Case.version_id.in_(version_ids),
        sa.or_(m.Case.closed_at.is_(None), m.Case.closed_at >= since),
    )


# --- read ---------------------------------------------------------------------------------------


def kept(session: Session, made: Migration) -> Terms:
    """The terms of one that has begun."""
    known = migrations.versions(session, made.workflow_id)
    target = next(version for version in known.values() if version.id == made.target_id)
    sources = [known[name] for name in made.mapping]
    return Terms(
        migration_id=made.id,
        target_id=made.target_id,
        path=target.path,
        mapping={version.id: made.mapping[version.name] for version in sources},
        names={version.id: version.words for version in (*sources, target)},
        rule=made.clocks.value,
        reason=made.reason,
    )


def found(session: Session, migration_id: int, viewer: Viewer) -> Migration:
    """Raises MissingError."""
    made: Migration | None = session.scalar(
        sa.select(Migration)
        .where(Migration.id == migration_id, visible(viewer, Migration))
        .options(joinedload(Migration.target))
    )
    if made is None:
        raise MissingError(
            Problem({"zh": "没有这次转版。", "en": "There is no such move of cases."})
        )
    return made


def listed(session: Session, workflow_id: int, viewer: Viewer) -> Sequence[Migration]:
    """Those of a workflow, newest first."""
    return session.scalars(
        sa.select(Migration)
        .where(Migration.workflow_id == workflow_id, visible(viewer, Migration))
        .options(joinedload(Migration.target))
        .order_by(Migration.id.desc())
        .limit(MOST)
    ).all()


Tally = dict[tuple[bool, MoveOutcome], int]


def tallies(session: Session, ids: Sequence[int]) -> dict[int, Tally]:
    """How many cases ended how, by migration."""
    kept_ = m.Migrated
    query = sa.select(kept_.migration_id, kept_.undo, kept_.outcome, sa.func.count())
    counts: dict[int, Tally] = {id_: {} for id_ in ids}
    for id_, undo_, outcome, count in session.execute(
        query.where(kept_.migration_id.in_(ids)).group_by(
            kept_.migration_id, kept_.undo, kept_.outcome
        )
    ):
        counts[id_][undo_, outcome] = count
    return counts
