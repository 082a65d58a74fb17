"""The lists of cases as people work from them: all, grievances, consultations, meetings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from flask import url_for
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.models import Place
from app.security.grants import allowed_by_code
from app.services import desk, diary, edge, offers, standings
from app.services.actors import name_of
from app.services.filters import Filter as Wanted
from app.services.offers import Offer
from app.views import access, labels, trail
from app.views.lists import filters
from app.views.lists.filters import Arguments, Filter
from app.views.lists.listing import Listing
from app.views.lists.query import Heading, Page, Query, Value, basics
from app.views.lists.registry import register

Quick = list[tuple[str, dict[str, str], bool]]
COUNTED = 1_000
"""Cases that are counted; of more it is only said that there are more."""
NOTHING = {"kind": "", "late": "", "urgent": "", "mine": "", "leg": "", "page": ""}
"""What one quick filter takes the place of."""


@register
class CaseList(Listing):
    """Every case that one may see. Subclasses are the lists of one leg."""

    key = "allcases"
    endpoint = "allcases.index"
    title: Any = _l("All cases")
    prompt: Any = _l("Number, words of the title, last 4 digits of the phone")
    leg = ""
    urgency = True
    dated: Any = _l("Opened")

    def exportable(self) -> bool:
        return allowed_by_code(access.viewer().roles, "can_export", "CaseView")

    @cached_property
    def offer(self) -> Offer:
        return offers.of_leg(db.session(), self.leg) if self.leg else Offer()

    # --- reading --------------------------------------------------------------------------------

    def read(self, given: Arguments) -> Query:
        orders = frozenset(key for key, _words in self.orders() if key)
        query = basics(given, orders=orders, columns=frozenset())
        query.filters = [
            filters.switch("late", str(_("Overdue")), given),
            filters.switch("urgent", str(_("Urgent")), given),
            filters.switch("mine", str(_("With me or from me")), given),
            *self.offered(given),
        ]
        return query

    def offered(self, given: Arguments) -> list[Filter]:
        """The filters of the panel."""
        people = url_for("cases.lookup", kind="person")
        found = [filters.choice("kind", str(_("Progress")), self.kinds(), given)]
        for name, label, words in (
            ("f_state", _("State"), self.offer.states),
            ("f_category", _("Category"), self.offer.categories),
        ):
            if words:
                told = {key: text.text(labels.language()) for key, text in words.items()}
                found.append(filters.choice(name, str(label), told, given))
        found.append(self._place(given))
        found.append(filters.row("f_assignee", str(_("In whose hands")), User, given, people))
        found.append(filters.period("f_opened", str(self.dated), given))
        return found

    def _place(self, given: Arguments) -> Filter:
        url = url_for("cases.lookup", kind="place")
        return filters.row("f_place", str(_("Place")), Place, given, url)

    def kinds(self) -> dict[str, Any]:
        return {
            "open": _("Not finished"),
            "waiting": _("Waiting"),
            "done": _("Finished"),
            "cancelled": _("Cancelled"),
        }

    def orders(self) -> list[tuple[str, str]]:
        return [
            ("", str(_("Newest first"))),
            ("id", str(_("Oldest first"))),
            ("due_at", str(_("Least time left first"))),
        ]

    def quick(self, query: Query, page: Page) -> Quick:
        chosen: list[tuple[str, dict[str, str]]] = [
            (_("Not finished"), {"kind": "open"}),
            (_("Overdue"), {"late": "1"}),
            (_("Finished"), {"kind": "done"}),
            (_("With me or from me"), {"mine": "1"}),
        ]
        if self.urgency:
            chosen.insert(1, (_("Urgent"), {"urgent": "1"}))
        return [quick_(query, words, changes) for words, changes in chosen]

    def wanted(self, query: Query) -> Wanted:
        """The query as the services understand it."""
        opened, state = query.filter("f_opened"), query.value("f_state")
        return Wanted(
            leg=self.leg,
            words=query.words,
            kind=query.value("kind"),
            state=state,
            alive=bool(state) and state not in self.offer.ends,
            category=query.value("f_category"),
            overdue=query.value("late") == "1",
            urgent=query.value("urgent") == "1",
            mine=query.value("mine") == "1",
            place_id=_key(query.value("f_place")),
            assignee_id=_key(query.value("f_assignee")),
            since=filters.begin(opened) if opened else None,
            until=filters.end(opened) if opened else None,
        )

    # --- rows -----------------------------------------------------------------------------------

    def fetch(self, query: Query) -> Page:
        found = desk.listed(
            db.session(),
            access.viewer(),
            self.wanted(query),
            page=query.page,
            now=access.now(),
            by=query.sorting,
            size=query.size,
        )
        query.page = found.number
        trail.looked_up(query.words, found=bool(found.rows))
        page = Page(query, list(found.rows), found.more)
        if found.more:
            count = self._count(query)
            page.count, page.beyond = min(count, COUNTED), count > COUNTED
        return page

    def _count(self, query: Query) -> int:
        session, viewer = db.session(), access.viewer()
        wanted, by = self.wanted(query), query.sorting
        return desk.counted(session, viewer, wanted, now=access.now(), by=by, most=COUNTED)

    def headings(self, query: Query) -> tuple[Heading, ...]:
        found = [
            Heading("number", str(_("Number"))),
            Heading("title", str(_("Title"))),
            Heading("state_label", str(_("State"))),
            Heading("place", str(_("Place"))),
            Heading("party", str(_("Responsible party"))),
            Heading("assignee", str(_("In whose hands"))),
            Heading("opened_at", str(_("Opened")), "instant"),
            Heading("due_at", str(_("Due at")), "instant"),
            Heading("closed_at", str(_("Closed at")), "instant"),
        ]
        if self.offer.categories:
            found.insert(2, Heading("category", str(_("Category"))))
        return tuple(found)

    def values(self, query: Query, most: int) -> Iterator[tuple[Value, ...]]:
        names = [heading.name for heading in self.headings(query)]
        for row in self.rows(query, most):
            yield tuple(self.value(row, name) for name in names)

    def rows(self, query: Query, most: int) -> Iterator[Any]:
        yield from desk.each(
            db.session(),
            access.viewer(),
            self.wanted(query),
            now=access.now(),
            by=query.sorting,
            most=most,
        )

    def value(self, row: Any, name: str) -> Value:
        if name == "assignee":
            return name_of(row.first_name, row.last_name)
        if name == "category":
            words = self.offer.categories.get(row.category or "")
            return words.text(labels.language()) if words else row.category or ""
        held = getattr(row, name)
        if name == "state_label":
            return labels.localized(held)
        if name.endswith("_at"):
            return edge.local(held).replace(tzinfo=None) if held else None
        return "" if held is None else str(held)


def quick_(query: Query, words: str, changes: dict[str, str]) -> tuple[str, dict[str, str], bool]:
    """A quick filter: pressed again it is off; it takes the place of the other ones."""
    on = all(query.value(name) == value for name, value in changes.items())
    return str(words), NOTHING if on else {**NOTHING, **changes}, on


def _key(text: str) -> int | None:
    return int(text) if text else None


@register
class Grievances(CaseList):
    key = "grievances"
    endpoint = "grievances.index"
    title = _l("Grievances")
    leg = "grievance"


@register
class Consultations(CaseList):
    """Newest first; those of single entrances stand below their parent, and are found by
    searching."""

    key = "consultations"
    endpoint = "consultations.index"
    title = _l("Consultations")
    prompt = _l("Number or words")
    leg = "consultation"
    urgency = False

    def wanted(self, query: Query) -> Wanted:
        return replace(super().wanted(query), top=not query.words)

    def fetch(self, query: Query) -> Page:
        page = super().fetch(query)
        page.data = standings.progress(db.session(), [row.id for row in page.rows])
        return page


@register
class Meetings(CaseList):
    """The latest date first; the days are those of the meetings."""

    key = "meetings"
    endpoint = "meetings.index"
    title = _l("Meetings")
    prompt = _l("Number or words")
    leg = "meeting"
    urgency = False
    dated = _l("Date of the meeting")

    def kinds(self) -> dict[str, Any]:
        return super().kinds() | {"open": _("Not over yet"), "done": _("Over")}

    def offered(self, given: Arguments) -> list[Filter]:
        return [each for each in super().offered(given) if each.name != "f_assignee"]

    def orders(self) -> list[tuple[str, str]]:
        return [("", str(_("Latest date first"))), ("scheduled_at", str(_("Earliest date first")))]

    def quick(self, query: Query, page: Page) -> Quick:
        chosen = ((_("Not over yet"), "open"), (_("Over"), "done"))
        return [quick_(query, words, {"kind": kind}) for words, kind in chosen]

    def fetch(self, query: Query) -> Page:
        rows = self._rows(query, query.size + 1, (query.page - 1) * query.size)
        return Page(query, list(rows[: query.size]), len(rows) > query.size)

    def _rows(self, query: Query, most: int, skipped: int) -> diary.Rows:
        return diary.meetings(
            db.session(),
            access.viewer(),
            self.wanted(query),
            diary.Part(query.order == "scheduled_at", skipped, most),
            now=access.now(),
        )

    def headings(self, query: Query) -> tuple[Heading, ...]:
        return (
            Heading("number", str(_("Number"))),
            Heading("title", str(_("Title"))),
            Heading("state_label", str(_("State"))),
            Heading("scheduled_at", str(_("Begins at")), "instant"),
            Heading("room", str(_("Room"))),
            Heading("place", str(_("Place"))),
            Heading("decided", str(_("Items decided")), "number"),
            Heading("total", str(_("Items on the agenda")), "number"),
        )

    def rows(self, query: Query, most: int) -> Iterator[Any]:
        yield from self._rows(query, most, 0)

    def value(self, row: Any, name: str) -> Value:
        if name in ("decided", "total"):
            return int(getattr(row, name))
        return super().value(row, name)
