"""Who is told when nobody holds the place of those whom a deadline names.

Up the tree of places to whoever answers for the area; and where there is nobody either, the
administrators learn that a deadline has nobody to tell, once a day for each place and notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.permissions import Role
from app.services import edge, outbox
from app.services.audience import ADMINISTRATORS
from app.services.providers import Step
from app.services.recipients import resolve
from app.workflows.spec import Label, Notice
from app.workflows.templates import document

LADDER = (f"role:{Role.SECRETARY}", f"above:{Role.SUBDISTRICT}", f"role:{Role.SUBDISTRICT}")
_ELSEWHERE = frozenset({"resident", "invited"})
"""Whom the place tree knows nothing of."""

ALARM = Notice(
    key="alarm",
    to=(ADMINISTRATORS,),
    channels=("inapp", "email"),
    subject=Label(zh="无人可通知：{place} {number}", en="Nobody to tell: {place}, {number}"),
    body=Label(
        zh="“{title}”的时限到了，但{place}及其上级没有人担任应收通知的角色，请尽快指定人员。{link}",
        en="A deadline of “{title}” has come, and nobody at {place} or above holds a role that "
        "is told of it. Please appoint somebody. {link}",
    ),
)


@dataclass(slots=True)
class Prepared:
    """Notices to be written, and what the event shall say of those who stood in."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    instead: list[dict[str, str]] = field(default_factory=list)


def prepare(step: Step, notices: Iterable[Notice], *, cause: str, due: datetime | None) -> Prepared:
    """As ``outbox.prepare`` for services.ledger, but somebody is told in any case."""
    found = Prepared()
    for notice in notices:
        if resolve(step, notice.to) or _ELSEWHERE & set(notice.to):
            found.rows += outbox.prepare(step, (notice,), cause=cause, due=due, wording=document)
            continue
        name = next((name for name in LADDER if resolve(step, (name,))), None)
        found.instead.append({"notice": notice.key, "to": name or ADMINISTRATORS})
        if name is not None:
            other = notice.model_copy(update={"to": (name,)})
            found.rows += outbox.prepare(step, (other,), cause=cause, due=due, wording=document)
        else:
            once = f"alarm:{step.case.place_id}:{notice.key}:{edge.today(step.now)}"
            found.rows += outbox.prepare(step, (ALARM,), cause=once, due=due, wording=document)
    return found
