"""The part of the case page that shows how a consultation stands."""

from __future__ import annotations

import sqlalchemy as sa
from flask import render_template

from app.extensions import db
from app.models import Case, RuleSet
from app.services import opinions, rolls, schemes, standings
from app.services.actors import Viewer
from app.services.cases import Shown
from app.services.scope import visible
from app.views.consultation import frame
from app.views.consultation.figures import bars
from app.views.panels import panel

CHILDREN_SHOWN = 200


@panel("consultation")
def draw(shown: Shown, viewer: Viewer) -> str:
    session, case_id = db.session(), shown.case.id
    standing = standings.standing(session, case_id)
    children = session.execute(
        sa.select(Case.id, Case.title, Case.state_label, Case.state_kind)
        .where(Case.parent_id == case_id, Case.leg == "consultation", visible(viewer, Case))
        .order_by(Case.id)
        .limit(CHILDREN_SHOWN)
    ).all()
    return render_template(
        "consultation/panel.html",
        shown=shown,
        standing=standing,
        rule_set=session.get_one(RuleSet, standing.consultation.rule_set_id),
        size=rolls.size(session, standing.consultation),
        bars=bars(standing.counted),
        children=children,
        progress=standings.progress(session, [row.id for row in children]) if children else {},
        record=frame.choice(shown, opinions.EVENT),
        add=frame.choice(shown, schemes.EVENT),
        leads=not _has_next(shown),
    )


def _has_next(shown: Shown) -> bool:
    """Whether a button of the case page is the usual next step: then the panel's isn't."""
    own = (opinions.EVENT, schemes.EVENT)
    return any(
        choice.allowed and choice.transition.primary and choice.transition.key not in own
        for choice in shown.choices
    )
