"""What RQ runs. A task gets ids, is safe to run twice, and knows that it may be killed anywhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from app import channels, clock
from app.channels import ChannelError
from app.services import deliveries
from app.services.deliveries import Claim, Outcome
from app.transaction import unit_of_work
from worker import context, runner

log = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
"""The database restarts, or can't be reached."""
PATIENCE = 5.0
"""Seconds after which a batch gives back what it has not come to: others want to go out too."""


def deliver(channel: str, ids: Sequence[int]) -> None:
    """Send those of these notices that nobody else does.

    When the database goes away in the middle, the claims lapse and the sweep hands them out again.
    """
    with context.session() as session:
        try:
            if deliveries.is_inside(channel):
                _show(session, ids)
            else:
                _send(session, channel, ids)
        except AWAY as error:
            log.warning("database away, %d notices wait: %s", len(ids), error.orig)


def advance(job_id: int) -> None:
    """A slice of a long job. When the database goes away the lease runs out, and the sweep hands
    the job out again."""
    try:
        runner.run(job_id)
    except AWAY as error:
        log.warning("database away, job %d waits: %s", job_id, error.orig)


def _show(session: Session, ids: Sequence[int]) -> None:
    with unit_of_work(session, poke=False):
        count = deliveries.show(session, ids, deliveries.instant(session))
    if count:
        log.info("%d notices shown", count)


@dataclass(slots=True)
class _Batch:
    """One batch under way. ``until`` is when the lease of its claims ends."""

    session: Session
    until: float
    count: int = 0

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write it down even if the database restarts just now: the message is on its way."""
        while True:
            try:
                with unit_of_work(self.session, poke=False) as session:
                    deliveries.settle(session, claim, outcome, deliveries.instant(session))
            except AWAY:
                if clock.monotonic() > self.until:
                    raise
                time.sleep(0.2)
            else:
                break
        self.count += outcome.error is None
        if outcome.error is not None:
            log.warning("notice %d not sent: %s", claim.id, outcome.error)


def _send(session: Session, channel: str, ids: Sequence[int]) -> None:
    begun, lease = clock.monotonic(), float(context.settings().lease_seconds)
    with unit_of_work(session, poke=False):
        now = deliveries.instant(session)
        claims = deliveries.claim(session, ids, now, timedelta(seconds=lease))
    batch = _Batch(session, begun + lease)
    enough = begun + min(PATIENCE, lease / 2)
    with _outcomes(channel, claims) as outcomes:
        for claim, outcome in outcomes:
            batch.settle(claim, outcome)
            claims = claims[1:]
            if context.stopping() or clock.monotonic() > enough:
                break
    if claims:
        with unit_of_work(session):  # the sweep gives them out again
            deliveries.release(session, claims, deliveries.instant(session))
    log.info("%d notices sent by %s, %d given back", batch.count, channel, len(claims))


@contextmanager
def _outcomes(channel: str, claims: Sequence[Claim]) -> Iterator[Iterator[tuple[Claim, Outcome]]]:
    """Each claim with what came of it, sent when it is asked for and not before."""
    try:
        sending = channels.find(channel).open()
    except ChannelError as error:
        yield ((claim, Outcome(error.message)) for claim in claims)
        return
    with sending as send:
        yield _each(send, claims)


def _each(send: channels.Send, claims: Sequence[Claim]) -> Iterator[tuple[Claim, Outcome]]:
    down: Outcome | None = None
    for claim in claims:
        outcome = down or deliveries.attempt(send, claim)
        if outcome.unreachable:
            down = outcome
        yield claim, outcome
