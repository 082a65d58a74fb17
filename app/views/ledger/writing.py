"""Adding, editing and deleting rows of the ledgers by form."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _

from app.extensions import db
from app.views import access, labels
from app.views.ledger import finding, reading, saving
from app.views.ledger.columns import Kind, column
from app.views.ledger.reading import Answer


def add(view: Any) -> Answer:
    posting = request.method == "POST"
    form = view.add_form(formdata=request.form if posting else None)
    if not posting:
        _prefill(view, form)
    view.prepare(form, None)
    if not posting:
        return _form(view, form, None)
    if not form.validate():
        return _form(view, form, None, 422)
    item = view.model()

    def work() -> None:
        saving.once(request.form.get("once", ""), now=access.now())
        _store(view, item, form, creating=True)

    told = saving.attempt(work, view.model)
    if told == [saving.TWICE]:
        flash(_("This was saved already; nothing was saved a second time."), "info")
        return redirect(access.own_path(request.form.get("back")) or view.url("list"))
    if told:
        return _again(view, form, None, told)
    flash(_("Saved."), "success")
    return redirect(view.after_url(item))


def edit(view: Any, pk: str) -> Answer:
    posting = request.method == "POST"
    item = reading.row(view, pk, view.edit_columns, lock=posting)
    if reason := view.frozen(item):
        return refused(view, pk, reason)
    form = view.edit_form(formdata=request.form if posting else None, obj=item)
    view.prepare(form, item)
    if not posting:
        return _form(view, form, item)
    if request.form.get("seen") != saving.fingerprint(item, view.edit_columns):
        changed = _(
            "Somebody else has changed this entry meanwhile. Your input is still here: "
            "compare it with the present state, then save."
        )
        return _again(view, form, item, [(None, changed)], status=409)
    if not form.validate():
        return _form(view, form, item, 422)
    told = saving.attempt(lambda: _store(view, item, form, creating=False), view.model)
    if told:
        return _again(view, form, item, told)
    flash(_("Saved."), "success")
    return redirect(view.after_url(item))


def delete(view: Any, pk: str) -> Answer:
    """GET asks, POST deletes."""
    posting = request.method == "POST"
    item = reading.row(view, pk, lock=posting)
    if reason := view.frozen(item):
        return refused(view, pk, reason)
    name = labels.of_object(item)
    if not posting:
        question = _("Delete “%(name)s”? This can't be undone.", name=name)
        return confirm(view, item, question, _("Delete"), danger=True)

    def work() -> None:
        view.before_delete(item)
        db.session.delete(item)

    told = saving.attempt(work, view.model)
    if told:
        return refused(view, pk, " ".join(text for _field, text in told))
    flash(_("“%(name)s” is deleted.", name=name), "success")
    return redirect(access.own_path(request.form.get("back")) or view.url("list"))


def refused(view: Any, pk: str, reason: str) -> Answer:
    """The row's page with the reason why it stays as it is."""
    flash(reason, "warning")
    return reading.page(view, reading.row(view, pk, view.show_columns), 409)


def confirm(view: Any, item: Any, question: str, button: str, *, danger: bool = False) -> Answer:
    """A page that asks before it is done; no script needed."""
    return render_template(
        "appbuilder/general/confirm.html",
        view=view,
        question=question,
        button=button,
        danger=danger,
        back=_back(),
        cancel=_back() or view.show_url(item),
    )


def _prefill(view: Any, form: Any) -> None:
    """Usual values, and relations named in the address (``f_place=12``), if they are visible."""
    for name in view.add_columns:
        key = request.args.get(f"f_{name}")
        known = column(view.model, name)
        if known.usual is not None:
            form[name].data = known.usual
        if key and known.kind is Kind.ONE:
            form[name].data = finding.one(db.session(), access.viewer(), known.target, key)


def _store(view: Any, item: Any, form: Any, *, creating: bool) -> None:
    with db.session.no_autoflush:
        form.populate_obj(item)
        view.before_save(item, form, creating=creating)
    db.session.add(item)
    db.session.flush()
    view.after_save(item, form, creating=creating)


def _again(view: Any, form: Any, item: Any, told: saving.Told, status: int = 422) -> Answer:
    """The form once more, with what was typed and why it isn't saved."""
    for text in saving.attach(form, told):
        flash(text, "danger")
    return _form(view, form, item, status)


def _form(view: Any, form: Any, item: Any, status: int = 200) -> Answer:
    if status != 200:
        db.session.rollback()
        if item is not None:
            item = reading.row(view, view.key(item), view.edit_columns)
    page = render_template(
        view.add_template if item is None else view.edit_template,
        view=view,
        form=form,
        item=item,
        back=_back(),
        once=request.form.get("once") or secrets.token_urlsafe(16),
        seen="" if item is None else saving.fingerprint(item, view.edit_columns),
    )
    return page, status


def _back() -> str:
    return access.own_path(request.values.get("back")) or ""
