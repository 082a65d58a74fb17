"""What RQ runs. A task gets ids, is safe to run twice, and knows that it may be killed anywhere."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from app import channels, clock
from app.channels import ChannelError
from app.services import deliveries, digests, gateways
from app.services.deliveries import Claim, Lane, Outcome
from app.transaction import unit_of_work
from worker import context, runner

log = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
"""The database restarts, or can't be reached."""
PATIENCE = 5.0
"""Seconds after which a batch gives back what it has not come to: others want to go out too."""


def deliver(lane: str, ids: Sequence[int]) -> None:
    """Send those of these notices that nobody else does.

    When the database goes away in the middle, the claims lapse and the sweep hands them out again.
    """
    with context.session() as session:
        try:
            found = Lane.read(lane)
            if found.digest:
                _gather(session, ids)
            elif deliveries.is_inside(lane):
                _show(session, ids)
            else:
                _send(session, found, ids)
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


def _gather(session: Session, ids: Sequence[int]) -> None:
    with unit_of_work(session):  # the digests themselves are due at once
        count = digests.gather(session, ids, deliveries.instant(session))
    log.info("%d digests written", count)


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


def _send(session: Session, lane: Lane, ids: Sequence[int]) -> None:
    begun, lease = clock.monotonic(), float(context.settings().lease_seconds)
    with unit_of_work(session, poke=False):
        now = deliveries.instant(session)
        length = timedelta(seconds=lease)
        claims = deliveries.claim(session, ids, now, length, gateway_id=lane.gateway_id)
    if not claims:
        return
    # One that its server never takes must not stand before the same others at every attempt.
    claims.sort(key=lambda claim: random.random() if claim.attempt > 1 else 0.0)  # noqa: S311
    batch = _Batch(session, begun + lease)
    enough = begun + min(PATIENCE, lease / 2)
    patience = timedelta()
    with _outcomes(session, lane, claims) as outcomes:
        for claim, outcome in outcomes:
            batch.settle(claim, outcome)
            claims = claims[1:]
            patience = outcome.pause
            if patience or context.stopping() or clock.monotonic() > enough:
                break
    if claims:
        with unit_of_work(session):  # the sweep gives them out again
            deliveries.release(session, claims, deliveries.instant(session) + patience)
    log.info("%d notices sent by %s, %d given back", batch.count, lane, len(claims))


@contextmanager
def _outcomes(
    session: Session, lane: Lane, claims: Sequence[Claim]
) -> Iterator[Iterator[tuple[Claim, Outcome]]]:
    """Each claim with what came of it, sent when it is asked for and not before."""
    try:
        sending = _channel(session, lane).open()
    except ChannelError as error:
        failed = Outcome(error.message, error.permanent)
        yield ((claim, failed) for claim in claims)
        return
    with sending as send:
        yield _each(send, claims)


def _channel(session: Session, lane: Lane) -> channels.Channel:
    if lane.gateway_id is None:
        return channels.find(lane.kind)
    with unit_of_work(session, poke=False):  # nothing is held while it sends
        return gateways.opened(session, lane.gateway_id)


def _each(send: channels.Send, claims: Sequence[Claim]) -> Iterator[tuple[Claim, Outcome]]:
    down: Outcome | None = None
    for claim in claims:
        outcome = down or deliveries.attempt(send, claim)
        if outcome.unreachable:
            down = outcome
        yield claim, outcome
