"""A small workflow with every kind of level, for the tests of sweep and delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.services import cases, definitions, drafts
from app.services.actors import SYSTEM
from app.services.cases import Opened, Opening
from app.workflows.spec import Workflow

SPEC: dict[str, Any] = {
    "key": "watched",
    "label": {"zh": "盯办事项", "en": "Watched matter"},
    "start": "raised",
    "states": [
        {"key": "raised", "label": {"zh": "已登记", "en": "Raised"}},
        {"key": "waiting", "label": {"zh": "等待材料"}, "kind": "waiting"},
        {"key": "raised_up", "label": {"zh": "已上报", "en": "Escalated"}},
        {"key": "done", "label": {"zh": "已办结", "en": "Done"}, "kind": "done"},
    ],
    "transitions": [
        {
            "key": "wait",
            "label": {"zh": "等待"},
            "from": "raised",
            "to": "waiting",
            "roles": ["Secretary"],
        },
        {
            "key": "go_on",
            "label": {"zh": "继续"},
            "from": "waiting",
            "to": "raised",
            "roles": ["Secretary"],
        },
        {
            "key": "finish",
            "label": {"zh": "办结"},
            "from": ["raised", "raised_up"],
            "to": "done",
            "roles": ["Secretary"],
        },
        {"key": "escalate", "label": {"zh": "上报"}, "from": "raised", "to": "raised_up"},
        {
            "key": "explain",
            "label": {"zh": "说明"},
            "from": "raised",
            "when": {"fact": "assignee.set"},
        },
    ],
    "deadlines": [
        {
            "key": "reply",
            "label": {"zh": "首次答复", "en": "First reply"},
            "start": "raised",
            "stop": ["raised_up"],
            "pause": "waiting",
            "within": "24 hours",
            "levels": [
                {"at": "50 %", "notify": ["soon"]},
                {"at": "breach", "notify": ["late"]},
                {"at": "breach + 2 hours", "fire": "escalate", "notify": ["late"]},
            ],
        },
        {
            "key": "quiet",
            "label": {"zh": "内部期限", "en": "Inner limit"},
            "start": "raised",
            "within": "30 hours",
        },
        {
            "key": "wrong",
            "label": {"zh": "补充说明", "en": "Explanation"},
            "start": "raised",
            "within": "100 hours",
            "levels": [{"at": "breach", "fire": "explain"}],
        },
    ],
    "notices": [
        {
            "key": "soon",
            "to": ["role:Secretary"],
            "channels": ["inapp"],
            "subject": {"zh": "{number} 快到期了", "en": "{number} is nearly due"},
            "body": {"zh": "{title}，{due} 到期。", "en": "{title}, due {due}."},
        },
        {
            "key": "late",
            "to": ["role:Secretary", "above:Subdistrict"],
            "channels": ["inapp", "email"],
            "subject": {"zh": "{number} 超期", "en": "{number} is late"},
            "body": {"zh": "{title}，{due} 已到期。", "en": "{title}, was due {due}."},
        },
    ],
}


def publish(session: Session, now: datetime) -> None:
    row = drafts.store(session, Workflow.model_validate(SPEC))
    definitions.publish(session, row, actor=SYSTEM, now=now)


def begin(session: Session, place_id: int, now: datetime, title: str = "4号楼漏水") -> Opened:
    return cases.open_case(session, Opening("watched", title, place_id), actor=SYSTEM, now=now)
