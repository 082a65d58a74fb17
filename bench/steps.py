"""One durable step: ``fire()`` beside hand-written statements that write the same rows."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import psycopg
from sqlalchemy.orm import Session

from app import clock
from app.extensions import db
from app.services import cases
from app.transaction import unit_of_work
from bench import errand, hand
from bench.cluster import Cluster, application
from bench.times import Round, seconds, turns


@dataclass(slots=True)
class _Ours:
    session: Session
    ground: errand.Ground
    cases: int

    def __call__(self) -> float:
        with unit_of_work(self.session):
            ids = errand.begin(self.session, self.ground, self.cases)
        return self.cases * len(errand.EVENTS) / seconds(lambda: self._steps(ids))

    def _steps(self, ids: list[int]) -> None:
        for case_id in ids:
            for event in errand.EVENTS:
                with unit_of_work(self.session) as session:
                    now = clock.now()
                    cases.fire(session, case_id, event, actor=self.ground.actor, now=now)


@dataclass(slots=True)
class _ByHand:
    session: Session
    ground: errand.Ground
    cases: int
    connection: psycopg.Connection

    def __call__(self) -> float:
        with unit_of_work(self.session):
            ids = errand.begin(self.session, self.ground, self.cases)
        return self.cases * len(errand.EVENTS) / seconds(lambda: self._steps(ids))

    def _steps(self, ids: list[int]) -> None:
        actor = (self.ground.actor.user_id or 0, self.ground.actor.name)
        for case_id in ids:
            for event in errand.EVENTS:
                hand.step(self.connection, case_id, event, actor, clock.now())


def measure(
    cluster: Cluster, *, cases_a_round: int, rounds: int, others: dict[str, Round] | None = None
) -> dict[str, list[float]]:
    """Steps a second of every round, by contender."""
    with application(cluster, "steps"):
        with unit_of_work(db.session()) as session:
            ground = errand.lay(session)
        with hand.connect(cluster.postgres.url("steps")) as connection:
            gc.collect()
            return turns(
                {
                    "fire": _Ours(session, ground, cases_a_round),
                    "hand": _ByHand(session, ground, cases_a_round, connection),
                    **(others or {}),
                },
                rounds,
            )
