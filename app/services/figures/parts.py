"""The three counts that the rates are made of, each as a select with the same columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app import models as m
from app.services.actors import Viewer
from app.services.figures import clocks
from app.services.figures import within as choice
from app.services.figures.keys import Key
from app.services.figures.within import Within

SATISFIED = 4
"""Stars from which somebody counts as satisfied."""
STARS, UNRATED = "stars", "unrated"
_case, _grievance = m.Case, m.Grievance
_stars: sa.ColumnElement[int] = _grievance.__table__.c.stars
_NO = sa.false()
_ZERO: sa.ColumnElement[int] = sa.literal_column("0", sa.BigInteger)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks what about which matters; ``since`` belongs to it, ``until`` doesn't."""

    viewer: Viewer
    within: Within
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted beside how many there are."""

    measure: sa.ColumnElement[str]
    good: sa.ColumnElement[bool] = _NO
    extended: sa.ColumnElement[bool] = _NO
    again: sa.ColumnElement[bool] = _NO
    stars: sa.ColumnElement[int] = _ZERO

    def columns(self, key: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
        count = sa.func.count
        return [
            sa.cast(key, sa.Text).label("key"),
            self.measure.label("measure"),
            count().filter(self.good).label("good"),
            count().label("all"),
            count().filter(self.extended).label("extended"),
            count().filter(self.again).label("again"),
            self.stars.label("stars"),
        ]


def promises(asked: Question, key: Key) -> sa.Select[Any]:
    """Promises that were decided: kept, or missed."""
    inner = clocks.of_cases(key.promises, duties=asked.within.of_parties)
    cases = (*choice.cases(asked.viewer, asked.within), *alive(asked))
    made = _placed(inner, key).where(*cases).subquery("promise")
    counts = _Counts(made.c.measure, made.c.kept, made.c.extended, made.c.again)
    return _grouped(
        sa.select(*counts.columns(made.c.key)).where(
            made.c.at >= asked.since, made.c.at < asked.until, ~made.c.void
        )
    )


def alive(asked: Question) -> tuple[sa.ColumnElement[bool], ...]:
    """Cases that may have had a promise decided in the time asked for: an end stops all clocks, so
    none is decided after it."""
    ended = _case.closed_at
    return _case.opened_at < asked.until, sa.or_(ended.is_(None), ended >= asked.since)


def ratings(asked: Question, key: Key) -> sa.Select[Any]:
    """Grievances that were given stars."""
    counts = _Counts(
        _word(STARS),
        _grievance.stars >= SATISFIED,
        again=_case.reopened > 0,
        stars=sa.func.sum(_stars),
    )
    query = sa.select(*counts.columns(key.stars)).select_from(_grievance)
    query = query.join(_case, _case.id == _grievance.case_id)
    return _grouped(
        _shared(_placed(query, key), asked.within, key).where(
            _grievance.rated_at >= asked.since,
            _grievance.rated_at < asked.until,
            _grievance.stars.is_not(None),
            *choice.grievances(asked.viewer, asked.within),
        )
    )


def ends(asked: Question, key: Key) -> sa.Select[Any]:
    """Grievances that were done and got no stars."""
    query = sa.select(*_Counts(_word(UNRATED)).columns(key.ends)).select_from(_case)
    query = query.join(_grievance, _grievance.case_id == _case.id)
    return _grouped(
        _shared(_placed(query, key), asked.within, key).where(
            _case.closed_at >= asked.since,
            _case.closed_at < asked.until,
            _case.state_kind == "done",
            _grievance.stars.is_(None),
            *choice.grievances(asked.viewer, asked.within),
        )
    )


def _word(text: str) -> sa.ColumnElement[str]:
    found: sa.ColumnElement[str] = sa.literal_column(f"'{text}'", sa.Text)
    return found


def _grouped(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.group_by(sa.text("1"), sa.text("2"))


def _placed(query: sa.Select[Any], key: Key) -> sa.Select[Any]:
    if key.spots is None:
        return query
    return query.outerjoin(key.spots, key.spots.c.id == _case.place_id)


def _shared(query: sa.Select[Any], within: Within, key: Key) -> sa.Select[Any]:
    """Stars are given for the whole: by party they count for each that had a part in it."""
    if key.part is not None:
        query = query.join(key.part, sa.true())
        if within.parties:
            query = query.where(key.part.c.party_id.in_(sorted(within.parties)))
        return query
    if not within.of_parties:
        return query
    child = aliased(m.Case)
    held = sa.select(child.id).where(
        child.parent_id == _case.id, child.party_id.is_not(None), child.state_kind != "cancelled"
    )
    if within.parties:
        held = held.where(child.party_id.in_(sorted(within.parties)))
    return query.where(held.correlate(_case).exists())
