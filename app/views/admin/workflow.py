"""Ledgers of workflows themselves, and of the versions that were published."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import Workflow, WorkflowVersion
from app.services import drafts, reach
from app.views import access
from app.views.admin import rows
from app.views.admin.draft import foreign, lists, refuse_faults
from app.views.base import READ, WRITE, GuardedView
from app.views.ledger import cells, vocabulary


class WorkflowVersionView(GuardedView):
    datamodel = SQLAInterface(WorkflowVersion)
    route_base = "/ledgers/workflow-versions"
    list_title = _l("Published versions")
    singular = _l("Version")
    icon = "versions"
    abilities = READ
    list_columns = ("workflow", "number", "published_at", "published_by", "note")
    show_columns = (
        "workflow", "number", "published_at", "published_by", "note", "checksum", "spec",
    )  # fmt: skip
    search_columns = ("workflow", "published_at")
    order_columns = ("id", "number")
    label_columns = {"number": _l("Version")}


class WorkflowView(GuardedView):
    datamodel = SQLAInterface(Workflow)
    route_base = "/ledgers/workflows"
    list_title = _l("Workflows")
    singular = _l("Workflow")
    icon = "sitemap"
    abilities = WRITE
    more_permissions = frozenset({"can_publish"})
    related_views = [
        rows.DraftStateView,
        rows.DraftTransitionView,
        rows.DraftDeadlineView,
        rows.DraftNoticeView,
        rows.DraftFieldView,
        rows.DraftChildView,
        rows.DraftTestView,
        WorkflowVersionView,
    ]
    related_by = {"WorkflowVersionView": "workflow"}
    list_columns = ("label_zh", "label_en", "key", "leg", "current.number")
    show_columns = (
        "key", "label_zh", "label_en", "leg", "help_zh", "help_en", "start", "intake", "openers",
        "notify", "vary", "place", "current.number", "draft_version",
    )  # fmt: skip
    add_columns = edit_columns = (
        "key", "label_zh", "label_en", "leg", "help_zh", "help_en", "start", "intake", "openers",
        "notify", "vary", "place",
    )  # fmt: skip
    search_columns = ("leg",)
    order_columns = ("id", "key")
    base_order = ("key", False)
    own_fields = {"intake": lists}
    vocabularies = {"leg": vocabulary.legs}
    formatters_columns = {
        "openers": vocabulary.of_roles,
        "notify": vocabulary.of_recipients,
    }
    label_columns = {"current.number": _l("Published version"), "start": _l("First state")}
    description_columns = {
        "key": _l("A word without blanks; it outlives the name."),
        "intake": _l("A list of “field: key” with “required: true” where needed."),
        "vary": _l("As in a workflow file: “labels: true”, “roles”, “times”."),
        "place": _l("It is used and edited there and below; empty: the whole system."),
    }

    def frozen(self, item: Workflow) -> str:
        return foreign(item)

    def before_save(self, item: Workflow, form: Any, *, creating: bool) -> None:
        if creating and item.place is None:
            item.place = reach.home(db.session(), access.viewer())
        reach.require(db.session(), access.viewer(), item.place)
        drafts.touch(item, access.viewer(), access.now())

    def after_save(self, item: Workflow, form: Any, *, creating: bool) -> None:
        for name in self.edit_columns:
            refuse_faults(item, name.removesuffix("_zh").removesuffix("_en"), form)

    def before_delete(self, item: Workflow) -> None:
        if item.current_id or item.retired_at:
            raise InvalidError(
                Problem(
                    {
                        "zh": "已发布过的流程不能删除。",
                        "en": "A workflow that was published can't be deleted.",
                    }
                )
            )

    def buttons(self, item: Workflow) -> list[tuple[str, str, Any]]:
        url = cells.page_of("definitions.show", workflow_id=item.id)
        return [(url, "shield-check", _l("Check and publish"))] if url else []
