"""What a column of a ledger holds, for a file: numbers and dates as such, all else as the page
words and masks it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.services import edge
from app.views.ledger import columns
from app.views.ledger.columns import Kind, column
from app.views.lists.query import Value

_KINDS = {
    Kind.NUMBER: "number",
    Kind.DECIMAL: "decimal",
    Kind.FLAG: "flag",
    Kind.DATE: "date",
    Kind.INSTANT: "instant",
}


def kind(view: Any, name: str) -> str:
    """As a file knows it: number, decimal, flag, date, instant, else text."""
    if name in view.formatters_columns or name in view.vocabularies:
        return "text"
    return _KINDS.get(column(view.model, name).kind, "text")


def value(view: Any, item: Any, name: str) -> Value:
    if kind(view, name) == "text":
        text: str = view.cell(item, name).text
        return text
    held: Value = columns.value(item, name)
    if isinstance(held, datetime):  # FAB's own columns are naive and local
        return edge.local(held).replace(tzinfo=None) if held.tzinfo else held
    return held
