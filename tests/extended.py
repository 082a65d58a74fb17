"""A small workflow with variants, extensions and a clock that a button starts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.services import cases, definitions, drafts
from app.services.actors import SYSTEM
from app.services.cases import Opened, Opening
from app.workflows.spec import Workflow


def _button(key: str, source: Any, target: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "label": {"zh": key, "en": key},
        "from": source,
        "to": target,
        "roles": ["Secretary"],
        **more,
    }


SPEC: dict[str, Any] = {
    "key": "extended",
    "label": {"zh": "可延期事项", "en": "Extendable matter"},
    "start": "doing",
    "openers": ["Secretary"],
    "fields": [
        {
            "key": "urgency",
            "label": "紧急程度",
            "type": "choice",
            "options": [{"key": "normal", "label": "一般"}, {"key": "urgent", "label": "紧急"}],
        },
        {"key": "days", "label": "天数", "type": "number"},
        {"key": "why", "label": "原因", "type": "long_text"},
    ],
    "intake": [{"field": "urgency"}],
    "states": [
        {"key": "doing", "label": "办理"},
        {"key": "resting", "label": "暂缓", "kind": "waiting"},
        {"key": "done", "label": "完", "kind": "done"},
    ],
    "transitions": [
        _button("triage", "doing", form=[{"field": "urgency", "required": True}]),
        _button(
            "ask",
            "doing",
            form=[{"field": "days", "required": True}, {"field": "why", "required": True}],
        ),
        _button("grant", "doing", form=[{"field": "days"}]),
        _button("refuse", "doing"),
        _button("supervise", ["doing", "resting"]),
        _button("answer", ["doing", "resting"]),
        _button("rest", "doing", "resting"),
        _button("go_on", "resting", "doing"),
        _button("finish", ["doing", "resting"], "done"),
    ],
    "deadlines": [
        {
            "key": "all",
            "label": {"zh": "办理", "en": "Handling"},
            "start": "doing",
            "pause": "resting",
            "within": "5 working days",
            "variants": [
                {"when": {"fact": "field.urgency", "value": "urgent"}, "within": "1 working day"},
                {
                    "when": {"fact": "case.places", "op": "contains", "value": "桃仙"},
                    "within": "3 working days",
                },
            ],
            "extension": {
                "ask": "ask",
                "grant": "grant",
                "refuse": "refuse",
                "by": "5 working days",
                "field": "days",
                "most": 2,
            },
            "levels": [{"at": "breach", "notify": ["late"]}],
        },
        {
            "key": "answer",
            "label": {"zh": "答复督办", "en": "Answer to the supervision"},
            "starts_on": "supervise",
            "stops_on": ["answer"],
            "within": "1 working day",
            "levels": [{"at": "breach", "notify": ["late"]}],
        },
    ],
    "notices": [{"key": "late", "to": "role:Secretary", "subject": "{title}", "body": "{due}"}],
}


def publish(session: Session, now: datetime) -> None:
    row = drafts.store(session, Workflow.model_validate(SPEC))
    definitions.publish(session, row, actor=SYSTEM, now=now)


def begin(session: Session, place_id: int, now: datetime, **form: Any) -> Opened:
    opening = Opening("extended", "屋顶漏水", place_id, form=form)
    return cases.open_case(session, opening, actor=SYSTEM, now=now)
