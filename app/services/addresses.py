"""Finding places by an address as people write it, from any level of the tree downwards."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import ARRAY

from app.models import Place
from app.services.actors import Viewer
from app.services.scope import visible

MOST = 500
"""Places that stand for an address: a compound with all its entrances, not a whole district."""
_STEPS = 5
_BEFORE_FIGURE = re.compile(r"(?<=[^\d\s])(?=\d)")


def folded(text: str) -> str:
    """As names are compared: full width made plain, lower case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def steps(words: str) -> list[str]:
    """An address cut into the names that it passes: ``榆荫里16号楼3单元`` has three. A name of the
    tree begins with its figure, so it is cut before each."""
    return [step for part in folded(words).split() for step in _BEFORE_FIGURE.split(part)][:_STEPS]


def lettered(column: Any, text: str) -> ColumnElement[bool]:
    """The text column holds ``text``; its index of single letters narrows, the text decides.

    Word for word as the ``…_letters`` indexes have it: nothing else uses them."""
    low = sa.func.lower(column)
    letters = sa.cast(sorted(set(text)), ARRAY(sa.Text))
    found: ColumnElement[bool] = sa.func.string_to_array(low, sa.null(), type_=ARRAY(sa.Text)).op(
        "@>"
    )(letters)
    return sa.and_(found, sa.func.strpos(low, text) > 0)


def named(words: str, viewer: Viewer) -> sa.Select[int]:
    """Ids of the places that the address names. The first name may stand anywhere in a place's,
    each further one begins the name of a place below; levels may be left out."""
    way = _way(steps(words), viewer, deep=False)
    return sa.select(way.c.id).where(way.c.rest == 0)


def below(words: str, viewer: Viewer) -> ColumnElement[Any]:
    """The same places and those below them, as an array of at most ``MOST`` ids: asked once, and
    the planner begins with it."""
    way = _way(steps(words), viewer, deep=True)
    ids = sa.select(way.c.id).where(way.c.rest == 0).limit(MOST).scalar_subquery()
    return sa.any_(sa.func.array(ids, type_=ARRAY(sa.BigInteger)))


def _way(names: list[str], viewer: Viewer, *, deep: bool) -> sa.CTE:
    """Down the tree from where the first name is; ``rest``: how many names are still to come."""
    head = sa.select(Place.id, sa.literal(len(names) - 1).label("rest")).where(
        lettered(Place.name, names[0]), visible(viewer, Place)
    )
    if len(names) == 1 and not deep:
        return head.cte()
    way = head.cte(recursive=True)
    if len(names) == 1:
        step = sa.select(Place.id, way.c.rest).join(way, Place.parent_id == way.c.id)
        return way.union_all(step.where(visible(viewer, Place)))
    wanted = sa.case({len(names) - at: names[at] for at in range(1, len(names))}, value=way.c.rest)
    hit = sa.func.coalesce(sa.func.starts_with(sa.func.lower(Place.name), wanted), sa.false())
    step = (
        sa.select(Place.id, way.c.rest - sa.cast(hit, sa.Integer))
        .join(way, Place.parent_id == way.c.id)
        .where(visible(viewer, Place))
    )
    return way.union_all(step if deep else step.where(way.c.rest > 0))
