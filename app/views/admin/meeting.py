"""Ledgers of meetings. What is said and decided is recorded in the room, with a history event, so
these are for reading; corrections of a word are possible until something hangs on it."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.models import AgendaItem, Attendance, Decision, Invitation, Meeting, Position
from app.views.base import READ, GuardedView
from app.views.ledger import cells

CLOSED = _l("The meeting is over: its record stays as it is.")
DECIDED = _l("Something was said or decided on it already: it stays as it is.")
BEGUN = _l("People are being checked in: the list that the quorum counts stays as it is.")


class InvitationView(GuardedView):
    datamodel = SQLAInterface(Invitation)
    route_base = "/ledgers/invitations"
    list_title = _l("Invited parties")
    singular = _l("Invited party")
    icon = "mail"
    list_columns = ("meeting.case", "party", "position")
    show_columns = ("meeting.case", "party", "position")
    search_columns = ("meeting", "party")
    order_columns = ("id", "position")
    label_columns = {"meeting.case": _l("Meeting"), "party": _l("Party")}


class AttendanceView(GuardedView):
    datamodel = SQLAInterface(Attendance)
    route_base = "/ledgers/attendance"
    list_title = _l("Attendance")
    singular = _l("Participant")
    icon = "user-check"
    abilities = READ | {"edit", "delete"}
    list_columns = ("meeting.case", "party", "name", "checked_in_at", "left_at")
    show_columns = (
        "meeting.case", "party", "name", "user", "checked_in_at", "left_at", "substitute",
    )  # fmt: skip
    edit_columns = ("name", "user")
    search_columns = ("meeting", "party")
    order_columns = ("id", "name")
    label_columns = {"meeting.case": _l("Meeting"), "party": _l("Party")}

    def frozen(self, item: Attendance) -> str:
        if item.meeting.case.closed_at:
            return str(CLOSED)
        return str(BEGUN) if any(one.checked_in_at for one in item.meeting.attendances) else ""


class AgendaItemView(GuardedView):
    datamodel = SQLAInterface(AgendaItem)
    route_base = "/ledgers/agenda-items"
    list_title = _l("Agenda items")
    singular = _l("Agenda item")
    icon = "list-numbers"
    abilities = READ | {"edit"}
    list_columns = ("meeting.case", "position", "title", "adjourned_at")
    show_columns = (
        "meeting.case", "position", "title", "text", "case", "earlier", "adjourned_at",
        "adjourned_why",
    )  # fmt: skip
    edit_columns = ("title", "text")
    search_columns = ("meeting",)
    order_columns = ("id", "position")
    label_columns = {"meeting.case": _l("Meeting"), "case": _l("About case")}

    def frozen(self, item: AgendaItem) -> str:
        if item.meeting.case.closed_at:
            return str(CLOSED)
        return str(DECIDED) if item.positions or item.decision or item.adjourned_at else ""


class PositionView(GuardedView):
    datamodel = SQLAInterface(Position)
    route_base = "/ledgers/positions"
    list_title = _l("Positions")
    singular = _l("Position")
    icon = "hand-stop"
    abilities = READ | {"export"}
    list_columns = ("item", "party", "stance", "reason", "spoken_by", "at", "latest")
    show_columns = (
        "item", "party", "stance", "reason", "spoken_by", "recorded_by", "at", "latest",
    )  # fmt: skip
    search_columns = ("item", "party", "stance", "latest", "at")
    order_columns = ("id", "at")
    label_columns = {"party": _l("Party")}


class DecisionView(GuardedView):
    datamodel = SQLAInterface(Decision)
    route_base = "/ledgers/decisions"
    list_title = _l("Decisions")
    singular = _l("Decision")
    icon = "gavel"
    abilities = READ | {"export"}
    list_columns = ("text", "item", "owner_party", "owner", "due_on", "decided_at")
    show_columns = (
        "text", "item", "basis", "owner_party", "owner", "due_on", "decided_at", "decided_by",
    )  # fmt: skip
    search_columns = ("owner_party", "due_on", "decided_at")
    order_columns = ("id", "due_on")
    label_columns = {"owner": _l("Responsible person"), "text": _l("Decision")}


class MeetingView(GuardedView):
    datamodel = SQLAInterface(Meeting)
    route_base = "/ledgers/meetings"
    list_title = _l("Meetings: when and by which rules")
    singular = _l("Meeting")
    icon = "users-group"
    related_views = [InvitationView, AgendaItemView, AttendanceView]
    list_columns = ("case", "case.state_label", "scheduled_at", "room", "quorum_parties")
    show_columns = (
        "case", "case.state_label", "scheduled_at", "room", "quorum_parties", "quorum_heads",
        "quorum_heads_over", "decision_rule", "voices", "basis",
    )  # fmt: skip
    search_columns = ("case", "scheduled_at")
    order_columns = ("case_id", "scheduled_at")
    base_order = ("case_id", True)

    def buttons(self, item: Meeting) -> list[tuple[str, str, Any]]:
        url = cells.page_of("meetings.page", case_id=item.case_id)
        return [(url, "external-link", _l("Open the meeting"))] if url else []
