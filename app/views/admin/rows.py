"""Ledgers of a draft's rows: states, transitions, deadlines, fields, children, tests, notices."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import InvalidError, Problem
from app.models import (
    DraftChild,
    DraftDeadline,
    DraftField,
    DraftNotice,
    DraftState,
    DraftTest,
    DraftTransition,
)
from app.views.admin.draft import HEAD, DraftView, lists
from app.views.fields import NumberField
from app.views.ledger import vocabulary
from app.workflows import registry, templates


class DraftStateView(DraftView):
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
        **DraftView.description_columns,
        "visible_to": _l("Roles, with commas between them; empty: everybody in scope."),
    }


class DraftTransitionView(DraftView):
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
        **DraftView.description_columns,
        "source": _l("Keys of states, or * for every state that isn't an end."),
        "target": _l("Key of a state; empty: the case stays where it is."),
        "relations": _l("assignee, creator or party."),
        "when": _l("A condition, as in a workflow file: “fact: quorum.met”."),
        "form": _l("A list of “field: key” with “required: true” where needed."),
    }


class DraftDeadlineView(DraftView):
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
        **DraftView.description_columns,
        "within": _l("For example: 30 min, 4 working hours, 5 working days."),
        "variants": _l("A list of “when: …” with “within: …”; the first that holds counts."),
        "starts_on": _l("Keys of transitions, whether or not they move the case."),
        "stops_on": _l("Keys of transitions, whether or not they move the case."),
        "extension": _l(
            "“ask”, “grant”, “refuse”: keys of transitions; “by”: how much; “field”, “most”."
        ),
        "levels": _l("A list of “at: 50 %”, “at: breach” …, each with “notify” or “fire”."),
    }


class DraftFieldView(DraftView):
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


class DraftChildView(DraftView):
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
        **DraftView.description_columns,
        "per": _l("field.<key> of a field of parties or a place, or a registered source."),
    }


class DraftTestView(DraftView):
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
        **DraftView.description_columns,
        "begins": _l("Local time of the first step: 2026-03-02 09:00; empty: that Monday."),
        "moves": _l(
            "A list of “open: Role”, “press: key” with “as: Role”, “set”, “wait: 2 working days” "
            "or “wait: next”, “end: child”; each with “expect” where something has to be so."
        ),
    }


class DraftNoticeView(DraftView):
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
        **DraftView.description_columns,
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
