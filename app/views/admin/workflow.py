"""Ledgers of workflows: the rows of the drafts, and the versions that were published.

A row is checked as it is saved (does it say something that a workflow file may say?); whether the
whole draft makes a workflow is the checker's business, on the page where it is published.
"""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import (
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
from app.services import drafts
from app.views import access
from app.views.base import READ, WRITE, GuardedView
from app.views.fields import NumberField
from app.views.ledger import cells, vocabulary
from app.views.ledger.data import YamlField
from app.workflows import files, registry, templates

HEAD = ("workflow", "position", "key", "label_zh", "label_en")
RENAMED = {"from": "source", "to": "target", "workflow": "child_workflow", "label": "label_zh"}


def lists(**options: Any) -> Field:
    return YamlField(**options, shape=list)


class _DraftView(GuardedView):
    """What the six kinds of rows share."""

    part = ""
    """Where the rows stand in a file: ``states``, ``transitions`` …"""
    abilities = WRITE
    list_columns: tuple[str, ...] = ("key", "label_zh", "label_en", "position", "workflow")
    search_columns = ("workflow",)
    order_columns = ("id", "key", "position")
    base_order = ("position", False)
    description_columns = {
        "key": _l("A word without blanks; it outlives the name."),
        "position": _l("Smaller numbers come first."),
    }

    def before_delete(self, item: Any) -> None:
        drafts.touch(item.workflow, access.viewer(), access.now())

    def after_save(self, item: Any, form: Any, *, creating: bool) -> None:
        session = db.session()
        workflow = item.workflow
        drafts.touch(workflow, access.viewer(), access.now())
        session.flush()
        session.expire(workflow)
        index = [row.id for row in getattr(workflow, self.part)].index(item.id)
        refuse_faults(workflow, f"{self.part}[{index}]", form)


def refuse_faults(workflow: Workflow, where: str, form: Any) -> None:
    """Raise InvalidError for what is wrong in this part; the rest may be unfinished."""
    try:
        drafts.spec(workflow)
    except files.FileError as error:
        found = [f for f in error.faults if f.path == where or f.path.startswith(f"{where}.")]
        if found:
            raise InvalidError(
                *(
                    Problem(
                        {"zh": fault.text.zh, "en": fault.text.text("en")},
                        _field(fault.path.removeprefix(where).lstrip("."), form),
                    )
                    for fault in found
                )
            ) from None


def _field(path: str, form: Any) -> str | None:
    """The field of the form for the first step of the path in the file."""
    step = path.split(".")[0].split("[")[0]
    name = RENAMED.get(step, step)
    for candidate in (name, f"{name}_zh"):
        if candidate in form:
            return candidate
    return None


class DraftStateView(_DraftView):
    datamodel = SQLAInterface(DraftState)
    route_base = "/ledgers/draft-states"
    list_title = _l("States of drafts")
    singular = _l("State")
    icon = "circle-dot"
    part = "states"
    related_title = _l("States")
    list_columns = ("key", "label_zh", "label_en", "kind", "position", "workflow")
    vocabularies = {"kind": vocabulary.state_kinds}
    formatters_columns = {"visible_to": vocabulary.of_roles}
    show_columns = (*HEAD, "kind", "help_zh", "help_en", "visible_to")
    add_columns = edit_columns = show_columns
    description_columns = {
        **_DraftView.description_columns,
        "visible_to": _l("Roles, with commas between them; empty: everybody in scope."),
    }


class DraftTransitionView(_DraftView):
    datamodel = SQLAInterface(DraftTransition)
    route_base = "/ledgers/draft-transitions"
    list_title = _l("Transitions of drafts")
    singular = _l("Transition")
    icon = "arrow-right"
    part = "transitions"
    related_title = _l("Transitions")
    list_columns = ("key", "label_zh", "source", "target", "roles", "position", "workflow")
    show_columns = (
        *HEAD, "source", "target", "roles", "relations", "when", "form", "effects", "spawn",
        "notify", "confirm_zh", "confirm_en", "bulk", "primary",
    )  # fmt: skip
    add_columns = edit_columns = show_columns
    own_fields = {"form": lists, "effects": lists}
    formatters_columns = {"roles": vocabulary.of_roles, "relations": vocabulary.of_relations}
    description_columns = {
        **_DraftView.description_columns,
        "source": _l("Keys of states, or * for every state that isn't an end."),
        "target": _l("Key of a state; empty: the case stays where it is."),
        "relations": _l("assignee, creator or party."),
        "when": _l("A condition, as in a workflow file: “fact: quorum.met”."),
        "form": _l("A list of “field: key” with “required: true” where needed."),
    }


class DraftDeadlineView(_DraftView):
    datamodel = SQLAInterface(DraftDeadline)
    route_base = "/ledgers/draft-deadlines"
    list_title = _l("Deadlines of drafts")
    singular = _l("Deadline")
    icon = "clock"
    part = "deadlines"
    related_title = _l("Deadlines")
    list_columns = ("key", "label_zh", "within", "start", "stop", "position", "workflow")
    show_columns = (
        *HEAD, "within", "variants", "until", "start", "starts_on", "stop", "stops_on", "pause",
        "when", "extension", "levels",
    )  # fmt: skip
    add_columns = edit_columns = show_columns
    own_fields = {"levels": lists, "variants": lists}
    label_columns = {
        "until": _l("Until the date in field"),
        "variants": _l("Other times"),
        "starts_on": _l("Started by the buttons"),
        "stops_on": _l("Stopped by the buttons"),
        "extension": _l("Time on request"),
    }
    description_columns = {
        **_DraftView.description_columns,
        "within": _l("For example: 30 min, 4 working hours, 5 working days."),
        "variants": _l("A list of “when: …” with “within: …”; the first that holds counts."),
        "starts_on": _l("Keys of transitions, whether or not they move the case."),
        "stops_on": _l("Keys of transitions, whether or not they move the case."),
        "extension": _l(
            "“ask”, “grant”, “refuse”: keys of transitions; “by”: how much; “field”, “most”."
        ),
        "levels": _l("A list of “at: 50 %”, “at: breach” …, each with “notify” or “fire”."),
    }


class DraftNoticeView(_DraftView):
    datamodel = SQLAInterface(DraftNotice)
    route_base = "/ledgers/draft-notices"
    list_title = _l("Notices of drafts")
    singular = _l("Notice")
    icon = "bell"
    part = "notices"
    related_title = _l("Notices")
    formatters_columns = {"to": vocabulary.of_recipients, "channels": vocabulary.of_channels}
    list_columns = ("key", "label_zh", "to", "channels", "position", "workflow")
    show_columns = (*HEAD, "to", "channels", "body_zh", "body_en")
    add_columns = edit_columns = show_columns
    label_columns = {"label_zh": _l("Subject (Chinese)"), "label_en": _l("Subject (English)")}
    description_columns = {
        **_DraftView.description_columns,
        "to": _l("assignee, creator, party, resident, role:Secretary, above:Subdistrict."),
        "body_zh": _l("It may use {number} {title} {state} {place} {due} {actor} {link}."),
    }

    def after_save(self, item: DraftNotice, form: Any, *, creating: bool) -> None:
        super().after_save(item, form, creating=creating)
        names = ("label_zh", "label_en", "body_zh", "body_en")
        problems = [p for name in names for p in _template_problems(name, getattr(item, name))]
        if problems:
            raise InvalidError(*problems)

    def buttons(self, item: DraftNotice) -> list[tuple[str, str, str]]:
        address = url_for("previews.index", workflow_id=item.workflow_id, _anchor=item.key)
        return [(address, "eye", _("Preview with a real case"))]


def _template_problems(field: str, text: str) -> list[Problem]:
    """What is wrong with a subject or body, found when it is saved."""
    known = " ".join(f"{{{name}}}" for name in registry.TEMPLATES)
    found = [
        Problem(
            {
                "zh": f"没有占位符 {{{name}}}，可用的有：{known}",
                "en": f"There is no placeholder {{{name}}}; known are: {known}",
            },
            field,
        )
        for name in templates.unknown(text)
    ]
    if not templates.is_paired(text):
        words = {
            "zh": "花括号不成对。占位符写成 {title} 的样子。",
            "en": "The braces don't match. A placeholder looks like {title}.",
        }
        found.append(Problem(words, field))
    return found


class DraftFieldView(_DraftView):
    datamodel = SQLAInterface(DraftField)
    route_base = "/ledgers/draft-fields"
    list_title = _l("Fields of drafts")
    singular = _l("Field")
    icon = "checkbox"
    part = "fields"
    related_title = _l("Fields")
    list_columns = ("key", "label_zh", "type", "position", "workflow")
    show_columns = (*HEAD, "type", "options", "help_zh", "help_en", "max_length", "public")
    add_columns = edit_columns = show_columns
    vocabularies = {"type": vocabulary.field_types}
    own_fields = {
        "options": lists,
        "max_length": lambda **options: NumberField(**options, least=1, most=20_000),
    }


class DraftChildView(_DraftView):
    datamodel = SQLAInterface(DraftChild)
    route_base = "/ledgers/draft-children"
    list_title = _l("Children of drafts")
    singular = _l("Child")
    icon = "git-branch"
    part = "children"
    related_title = _l("Children")
    list_columns = ("key", "label_zh", "child_workflow", "per", "position", "workflow")
    show_columns = (*HEAD, "child_workflow", "per", "carry", "when_all_closed")
    add_columns = edit_columns = show_columns
    description_columns = {
        **_DraftView.description_columns,
        "per": _l("field.<key> of a field of parties or a place, or a registered source."),
    }


class DraftTestView(_DraftView):
    datamodel = SQLAInterface(DraftTest)
    route_base = "/ledgers/draft-tests"
    list_title = _l("Tests of drafts")
    singular = _l("Test")
    icon = "checklist"
    part = "tests"
    related_title = _l("Tests")
    show_columns = (*HEAD, "begins", "moves")
    add_columns = edit_columns = show_columns
    own_fields = {"moves": lists}
    description_columns = {
        **_DraftView.description_columns,
        "begins": _l("Local time of the first step: 2026-03-02 09:00; empty: that Monday."),
        "moves": _l(
            "A list of “open: Role”, “press: key” with “as: Role”, “set”, “wait: 2 working days” "
            "or “wait: next”, “end: child”; each with “expect” where something has to be so."
        ),
    }


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
        DraftStateView,
        DraftTransitionView,
        DraftDeadlineView,
        DraftNoticeView,
        DraftFieldView,
        DraftChildView,
        DraftTestView,
        WorkflowVersionView,
    ]
    related_by = {"WorkflowVersionView": "workflow"}
    list_columns = ("label_zh", "label_en", "key", "leg", "current.number")
    show_columns = (
        "key", "label_zh", "label_en", "leg", "help_zh", "help_en", "start", "intake", "openers",
        "notify", "current.number", "draft_version",
    )  # fmt: skip
    add_columns = edit_columns = (
        "key", "label_zh", "label_en", "leg", "help_zh", "help_en", "start", "intake", "openers",
        "notify",
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
    }

    def before_save(self, item: Workflow, form: Any, *, creating: bool) -> None:
        drafts.touch(item, access.viewer(), access.now())

    def after_save(self, item: Workflow, form: Any, *, creating: bool) -> None:
        for name in self.edit_columns:
            refuse_faults(item, name.removesuffix("_zh").removesuffix("_en"), form)

    def before_delete(self, item: Workflow) -> None:
        if item.current_id:
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
