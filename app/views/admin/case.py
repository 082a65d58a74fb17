"""Ledgers of cases and all that hangs on them. A case moves through its workflow, so these are
read only: the buttons are on the case's own page."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.actions import action
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.errors import Problem, RefusedError
from app.models import (
    Anchor,
    Attachment,
    Case,
    Clock,
    Event,
    Grievance,
    Notice,
    NoticeStatus,
    Source,
)
from app.views import access
from app.views.admin.privacy import Masked
from app.views.base import READ, GuardedView
from app.views.fields import EnumField, PhoneField, masked
from app.views.ledger import cells, vocabulary


class EventView(GuardedView):
    datamodel = SQLAInterface(Event)
    route_base = "/ledgers/events"
    list_title = _l("History")
    singular = _l("Step")
    icon = "timeline-event"
    abilities = READ | {"export"}
    list_columns = ("case", "seq", "at", "kind", "label", "target_label", "actor_name")
    show_columns = (
        "case", "seq", "at", "kind", "event", "label", "source", "target", "target_label",
        "actor_name", "data", "before", "hash",
    )  # fmt: skip
    search_columns = ("case", "kind", "at", "actor")
    order_columns = ("id",)
    label_columns = {"label": _l("What happened"), "actor": _l("Who"), "case.number": _l("Case")}


class ClockView(GuardedView):
    datamodel = SQLAInterface(Clock)
    route_base = "/ledgers/deadlines"
    list_title = _l("Deadlines")
    singular = _l("Deadline")
    icon = "clock"
    abilities = READ | {"export"}
    list_columns = ("case", "label", "status", "started_at", "due_at", "breached_at")
    show_columns = (
        "case", "label", "key", "round", "status", "started_at", "stopped_at", "due_at",
        "provisional", "breached_at", "next_at", "log",
    )  # fmt: skip
    search_columns = ("case", "status", "due_at", "provisional")
    order_columns = ("id",)
    formatters_columns = {"log": vocabulary.of_clock}
    label_columns = {
        "next_at": _l("Next level at"),
        "label": _l("Deadline"),
        "log": _l("What happened"),
    }


class NoticeView(GuardedView):
    """One's own notices; the administrator sees all, and tries again what could not be sent."""

    datamodel = SQLAInterface(Notice)
    route_base = "/ledgers/notices"
    list_title = _l("Notices")
    singular = _l("Notice")
    icon = "bell"
    abilities = READ | {"export"}
    list_columns = ("subject", "user", "channel", "status", "created_at", "sent_at")
    show_columns = (
        "subject", "body", "case", "user", "address", "channel", "status", "created_at",
        "attempts", "next_at", "error", "sent_at", "read_at", "dedupe",
    )  # fmt: skip
    search_columns = ("case", "user", "status", "channel", "created_at")
    order_columns = ("id",)
    label_columns = {"user": _l("To whom")}
    vocabularies = {"channel": vocabulary.channels}

    @action("retry", _l("Try again"), _l("Send this notice again?"), icon="refresh")
    def retry(self, found: Any) -> None:
        """Wait for the next sweep as if it were new; only what was given up."""
        for notice in found if isinstance(found, list) else [found]:
            if notice.status is not NoticeStatus.DEAD:
                raise RefusedError(
                    Problem(
                        {
                            "zh": "只有无法送达的通知才能重发。",
                            "en": "Only a notice that could not be delivered can be sent again.",
                        }
                    )
                )
            notice.status = NoticeStatus.WAITING
            notice.attempts = 0
            notice.next_at = access.now()
            notice.error = ""


class AttachmentView(GuardedView):
    datamodel = SQLAInterface(Attachment)
    route_base = "/ledgers/attachments"
    list_title = _l("Attachments")
    singular = _l("Attachment")
    icon = "paperclip"
    list_columns = ("name", "case", "media_type", "size", "uploaded_at", "uploaded_by")
    show_columns = (
        "name", "case", "field", "media_type", "size", "sha256", "uploaded_at", "uploaded_by",
    )  # fmt: skip
    search_columns = ("case", "uploaded_at", "uploaded_by")
    order_columns = ("id",)

    def buttons(self, item: Attachment) -> list[tuple[str, str, Any]]:
        url = cells.page_of("files.download", file_id=item.id)
        return [(url, "download", _l("Download"))] if url else []


class AnchorView(GuardedView):
    datamodel = SQLAInterface(Anchor)
    route_base = "/ledgers/seals"
    list_title = _l("Seals of the history")
    singular = _l("Seal")
    icon = "lock"
    list_columns = ("id", "at", "first_event_id", "last_event_id", "events")
    show_columns = ("id", "at", "first_event_id", "last_event_id", "events", "hash")
    search_columns = ("at",)
    order_columns = ("id",)


class GrievanceView(Masked, GuardedView):
    datamodel = SQLAInterface(Grievance)
    route_base = "/ledgers/grievances"
    list_title = _l("Grievances: who and where")
    singular = _l("Grievance")
    icon = "message-report"
    abilities = READ | {"edit", "export"}
    list_columns = ("case", "case.state_label", "source", "reporter", "phone", "address", "stars")
    show_columns = (
        "case", "case.state_label", "source", "person", "reporter", "phone", "address", "stars",
        "comment", "rated_at",
    )  # fmt: skip
    edit_columns = ("source", "person", "reporter", "phone")
    search_columns = ("case", "source", "stars")
    order_columns = ("case_id",)
    base_order = ("case_id", True)
    label_columns = {"source": _l("How it came in")}
    own_fields = {
        "phone": PhoneField,
        "source": lambda **options: EnumField(**options, members=Source),
    }
    formatters_columns = {"phone": masked}

    def frozen(self, item: Grievance) -> str:
        return str(CLOSED) if item.case.closed_at else ""


CLOSED = _l("The case is closed: it stays as it is.")


class CaseView(GuardedView):
    datamodel = SQLAInterface(Case)
    route_base = "/ledgers/cases"
    list_title = _l("Cases")
    singular = _l("Case")
    icon = "folder"
    abilities = READ | {"export"}
    related_views = [EventView, ClockView, AttachmentView]
    list_columns = ("number", "title", "state_label", "place", "party", "assignee", "due_at")
    show_columns = (
        "number", "title", "state_label", "leg", "place", "party", "assignee", "creator",
        "parent", "opened_at", "due_at", "closed_at", "reopened", "data", "demo",
    )  # fmt: skip
    search_columns = ("place", "party", "assignee", "leg", "opened_at", "due_at", "closed_at")
    order_columns = ("id", "number")
    vocabularies = {"leg": vocabulary.legs}
    label_columns = {"party": _l("Responsible party")}

    def buttons(self, item: Case) -> list[tuple[str, str, Any]]:
        url = cells.page_of("cases.page", case_id=item.id)
        return [(url, "external-link", _l("Open the case"))] if url else []
