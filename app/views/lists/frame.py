"""A list as this person opens it: the address, their saved views, what they last chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import db
from app.services import saved
from app.services.saved import Known, Saved
from app.views import access
from app.views.lists.filters import Arguments, Filter
from app.views.lists.listing import Listing
from app.views.lists.query import LAST_PAGE, SIZES, Page, Query

TARGET = "list"
"""The id of the part of a page that htmx exchanges."""
NONE = "0"
"""``view=0``: all of the list, although it opens with a view."""


@dataclass(slots=True)
class Frame:
    """What the macros of ``lists.html`` draw."""

    listing: Listing
    known: Known
    view: Saved | None
    arguments: dict[str, str]
    query: Query
    page: Page

    def address(self, **changes: Any) -> str:
        """This list with other arguments; empty ones are left out."""
        values = {**self.arguments, **changes}
        kept = {name: str(value) for name, value in values.items() if value not in ("", None)}
        if not kept.keys() - {"view"}:
            kept = {"view": NONE} if self.known.usual else {}
        return self.listing.address(kept)

    @property
    def home(self) -> str:
        """All of it, in the usual order."""
        return self.listing.address({"view": NONE} if self.known.usual else {})

    def view_url(self, view: Saved) -> str:
        return self.listing.address({"view": str(view.id)})

    @property
    def present(self) -> dict[str, str]:
        """What a saved view would keep of this page."""
        return worth(self.listing, self.arguments)

    @property
    def changed(self) -> bool:
        """The page is no longer what its view says."""
        return self.view is not None and self.present != worth(self.listing, self.view.query)

    @property
    def bare(self) -> bool:
        """Nothing is there, and nothing that could be narrowed."""
        query = self.query
        asked = query.narrowed or query.misunderstood or self.view is not None
        return not self.page.rows and not asked and query.page == 1

    @property
    def savable(self) -> bool:
        return bool(self.present) and (self.view is None or self.changed)

    @property
    def panel(self) -> list[Filter]:
        """The filters that are drawn in the panel."""
        return [each for each in self.query.filters if each.kind != "switch"]

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What narrows the list and no quick filter shows: words, and the address without it."""
        found = []
        if self.query.words:
            words = _("“%(words)s”", words=self.query.words)
            found.append((words, self.address(q="", page="")))
        quick = {name for _text, changes, on in self.quick if on for name in changes if on}
        found += [
            (
                _("%(label)s: %(value)s", label=each.label, value=each.text),
                self.address(**each.without()),
            )
            for each in self.panel
            if each.on and each.name not in quick
        ]
        return found

    @property
    def quick(self) -> list[tuple[str, dict[str, str], bool]]:
        return self.listing.quick(self.query, self.page)

    @property
    def count_text(self) -> str:
        """How many there are, as far as that is known."""
        page = self.page
        if page.count is None and not page.more:
            return entries(page.last if page.rows else 0)
        if page.count is None:
            return str(_("Entries %(first)s to %(last)s", first=page.first, last=page.last))
        if page.beyond:
            return str(_("More than %(count)s entries", count=page.count))
        return entries(page.count)

    @property
    def later(self) -> str:
        """The address of the next page; empty on the last."""
        number = self.query.page
        return self.address(page=number + 1) if self.page.more and number < LAST_PAGE else ""

    @property
    def earlier(self) -> str:
        number = self.query.page
        return self.address(page=number - 1 if number > 2 else "") if number > 1 else ""

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES

    @property
    def may_share(self) -> bool:
        return saved.may_share(access.viewer())

    @property
    def chosen(self) -> list[tuple[str, str, bool]]:
        """All columns to choose from, the shown ones first and in their order."""
        words = self.listing.choosable()
        shown = [name for name in self.listing.shown(self.query) if name in words]
        rest = [name for name in words if name not in shown]
        return [(name, words[name], name in shown) for name in (*shown, *rest)]

    @property
    def export_url(self) -> str:
        if not self.page.rows or not self.listing.exportable():
            return ""
        return self.listing.export_url({**self.present, **_chosen(self.query, self.known)})

    def post_url(self, action: str, **values: Any) -> str:
        return url_for(f"lists.{action}", key=self.listing.key, **values)


def entries(count: int) -> str:
    return str(_("1 entry") if count == 1 else _("%(count)s entries", count=count))


def worth(listing: Listing, arguments: Arguments) -> dict[str, str]:
    """Those arguments that a view keeps."""
    names = listing.names()
    return {name: text for name, text in arguments.items() if name in names and text}


def _chosen(query: Query, known: Known) -> dict[str, str]:
    return {"columns": ",".join(query.columns)} if query.columns else {}


def open_(listing: Listing) -> Frame:
    """The list under this request's address; without one, under the view that it opens with."""
    known = saved.known(db.session(), access.viewer(), listing.key)
    given = request.args.to_dict()
    view = known.view(given["view"]) if "view" in given else None
    if view is None and not given:
        view = known.usual
    if view is not None and given.keys() <= {"view", "page"}:
        given = {**worth(listing, view.query), **given, "view": str(view.id)}
    given = {name: text for name, text in given.items() if text}
    left: dict[str, str] = {n: known.left[n] for n in ("size", "columns") if n in known.left}
    query = listing.read({**left, **given})
    return Frame(listing, known, view, given, query, listing.fetch(query))


def partial() -> bool:
    """htmx wants the list alone, to put it in place."""
    headers = request.headers
    return headers.get("HX-Target") == TARGET and "HX-History-Restore-Request" not in headers


def render(template: str, frame: Frame, **more: Any) -> Response:
    """The page, or the list alone; both have one address, so a cache must tell them apart."""
    layout = "part.html" if partial() else "layout.html"
    page = Response(
        render_template(template, layout=layout, list=frame, **more), mimetype="text/html"
    )
    page.vary.add("HX-Target")
    return page
