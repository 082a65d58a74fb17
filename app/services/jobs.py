"""Long work as its owner deals with it: started, looked at, cancelled, tried again, tidied away.

How it is carried out is ``services.leases`` and ``worker.runner``; what there is to do,
``services.kinds``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, joinedload

from app.errors import MissingError, Problem, RefusedError
from app.models import Job, JobItem, JobOutcome, JobState
from app.services.actors import Viewer
from app.services.kinds import KINDS, Words
from app.services.scope import visible

MOST_OPEN = 20
"""Jobs that one person may have waiting or running: more is a mistake or mischief."""
PAGE = 50
ITEMS = 200
"""Items that are shown of one job."""
OPEN = sa.text("job.state IN ('waiting', 'running')")
"""The words of the partial indexes: with parameters in their place they would not be used."""
_STARTING = 0x51FA06
"""The class of advisory locks under which one person's jobs are started, one after the other."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done. ``label`` says it for its owner; else the kind's own words do.
    ``once``: the same order is not put twice while it is waiting or running."""

    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)
    label: Words | None = None
    place_id: int | None = None
    once: bool = False


def start(session: Session, order: Order, *, owner_id: int, now: datetime) -> Job:
    """Put a job on the list; flushes, so that it has its number. A worker takes it up after the
    commit. Raises RefusedError when this person has too many under way. Until then nobody else
    starts a job of this owner, so that several presses at one moment see each other."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_STARTING, owner_id)))
    if order.once and (known := _same(session, order, owner_id)) is not None:
        return known
    mine = sa.select(sa.func.count()).where(Job.owner_id == owner_id, OPEN)
    if (session.scalar(mine) or 0) >= MOST_OPEN:
        raise RefusedError(
            Problem(
                {
                    "zh": f"您已有 {MOST_OPEN} 项任务在进行，请等其中一些完成或取消后再试。",
                    "en": f"You have {MOST_OPEN} jobs under way. Wait for some to end, or cancel "
                    "them.",
                }
            )
        )
    job = Job(
        kind=order.kind,
        label=order.label or KINDS[order.kind].label,
        owner_id=owner_id,
        place_id=order.place_id,
        parameters=order.parameters,
        next_at=now,
        created_at=now,
    )
    session.add(job)
    session.flush()
    return job


def _same(session: Session, order: Order, owner_id: int) -> Job | None:
    """The same order that has not ended yet, unless it is being stopped."""
    query = sa.select(Job).where(
        Job.owner_id == owner_id,
        OPEN,
        Job.kind == order.kind,
        Job.parameters == sa.cast(order.parameters, JSONB),
        ~Job.stop,
    )
    found: Job | None = session.scalar(query.order_by(Job.id).limit(1))
    return found


def folder(files_dir: Path, job_id: int) -> Path:
    """The folder of a job's own files; it may not be there yet."""
    return files_dir / "jobs" / str(job_id)


def find(session: Session, job_id: int, viewer: Viewer) -> Job:
    """A job that the viewer may see; raises MissingError."""
    found: Job | None = session.scalar(
        sa.select(Job).where(Job.id == job_id, visible(viewer, Job)).options(joinedload(Job.owner))
    )
    if found is None:
        raise _missing()
    return found


def own(session: Session, job_id: int, viewer: Viewer) -> Job:
    """A job of the viewer's own: what it brought forth is for nobody else, not even the
    administrator. Raises MissingError."""
    job = find(session, job_id, viewer)
    if viewer.user_id is None or job.owner_id != viewer.user_id:
        raise _missing()
    return job


def listed(session: Session, viewer: Viewer, page: int = 1) -> Sequence[Job]:
    """One page and one row more, newest first: one's own, for the administrator all."""
    return session.scalars(
        sa.select(Job)
        .where(visible(viewer, Job))
        .options(joinedload(Job.owner))
        .order_by(Job.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    ).all()


def items(
    session: Session, job: Job, outcomes: Sequence[JobOutcome] = (), limit: int = ITEMS
) -> Sequence[JobItem]:
    """What became of single items, in their order; whose job it is has been asked."""
    query = sa.select(JobItem).where(JobItem.job_id == job.id)
    if outcomes:
        query = query.where(JobItem.outcome.in_(outcomes))
    return session.scalars(query.order_by(JobItem.id).limit(limit)).all()


def tally(session: Session, job: Job) -> dict[JobOutcome, int]:
    """How many items ended how."""
    rows = session.execute(
        sa.select(JobItem.outcome, sa.func.count())
        .where(JobItem.job_id == job.id)
        .group_by(JobItem.outcome)
    )
    return {outcome: count for outcome, count in rows}  # noqa: C416  a typed row


def cancel(session: Session, job_id: int, viewer: Viewer, now: datetime) -> None:
    """Stop a job: at once when nobody has begun it, else at its next safe point. Flushes."""
    job = _locked(session, job_id, viewer)
    if job.state is JobState.WAITING:
        job.state, job.next_at, job.ended_at = JobState.CANCELLED, None, now
        job.message = {"zh": "尚未开始就已取消。", "en": "Cancelled before it began."}
    elif job.state is JobState.RUNNING:
        job.stop = True
    else:
        raise RefusedError(
            Problem({"zh": "这项任务已经结束。", "en": "This job has ended already."})
        )
    session.flush()


def retry(session: Session, job_id: int, viewer: Viewer, now: datetime) -> None:
    """Take a job up again where it stopped. Flushes."""
    job = _locked(session, job_id, viewer)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise RefusedError(
            Problem(
                {
                    "zh": "只有失败或已取消的任务可以继续。",
                    "en": "Only a job that failed or was cancelled can be gone on with.",
                }
            )
        )
    job.state, job.next_at, job.ended_at = JobState.WAITING, now, None
    job.stop, job.attempts, job.message = False, 0, {}
    session.flush()


def _locked(session: Session, job_id: int, viewer: Viewer) -> Job:
    find(session, job_id, viewer)
    return session.execute(
        sa.select(Job)
        .where(Job.id == job_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def left(job: Job, now: datetime) -> timedelta | None:
    """How long it will probably take yet; None where nobody can tell."""
    if job.state is not JobState.RUNNING or not job.total or not job.done or not job.started_at:
        return None
    spent = now - job.started_at
    rest: timedelta = spent / job.done * max(job.total - job.done, 0)
    return rest


@dataclass(frozen=True, slots=True)
class Running:
    """What a person has under way: how many, and the newest of them."""

    count: int
    job_id: int
    done: int
    total: int | None


def running(session: Session, user_id: int) -> Running | None:
    """For a small sign on every page: one statement on an index of open jobs alone."""
    row = session.execute(
        sa.select(Job.id, Job.done, Job.total, sa.func.count().over())
        .where(Job.owner_id == user_id, OPEN)
        .order_by(Job.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Running(row[3], row[0], row[1], row[2])


def tidy(session: Session, before: datetime, limit: int = 500) -> int:
    """Remove jobs that ended before then, with their items; returns how many."""
    old = sa.select(Job.id).where(Job.ended_at < before).limit(limit)
    return len(session.scalars(sa.delete(Job).where(Job.id.in_(old)).returning(Job.id)).all())


def known(session: Session, ids: Sequence[int]) -> set[int]:
    """Which of these jobs there still are."""
    return set(session.scalars(sa.select(Job.id).where(Job.id.in_(ids))))


def _missing() -> MissingError:
    return MissingError(
        Problem(
            {
                "zh": "没有这项任务，或者它已过保存期被清理。",
                "en": "There is no such job, or it was tidied away after its time.",
            }
        )
    )
