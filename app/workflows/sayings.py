"""Values of a workflow file in words, for those who compare two versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from app.workflows import registry
from app.workflows.spans import Duration
from app.workflows.spec import Label, Workflow

_LONGEST = 300
_ROLES = frozenset({"roles", "openers", "visible_to"})
_STATES = frozenset({"from", "to", "start", "stop", "pause"})
_EVENTS = frozenset({"starts_on", "stops_on", "when_all_closed"})
_FIELDS = frozenset({"form", "intake", "carry", "until"})
_NOTICES = frozenset({"notify"})
_NOTHING = {"zh": "（无）", "en": "(nothing)"}
_EVERYWHERE = {"zh": "所有未结束的状态", "en": "every state that is no end"}
_REQUIRED = {"zh": "（必填）", "en": " (required)"}


@dataclass(frozen=True, slots=True)
class Names:
    """What the keys of two workflows are called; of the later one where both have them."""

    states: Mapping[str, Label] = field(default_factory=dict)
    events: Mapping[str, Label] = field(default_factory=dict)
    fields: Mapping[str, Label] = field(default_factory=dict)
    notices: Mapping[str, Label] = field(default_factory=dict)

    def of(self, what: str) -> Mapping[str, Label]:
        """Those that the entry ``what`` of a file speaks of; none where it speaks of no keys."""
        for several, known in (
            (_ROLES, registry.ROLES),
            (_STATES, self.states),
            (_EVENTS, self.events),
            (_FIELDS, self.fields),
            (_NOTICES, self.notices),
        ):
            if what in several:
                return known
        return {}


def names(before: Workflow, after: Workflow) -> Names:
    both = (before, after)
    return Names(
        states={s.key: s.label for spec in both for s in spec.states},
        events={t.key: t.label for spec in both for t in spec.transitions},
        fields={f.key: f.label for spec in both for f in spec.fields},
        notices={n.key: n.subject for spec in both for n in spec.notices},
    )


def said(value: Any, what: str, language: str, known: Names) -> str:
    """``value`` as a file has it under ``what``."""
    if value is None or value in ([], ""):
        return _NOTHING[language]
    if isinstance(value, bool):
        return {"zh": "是" if value else "否", "en": "yes" if value else "no"}[language]
    if what == "from" and value == "*":
        return _EVERYWHERE[language]
    if what == "within" and isinstance(value, str):
        return _span(value, language)
    named = known.of(what)
    if isinstance(value, str) and value in named:
        return _quoted(named[value].text(language))
    if isinstance(value, str | int):
        return _quoted(str(value))
    if isinstance(value, dict) and "zh" in value and set(value) <= {"zh", "en"}:
        return _quoted(value["zh"]) + (f" / {_quoted(value['en'])}" if value.get("en") else "")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _joined([_name(item, named, language) for item in value], language)
    if isinstance(value, list) and all(_asked(item) for item in value):
        return _joined([_row(item, named, language) for item in value], language)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _span(text: str, language: str) -> str:
    try:
        return Duration.model_validate(text).text(language)
    except ValidationError:
        return _quoted(text)


def _asked(item: Any) -> bool:
    """A row of a form."""
    return isinstance(item, dict) and "field" in item and set(item) <= {"field", "required"}


def _row(item: dict[str, Any], named: Mapping[str, Label], language: str) -> str:
    required = _REQUIRED[language] if item.get("required") else ""
    return _name(item["field"], named, language) + required


def _name(key: str, named: Mapping[str, Label], language: str) -> str:
    return named[key].text(language) if key in named else key


def _joined(texts: list[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(texts)


def _quoted(text: str) -> str:
    return f"“{text}”"
