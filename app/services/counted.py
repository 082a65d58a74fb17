"""A deadline that was counted anew and differs: what is different, and what its history says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.models import EventKind
from app.services import definitions, edge, rows
from app.services.actors import Viewer
from app.services.providers import CaseRow


@dataclass(frozen=True, slots=True)
class Moved:
    """A clock that is due at another time than its row says."""

    clock_id: int
    case_id: int
    number: str
    title: str
    label: dict[str, str]
    before: datetime | None
    after: datetime | None
    overdue: bool
    """It turns late by this."""
    relieved: bool
    """It was late and no longer is."""


@dataclass(frozen=True, slots=True)
class Counted:
    """``row`` is the clock as it is, ``columns`` what it should be."""

    row: Any
    case: CaseRow
    columns: dict[str, Any]
    moved: Moved


def event(
    session: Session, one: Counted, reason: str, actor: Viewer, now: datetime
) -> dict[str, Any]:
    case, label = one.case, one.row.label
    state = definitions.compiled(session, case.version_id).states[case.state]
    zh, en = what(one)
    return rows.record(
        kind=EventKind.CORRECTED,
        event="recount",
        label={
            "zh": f"“{label['zh']}”重新计算，{zh}",
            "en": f"“{label.get('en') or label['zh']}” counted anew, {en}",
        },
        places=(case.state, case.state, state.label.both()),
        actor=actor,
        now=now,
        data={
            "clock": one.row.key,
            "round": one.row.round,
            "reason": reason,
            "due": {
                "before": one.moved.before and one.moved.before.isoformat(),
                "after": one.moved.after and one.moved.after.isoformat(),
            },
        },
    )


def what(one: Counted) -> tuple[str, str]:
    """What is different now, in zh and en: often only a reminder."""
    due, ahead = edge.shown(one.moved.after), edge.shown(one.columns["next_at"])
    if one.moved.before != one.moved.after:
        return f"到期时间为 {due or '—'}", f"due {due or 'open'}"
    if one.row.next_at != one.columns["next_at"]:
        return f"下次提醒为 {ahead or '—'}", f"next reminder {ahead or 'none'}"
    if one.row.provisional != one.columns["provisional"]:
        leans = one.columns["provisional"]
        return (
            ("到期时间为暂定", "due time provisional")
            if leans
            else ("到期时间已确定", "due time settled")
        )
    return "超期记录已更正", "its being late corrected"
