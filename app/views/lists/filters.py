"""Filters as they stand in an address: read, checked and worded; nothing asked for their choices
but the one row that a searching select names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from app.extensions import db
from app.services import edge
from app.views import access
from app.views.fields import clean
from app.views.ledger import finding

Arguments = Mapping[str, str]


@dataclass(slots=True)
class Filter:
    """One filter of a list. ``kind`` is how it is drawn: ``choice`` (of ``offered``), ``row`` (a
    searching select that asks ``url``), ``period``, ``text``, or ``switch`` (a quick filter)."""

    name: str
    label: str
    kind: str
    value: str = ""
    until: str = ""
    shown: str = ""
    """The value in words."""
    offered: dict[str, str] = field(default_factory=dict)
    url: str = ""
    problem: bool = False
    """It wasn't understood and is left out."""

    @property
    def set(self) -> bool:
        return bool(self.value or self.until)

    @property
    def on(self) -> bool:
        """It narrows the list."""
        return self.set and not self.problem

    @property
    def names(self) -> tuple[str, ...]:
        """Its arguments in the address."""
        more = {"period": ("_until",), "row": ("-text",)}.get(self.kind, ())
        return (self.name, *(f"{self.name}{ending}" for ending in more))

    @property
    def text(self) -> str:
        return self.shown or self.value

    def without(self) -> dict[str, str]:
        """Changes of an address that take it away."""
        return dict.fromkeys((*self.names, "page"), "")

    def refuse(self) -> None:
        self.problem, self.value, self.until, self.shown = True, "", "", ""


def choice(name: str, label: str, offered: Mapping[str, Any], given: Arguments) -> Filter:
    """One of ``offered``."""
    words = {str(key): str(text) for key, text in offered.items() if key}
    found = Filter(name, label, "choice", clean(given.get(name))[:200], offered=words)
    if found.value and found.value not in words:
        found.refuse()
    found.shown = words.get(found.value, "")
    return found


def switch(name: str, label: str, given: Arguments) -> Filter:
    """On or off: drawn as a quick filter."""
    return Filter(name, label, "switch", "1" if given.get(name) == "1" else "")


def text(name: str, label: str, given: Arguments) -> Filter:
    return Filter(name, label, "text", clean(given.get(name))[:200])


def period(name: str, label: str, given: Arguments) -> Filter:
    """From a day to a day, either of which may be left open."""
    found = Filter(name, label, "period", clean(given.get(name))[:40])
    found.until = clean(given.get(f"{name}_until"))[:40]
    try:
        begin(found), end(found)
    except (ValueError, OverflowError):
        found.refuse()
    if found.set:
        found.shown = f"{found.value} – {found.until}".strip()
    return found


def day(text: str) -> date:
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a date


def begin(found: Filter) -> datetime | None:
    """The first day's beginning, local time."""
    return edge.instant(datetime.combine(day(found.value), time.min)) if found.value else None


def end(found: Filter) -> datetime | None:
    """The last day's end, local time."""
    return edge.instant(datetime.combine(day(found.until), time.max)) if found.until else None


def row(name: str, label: str, target: type[Any], given: Arguments, url: str) -> Filter:
    """A row of another table, by its key; without script by the words that were typed, of which
    the first row that fits is taken."""
    found = Filter(name, label, "row", clean(given.get(name))[:200], url=url)
    words = clean(given.get(f"{name}-text"))[:100]
    item = None
    if found.value:
        item = finding.one(db.session(), access.viewer(), target, found.value)
    elif words:
        hits = finding.hits(db.session(), access.viewer(), target, words, limit=1)
        item = hits[0] if hits else None
    if item is not None:
        found.value = str(sa.inspect(item).identity[0])
        found.shown = finding.named(db.session(), [item])[0]
    elif found.value or words:
        found.refuse()
    return found


def yes_no() -> dict[str, str]:
    return {"yes": _("Yes"), "no": _("No")}
