"""My work, and the list of all cases of a leg: index-friendly at any size, nothing unbounded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app import models as m
from app.services import places, turns
from app.services.actors import Viewer
from app.services.scope import places_below, visible
from app.services.search import matching
from app.services.turns import Turn
from app.workflows.spec import Relation

MOST = 200
"""More than this on one desk is shown as "200+": nobody reads further."""
PAGE = 25
LETTERS = "GMCS"
_URGENT = "\"case\".data ->> 'urgency' = 'urgent'"
"""Word for word as in ``ix_case_urgent_open``: with a parameter it would not be used."""
_NUMBER = re.compile(r"[A-Z]\d{4}-\d{1,12}")
LAST_PAGE = 40

Row = sa.Row[*tuple[Any, ...]]
_case = m.Case


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits for this person, and what is theirs but waits for others; by time left."""

    mine: tuple[Row, ...]
    others: tuple[Row, ...]
    more: bool


def _columns() -> tuple[Any, ...]:
    return (
        _case.id,
        _case.number,
        _case.title,
        _case.leg,
        _case.state_label,
        _case.state_kind,
        _case.due_at,
        _case.opened_at,
        _case.changed_at,
        _case.closed_at,
        places.address(_case.place_id).label("place"),
        m.Party.name.label("party"),
        User.first_name,
        User.last_name,
    )


def _joined(query: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    return query.outerjoin(m.Party, m.Party.id == _case.party_id).outerjoin(
        User, User.id == _case.assignee_id
    )


def work(session: Session, viewer: Viewer) -> Desk:
    """The open cases on this person's desk, nearest due time first; two statements."""
    found = _desk(viewer, turns.all_(session))
    if found is None:
        return Desk((), (), more=False)
    rows = session.execute(found).all()
    return Desk(
        tuple(row for row in rows if row.turn),
        tuple(row for row in rows if not row.turn),
        more=len(rows) >= MOST,
    )


def _desk(viewer: Viewer, all_turns: list[Turn]) -> sa.Select[*tuple[Any, ...]] | None:
    if viewer.kind != "user" or viewer.user_id is None:
        return None
    held = [t for t in all_turns if not t.roles or t.roles & viewer.roles]
    plain = [t for t in held if not t.relations]
    branches = [
        _branch(
            _case.assignee_id == viewer.user_id,
            _waits([*plain, *(t for t in held if Relation.ASSIGNEE in t.relations)], viewer),
        )
    ]
    theirs = [t for t in held if Relation.PARTY in t.relations]
    if viewer.parties:
        unclaimed = sa.or_(_case.assignee_id.is_(None), _case.assignee_id == viewer.user_id)
        ours = _case.party_id.in_(sorted(viewer.parties))
        branches.append(_branch(ours, sa.and_(unclaimed, _waits([*plain, *theirs], viewer))))
    if plain and viewer.places:
        branches.append(_pool(viewer, plain))
    found = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
    mine = (
        sa.select(found.c.id, sa.func.bool_or(found.c.turn).label("turn"))
        .group_by(found.c.id)
        .subquery()
    )
    # both the person's turn and the time left decide what is cut off, in this order
    return (
        _joined(sa.select(mine.c.turn, *_columns()).join(mine, mine.c.id == _case.id))
        .where(visible(viewer, _case))
        .order_by(mine.c.turn.desc(), _case.due_at, _case.id)
        .limit(MOST)
    )


def _branch(owned: sa.ColumnElement[bool], turn: sa.ColumnElement[bool]) -> sa.Select[Any, Any]:
    """Open cases that are somehow this person's, each with whether it waits for them."""
    return (
        sa.select(_case.id, sa.func.coalesce(turn, sa.false()).label("turn"))
        .where(owned, _case.closed_at.is_(None))
        .order_by(_case.due_at, _case.id)
        .limit(MOST)
    )


def _waits(held: Iterable[Turn], viewer: Viewer) -> sa.ColumnElement[bool]:
    """The case's version and state are among these."""
    pairs = sorted({(turn.version_id, turn.state) for turn in held})
    if not pairs:
        return sa.false()
    table = (
        sa.func.unnest(
            sa.cast([pair[0] for pair in pairs], ARRAY(sa.BigInteger)),
            sa.cast([pair[1] for pair in pairs], ARRAY(sa.Text)),
        )
        .table_valued("version_id", "state")
        .render_derived()
    )
    return sa.tuple_(_case.version_id, _case.state).in_(
        sa.select(table.c.version_id, table.c.state)
    )


def _pool(viewer: Viewer, plain: list[Turn]) -> sa.Select[Any, Any]:
    """Cases below my places that wait for one of my roles, unless somebody who holds one of the
    roles has already made it theirs."""
    wanted: dict[tuple[int, str], set[str]] = {}
    for turn in plain:
        wanted.setdefault((turn.version_id, turn.state), set()).update(turn.roles)
    table = (
        sa.func.unnest(
            sa.cast([pair[0] for pair in wanted], ARRAY(sa.BigInteger)),
            sa.cast([pair[1] for pair in wanted], ARRAY(sa.Text)),
            sa.cast([",".join(sorted(roles)) for roles in wanted.values()], ARRAY(sa.Text)),
        )
        .table_valued("version_id", "state", "roles")
        .render_derived()
    )
    claimed = (
        sa.select(assoc_user_role.c.user_id)
        .join(RoleRow, RoleRow.id == assoc_user_role.c.role_id)
        .where(
            assoc_user_role.c.user_id == _case.assignee_id,
            RoleRow.name == sa.any_(sa.func.string_to_array(table.c.roles, ",")),
        )
        .exists()
    )
    return (
        sa.select(_case.id, sa.true().label("turn"))
        .join(
            table,
            sa.and_(table.c.version_id == _case.version_id, table.c.state == _case.state),
        )
        .where(
            _case.place_id.in_(sa.select(m.Place.id).where(places_below(viewer))),
            _case.closed_at.is_(None),
            sa.or_(_case.assignee_id.is_(None), ~claimed),
        )
        .order_by(_case.due_at, _case.id)
        .limit(MOST)
    )


# --- lists ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to. ``urgent``: not finished, and its field ``urgency`` says so."""

    leg: str = ""
    words: str = ""
    kind: str = ""
    """A state kind, or ``open`` for everything that has not ended."""
    state: str = ""
    overdue: bool = False
    mine: bool = False
    top: bool = False
    """Only cases that are nobody's child."""
    place_id: int | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Row, ...]
    number: int
    more: bool


