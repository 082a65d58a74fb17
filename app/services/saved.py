"""Saved views of lists: a name for filters, order, columns and page size.

They belong to whoever saved them; nobody else changes them, not even an administrator. What is
kept is text of an address: it is checked each time that it is read, by the list itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import ForbiddenError, InvalidError, MissingError, Problem
from app.models import SavedView
from app.permissions import Role
from app.services.actors import Viewer
from app.services.scope import visible

MOST = 20
"""Views of one person for one list."""
LONGEST_NAME = 40
LONGEST_VALUE = 500
LEFT = ""
"""The name of the row that keeps what somebody last chose."""

_NAMELESS = Problem({"zh": "请给视图起个名字。", "en": "Give the view a name."}, "name")
_TOO_MANY = Problem(
    {
        "zh": f"一个列表最多保存 {MOST} 个视图，请先删除不用的。",
        "en": f"At most {MOST} views for one list: delete one that you don't need.",
    },
    "name",
)
_TAKEN = Problem(
    {"zh": "您已有同名的视图，请换个名字。", "en": "You have a view of that name: choose another."},
    "name",
)
_MISSING = Problem({"zh": "没有这个视图。", "en": "There is no such view."})
_NOT_SHARED = Problem(
    {"zh": "只有管理员可以共享视图。", "en": "Only an administrator may share a view."}
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A view as somebody sees it; ``own``: they may change it."""

    id: int
    name: str
    query: dict[str, str]
    shared: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The views that somebody has for a list, and what they last chose there."""

    views: tuple[Saved, ...] = ()
    left: dict[str, str] = field(default_factory=dict)

    def view(self, view_id: str) -> Saved | None:
        return next((view for view in self.views if str(view.id) == view_id), None)

    @property
    def usual(self) -> Saved | None:
        """The view that the list opens with."""
        return self.view(self.left.get("view", ""))


def known(session: Session, viewer: Viewer, key: str) -> Known:
    """One's own and the shared views of a list; one statement."""
    rows = session.scalars(
        sa.select(SavedView)
        .where(SavedView.list_key == key, _reachable(viewer))
        .order_by(SavedView.shared, SavedView.name, SavedView.id)
    ).all()
    views, left = [], {}
    for row in rows:
        own = row.owner_id == viewer.user_id
        if row.name == LEFT:
            left = _texts(row.query)
        else:
            views.append(Saved(row.id, row.name, _texts(row.query), row.shared, own))
    return Known(tuple(views), left)


def _reachable(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Also of those who see everything, only their own and what is shared."""
    mine = SavedView.owner_id == viewer.user_id
    shared = sa.and_(SavedView.shared, SavedView.name != LEFT)
    return sa.and_(sa.or_(mine, shared), visible(viewer, SavedView))


def _texts(query: Mapping[str, Any]) -> dict[str, str]:
    """Pairs of short texts, whatever else may stand in the database."""
    return {
        str(key)[:80]: value[:LONGEST_VALUE]
        for key, value in query.items()
        if isinstance(value, str) and value
    }


def save(
    session: Session, viewer: Viewer, key: str, name: str, query: Mapping[str, str]
) -> SavedView:
    """Keep ``query`` under ``name``; one's own view of that name is replaced."""
    named = _name(name)
    count = session.scalar(
        sa.select(sa.func.count()).where(
            SavedView.owner_id == viewer.user_id,
            SavedView.list_key == key,
            SavedView.name.not_in((LEFT, named)),
        )
    )
    if (count or 0) >= MOST:
        raise InvalidError(_TOO_MANY)
    return own(session, viewer, _write(session, viewer, key, named, _texts(query)))


def _name(text: str) -> str:
    named = " ".join(text.split())[:LONGEST_NAME].strip()
    if not named:
        raise InvalidError(_NAMELESS)
    return named


def _write(session: Session, viewer: Viewer, key: str, name: str, query: dict[str, str]) -> int:
    statement = insert(SavedView).values(
        owner_id=viewer.user_id, list_key=key, name=name, query=query
    )
    statement = statement.on_conflict_do_update(
        index_elements=["owner_id", "list_key", "name"], set_={"query": statement.excluded.query}
    )
    written = session.execute(statement.returning(SavedView.id)).scalar_one()
    session.expire_all()
    return int(written)


def own(session: Session, viewer: Viewer, view_id: int) -> SavedView:
    """One's own view, locked. Raises MissingError, also for those of others."""
    found: SavedView | None = session.scalar(
        sa.select(SavedView)
        .where(
            SavedView.id == view_id,
            SavedView.owner_id == viewer.user_id,
            SavedView.name != LEFT,
        )
        .with_for_update()
    )
    if found is None:
        raise MissingError(_MISSING)
    return found


def rename(session: Session, viewer: Viewer, view_id: int, name: str) -> SavedView:
    row, named = own(session, viewer, view_id), _name(name)
    twin = sa.select(SavedView.id).where(
        SavedView.owner_id == viewer.user_id,
        SavedView.list_key == row.list_key,
        SavedView.name == named,
        SavedView.id != row.id,
    )
    if session.scalar(twin) is not None:
        raise InvalidError(_TAKEN)
    row.name = named
    session.flush()
    return row


def remove(session: Session, viewer: Viewer, view_id: int) -> SavedView:
    row = own(session, viewer, view_id)
    session.delete(row)
    session.flush()
    return row


def share(session: Session, viewer: Viewer, view_id: int, *, shared: bool) -> SavedView:
    """Offer it to everybody who may see the list, or take it back."""
    if shared and not may_share(viewer):
        raise ForbiddenError(_NOT_SHARED)
    row = own(session, viewer, view_id)
    row.shared = shared
    session.flush()
    return row


def may_share(viewer: Viewer) -> bool:
    return Role.ADMIN in viewer.roles


def leave(session: Session, viewer: Viewer, key: str, **chosen: str) -> None:
    """Remember what somebody has chosen for a list; an empty text forgets it."""
    present = session.scalar(
        sa.select(SavedView.query).where(
            SavedView.owner_id == viewer.user_id,
            SavedView.list_key == key,
            SavedView.name == LEFT,
        )
    )
    kept = {**_texts(present or {}), **chosen}
    _write(session, viewer, key, LEFT, {name: text for name, text in kept.items() if text})


def open_with(session: Session, viewer: Viewer, key: str, view_id: str) -> None:
    """Open the list with this view from now on; empty: with all of it."""
    if view_id and known(session, viewer, key).view(view_id) is None:
        raise MissingError(_MISSING)
    leave(session, viewer, key, view=view_id)
