"""Words for what the database holds: columns, enum members, roles, objects.

Everything is lazy: the language is known only when a page is drawn.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import models as m
from app.services import edge
from app.services.actors import full_name
from app.workflows import registry

ENUMS: dict[type[enum.Enum], dict[Any, Any]] = {
    m.PlaceKind: {
        m.PlaceKind.DISTRICT: _l("District"),
        m.PlaceKind.SUBDISTRICT: _l("Subdistrict"),
        m.PlaceKind.COMMUNITY: _l("Community"),
        m.PlaceKind.GRID: _l("Grid"),
        m.PlaceKind.COMPOUND: _l("Compound"),
        m.PlaceKind.BUILDING: _l("Building"),
        m.PlaceKind.ENTRANCE: _l("Entrance"),
        m.PlaceKind.HOUSEHOLD: _l("Household"),
    },
    m.PartyKind: {
        m.PartyKind.PARTY_ORG: _l("Party organisation"),
        m.PartyKind.COMMITTEE: _l("Residents' committee"),
        m.PartyKind.COUNCIL: _l("Residents' council"),
        m.PartyKind.PROPERTY: _l("Property company"),
        m.PartyKind.OTHER: _l("Other unit"),
    },
    m.EventKind: {
        m.EventKind.OPENED: _l("Opened"),
        m.EventKind.MOVED: _l("Moved"),
        m.EventKind.NOTED: _l("Noted"),
        m.EventKind.LEVEL: _l("Deadline reached"),
        m.EventKind.CORRECTED: _l("Corrected"),
        m.EventKind.MIGRATED: _l("Moved to another version"),
    },
    m.ClockRule: {
        m.ClockRule.KEEP: _l("Keep the old time"),
        m.ClockRule.RESTART: _l("Start again now"),
        m.ClockRule.SHIFT: _l("New time from the old start"),
    },
    m.MoveOutcome: {
        m.MoveOutcome.MOVED: _l("Moved over"),
        m.MoveOutcome.LEFT: _l("Nothing to do"),
        m.MoveOutcome.REFUSED: _l("Stayed as it is"),
    },
    m.ClockStatus: {
        m.ClockStatus.RUNNING: _l("Running"),
        m.ClockStatus.PAUSED: _l("Paused"),
        m.ClockStatus.STOPPED: _l("Stopped"),
    },
    m.Source: {
        m.Source.WEB: _l("Web page"),
        m.Source.PHONE: _l("Telephone"),
        m.Source.VISIT: _l("Visit"),
        m.Source.CHAT: _l("Chat group"),
        m.Source.PATROL: _l("Patrol"),
        m.Source.PROPERTY: _l("From the property company"),
        m.Source.HOTLINE: _l("12345 hotline"),
    },
    m.Stance: {
        m.Stance.AGREE: _l("Agrees"),
        m.Stance.RESERVATION: _l("Agrees with reservation"),
        m.Stance.ASIDE: _l("Stands aside"),
        m.Stance.DISAGREE: _l("Disagrees"),
    },
    m.DecisionRule: {
        m.DecisionRule.CONSENSUS: _l("Consensus: all are heard, none disagrees"),
        m.DecisionRule.MAJORITY: _l("Majority: all are heard, more than half agree"),
    },
    m.Voices: {
        m.Voices.INVITED: _l("Of all invited parties"),
        m.Voices.PRESENT: _l("Of the parties present"),
    },
    m.NoticeStatus: {
        m.NoticeStatus.WAITING: _l("Waiting"),
        m.NoticeStatus.SENDING: _l("Sending"),
        m.NoticeStatus.SENT: _l("Sent"),
        m.NoticeStatus.DEAD: _l("Not deliverable"),
        m.NoticeStatus.MUTED: _l("Not wanted"),
        m.NoticeStatus.INCLUDED: _l("In a digest"),
    },
    m.Mode: {
        m.Mode.NOW: _l("At once"),
        m.Mode.DIGEST: _l("In the daily digest"),
        m.Mode.NEVER: _l("Not at all"),
    },
    m.AreaSource: {
        m.AreaSource.REGISTERED: _l("Registered area"),
        m.AreaSource.SURVEYED: _l("Surveyed area"),
        m.AreaSource.CONTRACT: _l("Area by contract"),
    },
    m.OwnerKind: {
        m.OwnerKind.PERSON: _l("Natural person"),
        m.OwnerKind.ORGANISATION: _l("Organisation"),
        m.OwnerKind.DEVELOPER: _l("Developer"),
    },
    m.Voice: {
        m.Voice.AGREE: _l("Agrees"),
        m.Voice.CONDITION: _l("Agrees on a condition"),
        m.Voice.DISAGREE: _l("Disagrees"),
        m.Voice.ABSTAIN: _l("Abstains"),
        m.Voice.REFUSED: _l("Would not say"),
        m.Voice.AWAY: _l("Nobody at home"),
    },
    m.AccessKind: {
        m.AccessKind.LOGIN: _l("Signed in"),
        m.AccessKind.FAILED: _l("Failed to sign in"),
        m.AccessKind.LOGOUT: _l("Signed out"),
        m.AccessKind.PASSWORD: _l("Password changed"),
        m.AccessKind.EXPORT: _l("Exported"),
        m.AccessKind.REVEAL: _l("Number shown"),
        m.AccessKind.SEARCH: _l("Looked up by number"),
    },
}
"""By enum first: members of different enums with the same value are equal to each other."""


def of_enum(member: enum.Enum) -> str:
    """The member in the reader's language; its value where no words were given."""
    return str(ENUMS.get(type(member), {}).get(member, member.value))


