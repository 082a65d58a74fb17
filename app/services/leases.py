"""Long work as workers deal with it: claimed for a while, got on with, brought to an end.

A claim carries a number that only it has. Whatever is written under it says so, and is refused
when somebody else has taken the job over: of two workers that believe they hold it only one
commits. ``now`` is the database's clock, which all hosts share.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.models import Account, Job, JobItem, JobState
from app.services import actors, edge, outbox
from app.services.jobs import OPEN, folder
from app.services.kinds import Ending, Step, Words, Work

MOST_ATTEMPTS = 5
"""Times that a job is taken up without getting on before it is given up."""
LONG = timedelta(seconds=10)
"""Who waited longer than this is told when it ends: they are elsewhere by now."""

_GIVEN_UP = {
    "zh": "任务多次中断，已停止。请点“继续”再试；仍然不行，请把任务编号告诉管理员。",
    "en": "It broke off again and again and was given up. Press “Go on” to try once more; if that "
    "doesn't help, tell the administrator the number of the job.",
}

_CUT = {"zh": "已取消。已完成的部分保留。", "en": "Cancelled. What was done stays."}
_UNDONE = {"zh": "已取消，什么都没有改变。", "en": "Cancelled; nothing was changed."}

_job = Job.__table__


class LostError(Exception):
    """The lease ran out, and somebody else has the job now: nothing of ours counts any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """A job that this worker holds until its lease ends."""

    id: int
    claim: int


def due(session: Session, now: datetime, limit: int) -> list[Held]:
    """Jobs that may be claimed, those that wait longest first."""
    rows = session.execute(
        sa.select(Job.id, Job.claim)
        .where(OPEN, Job.next_at <= now)
        .order_by(Job.next_at, Job.id)
        .limit(limit)
    )
    return [Held(job_id, claim) for job_id, claim in rows]


def active(session: Session, now: datetime) -> int:
    """How many jobs somebody holds just now."""
    held = sa.select(sa.func.count()).where(OPEN, Job.state == JobState.RUNNING, Job.next_at > now)
    return session.scalar(held) or 0


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the next job after ``now`` may be claimed; None: there is none."""
    return session.scalar(sa.select(sa.func.min(Job.next_at)).where(OPEN, Job.next_at > now))


def claim(session: Session, job_id: int, now: datetime, lease: timedelta) -> Held | None:
    """Take the job unless somebody holds it or it has ended; flushes. The caller commits before
    it begins. One that was cancelled meanwhile, or that kills its workers, is ended instead."""
    job = session.execute(
        sa.select(Job)
        .where(Job.id == job_id, OPEN, Job.next_at <= now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if job is None:
        return None
    job.claim += 1
    held = Held(job.id, job.claim)
    session.flush()
    if job.stop:
        stopped(session, held, now)
        return None
    if job.attempts >= MOST_ATTEMPTS:
        fail(session, held, _GIVEN_UP, now)
        return None
    job.attempts += 1
    job.state, job.next_at = JobState.RUNNING, now + lease
    job.started_at = job.started_at or now
    session.flush()
    return held


def work(session: Session, held: Held, files_dir: Path, now: datetime) -> Work:
    """All that the code of the kind needs; its folder is made."""
    job = session.get_one(Job, held.id)
    owner = session.get_one(User, job.owner_id)
    account = session.get(Account, job.owner_id)
    own = folder(files_dir, job.id)
    own.mkdir(parents=True, exist_ok=True)
    return Work(
        session=session,
        job_id=job.id,
        kind=job.kind,
        attempts=job.attempts,
        owner=actors.viewer(session, owner, today=edge.today(now)),
        language=(account.language if account else "") or edge.language(),
        parameters=dict(job.parameters),
        cursor=dict(job.cursor),
        done=job.done,
        total=job.total,
        failed=job.failed,
        folder=own,
        now=now,
    )


def settle(
    session: Session, held: Held, step: Step, now: datetime, lease: timedelta, work: Work
) -> bool:
    """Write how far it is, what was told about items, and hold it for longer; flushes. False: its
    owner wants it cancelled. Raises LostError; nothing may be committed then."""
    values: dict[str, Any] = {"done": step.done, "next_at": now + lease}
    if step.total is not None:
        values["total"] = step.total
    if step.message is not None:
        values["message"] = step.message
    if step.cursor is not None:
        values |= {"cursor": step.cursor, "attempts": 0, "failed": work.failed}
        _keep(session, work)
    return not _write(session, held, values).stop


def _keep(session: Session, work: Work) -> None:
    if work.items:
        session.connection().execute(sa.insert(JobItem), work.items)
        work.items.clear()


def release(
    session: Session, held: Held, now: datetime, pause: timedelta, attempts: int | None = None
) -> None:
    """Give it back for anybody to take up after ``pause``; flushes. ``attempts`` counts on what
    broke off although it had got on before that."""
    values: dict[str, Any] = {"next_at": now + pause}
    if attempts is not None:
        values["attempts"] = attempts
    _write(session, held, values)


def finish(session: Session, held: Held, ending: Ending, now: datetime, work: Work) -> None:
    """It is done; flushes. Raises LostError."""
    _keep(session, work)
    counts = {"done": work.done, "total": work.total, "failed": work.failed}
    values = {"result": ending.result, **counts}
    _end(session, held, JobState.DONE, ending.message, now, values)


def fail(session: Session, held: Held, message: Words, now: datetime) -> None:
    """It can't go on; ``message`` says why and what to do. Flushes. Raises LostError."""
    _end(session, held, JobState.FAILED, message, now)


def stopped(session: Session, held: Held, now: datetime) -> None:
    """Its owner has cancelled it; what was committed stays. Flushes. Raises LostError."""
    begun = session.scalar(sa.select(Job.cursor).where(Job.id == held.id))
    message = _CUT if begun else _UNDONE
    _end(session, held, JobState.CANCELLED, message, now)


def _end(
    session: Session,
    held: Held,
    state: JobState,
    message: Words,
    now: datetime,
    more: dict[str, Any] | None = None,
) -> None:
    values = {"state": state, "message": message, "next_at": None, "ended_at": now, "stop": False}
    row = _write(session, held, {**values, **(more or {})})
    if state is not JobState.CANCELLED and now - row.created_at > LONG:
        _tell(session, held, row, state, message, now)


def _write(session: Session, held: Held, values: dict[str, Any]) -> Any:
    row = (
        session.connection()
        .execute(
            sa.update(_job)
            .where(_job.c.id == held.id, _job.c.claim == held.claim, OPEN)
            .values(**values)
            .returning(_job.c.stop, _job.c.owner_id, _job.c.label, _job.c.created_at)
        )
        .one_or_none()
    )
    if row is None:
        raise LostError(held)
    return row


def _tell(
    session: Session, held: Held, row: Any, state: JobState, message: Words, now: datetime
) -> None:
    done = state is JobState.DONE
    words = {"zh": "已完成" if done else "未能完成", "en": "done" if done else "not done"}
    subject = {
        "zh": f"{row.label.get('zh', '')}：{words['zh']}",
        "en": f"{row.label.get('en') or row.label.get('zh', '')}: {words['en']}",
    }
    outbox.write(
        session,
        [
            {
                "user_id": row.owner_id,
                "channel": "inapp",
                "key": "job.ended",
                "subject": subject,
                "body": message,
                "path": f"/jobs/{held.id}",
                "dedupe": f"job:{held.id}:{held.claim}",
                "created_at": now,
                "next_at": now,
            }
        ],
    )
