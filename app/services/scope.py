"""The one scope: which rows a viewer may see. Every query of every screen asks it.

A model without a rule is visible for nobody but the administrator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Group, User
from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import ARRAY

from app import models as m
from app.permissions import Role
from app.services.actors import Viewer

Rule = Callable[[Viewer], ColumnElement[bool]]

COMMUNITY_ROLES = frozenset(
    {Role.SECRETARY, Role.COMMITTEE_STAFF, Role.GRID_WORKER, Role.FACILITATOR, Role.SUBDISTRICT}
)
"""They see every case of their place; the others only what their party or they have to do with."""

JOINT_LEGS = ("meeting", "consultation")
"""Legs that everybody who is bound to the place takes part in."""

NOTHING = sa.false()

SHEET = "opinion.sheet"
"""The field of an attachment that shows what an owner signed: no field of a workflow has a dot."""


def visible(viewer: Viewer, model: type[Any]) -> ColumnElement[bool]:
    """The condition under which ``viewer`` may see rows of ``model``; never loads anything."""
    if viewer.everywhere:
        return sa.true()
    rule = _RULES.get(model)
    if rule is None or (viewer.kind == "resident" and model is not m.Case):
        return NOTHING
    return rule(viewer)


def places_below(viewer: Viewer) -> ColumnElement[bool]:
    """Places in the subtrees that the viewer is bound to."""
    if not viewer.places:
        return NOTHING
    return sa.or_(*(m.Place.path.like(f"{path}%") for path in viewer.places))


def _below(column: Any, viewer: Viewer) -> ColumnElement[bool]:
    """``column`` points to a place below. As an array, which is asked once and leads the planner
    to the index of the column; of a plain IN it believes that it is most of the table."""
    below = sa.select(m.Place.id).where(places_below(viewer)).scalar_subquery()
    condition: ColumnElement[bool] = column == sa.any_(
        sa.func.array(below, type_=ARRAY(sa.BigInteger))
    )
    return condition


def _places(viewer: Viewer) -> ColumnElement[bool]:
    """The subtree, and the way up from it: a grid worker may know the grid's community."""
    if not viewer.places:
        return NOTHING
    above = {int(step) for path in viewer.places for step in path.strip("/").split("/")}
    return sa.or_(places_below(viewer), m.Place.id.in_(above))


def _cases(viewer: Viewer) -> ColumnElement[bool]:
    case = m.Case
    if viewer.kind == "resident":
        return sa.and_(case.token == viewer.token)
    if not viewer.places:
        return NOTHING
    below = _below(case.place_id, viewer)
    unrestricted = sa.or_(
        case.restricted_to.is_(None), case.restricted_to.overlap(sorted(viewer.roles))
    )
    if viewer.roles & COMMUNITY_ROLES:
        return sa.and_(below, unrestricted)
    if not viewer.roles & {Role.PROPERTY_STAFF, Role.COUNCIL_MEMBER}:
        return NOTHING
    child = sa.orm.aliased(m.Case)
    own = [case.assignee_id == viewer.user_id, case.creator_id == viewer.user_id]
    own.append(case.leg.in_(JOINT_LEGS))
    if viewer.parties:
        parties = sorted(viewer.parties)
        own.append(case.party_id.in_(parties))
        own.append(
            case.id.in_(
                sa.select(child.parent_id).where(
                    child.party_id.in_(parties), child.parent_id.is_not(None)
                )
            )
        )
    return sa.and_(below, unrestricted, sa.or_(*own))


def _of_case(column: Any) -> Rule:
    """Rows that hang on a case are seen by those who see the case."""

    def rule(viewer: Viewer) -> ColumnElement[bool]:
        return sa.and_(column.in_(sa.select(m.Case.id).where(_cases(viewer))))

    return rule


def _of_place(column: Any) -> Rule:
    def rule(viewer: Viewer) -> ColumnElement[bool]:
        return _below(column, viewer)

    return rule


def _through(column: Any, parent: type[Any]) -> Rule:
    """Rows are seen by those who see the row that ``column`` points to."""

    def rule(viewer: Viewer) -> ColumnElement[bool]:
        key = sa.inspect(parent).primary_key[0]
        return sa.and_(column.in_(sa.select(key).where(visible(viewer, parent))))

    return rule


