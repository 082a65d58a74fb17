"""Those who look after a workflow in a place: they are told when it can't follow its template."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role
from sqlalchemy.orm import Session

from app import models as m
from app.models import Staff, Variation
from app.permissions import Role
from app.services import edge, outbox
from app.services.publications import Made

ROLES = (Role.SECRETARY, Role.WORKFLOW_ADMIN)
"""Who may vary a workflow for a place that they are bound to; grants.py says so too."""


def tell(
    session: Session, made: Made, version: m.WorkflowVersion, stuck: Sequence[Variation]
) -> int:
    """A notice to the wardens of each place whose variation didn't fit ``version``; returns how
    many were told. Flushes."""
    if not stuck:
        return 0
    holders = _holders(session, made, [own.place_id for own in stuck])
    rows = []
    for own in stuck:
        people = holders.get(own.place_id, set()) | {own.changed_by_id or 0}
        rows += [_row(made, version, own, user_id) for user_id in sorted(people - {0})]
    return outbox.write(session, rows)


def _holders(session: Session, made: Made, places: list[int]) -> dict[int, set[int]]:
    today = edge.today(made.now)
    query = (
        sa.select(Staff.place_id, Staff.user_id)
        .join(User, User.id == Staff.user_id)
        .join(assoc_user_role, assoc_user_role.c.user_id == Staff.user_id)
        .join(RoleRow, RoleRow.id == assoc_user_role.c.role_id)
        .where(
            User.active.is_(True),
            RoleRow.name.in_(ROLES),
            Staff.place_id.in_(places),
            Staff.since <= today,
            sa.or_(Staff.until.is_(None), Staff.until >= today),
        )
    )
    found: dict[int, set[int]] = {}
    for place_id, user_id in session.execute(query):
        found.setdefault(place_id, set()).add(user_id)
    return found


def _row(made: Made, version: m.WorkflowVersion, own: Variation, user_id: int) -> dict[str, object]:
    zh, en = made.row.label_zh, made.row.label_en or made.row.label_zh
    why = own.problems
    return {
        "user_id": user_id,
        "channel": "inapp",
        "key": "variation.stuck",
        "subject": {
            "zh": f"“{zh}”更新到第 {version.number} 版，{own.place}的本地调整没有跟上",
            "en": f"“{en}” is at version {version.number}; the variation of {own.place} is not",
        },
        "body": {
            "zh": f"{own.place}的新事项仍按原来的版本办理。原因："
            + "；".join(each["zh"] for each in why)
            + "。请修改本地调整后重新发布。",
            "en": f"New cases of {own.place} go on with the version before. Why: "
            + "; ".join(each["en"] for each in why)
            + ". Change the variation and publish it again.",
        },
        "path": f"/workflows/{made.row.id}/places/{own.place_id}",
        "dedupe": f"variation:{own.id}:{version.id}:{user_id}:{made.now:%Y%m%d%H%M%S}",
        "created_at": made.now,
        "next_at": made.now,
    }
