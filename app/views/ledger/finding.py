"""Finding rows by words, within the scope of who asks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app import models as m
from app.services import search
from app.services.actors import Viewer
from app.services.scope import visible
from app.views import labels
from app.views.ledger import columns

SHOWN = 20
"""Hits that a searching select shows; more are found by more words."""

FOUND_CASES = 2000

WORDS: dict[type[Any], tuple[Any, ...]] = {
    m.Place: (m.Place.name,),
    m.Party: (m.Party.name,),
    m.Person: (m.Person.name,),
    m.Workflow: (m.Workflow.label_zh, m.Workflow.label_en, m.Workflow.key),
    m.DraftState: (m.DraftState.key, m.DraftState.label_zh),
    m.DraftTransition: (m.DraftTransition.key, m.DraftTransition.label_zh),
    m.DraftDeadline: (m.DraftDeadline.key, m.DraftDeadline.label_zh),
    m.DraftNotice: (m.DraftNotice.key, m.DraftNotice.label_zh),
    m.DraftField: (m.DraftField.key, m.DraftField.label_zh),
    m.DraftChild: (m.DraftChild.key, m.DraftChild.label_zh),
    m.DraftTest: (m.DraftTest.key, m.DraftTest.label_zh),
    m.Attachment: (m.Attachment.name,),
    m.Grievance: (m.Grievance.reporter, m.Grievance.address),
    m.Attendance: (m.Attendance.name,),
    m.AgendaItem: (m.AgendaItem.title,),
    m.Position: (m.Position.spoken_by, m.Position.reason),
    m.Decision: (m.Decision.text,),
    m.Unit: (m.Unit.label,),
    m.Owner: (m.Owner.name,),
    m.RuleSet: (m.RuleSet.label_zh, m.RuleSet.label_en, m.RuleSet.key),
    m.Scheme: (m.Scheme.title,),
    m.RollHead: (m.RollHead.name,),
    m.RollUnit: (m.RollUnit.label,),
    m.Opinion: (m.Opinion.reason,),
    m.AccessEvent: (m.AccessEvent.username,),
    RoleRow: (RoleRow.name,),
    User: (
        User.username,
        User.email,
        sa.func.concat(User.last_name, User.first_name),
        sa.func.concat(User.first_name, " ", User.last_name),
    ),
}
"""Columns that words are looked for in. Tables that grow without end are reached through the words
of their case instead, which have an index."""

CASES: dict[type[Any], Any] = {
    m.Event: m.Event.case_id,
    m.Clock: m.Clock.case_id,
    m.Notice: m.Notice.case_id,
    m.Attachment: m.Attachment.case_id,
    m.Grievance: m.Grievance.case_id,
    m.Meeting: m.Meeting.case_id,
    m.Consultation: m.Consultation.case_id,
    m.Migrated: m.Migrated.case_id,
}

columns.LEAN.update(
    {
        m.Case: (m.Case.number, m.Case.title, m.Case.state_kind),
        User: (User.first_name, User.last_name, User.username),
        m.WorkflowVersion: (m.WorkflowVersion.workflow_id, m.WorkflowVersion.number),
    }
)


def matching(viewer: Viewer, model: type[Any], words: str) -> ColumnElement[bool] | None:
    """The condition that a row holds all the words; None when there is nothing to look for.

    Rows that hang on cases are found by the words of the newest FOUND_CASES that the viewer sees:
    as an array, so that the planner begins with these and not with all rows in scope.
    """
    parts = words.split()[:8]
    if not parts:
        return None
    if model is m.Case:
        return _case(words)
    ways = [sa.and_(*(_holds(text, part) for part in parts)) for text in WORDS.get(model, ())]
    if model in CASES:
        cases = (
            sa.select(m.Case.id)
            .where(_case(words), visible(viewer, m.Case))
            .order_by(m.Case.id.desc())
            .limit(FOUND_CASES)
            .scalar_subquery()
        )
        found = sa.func.array(cases, type_=ARRAY(sa.BigInteger))
        ways.append(CASES[model] == sa.any_(found))
    return sa.or_(*ways) if ways else sa.false()


def _case(words: str) -> ColumnElement[bool]:
    pairs = search.matching(m.Case.words, words)
    return sa.false() if pairs is None else pairs


def _holds(text: Any, part: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = text.icontains(part, autoescape=True)
    return condition


def searchable(model: type[Any]) -> bool:
    return model is m.Case or model in WORDS or model in CASES


def hits(
    session: Session, viewer: Viewer, model: type[Any], words: str, limit: int = SHOWN
) -> list[Any]:
    """Rows that the viewer may see and that hold the words: one more than ``limit`` tells that
    there are more."""
    query = sa.select(model).where(visible(viewer, model)).limit(limit + 1)
    condition = matching(viewer, model, words)
    if condition is not None:
        query = query.where(condition)
    if model is User:
        query = query.where(User.active)
    return list(session.scalars(query.order_by(*_order(model))))


def one(session: Session, viewer: Viewer, model: type[Any], key: str) -> Any | None:
    """The row with this key, if the viewer may see it."""
    primary = sa.inspect(model).primary_key[0]
    known = parse_key(primary, key)
    if known is None:
        return None
    return session.scalar(sa.select(model).where(primary == known, visible(viewer, model)))


def parse_key(primary: sa.Column[Any], key: Any) -> int | str | None:
    """The key as its column holds it; None for what no row can have."""
    text = str(key)
    if not isinstance(primary.type, sa.Integer):
        return text if len(text) <= 200 and text.isprintable() else None
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    most = 2**63 - 1 if isinstance(primary.type, sa.BigInteger) else 2**31 - 1
    return int(text) if int(text) <= most else None


def _order(model: type[Any]) -> tuple[Any, ...]:
    primary = sa.inspect(model).primary_key[0]
    if model is m.Place:
        return (sa.func.length(m.Place.path), m.Place.name, primary)
    if model is m.Case or model in CASES:
        return (primary.desc(),)
    words = WORDS.get(model)
    return (words[0], primary) if words else (primary,)


def named(session: Session, items: list[Any]) -> list[str]:
    """The rows' words; places and units with where they are, since many are called alike."""
    places = [item for item in items if isinstance(item, m.Place)]
    units = [item for item in items if isinstance(item, m.Unit)]
    for unit in units:
        places.append(unit.place)
    above = _names_above(session, places)
    return [_with_place(item, above) for item in items]


def _names_above(session: Session, places: list[m.Place]) -> dict[int, str]:
    ids = {int(step) for place in places for step in place.path.strip("/").split("/") if step}
    if not ids:
        return {}
    query = sa.select(m.Place.id, m.Place.name).where(m.Place.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)}


def _with_place(item: Any, above: dict[int, str]) -> str:
    text = labels.of_object(item)
    place = item.place if isinstance(item, m.Unit) else item
    if not isinstance(place, m.Place):
        return text
    steps = [int(step) for step in place.path.strip("/").split("/") if step]
    if not isinstance(item, m.Unit):
        steps = [step for step in steps if step != place.id]
    # The last three levels tell them apart; the district is the same for everybody here.
    way = " / ".join(above[step] for step in steps[-3:] if step in above)
    return f"{text} · {way}" if way else text
