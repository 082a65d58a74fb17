"""Which deadlines are promises that count, and when each of them was kept or missed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app import models as m

RESPONSE, RESOLUTION = "response", "resolution"
_case, _clock = m.Case, m.Clock

decided = sa.func.coalesce(
    _clock.breached_at, sa.func.least(_clock.stopped_at, _clock.due_at), type_=_clock.due_at.type
)
"""When it was known whether a promise was kept: when it was met, or when its time was over. Still
empty, or in the future, while it runs."""
_IN_TIME = sa.and_(
    _clock.breached_at.is_(None),
    _clock.stopped_at.is_not(None),
    sa.or_(_clock.due_at.is_(None), _clock.stopped_at <= _clock.due_at),
)
KEPT = sa.func.coalesce(_IN_TIME, sa.false())
EXTENDED = _clock.extended > 0


def measure(key: Any = _clock.key) -> sa.ColumnElement[str]:
    """Response or resolution, by how the deadline's key begins."""
    first = sa.or_(key.startswith("first_reply"), key.startswith("take_on"))
    return sa.case((first, RESPONSE), else_=RESOLUTION)


def of_cases(key: sa.ColumnElement[Any], *, duties: bool) -> sa.Select[Any]:
    """Every promise of cases, to be narrowed to some: ``key``, measure, ``at`` (when it was
    decided), ``stopped``, and whether it was kept, extended, given again; ``void`` ones don't
    count. A part has promises of its own beside those of the grievance that it belongs to.

    Void is what stopped in time but not because it was met: the case was called off, or another
    promise of the same measure took its place, because the case has become urgent. What had been
    missed before that stays missed.
    """
    begins = ("take_on", "handling") if duties else ("first_reply", "resolution")
    following = sa.func.lead(_clock.started_at).over(
        partition_by=(_clock.case_id, measure()), order_by=(_clock.started_at, _clock.id)
    )
    replaced = sa.func.coalesce(following == _clock.stopped_at, sa.false())
    called_off = sa.and_(_case.state_kind == "cancelled", _case.closed_at == _clock.stopped_at)
    left = sa.or_(called_off, replaced)
    return (
        sa.select(
            key.label("key"),
            _clock.case_id.label("case_id"),
            measure().label("measure"),
            decided.label("at"),
            _clock.stopped_at.label("stopped"),
            KEPT.label("kept"),
            EXTENDED.label("extended"),
            (_clock.round > 1).label("again"),
            sa.and_(KEPT, left).label("void"),
            left.label("left"),
        )
        .select_from(_case)
        .join(_clock, _clock.case_id == _case.id)
        .where(sa.or_(*(_clock.key.startswith(word, autoescape=True) for word in begins)))
    )
