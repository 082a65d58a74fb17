"""The menus of the designer: everything that a workflow may name, with what people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.extensions import db
from app.services import definitions
from app.views import labels
from app.views.ledger import vocabulary as known
from app.workflows import registry
from app.workflows.checks.values import FITTING
from app.workflows.entries import Entry, ValueType
from app.workflows.spec import FieldType, Label

Pairs = list[tuple[str, str]]


def vocabulary() -> dict[str, Any]:
    return {
        "kinds": _words(known.STATE_KINDS),
        "types": _words(known.FIELD_TYPES),
        "relations": _words(known.RELATIONS),
        "roles": [(name, _said(label)) for name, label in registry.ROLES.items()],
        "legs": _named(registry.LEGS.values()),
        "channels": _named(registry.CHANNELS.values()),
        "recipients": _named(registry.RECIPIENTS.values()),
        "templates": _named(registry.TEMPLATES.values()),
        "effects": [_entry(effect) for effect in registry.EFFECTS.values()],
        "sources": [_entry(source) for source in registry.SOURCES.values()],
        "facts": [_fact(fact) for fact in registry.FACTS.values()],
        "deadline_facts": _family(registry.DEADLINE_FACTS),
        "children_facts": _family(registry.CHILDREN_FACTS),
        "fitting": {type_.value: [op.value for op in ops] for type_, ops in FITTING.items()},
        "values": {
            type_.value: registry.VALUES.get(type_, ValueType.TEXT).value for type_ in FieldType
        },
        "workflows": [
            (key, _said(spec.label)) for key, spec in definitions.published(db.session()).items()
        ],
    }


def _said(label: Label) -> str:
    return label.text(labels.language())


def _words(table: Mapping[Any, Any]) -> Pairs:
    return [(str(key.value), str(words)) for key, words in table.items()]


def _named(entries: Iterable[Entry]) -> Pairs:
    return [(entry.name, _said(entry.label)) for entry in entries]


def _entry(entry: Any) -> dict[str, Any]:
    return {"name": entry.name, "label": _said(entry.label), "legs": sorted(entry.legs)}


def _fact(fact: Any) -> dict[str, Any]:
    options = [(key, _said(label)) for key, label in (fact.options or {}).items()]
    return {**_entry(fact), "type": fact.type.value, "options": options}


def _family(table: Mapping[str, tuple[ValueType, Label]]) -> list[tuple[str, str, str]]:
    return [(word, _said(label), type_.value) for word, (type_, label) in table.items()]
