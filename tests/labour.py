"""Kinds of long work for the tests, and a worker that does one job to its end."""

from __future__ import annotations

import time
from collections.abc import Generator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import Problem, RefusedError
from app.models import Job, JobOutcome, JobState
from app.services import jobs
from app.services.deliveries import instant
from app.services.jobs import Order
from app.services.kinds import KINDS, Ending, Step, Work, kind
from worker import runner

DONE = {"zh": "数完了。", "en": "Counted."}


def _count(work: Work) -> Generator[Step, None, Ending]:
    """Makes so many places, one at each safe point; ``seconds`` each, ``fault`` says at which it
    breaks, ``refuse`` at which it gives up."""
    wanted = work.parameters["count"]
    for number in range(work.cursor.get("next", 0), wanted):
        if number == work.parameters.get("fault") and not (work.folder / "mended").exists():
            raise RuntimeError("on purpose")
        if number == work.parameters.get("refuse"):
            raise RefusedError(Problem({"zh": "到此为止。", "en": "No further."}))
        work.session.add(m.Place(kind=m.PlaceKind.GRID, name=f"{work.job_id}/{number}", path=""))
        work.session.flush()
        time.sleep(work.parameters.get("seconds", 0))
        work.tell(number, JobOutcome.FAILED if number % 10 == 9 else JobOutcome.DONE)
        yield Step(number + 1, {"next": number + 1}, total=wanted)
    return Ending(DONE, {"count": wanted})


def _whole(work: Work) -> Generator[Step, None, Ending]:
    """Makes so many places in one go: no safe point before the end."""
    wanted = work.parameters["count"]
    for number in range(wanted):
        work.session.add(m.Place(kind=m.PlaceKind.GRID, name=f"{work.job_id}/{number}", path=""))
        work.session.flush()
        time.sleep(work.parameters.get("seconds", 0))
        yield Step(number + 1, total=wanted)
    return Ending(DONE)


def register() -> None:
    """The kinds ``count`` and ``whole``, once per process."""
    if "count" not in KINDS:
        kind("count", {"zh": "数数", "en": "Counting"})(_count)
        kind("whole", {"zh": "一气呵成", "en": "All at once"})(_whole)


def order(session: Session, owner_id: int, kind_: str = "count", **parameters: object) -> Job:
    register()
    with_now = instant(session)
    job = jobs.start(session, Order(kind_, dict(parameters)), owner_id=owner_id, now=with_now)
    session.commit()
    return job


def made(session: Session, job: Job) -> int:
    """How many places the job has made."""
    like = m.Place.name.like(f"{job.id}/%")
    return session.scalar(sa.select(sa.func.count()).select_from(m.Place).where(like)) or 0


def finish(session: Session, job: Job, slices: int = 200) -> Job:
    """As workers do, slice after slice, until it has ended."""
    for _ in range(slices):
        runner.run(job.id)
        session.expire_all()
        if job.state not in (JobState.WAITING, JobState.RUNNING):
            break
    return job
