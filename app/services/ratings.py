"""Stars: what the resident says of how a grievance was handled."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app import models as m
from app.services.providers import Step, effect, fact
from app.workflows.engine import Fact
from app.workflows.spec import FieldType

COMMENT = "comment"
"""The field whose text is kept as the words that go with the stars."""


@fact("rating.stars")
def _stars(step: Step) -> Fact:
    for spec in step.spec.fields:
        value = step.data.get(spec.key) if spec.type is FieldType.RATING else None
        if value is not None and str(value).isdecimal():
            return Fact(int(value))
    query = sa.select(m.Grievance.stars).where(m.Grievance.case_id == step.case.id)
    return Fact(step.session.scalar(query))


@effect("rating.request")
def _request(step: Step) -> dict[str, Any]:
    """The link shows the stars by itself once the workflow lets the resident give them; recorded
    here is that they were asked for, for the rate of answers."""
    return {"asked": True}


@effect("rating.record")
def _record(step: Step) -> dict[str, Any]:
    stars = _stars(step).value
    step.session.execute(
        sa.update(m.Grievance)
        .where(m.Grievance.case_id == step.case.id)
        .values(stars=stars, comment=step.data.get(COMMENT) or "", rated_at=step.now)
    )
    return {"stars": stars}
