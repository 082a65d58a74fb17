"""How a value of a ledger looks on a page."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_appbuilder import Model

from app.models import Place, PlaceKind
from app.views import access, labels
from app.views.ledger import headings
from app.views.ledger.columns import Kind, column, value
from app.views.ledger.data import as_yaml


class Cell:
    """``text`` for people, ``kind`` for the template, ``url`` of the row that it names."""

    __slots__ = ("kind", "text", "tone", "url")

    def __init__(self, text: str, kind: str = "", url: str = "", tone: str = "") -> None:
        self.text, self.kind, self.url, self.tone = text, kind, url, tone


def cell(view: Any, item: Any, name: str) -> Cell:
    """What ``item`` holds in the column, formatted; nothing is asked that loads() didn't load."""
    if name in view.formatters_columns:
        return _lines(str(view.formatters_columns[name](value(item, name))))
    known = column(view.model, name)
    if known.kind is Kind.DERIVED and hasattr(view, name):
        return _lines(str(getattr(view, name)(item)))
    held = value(item, name)
    if held is None or held == "":
        return Cell("")
    if name in view.vocabularies:
        return Cell(str(view.vocabularies[name]().get(held, held)))
    if isinstance(held, Model):
        return Cell(_named(held), "link", url_of(held))
    if known.leaf == "state_label":
        return Cell(labels.localized(held), "state", tone=str(value(item, _beside(name))))
    if labels.is_localized(held):
        return Cell(labels.localized(held))
    if known.kind is Kind.MANY:
        return Cell("、".join(labels.of_object(row) for row in held))
    coded = known.leaf in headings.CODES and known.kind in (Kind.TEXT, Kind.KEYS)
    coded = coded or name in view.code_columns
    kind = "code" if coded else known.kind.value
    if known.leaf.endswith("_en") or known.leaf in headings.FOREIGN:
        kind = "foreign"
    return Cell(_text(known.kind, held), kind)


def _lines(text: str) -> Cell:
    return Cell(text, "long" if "\n" in text else "")


def _named(item: Any) -> str:
    """A place as services.places spells it: “1单元” alone says nothing."""
    if not isinstance(item, Place):
        return labels.of_object(item)
    names = [item.name]
    for _step in range(_UP.get(item.kind, 0)):
        if item.parent is not None:
            item = item.parent
            names.append(item.name)
    return " ".join(reversed(names))


_UP = {PlaceKind.BUILDING: 1, PlaceKind.ENTRANCE: 2, PlaceKind.HOUSEHOLD: 2}


def _beside(name: str) -> str:
    """The path of the state's kind, which gives its colour."""
    return name.removesuffix("state_label") + "state_kind"


def _text(kind: Kind, held: Any) -> str:
    if kind is Kind.KEYS:
        return ", ".join(labels.of_role(key) for key in held)
    if kind is Kind.BYTES:
        return bytes(held).hex()
    if kind is Kind.JSON:
        return as_yaml(held)
    return labels.plain(held)


def url_of(item: Any) -> str:
    """The page of a row, when there is one and this person may open it."""
    view = views_by_model().get(type(item))
    if view is None or not access.may("can_show", view.class_permission_name):
        return ""
    return str(view.show_url(item))


def page_of(endpoint: str, **values: Any) -> str:
    """The address of a page of ours; empty while nobody has written it."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


def views_by_model() -> dict[type[Any], Any]:
    """The ledger of each model."""
    views = current_app.extensions["appbuilder"].baseviews
    return {view.model: view for view in views if hasattr(view, "show_url")}
