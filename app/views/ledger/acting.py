"""Buttons of the ledgers: FAB's actions, with scope, permission and confirmation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.views import access
from app.views.ledger import reading, saving, writing
from app.views.ledger.reading import Answer

MOST = 100
"""Rows that one press may act on."""


def one(view: Any, name: str, pk: str) -> Answer:
    """GET asks, POST does it to this row."""
    action = _allowed(view, name)
    if not action.single:
        abort(404)
    posting = request.method == "POST"
    item = reading.row(view, pk, lock=posting)
    if not posting:
        question = str(action.confirmation or action.text)
        return writing.confirm(view, item, question, str(action.text))
    result, told = _do(action.func, item, view)
    if told:
        return writing.refused(view, pk, " ".join(text for _field, text in told))
    if isinstance(result, Response):
        return result
    flash(str(result or _("Done.")), "success")
    return redirect(access.own_path(request.form.get("back")) or view.show_url(item))


def several(view: Any) -> Answer:
    """Does it to all ticked rows or, if one of them isn't there for this person, to none."""
    action = _allowed(view, request.form.get("action", ""))
    keys = list(dict.fromkeys(request.form.getlist("rowid")))
    back = access.own_path(request.form.get("back")) or view.url("list")
    if not action.multiple:
        abort(404)
    if not keys:
        flash(_("Tick the rows first."), "warning")
        return redirect(back)
    if len(keys) > MOST:
        flash(_("At most %(most)s rows at a time.", most=MOST), "warning")
        return redirect(back)
    items = [reading.row(view, key, lock=True) for key in sorted(keys)]
    result, told = _do(action.func, items, view)
    if told:
        for _field, text in told:
            flash(text, "danger")
    else:
        flash(str(result or _("Done.")), "success")
    return redirect(back)


def _allowed(view: Any, name: str) -> Any:
    action = view.actions.get(name)
    if action is None:
        abort(404)
    permission = view.get_action_permission_name(name)
    if not access.may(permission, view.class_permission_name):
        abort(403)
    return action


def _do(function: Callable[[Any], Any], subject: Any, view: Any) -> tuple[Any, saving.Told]:
    kept: list[Any] = []
    told = saving.attempt(lambda: kept.append(function(subject)), view.model)
    return (kept[0] if kept else None), told
