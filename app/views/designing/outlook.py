"""What a draft would mean: who would hold its roles where, and which past cases its new deadlines
would have made overdue. Both come after the page that asks for them."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from app.errors import InvalidError
from app.extensions import db
from app.models import Workflow
from app.services import drafts, edge, estimates, holders
from app.services.estimates import Estimate
from app.services.holders import Spot
from app.views import access
from app.views.designing.frame import joined, must, pages, row_of
from app.workflows.spec import Workflow as Spec

NAMED = 6
"""Places or people that are named before it says how many more."""
SPOTS = 40
"""Lines of a role."""


@pages.get("/<int:workflow_id>/holders")
def holders_(workflow_id: int) -> str:
    row = row_of(workflow_id)
    must("can_show", row)
    spec = _draft(row)
    table = holders.table(db.session(), access.viewer(), spec, access.now()) if spec else []
    return _shown("definitions/holding.html", row, spec=spec, table=table, spots=SPOTS)


@pages.get("/<int:workflow_id>/estimates")
def estimates_(workflow_id: int) -> str:
    row = row_of(workflow_id)
    must("can_show", row)
    spec = _draft(row)
    found = estimates.of(db.session(), access.viewer(), row, spec, access.now()) if spec else None
    return _shown(
        "definitions/estimating.html", row, spec=spec, found=found, days=estimates.DAYS, said=_said
    )


def _draft(row: Workflow) -> Spec | None:
    """None: its rows make no workflow yet, which the overview says."""
    try:
        return drafts.spec(row)
    except InvalidError:
        return None


def _shown(part: str, row: Workflow, **values: Any) -> str:
    """The part alone for a page that waits for it, else a page around it."""
    template = part if access.is_partial() else "definitions/outlook.html"
    return render_template(
        template, row=row, part=part, places=_places, people=_people, day=edge.shown, **values
    )


def _places(spot: Spot) -> str:
    return _some(list(spot.places))


def _people(spot: Spot) -> str:
    """With the place to which each is bound, once for all of one place."""
    by_place: dict[str, list[str]] = {}
    for holder in spot.holders:
        by_place.setdefault(holder.place, []).append(holder.name)
    found = []
    for place, names in by_place.items():
        known = [name for name in names if name]
        found.append(
            _("%(people)s (%(place)s)", people=_some(known), place=place) if known else place
        )
    return _some(found)


def _some(texts: list[str]) -> str:
    more = len(texts) - NAMED
    if more <= 0:
        return joined(texts)
    words = ngettext("and %(num)s more", "and %(num)s more", more)
    return f"{joined(texts[:NAMED])} {words}"


def _said(one: Estimate) -> str:
    if not one.cases:
        return str(_("It would have run in none of them."))
    values = {"cases": one.cases, "overdue": one.overdue, "percent": one.percent}
    text = _("Of %(cases)s cases %(overdue)s (%(percent)s%%) would have been overdue.", **values)
    if one.before is not None:
        text += " " + _("By the version in force: %(before)s.", before=one.before)
    return str(text)
