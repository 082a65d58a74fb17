"""What the filters of a leg's lists offer: states and categories of its published workflows."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import definitions
from app.workflows.engine import Compiled
from app.workflows.spec import Label

CATEGORY = "category"
"""The field that ``ix_case_category`` is about."""


@dataclass(frozen=True, slots=True)
class Offer:
    """By key, in the order of the files."""

    states: dict[str, Label] = field(default_factory=dict)
    categories: dict[str, Label] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)
    """States in which a case is finished."""


def of_leg(session: Session, leg: str) -> Offer:
    """Of the versions that new cases begin on; one statement once they are compiled."""
    found = Offer()
    for version_id in session.scalars(
        sa.select(m.Workflow.current_id)
        .where(m.Workflow.current_id.is_not(None))
        .order_by(m.Workflow.id)
    ):
        compiled = definitions.compiled(session, int(version_id or 0))
        if compiled.spec.leg == leg:
            _add(found, compiled)
    return found


def _add(found: Offer, compiled: Compiled) -> None:
    for state in compiled.spec.states:
        found.states.setdefault(state.key, state.label)
        if state.kind.ended:
            found.ends.add(state.key)
    if CATEGORY in compiled.fields:
        for option in compiled.fields[CATEGORY].options:
            found.categories.setdefault(option.key, option.label)
