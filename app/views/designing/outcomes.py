"""What a move did with each case, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from app import models as m
from app.models import Migration, MoveOutcome
from app.services.actors import Viewer
from app.services.scope import visible

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """``outcome`` empty: all of them; ``undo``: what came of undoing it."""

    rows: Sequence[Any]
    number: int
    more: bool
    outcome: str
    undo: bool


def outcomes(session: Session, made: Migration, viewer: Viewer) -> Page:
    """The page that the address asks for, as far as the viewer may see the cases."""
    number = request.args.get("page", "1")
    page = max(int(number), 1) if number.isascii() and number.isdecimal() and len(number) < 5 else 1
    undo = request.args.get("undo") == "1"
    wanted = request.args.get("outcome", "")
    outcome = wanted if wanted in {one.value for one in MoveOutcome} else ""
    kept = m.Migrated
    query = (
        sa.select(
            m.Case.id,
            m.Case.number,
            m.Case.title,
            m.Case.state_label,
            kept.outcome,
            kept.text,
        )
        .join(m.Case, m.Case.id == kept.case_id)
        .where(kept.migration_id == made.id, kept.undo == undo, visible(viewer, m.Case))
        .order_by(kept.id)
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    if outcome:
        query = query.where(kept.outcome == outcome)
    found = session.execute(query).all()
    return Page(found[:PAGE], page, len(found) > PAGE, outcome, undo)
