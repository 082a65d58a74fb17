"""Whom a notice of a play would reach, in words, and by which channels.

The real outbox finds people in the database; a play has one person for each role. Both leave out
whoever acted, and neither tells a resident by the bell of staff.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.workflows import cast, registry
from app.workflows.outcomes import Actor
from app.workflows.registry import CHANNELS, RECIPIENTS, ROLES
from app.workflows.spec import FieldType, Label, Notice
from app.workflows.stage import Stage

PERSONAL = frozenset({"inapp", "email", "sms"})
"""Channels whose messages go to a person; the others go to the group of the place."""
_BY_MAIL = frozenset({"email", "sms"})


@dataclass(frozen=True, slots=True)
class Addressee:
    """``who`` is one and the same for one person, whatever they are addressed as."""

    who: str
    words: Label
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice that would have gone out; ``to`` empty: nobody was there to be told."""

    key: str
    at: datetime
    to: tuple[Addressee, ...]
    subject: dict[str, str]
    body: dict[str, str]
    silent: tuple[Label, ...] = ()
    """Who is named by the notice and isn't told: nobody there, or the one who acted."""


def found(
    notice: Notice, stage: Stage, actor: Actor
) -> tuple[tuple[Addressee, ...], tuple[Label, ...]]:
    """Who is told, each once, and who of those named isn't."""
    told: dict[str, Addressee] = {}
    silent: list[Label] = []
    personal = tuple(channel for channel in notice.channels if channel in PERSONAL)
    for name in notice.to:
        people = list(_people(name, stage, actor))
        others = [(who, words) for who, words in people if who != _mine(actor)]
        for who, words in others:
            channels = personal
            if who == "resident":
                channels = tuple(channel for channel in personal if channel in _BY_MAIL)
            if channels:
                told.setdefault(who, Addressee(who, words, channels))
        if not others:
            silent.append(_named(name, stage))
    for channel in notice.channels:
        if channel in CHANNELS and channel not in PERSONAL:
            told[f"channel:{channel}"] = Addressee(
                f"channel:{channel}", CHANNELS[channel].label, (channel,)
            )
    return tuple(told.values()), tuple(silent)


def _mine(actor: Actor) -> str:
    return "resident" if actor.kind == "resident" else f"person:{actor.id}"


def _people(name: str, stage: Stage, actor: Actor) -> Iterator[tuple[str, Label]]:
    kind, _, role = name.partition(":")
    if kind == "role" and role in cast.STAFF:
        yield f"person:{cast.number(role)}", ROLES[role]
    elif kind == "above" and role in cast.STAFF:
        yield name, _above(role)
    elif name in ("assignee", "creator"):
        person = stage.assignee if name == "assignee" else stage.creator
        if person is not None:
            yield f"person:{person}", _as(RECIPIENTS[name].label, cast.named(person))
    elif name == "party":
        if stage.party is not None:
            yield f"party:{stage.party}", cast.party(stage.party)
    elif name == "invited" or (name == "resident" and actor.kind != "resident"):
        yield name, RECIPIENTS[name].label
    elif (key := registry.field_key(name)) is not None:
        yield from _of_field(key, stage)


def _of_field(key: str, stage: Stage) -> Iterator[tuple[str, Label]]:
    spec, value = stage.compiled.fields.get(key), stage.data.get(key)
    if spec is None or spec.type not in (FieldType.PERSON, FieldType.PARTY, FieldType.PARTIES):
        return
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, int):
            continue
        if spec.type is FieldType.PERSON:
            yield f"person:{item}", _as(spec.label, cast.named(item))
        else:
            yield f"party:{item}", _as(spec.label, cast.party(item))


def _named(name: str, stage: Stage) -> Label:
    kind, _, role = name.partition(":")
    if kind == "role":
        return ROLES.get(role, Label(zh=role or name))
    if kind == "above":
        return _above(role) if role in ROLES else Label(zh=name)
    key = registry.field_key(name)
    if key is not None and key in stage.compiled.fields:
        return stage.compiled.fields[key].label
    return RECIPIENTS[name].label if name in RECIPIENTS else Label(zh=name)


def _above(role: str) -> Label:
    label = ROLES[role]
    return Label(zh=f"{label.zh}（上级）", en=f"{label.text('en')} above")


def _as(what: Label, who: Label) -> Label:
    return Label(zh=f"{what.zh}（{who.zh}）", en=f"{what.text('en')} ({who.text('en')})")
