"""Searching selects: never all rows of a table in a page, never a row that isn't visible.

With script the box asks ``/lookup/<view>/<column>``; without, the words that were typed are looked
up when the form is sent, and if they fit several rows, the page comes back with those to choose.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, jsonify, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import Field

from app.extensions import db
from app.services.scope import visible
from app.views import access
from app.views.fields import clean
from app.views.ledger import finding
from app.views.ledger.columns import column

pages = Blueprint("lookup", __name__, url_prefix="/lookup")


@pages.get("/<view>/<name>")
def find(view: str, name: str) -> Response:
    """Hits for ``q`` among the rows that the column may point to."""
    ledger = _ledger(view)
    if ledger is None or name not in ledger.lookups():
        abort(404)
    if not any(access.may(f"can_{action}", view) for action in ("list", "add", "edit")):
        abort(403)
    target = column(ledger.model, name).target
    if target is None:
        abort(404)
    words = clean(request.args.get("q"))[:100]
    found = finding.hits(db.session(), access.viewer(), target, words)
    shown = found[: finding.SHOWN]
    texts = finding.named(db.session(), shown)
    results = [{"id": key_of(item), "text": text} for item, text in zip(shown, texts, strict=True)]
    more = len(found) > finding.SHOWN
    note = _("More was found: type more words.") if more else _("Nothing was found.")
    return jsonify(results=results, more=more, note=note)


def _ledger(name: str) -> Any:
    views = current_app.extensions["appbuilder"].baseviews
    return next((v for v in views if v.endpoint == name and hasattr(v, "lookups")), None)


def key_of(item: Any) -> str:
    return str(sa.inspect(item).identity[0])


def _macro(name: str) -> Any:
    return getattr(current_app.jinja_env.get_template("widgets/lookup.html").module, name)


def _options(items: list[Any]) -> list[tuple[str, str]]:
    texts = finding.named(db.session(), items)
    return [(key_of(item), text) for item, text in zip(items, texts, strict=True)]


class LookupWidget:
    """The box, the hidden key, and a plain select when the typed words fitted several rows."""

    def __call__(self, field: LookupField, **attributes: Any) -> Any:
        if not field.candidates:
            return _macro("box")(field, attributes)
        attributes["class"] = "form-select"
        return _macro("select")(field, _options(field.candidates), attributes)


class LookupField(Field):
    """Points to one row of ``target``; ``data`` is the object. Only visible rows are accepted."""

    widget = LookupWidget()

    def __init__(self, *args: Any, target: type[Any], source: tuple[str, str], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.target, self.source = target, source
        self.candidates: list[Any] = []
        self.typed = ""

    @property
    def text_name(self) -> str:
        return f"{self.name}-text"

    def address(self) -> str:
        return url_for("lookup.find", view=self.source[0], name=self.source[1])

    def key(self) -> str:
        return "" if self.data is None else key_of(self.data)

    def text(self) -> str:
        if self.data is None:
            return self.typed
        return finding.named(db.session(), [self.data])[0]

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.typed = clean(formdata.get(self.text_name)) if formdata else ""
        super().process(formdata, *(() if data is None else (data,)), extra_filters=extra_filters)

    def process_formdata(self, valuelist: list[str]) -> None:
        key = next((value.strip() for value in valuelist if value.strip()), "")
        self.data = None
        if key:
            self.data = finding.one(db.session(), access.viewer(), self.target, key)
            if self.data is None:
                raise ValueError(_("This entry doesn't exist or isn't yours to see."))
        elif self.typed:
            self._search()

    def _search(self) -> None:
        """Without script: the words must fit exactly one row, or the exact name of one."""
        found = finding.hits(db.session(), access.viewer(), self.target, self.typed)
        texts = finding.named(db.session(), found)
        exact = [
            item
            for item, text in zip(found, texts, strict=True)
            if self.typed in (text, text.split(" · ")[0])
        ]
        hits = exact if len(exact) == 1 else found
        if len(hits) == 1:
            self.data = hits[0]
            return
        if not hits:
            raise ValueError(_("Nothing was found for “%(words)s”.", words=self.typed[:40]))
        self.candidates = hits[: finding.SHOWN]
        raise ValueError(_("Several entries fit “%(words)s”: choose one.", words=self.typed[:40]))


class BoxesWidget:
    own_row = True

    def __call__(self, field: LookupsField, **attributes: Any) -> Any:
        chosen = {key_of(item) for item in field.data or []}
        attributes.pop("class", None)
        return _macro("boxes")(field, _options(field.offered()), chosen, attributes)


class LookupsField(Field):
    """Points to several rows of a small table (roles); drawn as boxes to tick."""

    widget = BoxesWidget()

    def __init__(self, *args: Any, target: type[Any], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.target = target

    def offered(self) -> list[Any]:
        query = sa.select(self.target).where(visible(access.viewer(), self.target)).limit(100)
        return list(db.session.scalars(query.order_by(sa.inspect(self.target).primary_key[0])))

    def process_formdata(self, valuelist: list[str]) -> None:
        offered = {key_of(item): item for item in self.offered()}
        if any(key not in offered for key in valuelist):
            raise ValueError(_("Please choose one of the list."))
        self.data = [offered[key] for key in dict.fromkeys(valuelist)]
