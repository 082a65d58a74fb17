"""Ways to a case from what somebody searches for: the newest ones, at any number of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from app import models as m
from app.services import addresses, places, privacy, search
from app.services.actors import Viewer
from app.services.scope import visible
from app.services.wanted import TAIL, Asked, ends

_ENOUGH = 500
_LATEST = 2000

_case = m.Case


def found(
    viewer: Viewer, wanted: Asked, of_leg: ColumnElement[bool], most: int
) -> sa.Select[*tuple[Any, ...]] | None:
    """The newest cases that fit and that the viewer may see, with what a line shows of them; None
    when nothing that was typed can be of a case."""
    ways = _ways(viewer, wanted, sa.and_(visible(viewer, _case), of_leg), most)
    if not ways:
        return None
    ids = sa.union(*(sa.select(way.subquery()) for way in ways)).subquery()
    return (
        sa.select(
            _case.id,
            _case.number,
            _case.title,
            _case.leg,
            _case.state_label,
            _case.state_kind,
            places.address(_case.place_id).label("place"),
        )
        .where(_case.id.in_(sa.select(ids.c.id)))
        .order_by(_case.id.desc())
        .limit(most)
    )


# Each way to a case is asked on its own, so that it has its index: joined by OR they have none.


def _ways(
    viewer: Viewer, wanted: Asked, seen: ColumnElement[bool], most: int
) -> list[sa.Select[*tuple[Any, ...]]]:
    ways = []
    if wanted.numbers:
        ways.append(_some(seen, _case.number.in_(wanted.numbers)))
    if len(wanted.digits) >= TAIL and privacy.may_search(viewer):
        callers = sa.select(m.Grievance.case_id).where(ends(m.Grievance.phone, wanted.digits))
        ways.append(_some(seen, _case.id.in_(callers)))
    if wanted.digits or wanted.exact:
        return ways
    there = sa.select(_case.id).where(seen, _case.place_id == addresses.below(wanted.text, viewer))
    ways += [there.order_by(_case.id.desc()).limit(most), *_worded(seen, wanted.words)]
    for word in wanted.words if len(wanted.words) > 1 else ():
        rest = _about(_case.words, [each for each in wanted.words if each != word])
        if rest is not None:
            ways.append(_some(seen, _case.place_id == addresses.below(word, viewer), rest))
    return ways


def _some(*conditions: ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """In no order: for one the planner would rather walk through all cases, newest first."""
    return sa.select(_case.id).where(*conditions).limit(_ENOUGH)


def _worded(seen: ColumnElement[bool], words: Collection[str]) -> list[Any]:
    """By words: out of their index when they are rare; when they aren't, the newest cases have
    them, and only then these are looked through."""
    about = _about(_case.words, words)
    if about is None:
        return []
    rare = _some(seen, about).cte()
    common = sa.select(sa.func.count()).select_from(rare).scalar_subquery() >= _ENOUGH
    newest = sa.select(_case.id, _case.words).where(seen, common).order_by(_case.id.desc())
    latest = newest.limit(_LATEST).subquery()
    held = _about(latest.c.words, words)
    assert held is not None
    return [sa.select(rare.c.id), sa.select(latest.c.id).where(held)]


def _about(column: Any, words: Collection[str]) -> ColumnElement[bool] | None:
    """All of the words are in title, address or place; None for single characters, which are in
    too many."""
    return search.matching(column, " ".join(addresses.steps(" ".join(words))))