def of_role(name: str) -> str:
    """Of a role, or of a pseudo role of workflow files."""
    return registry.ROLES[name].text(language()) if name in registry.ROLES else name


def language() -> str:
    return str(get_locale() or "zh")[:2]


def localized(texts: dict[str, Any]) -> str:
    """The reader's language of ``{zh, en}``; English falls back to Chinese and the reverse."""
    return str(texts.get(language()) or texts.get("zh") or texts.get("en") or "")


def is_localized(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and value.keys() <= {"zh", "en"}


def of_object(item: Any) -> str:
    """The words by which people know a row."""
    if isinstance(item, User):
        return full_name(item)
    if isinstance(item, RoleRow):
        return of_role(item.name)
    if isinstance(item, m.Staff):
        return full_name(item.user)
    if type(item) in _WORDED:
        return _WORDED[type(item)](item)
    if hasattr(item, "label_zh"):
        return localized({"zh": item.label_zh, "en": item.label_en}) or str(item.key)
    return str(item)


_WORDED: dict[type[Any], Callable[[Any], str]] = {
    m.Event: lambda item: localized(item.label),
    m.Clock: lambda item: localized(item.label),
    m.Notice: lambda item: localized(item.subject),
    m.Position: lambda item: of_enum(item.stance),
    m.Opinion: lambda item: of_enum(item.voice),
    m.AccessEvent: lambda item: f"{of_enum(item.kind)} {item.username}",
    m.WorkflowVersion: lambda item: str(_("Version %(number)s", number=item.number)),
    m.Publication: lambda item: of_enum(item.kind),
    m.Ownership: lambda item: f"{item.unit} – {item.owner}",
    m.LoginSession: lambda item: full_name(item.user),
    m.Account: lambda item: full_name(item.user),
}
"""Rows that people don't know by a name or number of their own."""


def plain(value: Any) -> str:
    """Any value as a text for people: enums, yes and no, instants, names."""
    if value is None:
        return ""
    if isinstance(value, enum.Enum):
        return of_enum(value)
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, Model):
        return of_object(value)
    if is_localized(value):
        return localized(value)
    if isinstance(value, datetime):  # FAB's own columns are naive and local
        return edge.shown(value) if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def install(app: Flask) -> None:
    """Filters ``words`` (any value) and ``localized`` ({zh, en}) of the templates."""
    app.jinja_env.filters["words"] = plain
    app.jinja_env.filters["localized"] = localized
