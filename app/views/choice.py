"""What a report is about, read from the address: period, place, category, party, table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import request, url_for
from sqlalchemy.orm import Session

from app import models as m
from app.extensions import db
from app.services import candidates, definitions, edge
from app.services.actors import Viewer
from app.services.figures import By, Kind, Span, Within
from app.services.figures.span import LONGEST
from app.services.grievances import WORKFLOW
from app.services.places import address
from app.services.scope import places_below, visible
from app.views import access, labels
from app.views.fields import clean

USUAL = timedelta(days=29)
"""Days of one's own choice are thirty until they are chosen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``place``, ``category`` and ``party`` are the words for what is chosen; ``parties`` are to
    choose from. ``missed`` were typed and fit nothing, or not one thing alone."""

    span: Span
    within: Within
    by: By
    place: str = ""
    category: str = ""
    party: str = ""
    missed: tuple[str, ...] = ()
    places_url: str = ""
    parties_url: str = ""
    categories: Mapping[str, str] | None = None
    bys: tuple[By, ...] = tuple(By)
    party_id: int | None = None

    def query(self, **changes: Any) -> dict[str, Any]:
        """The arguments of an address that asks for this, or for this with something changed."""
        span: Span = changes.get("span", self.span)
        found: dict[str, Any] = {"period": span.kind.value}
        if span.kind is Kind.CUSTOM:
            found |= {"from": span.first.isoformat(), "to": span.last.isoformat()}
        else:
            found["day"] = span.first.isoformat()
        found["place"] = changes.get("place", self.within.place_id)
        found["category"] = changes.get("category", self.within.category) or None
        found["party"] = changes.get("party", self.party_id)
        found["by"] = changes.get("by", self.by)
        return {key: str(value) for key, value in found.items() if value is not None}


def chosen(viewer: Viewer, *, narrow: bool) -> Choice:
    """What this request asks for. ``narrow``: only about the viewer's own parties. What lies
    outside the viewer's scope counts as not chosen."""
    session = db.session()
    missed: list[str] = []
    place_id, place = _pick(session, viewer, "place", missed)
    party_id, party = (None, "") if narrow else _pick(session, viewer, "party", missed)
    known = categories(session)
    category = clean(request.args.get("category"))
    category = category if category in known else ""
    own = viewer.parties if narrow else frozenset(() if party_id is None else (party_id,))
    return Choice(
        span=span(),
        within=Within(place_id, category, own),
        by=_by(tuple(By)),
        place=place,
        category=known.get(category, ""),
        party=party,
        missed=tuple(missed),
        places_url=url_for("cases.lookup", kind="place"),
        parties_url="" if narrow else url_for("cases.lookup", kind="party"),
        categories=known,
        party_id=party_id,
    )


def span() -> Span:
    """The period of the address; this month when it names none."""
    today = edge.today(access.now())
    kind = next((k for k in Kind if k == request.args.get("period")), Kind.MONTH)
    if kind is Kind.CUSTOM:
        last = _date("to") or today
        first = _date("from") or last - USUAL
        first, last = min(first, last), max(first, last)
        return Span(kind, max(first, last - LONGEST), last)
    return Span.around(kind, _date("day") or today)


def _date(name: str) -> date | None:
    try:
        found = date.fromisoformat(clean(request.args.get(name)))
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None


def _by(allowed: tuple[By, ...]) -> By:
    return next((by for by in allowed if by == request.args.get("by")), allowed[0])


def _pick(session: Session, viewer: Viewer, kind: str, missed: list[str]) -> tuple[int | None, str]:
    """The place or party that was chosen; or, without script, the only one that fits the words."""
    raw, typed = clean(request.args.get(kind)), clean(request.args.get(f"{kind}-text"))[:100]
    if raw.isascii() and raw.isdecimal() and len(raw) < 19:
        text = _named(session, viewer, kind, int(raw))
        return (None, "") if text is None else (int(raw), text)
    if not typed:
        return None, ""
    items = candidates.find(session, viewer, [kind], words=typed)[kind].items
    exact = [item for item in items if item.text == typed]
    found = exact if len(exact) == 1 else items
    if len(found) == 1:
        return found[0].id, found[0].text
    missed.append(typed)
    return None, ""


def _named(session: Session, viewer: Viewer, kind: str, id_: int) -> str | None:
    """Its words, if the viewer may see it."""
    if kind == "party":
        query = sa.select(m.Party.name).where(m.Party.id == id_, visible(viewer, m.Party))
    else:
        scope = sa.true() if viewer.everywhere else places_below(viewer)
        query = sa.select(address(m.Place.id)).where(m.Place.id == id_, scope)
    found: str | None = session.scalar(query)
    return found


def categories(session: Session) -> dict[str, str]:
    """The categories of new grievances, in the reader's language."""
    current = definitions.current(session, WORKFLOW)
    compiled = definitions.compiled(session, current.version_id)
    field = compiled.fields.get("category")
    options = field.options if field is not None else ()
    return {option.key: option.label.text(labels.language()) for option in options}