def listed(session: Session, viewer: Viewer, wanted: Filter, *, page: int, now: datetime) -> Page:
    """One page of the cases that ``viewer`` may see, newest first (overdue ones by due time);
    one statement, no count: how many there are in all costs more than anybody gains."""
    page = min(max(page, 1), LAST_PAGE)
    query = _joined(sa.select(*_columns())).where(visible(viewer, _case))
    query = query.where(*_conditions(viewer, wanted, now))
    order = (_case.due_at, _case.id) if wanted.overdue else (_case.id.desc(),)
    rows = session.execute(query.order_by(*order).offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return Page(tuple(rows[:PAGE]), page, more=len(rows) > PAGE and page < LAST_PAGE)


def _conditions(viewer: Viewer, wanted: Filter, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [_case.parent_id.is_(None)] if wanted.top else []
    if wanted.leg:
        found.append(_case.leg == wanted.leg)
    if wanted.kind == "open" or wanted.overdue or wanted.urgent:
        found.append(_case.closed_at.is_(None))
    elif wanted.kind:
        found.append(_case.state_kind == wanted.kind)
    if wanted.state:
        found.append(_case.state == wanted.state)
    if wanted.overdue:
        found.append(_case.due_at < now)
    if wanted.urgent:
        found.append(sa.literal_column(_URGENT, sa.Boolean))
    if wanted.mine:
        found.append(_case.id.in_(_of_person(viewer)))
    if wanted.place_id is not None:
        found.append(_case.place_id.in_(_below(wanted.place_id)))
    if wanted.words.strip():
        found.append(_found_by(wanted.words.strip(), now))
    return found


def _below(place_id: int) -> sa.Select[int]:
    top = sa.select(m.Place.path).where(m.Place.id == place_id).scalar_subquery()
    return sa.select(m.Place.id).where(sa.func.starts_with(m.Place.path, top))


def _of_person(viewer: Viewer) -> sa.CompoundSelect[int]:
    """What is in this person's hands, and what they have registered."""
    held = sa.select(_case.id).where(_case.assignee_id == viewer.user_id, _case.closed_at.is_(None))
    return sa.union_all(held, sa.select(_case.id).where(_case.creator_id == viewer.user_id))


def _found_by(words: str, now: datetime) -> sa.ColumnElement[bool]:
    """By the number or its figure, by the reporter's telephone (all of it or its last four
    digits), or else by words of title, address and place. Each has its index."""
    plain = unicodedata.normalize("NFKC", "".join(words.split())).upper()
    if _NUMBER.fullmatch(plain):
        return _case.number == plain
    if plain.isascii() and plain.isdecimal():
        phone = m.Grievance.phone
        if len(plain) == 4:
            return _case.id.in_(
                sa.select(m.Grievance.case_id).where(sa.func.right(phone, 4) == plain)
            )
        if len(plain) >= 7:
            return _case.id.in_(sa.select(m.Grievance.case_id).where(phone == plain))
        return _case.number.in_(_numbers(plain, now))
    match = matching(_case.words, words)
    return sa.false() if match is None else match


def _numbers(figure: str, now: datetime) -> list[str]:
    """The numbers that end in ``figure``, of any leg and the last years."""
    return [
        f"{letter}{year}-{int(figure):06d}"
        for letter in LETTERS
        for year in range(now.year, now.year - 6, -1)
    ]
