"""Long work carried out: a slice at a time, committed at safe points about twice a second.

A worker gives a job back after a slice, so that notices and other people's jobs come in between.
One that is killed leaves the job at its last commit; when the lease has run out it is taken up
there by another.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from app import clock
from app.errors import SifangError
from app.services import leases
from app.services.deliveries import instant
from app.services.kinds import KINDS, Kind, Step, Work
from app.services.leases import Held, LostError
from app.transaction import unit_of_work
from worker import context

log = logging.getLogger(__name__)

SLICE = 2.0
"""Seconds after which a job is given back at its next safe point."""
MOST_ERRORS = 3
_AT_ONCE = timedelta()
_FAULT = {
    "zh": "出现意外错误，任务已停止。请点“继续”再试；仍然不行，请把任务编号告诉管理员。",
    "en": "Something unexpected went wrong. Press “Go on” to try once more; if that doesn't help, "
    "tell the administrator the number of the job.",
}


def run(job_id: int) -> None:
    """A slice of the job, unless somebody else has it. Raises when the database goes away."""
    with context.session() as session:
        lease = timedelta(seconds=context.settings().lease_seconds)
        with unit_of_work(session, poke=False):
            held = leases.claim(session, job_id, instant(session), lease)
        if held is None:
            return
        try:
            _Slice(session, held, lease).go()
        except LostError:
            session.rollback()
            log.warning("job %d: somebody else has taken it over", job_id)


@dataclass(slots=True)
class _Slice:
    """One claim of one job, from taking it up to giving it back."""

    session: Session
    held: Held
    lease: timedelta

    def go(self) -> None:
        work = leases.work(
            self.session, self.held, context.settings().files_dir, instant(self.session)
        )
        try:
            self._drive(KINDS[work.kind], work)
        except (OperationalError, InterfaceError) as error:
            # A deadlock, or the database is away: then this raises too, and the lease runs out.
            log.warning("job %d breaks off, to be taken up again: %s", self.held.id, error.orig)
            self.session.rollback()
            self._give_back(timedelta(seconds=1))
        except SifangError as error:
            self.session.rollback()
            with self._writing() as session:
                leases.fail(session, self.held, _words(error), instant(session))
        except LostError:
            raise
        except Exception:
            log.exception("job %d broke off", self.held.id)
            self.session.rollback()
            self._after_fault(work)

    def _drive(self, kind: Kind, work: Work) -> None:
        begun = clock.monotonic()
        written = begun - kind.every
        steps = kind.run(work)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                with self._writing() as session:
                    leases.finish(session, self.held, end.value, instant(session), work)
                return
            work.done = step.done
            work.total = work.total if step.total is None else step.total
            at = clock.monotonic()
            leaving = context.stopping() or (step.cursor is not None and at - begun > SLICE)
            if not leaving and at - written < kind.every:
                continue
            wanted = self._settle(step, work)
            written = clock.monotonic()
            if leaving or not wanted:
                steps.close()
                self.session.rollback()
                self._leave(wanted=wanted)
                return

    def _settle(self, step: Step, work: Work) -> bool:
        """A safe point is committed; where there is none the bar moves beside the open work."""
        if step.cursor is not None:
            with self._writing(poke=False) as session:
                return leases.settle(session, self.held, step, instant(session), self.lease, work)
        beside = Session(self.session.get_bind(), join_transaction_mode="create_savepoint")
        with beside as aside, unit_of_work(aside, poke=False):
            return leases.settle(aside, self.held, step, instant(aside), self.lease, work)

    def _leave(self, *, wanted: bool) -> None:
        if wanted:
            self._give_back(_AT_ONCE)
            return
        with self._writing() as session:
            leases.stopped(session, self.held, instant(session))

    def _give_back(self, pause: timedelta) -> None:
        with self._writing() as session:
            leases.release(session, self.held, instant(session), pause)

    def _after_fault(self, work: Work) -> None:
        """A few more times: what was in the way may have gone. Then a person has to know."""
        with self._writing() as session:
            now = instant(session)
            if work.attempts >= MOST_ERRORS:
                leases.fail(session, self.held, _FAULT, now)
            else:
                pause = timedelta(seconds=work.attempts)
                leases.release(session, self.held, now, pause, work.attempts)

    @contextmanager
    def _writing(self, *, poke: bool = True) -> Iterator[Session]:
        """What follows a poke: the sweep hands the job out again, or shows its owner a notice."""
        with unit_of_work(self.session, poke=poke):
            yield self.session


def _words(error: SifangError) -> dict[str, str]:
    problems = [problem.text for problem in error.problems]
    return {
        language: "\n".join(text.get(language) or text.get("zh", "") for text in problems)
        for language in ("zh", "en")
    }
