"""Whom and what a form may name: people, parties and places within the viewer's scope.

The same queries fill short lists, answer searches, and check what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import models as m
from app.errors import Problem
from app.services import places
from app.services.actors import Viewer
from app.services.scope import places_below, visible
from app.workflows.spec import FieldSpec, FieldType

SHORT = 50
"""A list up to this long is shown whole; beyond it people search."""
KINDS = {
    FieldType.PERSON: "person",
    FieldType.PARTY: "party",
    FieldType.PARTIES: "party",
    FieldType.PLACE: "place",
}
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """``more``: there are others, to be found by searching."""

    items: tuple[Candidate, ...]
    more: bool


def _person_name() -> sa.ColumnElement[str]:
    """As ``actors.full_name``: family name first, a space only between Latin names."""
    latin = sa.func.concat(User.first_name, User.last_name).op("~")("^[ -~]*$")
    return sa.case(
        (latin, sa.func.concat(User.first_name, " ", User.last_name)),
        else_=sa.func.concat(User.last_name, User.first_name),
    )


def _people(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    """With the parties that they speak for: of two people with one name, which is it?"""
    parties = (
        sa.select(sa.func.string_agg(m.Party.name.distinct(), sa.literal("、")))
        .join(m.Staff, m.Staff.party_id == m.Party.id)
        .where(m.Staff.user_id == User.id, m.Staff.until.is_(None))
        .correlate(User)
        .scalar_subquery()
    )
    text = sa.func.concat(_person_name(), sa.func.coalesce(sa.literal(" · ") + parties, ""))
    return sa.select(
        sa.literal("person").label("kind"),
        sa.cast(User.id, sa.BigInteger).label("id"),
        text.label("text"),
    ).where(User.active, visible(viewer, User))


def _parties(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        sa.literal("party").label("kind"), m.Party.id, m.Party.name.label("text")
    ).where(m.Party.active, visible(viewer, m.Party))


def _places(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    """Places below the viewer's own, spelled so that namesakes can be told apart."""
    text, joined = places.spelled()
    within = sa.true() if viewer.everywhere else places_below(viewer)
    return (
        sa.select(sa.literal("place").label("kind"), m.Place.id, text.label("text"))
        .select_from(joined)
        .where(within)
    )


def _residents(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    """Residents on file, with where they live; their numbers stay where they are."""
    where = sa.literal(" · ") + places.address(m.Person.place_id)
    return sa.select(
        sa.literal("resident").label("kind"),
        m.Person.id,
        sa.func.concat(m.Person.name, where).label("text"),
    ).where(visible(viewer, m.Person))


_QUERIES = {"resident": _residents, "person": _people, "party": _parties, "place": _places}


def _around(place_id: int) -> dict[str, sa.ColumnElement[bool]]:
    """Who has to do with a place: those of the place itself, of one above it, of one below."""
    spot = sa.select(m.Place.path).where(m.Place.id == place_id).scalar_subquery()
    there = sa.select(m.Place.id).where(
        sa.or_(sa.func.starts_with(spot, m.Place.path), sa.func.starts_with(m.Place.path, spot))
    )
    return {
        "person": User.id.in_(sa.select(m.Staff.user_id).where(m.Staff.place_id.in_(there))),
        "party": m.Party.place_id.in_(there),
        "place": m.Place.id.in_(there),
        "resident": m.Person.place_id.in_(there),
    }


def find(
    session: Session,
    viewer: Viewer,
    kinds: Iterable[str],
    *,
    words: str = "",
    near: int | None = None,
) -> dict[str, Candidates]:
    """Candidates of each kind whose text holds ``words``, by name; one statement. With ``near``
    only those who have to do with that place: what a case offers without being searched."""
    wanted = sorted(set(kinds))
    if not wanted:
        return {}
    parts = []
    for kind in wanted:
        query = _QUERIES[kind](viewer)
        inner = (query if near is None else query.where(_around(near)[kind])).subquery()
        query = sa.select(inner)
        for word in words.split()[:5]:
            query = query.where(inner.c.text.icontains(word, autoescape=True))
        length = sa.func.char_length(inner.c.text)
        order = (length, inner.c.text) if words else (inner.c.text,)
        part = query.order_by(*order, inner.c.id).limit(SHORT + 1).subquery()
        parts.append(sa.select(part))
    rows = session.execute(sa.union_all(*parts)).all()
    return {kind: _listed([r for r in rows if r.kind == kind]) for kind in wanted}


def _listed(rows: list[Any]) -> Candidates:
    items = tuple(Candidate(row.id, row.text) for row in rows[:SHORT])
    return Candidates(items, more=len(rows) > SHORT)


def names(session: Session, wanted: Iterable[Key]) -> dict[Key, str]:
    """The present names of what forms have named, whoever reads them; one statement."""
    ids: dict[str, set[int]] = {}
    for kind, id_ in wanted:
        ids.setdefault(kind, set()).add(id_)
    tables: dict[str, tuple[Any, Any]] = {
        "person": (User.id, _person_name()),
        "party": (m.Party.id, m.Party.name),
        "place": (m.Place.id, places.address(m.Place.id)),
    }
    parts = [
        sa.select(
            sa.literal(kind).label("kind"),
            sa.cast(column, sa.BigInteger).label("id"),
            sa.cast(text, sa.Text).label("text"),
        ).where(column.in_(sorted(ids[kind])))
        for kind, (column, text) in tables.items()
        if ids.get(kind)
    ]
    if not parts:
        return {}
    return {(row.kind, row.id): row.text for row in session.execute(sa.union_all(*parts))}


def person(session: Session, viewer: Viewer, person_id: int) -> m.Person | None:
    """A resident on file whom the viewer may see."""
    query = sa.select(m.Person).where(m.Person.id == person_id, visible(viewer, m.Person))
    found: m.Person | None = session.scalar(query)
    return found


def strangers(
    session: Session, viewer: Viewer, fields: Mapping[str, FieldSpec], values: Mapping[str, Any]
) -> list[Problem]:
    """A problem for each value that names somebody or something the viewer may not choose."""
    problems = []
    for key, value in values.items():
        kind = KINDS.get(fields[key].type) if key in fields else None
        items = value if isinstance(value, list) else [value]
        wanted = {int(item) for item in items if item} if kind else set()
        if kind is None or not wanted:
            continue
        inner = _QUERIES[kind](viewer).subquery()
        known = session.scalars(sa.select(inner.c.id).where(inner.c.id.in_(wanted)))
        if wanted - set(known):
            problems.append(
                Problem(
                    {
                        "zh": "请从列表中选择；所选的已停用，或不在您的管辖范围内。",
                        "en": "Choose from the list: this one is no longer active or outside "
                        "your scope.",
                    },
                    key,
                )
            )
    return problems
