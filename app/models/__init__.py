"""Every table. Importing this package maps them all, FAB's included."""

from __future__ import annotations

from app.models.account import AccessEvent, AccessKind, Account, LoginSession
from app.models.base import Base
from app.models.calendar import CalendarChange, CalendarDay, CalendarHours, CalendarYear
from app.models.case import Anchor, Attachment, Case, Event, EventKind
from app.models.channel import Gateway, Mode, Preference
from app.models.clock import Clock, ClockStatus
from app.models.consultation import (
    Consultation,
    Opinion,
    RollHead,
    RollUnit,
    RuleSet,
    Scheme,
    Voice,
)
from app.models.estate import AreaSource, Owner, OwnerKind, Ownership, Unit
from app.models.grievance import Grievance, Source
from app.models.job import Job, JobItem, JobOutcome, JobState
from app.models.meeting import (
    AgendaItem,
    Attendance,
    Decision,
    DecisionRule,
    Invitation,
    Meeting,
    Position,
    Stance,
    Voices,
)
from app.models.migration import ClockRule, Migrated, Migration, MoveOutcome
from app.models.notice import Notice, NoticeStatus
from app.models.place import FOUR_PARTIES, Party, PartyKind, Person, Place, PlaceKind, Staff
from app.models.submission import Submission
from app.models.variation import Publication, PublicationKind, Variation
from app.models.view import SavedView
from app.models.workflow import (
    DraftChild,
    DraftDeadline,
    DraftField,
    DraftNotice,
    DraftState,
    DraftTest,
    DraftTransition,
    Workflow,
    WorkflowVersion,
)

__all__ = [
    "FOUR_PARTIES",
    "AccessEvent",
    "AccessKind",
    "Account",
    "AgendaItem",
    "Anchor",
    "AreaSource",
    "Attachment",
    "Attendance",
    "Base",
    "CalendarChange",
    "CalendarDay",
    "CalendarHours",
    "CalendarYear",
    "Case",
    "Clock",
    "ClockRule",
    "ClockStatus",
    "Consultation",
    "Decision",
    "DecisionRule",
    "DraftChild",
    "DraftDeadline",
    "DraftField",
    "DraftNotice",
    "DraftState",
    "DraftTest",
    "DraftTransition",
    "Event",
    "EventKind",
    "Gateway",
    "Grievance",
    "Invitation",
    "Job",
    "JobItem",
    "JobOutcome",
    "JobState",
    "LoginSession",
    "Meeting",
    "Migrated",
    "Migration",
    "Mode",
    "MoveOutcome",
    "Notice",
    "NoticeStatus",
    "Opinion",
    "Owner",
    "OwnerKind",
    "Ownership",
    "Party",
    "PartyKind",
    "Person",
    "Place",
    "PlaceKind",
    "Position",
    "Preference",
    "Publication",
    "PublicationKind",
    "RollHead",
    "RollUnit",
    "RuleSet",
    "SavedView",
    "Scheme",
    "Source",
    "Staff",
    "Stance",
    "Submission",
    "Unit",
    "Variation",
    "Voice",
    "Voices",
    "Workflow",
    "WorkflowVersion",
]