def _views(viewer: Viewer) -> ColumnElement[bool]:
    return sa.or_(m.SavedView.owner_id == viewer.user_id, m.SavedView.shared)


def _everybody(viewer: Viewer) -> ColumnElement[bool]:
    return sa.true()


def _of_places(column: Any) -> Rule:
    """What is the whole system's, and what is of places that the viewer may know."""

    def rule(viewer: Viewer) -> ColumnElement[bool]:
        return sa.or_(column.is_(None), _through(column, m.Place)(viewer))

    return rule


def _persons(viewer: Viewer) -> ColumnElement[bool]:
    if not viewer.roles & COMMUNITY_ROLES:
        return NOTHING
    return _below(m.Person.place_id, viewer)


def _owners(viewer: Viewer) -> ColumnElement[bool]:
    if not viewer.roles & COMMUNITY_ROLES:
        return NOTHING
    return m.Owner.id.in_(
        sa.select(m.Ownership.owner_id)
        .join(m.Unit, m.Unit.id == m.Ownership.unit_id)
        .where(_below(m.Unit.place_id, viewer))
    )


def _users(viewer: Viewer) -> ColumnElement[bool]:
    """Oneself, and the colleagues who are bound to a place below one's own."""
    return sa.or_(
        User.id == viewer.user_id,
        User.id.in_(sa.select(m.Staff.user_id).where(_below(m.Staff.place_id, viewer))),
    )


def _attachments(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the case, but for signed sheets: only those who may know the owners' names."""
    seen = _of_case(m.Attachment.case_id)(viewer)
    if viewer.roles & COMMUNITY_ROLES:
        return seen
    return sa.and_(seen, m.Attachment.field != SHEET)


def _jobs(viewer: Viewer) -> ColumnElement[bool]:
    return m.Job.owner_id == viewer.user_id


def _notices(viewer: Viewer) -> ColumnElement[bool]:
    return m.Notice.user_id == viewer.user_id


_RULES: dict[type[Any], Rule] = {
    m.Place: _places,
    m.Party: _of_place(m.Party.place_id),
    m.Person: _persons,
    m.Staff: _of_place(m.Staff.place_id),
    User: _users,
    RoleRow: _everybody,
    Group: _everybody,
    m.Workflow: _everybody,
    m.WorkflowVersion: _of_places(m.WorkflowVersion.place_id),
    m.Publication: _of_places(m.Publication.place_id),
    m.Variation: _through(m.Variation.place_id, m.Place),
    m.DraftState: _everybody,
    m.DraftTransition: _everybody,
    m.DraftDeadline: _everybody,
    m.DraftNotice: _everybody,
    m.DraftField: _everybody,
    m.DraftChild: _everybody,
    m.DraftTest: _everybody,
    m.RuleSet: _everybody,
    m.Migration: _everybody,
    m.Migrated: _of_case(m.Migrated.case_id),
    m.Case: _cases,
    m.Event: _of_case(m.Event.case_id),
    m.Clock: _of_case(m.Clock.case_id),
    m.Attachment: _attachments,
    m.Grievance: _of_case(m.Grievance.case_id),
    m.Meeting: _of_case(m.Meeting.case_id),
    m.Invitation: _of_case(m.Invitation.meeting_id),
    m.Attendance: _of_case(m.Attendance.meeting_id),
    m.AgendaItem: _of_case(m.AgendaItem.meeting_id),
    m.Position: _through(m.Position.item_id, m.AgendaItem),
    m.Decision: _through(m.Decision.item_id, m.AgendaItem),
    m.Unit: _of_place(m.Unit.place_id),
    m.Owner: _owners,
    m.Ownership: _through(m.Ownership.owner_id, m.Owner),
    m.Consultation: _of_case(m.Consultation.case_id),
    m.Scheme: _of_case(m.Scheme.consultation_id),
    m.RollHead: _of_case(m.RollHead.consultation_id),
    m.RollUnit: _of_case(m.RollUnit.consultation_id),
    m.Opinion: _of_case(m.Opinion.consultation_id),
    m.Notice: _notices,
    m.SavedView: _views,
    m.Job: _jobs,
    m.JobItem: _through(m.JobItem.job_id, m.Job),
}
