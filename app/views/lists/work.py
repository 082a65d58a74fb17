"""My work as a list: two desks, by leg and by time left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.services import desk
from app.services.desk import Desk
from app.services.offers import Offer
from app.views import access, labels
from app.views.lists import filters
from app.views.lists.cases import CaseList, Quick, quick_
from app.views.lists.filters import Arguments, Filter
from app.views.lists.query import Page, Query, basics
from app.views.lists.registry import register
from app.workflows.registry import LEGS


@dataclass(frozen=True, slots=True)
class Piles:
    """How much lies where; ``legs`` are of the chosen pile."""

    mine: str
    others: str
    legs: dict[str, int]
    late: int


@register
class Work(CaseList):
    """What lies on one's desk: at most desk.MOST cases are looked at, so that it is quick."""

    key = "work"
    endpoint = "work.index"
    title = _l("My work")
    prompt = ""

    @cached_property
    def offer(self) -> Offer:
        return Offer()

    def read(self, given: Arguments) -> Query:
        orders = frozenset(key for key, _words in self.orders() if key)
        query = basics(given, orders=orders, columns=frozenset())
        others = "others" if given.get("tab") == "others" else ""
        query.words = ""
        query.filters = [
            Filter("tab", str(_("Waiting for others")), "switch", others),
            Filter("leg", str(_("Leg")), "switch", str(given.get("leg", ""))[:60]),
            filters.switch("late", str(_("Overdue")), given),
            filters.switch("urgent", str(_("Urgent")), given),
            self._place(given),
            filters.period("f_opened", str(self.dated), given),
        ]
        return query

    def orders(self) -> list[tuple[str, str]]:
        return [
            ("", str(_("Least time left first"))),
            ("-id", str(_("Newest first"))),
            ("id", str(_("Oldest first"))),
        ]

    def quick(self, query: Query, page: Page) -> Quick:
        """Each leg with how much of it there is, and what is urgent."""
        legs: dict[str, int] = page.data.legs
        chosen = [
            quick_(query, f"{leg_name(leg)} {count}", {"leg": leg})
            for leg, count in sorted(legs.items())
            if len(legs) > 1 or query.value("leg") == leg
        ]
        for words, name in ((_("Overdue"), "late"), (_("Urgent"), "urgent")):
            chosen.append(quick_(query, words, {name: "1"}))
        return chosen

    def fetch(self, query: Query) -> Page:
        found = self._desk(query)
        pile = found.others if query.value("tab") else found.mine
        legs: dict[str, int] = {}
        for row in pile:
            legs[row.leg] = legs.get(row.leg, 0) + 1
        chosen = self._chosen(query, found)
        last = max(-(-len(chosen) // query.size), 1)
        query.page = min(query.page, last)
        begin = (query.page - 1) * query.size
        late = sum(1 for row in chosen if row.due_at is not None and row.due_at < access.now())
        piles = Piles(_count(found.mine), _count(found.others), legs, late)
        rows = chosen[begin : begin + query.size]
        return Page(query, rows, query.page < last, len(chosen), found.more, data=piles)

    def _desk(self, query: Query) -> Desk:
        return desk.work(
            db.session(),
            access.viewer(),
            self.wanted(query),
            now=access.now(),
            by=query.sorting or "due_at",
        )

    def _chosen(self, query: Query, found: Desk) -> list[Any]:
        leg = query.value("leg")
        pile = found.others if query.value("tab") else found.mine
        return [row for row in pile if not leg or row.leg == leg]

    def rows(self, query: Query, most: int) -> Iterator[Any]:
        yield from self._chosen(query, self._desk(query))[:most]


def leg_name(key: str) -> str:
    entry = LEGS.get(key)
    return key if entry is None else entry.label.text(labels.language())


def _count(rows: tuple[Any, ...]) -> str:
    return f"{desk.MOST}+" if len(rows) >= desk.MOST else str(len(rows))
