"""My work, and the list of all cases of a leg: index-friendly at any size, nothing unbounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app import models as m
from app.services import filters, places, turns
from app.services.actors import Viewer
from app.services.filters import Filter
from app.services.scope import places_below, visible
from app.services.turns import Turn
from app.workflows.spec import Relation

MOST = 200
"""More than this on one desk is shown as "200+": nobody reads further."""
PAGE = 25
LAST_PAGE = 40

Row = sa.Row[*tuple[Any, ...]]
Conditions = tuple[sa.ColumnElement[bool], ...]
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


def work(
    session: Session,
    viewer: Viewer,
    wanted: Filter | None = None,
    *,
    now: datetime | None = None,
    by: str = "due_at",
) -> Desk:
    """The open cases on this person's desk, nearest due time first; two statements. ``wanted``
    narrows them, and then needs ``now``."""
    narrow: Conditions = ()
    if wanted is not None and wanted.narrow and now is not None:
        narrow = tuple(filters.conditions(viewer, wanted, now))
    found = _desk(viewer, turns.all_(session), narrow)
    if found is None:
        return Desk((), (), more=False)
    rows = session.execute(found.order_by(*filters.order(wanted or Filter(), by))).all()
    return Desk(
        tuple(row for row in rows if row.turn),
        tuple(row for row in rows if not row.turn),
        more=len(rows) >= MOST,
    )


def _desk(
    viewer: Viewer, all_turns: list[Turn], narrow: Conditions
) -> sa.Select[*tuple[Any, ...]] | None:
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
    parts = (branch.where(*narrow).subquery() for branch in branches)
    found = sa.union_all(*(sa.select(part) for part in parts)).subquery()
    mine = (
        sa.select(found.c.id, sa.func.bool_or(found.c.turn).label("turn"))
        .group_by(found.c.id)
        .subquery()
    )
    # both the person's turn and the time left decide what is cut off, in this order
    return (
        _joined(sa.select(mine.c.turn, *_columns()).join(mine, mine.c.id == _case.id))
        .where(visible(viewer, _case))
        .order_by(mine.c.turn.desc())
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
class Page:
    rows: tuple[Row, ...]
    number: int
    more: bool


def listed(  # noqa: PLR0913  a list has that many knobs
    session: Session,
    viewer: Viewer,
    wanted: Filter,
    *,
    page: int,
    now: datetime,
    by: str = "",
    size: int = PAGE,
) -> Page:
    """One page of the cases that ``viewer`` may see, newest first (overdue ones by due time) or by
    another order of ``filters.order``; one statement, no count."""
    page = min(max(page, 1), LAST_PAGE)
    query = _listed(viewer, wanted, by, now).offset((page - 1) * size).limit(size + 1)
    rows = session.execute(query).all()
    return Page(tuple(rows[:size]), page, more=len(rows) > size and page < LAST_PAGE)


def counted(
    session: Session, viewer: Viewer, wanted: Filter, *, now: datetime, by: str, most: int
) -> int:
    """How many ``listed`` has in all, counted up to ``most`` and one more: beyond that it costs
    more than anybody gains."""
    few = _listed(viewer, wanted, by, now).with_only_columns(_case.id).limit(most + 1).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(few)) or 0


def each(
    session: Session, viewer: Viewer, wanted: Filter, *, now: datetime, by: str, most: int
) -> Iterator[Row]:
    """The rows of that list one by one, at most ``most``, for a file."""
    query = _listed(viewer, wanted, by, now).limit(most)
    query = query.add_columns(filters.CATEGORY.label("category"))
    with session.execute(query, execution_options={"yield_per": 1000}) as found:
        yield from found


def _listed(viewer: Viewer, wanted: Filter, by: str, now: datetime) -> sa.Select[*tuple[Any, ...]]:
    query = _joined(sa.select(*_columns())).where(visible(viewer, _case))
    query = query.where(*filters.conditions(viewer, wanted, now))
    if by == "due_at":
        query = query.where(_case.closed_at.is_(None))
    return query.order_by(*filters.order(wanted, by))
