"""How agreement grew: day by day and round by round, replayed from the versions on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Consultation, Opinion, RollHead
from app.services import edge, tally


@dataclass(frozen=True, slots=True)
class Vote:
    head: int
    voice: str
    round: int
    scheme: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Point:
    """Heads at the end of a day of a round."""

    round: int
    day: date
    took_part: int
    agreed: int


def replay(votes: Iterable[Vote], approving: frozenset[str]) -> list[Point]:
    """``votes`` in the order in which they were recorded. A vote counts while the scheme that it
    was given on is the one on the table."""
    latest: dict[int, Vote] = {}
    voices: Counter[str] = Counter()
    scheme: int | None = None
    points: dict[tuple[int, date], Point] = {}
    for vote in votes:
        if vote.scheme != scheme:
            scheme = vote.scheme
            voices = Counter(v.voice for v in latest.values() if v.scheme == scheme)
        before = latest.get(vote.head)
        if before is not None and before.scheme == scheme:
            voices[before.voice] -= 1
        latest[vote.head] = vote
        voices[vote.voice] += 1
        day = edge.today(vote.at)
        agreed = sum(count for voice, count in voices.items() if voice in approving)
        points[vote.round, day] = Point(vote.round, day, voices.total(), agreed)
    return list(points.values())


def climb(session: Session, consultation: Consultation) -> tuple[list[Point], int]:
    """The points in order, and the number of heads that they are out of."""
    if consultation.rule is None:
        return [], 0
    votes = session.execute(
        sa.select(Opinion.head_id, Opinion.voice, Opinion.round, Opinion.scheme_id, Opinion.at)
        .where(Opinion.consultation_id == consultation.case_id, Opinion.counts)
        .order_by(Opinion.id)
    )
    heads = session.scalar(
        sa.select(sa.func.count()).where(RollHead.consultation_id == consultation.case_id)
    )
    approving = tally.rule(consultation.rule).approving
    rows = (
        Vote(head, voice.value, number, scheme, at) for head, voice, number, scheme, at in votes
    )
    return replay(rows, approving), heads or 0
