"""Lists and pages of the ledgers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, render_template
from werkzeug.wrappers import Response

from app.extensions import db
from app.services.scope import visible
from app.views import access
from app.views.ledger import columns, finding
from app.views.ledger.columns import column
from app.views.ledger.listing import Ledger
from app.views.lists import frame

Answer = Response | str | tuple[Any, int]
RELATED = 10
"""Rows of a related ledger that a page shows."""


def listed(view: Any) -> Answer:
    return frame.render(view.list_template, frame.open_(Ledger(view)), view=view)


def shown(view: Any, pk: str) -> Answer:
    return page(view, row(view, pk, view.show_columns))


def page(view: Any, item: Any, status: int = 200) -> Answer:
    """The row's page, with the ledgers that hang on it."""
    related = related_rows(view, item)
    return render_template(view.show_template, view=view, item=item, related=related), status


def row(view: Any, pk: Any, names: tuple[str, ...] = (), *, lock: bool = False) -> Any:
    """The visible row with this key, or 404: absent and out of scope look alike."""
    primary = sa.inspect(view.model).primary_key[0]
    key = finding.parse_key(primary, pk)
    if key is None:
        abort(404)
    query = (
        sa.select(view.model)
        .where(primary == key, visible(access.viewer(), view.model))
        .options(*columns.loads(view.model, names))
    )
    if lock:
        query = query.with_for_update(of=view.model).execution_options(populate_existing=True)
    item = db.session.scalars(query).unique().one_or_none()
    if item is None:
        abort(404)
    return item


def related_rows(view: Any, item: Any) -> list[dict[str, Any]]:
    """The first rows of each related ledger that this person may list, in scope."""
    return [
        _rows_of(related, item, view.related_by.get(type(related).__name__))
        for related in view.get_init_inner_views()
        if related.may("list")
    ]


def _rows_of(view: Any, parent: Any, name: str | None) -> dict[str, Any]:
    """Rows that point to ``parent``, and the addresses of all of them and of adding one."""
    name = name or pointer(view.model, parent)
    order, descending = view.base_order
    held = column(view.model, order).attribute
    rows = db.session.scalars(
        sa.select(view.model)
        .where(column(view.model, name).attribute == parent)
        .where(visible(access.viewer(), view.model))
        .order_by(held.desc() if descending else held)
        .options(*columns.loads(view.model, view.list_columns))
        .limit(RELATED + 1)
    )
    found = rows.unique().all()
    values = {f"f_{name}": sa.inspect(parent).identity[0]}
    addable = view.may("add") and name in view.add_columns
    return {
        "view": view,
        "rows": found[:RELATED],
        "more": len(found) > RELATED,
        "columns": [each for each in view.list_columns if each != name],
        "all_url": view.url("list", **values) if name in view.search_columns else "",
        "add_url": view.url("add", **values, back=access.here()) if addable else "",
    }


def pointer(model: Any, parent: Any) -> str:
    """The to-one relation of ``model`` that leads to rows like ``parent``."""
    return next(
        str(relation.key)
        for relation in sa.inspect(model).relationships
        if not relation.uselist and isinstance(parent, relation.mapper.class_)
    )
