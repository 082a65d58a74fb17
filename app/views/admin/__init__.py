"""The ledgers: generated screens for every entity, grouped as the menu shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.views.admin import (
    calendar,
    case,
    consultation,
    meeting,
    migration,
    place,
    rows,
    system,
    variation,
    workflow,
)


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    label: Any
    views: tuple[type[Any], ...]


LEDGERS: tuple[Group, ...] = (
    Group(
        "places",
        _l("Places and people"),
        (place.PlaceView, place.PartyView, place.PersonView, place.StaffView),
    ),
    Group(
        "cases",
        _l("Cases"),
        (
            case.CaseView,
            case.GrievanceView,
            case.EventView,
            case.ClockView,
            case.NoticeView,
            case.AttachmentView,
            case.AnchorView,
        ),
    ),
    Group(
        "meetings",
        _l("Meetings"),
        (
            meeting.MeetingView,
            meeting.InvitationView,
            meeting.AttendanceView,
            meeting.AgendaItemView,
            meeting.PositionView,
            meeting.DecisionView,
        ),
    ),
    Group(
        "consultations",
        _l("Consultations"),
        (
            consultation.ConsultationView,
            consultation.RuleSetView,
            consultation.UnitView,
            consultation.OwnerView,
            consultation.OwnershipView,
            consultation.SchemeView,
            consultation.RollHeadView,
            consultation.RollUnitView,
            consultation.OpinionView,
        ),
    ),
    Group(
        "workflows",
        _l("Workflows"),
        (
            workflow.WorkflowView,
            rows.DraftStateView,
            rows.DraftTransitionView,
            rows.DraftDeadlineView,
            rows.DraftNoticeView,
            rows.DraftFieldView,
            rows.DraftChildView,
            rows.DraftTestView,
            workflow.WorkflowVersionView,
            migration.MigrationView,
            migration.MigratedView,
            variation.PublicationView,
            variation.VariationView,
        ),
    ),
    Group(
        "calendar",
        _l("Working calendar"),
        (
            calendar.CalendarDayView,
            calendar.CalendarHoursView,
            calendar.CalendarYearView,
            calendar.CalendarChangeView,
        ),
    ),
    Group(
        "system",
        _l("System"),
        (
            system.UserView,
            system.RoleView,
            system.AccountView,
            system.LoginSessionView,
            system.AccessEventView,
        ),
    ),
)
"""In the menu a ledger appears for the roles that app.security.grants lets list it."""
