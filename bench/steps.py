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
from bench import errand, hand, others
from bench.cluster import Cluster, application
from bench.times import Round, seconds, turns

FIRE, HAND = "fire()", "hand-written psycopg, six statements"


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


def measure(cluster: Cluster, *, cases_a_round: int, rounds: int) -> dict[str, list[float]]:
    """Steps a second of every round, by contender, all of them on the same tables."""
    with application(cluster, "steps"):
        with unit_of_work(db.session()) as session:
            ground = errand.lay(session)
        session.close()
        db.engine.dispose()  # a database is copied only while nobody is connected to it
        with (
            others.running(cluster, "steps", cases_a_round) as peers,
            hand.connect(cluster.postgres.url("steps")) as connection,
        ):
            gc.collect()
            contenders: dict[str, Round] = {
                FIRE: _Ours(session, ground, cases_a_round),
                HAND: _ByHand(session, ground, cases_a_round, connection),
            }
            return turns({**contenders, **peers}, rounds)
