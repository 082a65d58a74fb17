"""Two versions of one small workflow, and cases that run on the older one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import cases, definitions, drafts
from app.services.actors import SYSTEM, Viewer
from app.services.cases import Opening
from app.services.migrations import Plan
from app.workflows.spec import Workflow
from app.workflows.transfer import Rule


def button(key: str, source: Any, target: str | None, zh: str, **more: Any) -> dict[str, Any]:
    label = {"zh": zh, "en": key.replace("_", " ").capitalize()}
    return {
        "key": key,
        "label": label,
        "from": source,
        "to": target,
        "roles": ["Secretary"],
        **more,
    }


FIRST: dict[str, Any] = {
    "key": "repair",
    "label": {"zh": "公共设施维修", "en": "Repair"},
    "start": "new",
    "openers": ["Secretary", "CommitteeStaff"],
    "fields": [
        {"key": "where", "label": {"zh": "位置", "en": "Where"}},
        {
            "key": "kind",
            "label": {"zh": "类别", "en": "Kind"},
            "type": "choice",
            "options": [
                {"key": "lamp", "label": {"zh": "路灯", "en": "Lamp"}},
                {"key": "road", "label": {"zh": "道路", "en": "Road"}},
            ],
        },
        {"key": "cost", "label": {"zh": "预估费用", "en": "Cost"}, "type": "number"},
        {"key": "date", "label": {"zh": "约定日期", "en": "Agreed date"}, "type": "date"},
    ],
    "intake": [{"field": "where"}, {"field": "kind"}, {"field": "cost"}, {"field": "date"}],
    "states": [
        {"key": "new", "label": {"zh": "已登记", "en": "New"}},
        {"key": "doing", "label": {"zh": "维修中", "en": "Doing"}},
        {"key": "resting", "label": {"zh": "等配件", "en": "Waits for parts"}, "kind": "waiting"},
        {"key": "done", "label": {"zh": "已修好", "en": "Done"}, "kind": "done"},
        {"key": "gone", "label": {"zh": "已撤回", "en": "Withdrawn"}, "kind": "cancelled"},
    ],
    "transitions": [
        button("begin", "new", "doing", "开始维修", primary=True),
        button("rest", "doing", "resting", "等配件"),
        button("go_on", "resting", "doing", "继续维修"),
        button("note", "*", None, "记一笔", form=[{"field": "where"}]),
        button("finish", "doing", "done", "修好", primary=True),
        button("withdraw", "*", "gone", "撤回"),
    ],
    "deadlines": [
        {
            "key": "all",
            "label": {"zh": "维修期限", "en": "Repair time"},
            "start": "new",
            "pause": "resting",
            "within": "10 days",
            "levels": [
                {"at": "50 %", "notify": ["told"]},
                {"at": "breach", "notify": ["told"]},
                {"at": "breach + 2 days", "notify": ["told"]},
            ],
        },
        {
            "key": "first",
            "label": {"zh": "首次答复", "en": "First answer"},
            "start": "new",
            "stop": "doing",
            "within": "8 hours",
        },
    ],
    "notices": [
        {
            "key": "told",
            "to": ["role:Secretary"],
            "subject": {"zh": "{number} {title}", "en": "{number} {title}"},
            "body": {"zh": "{state}，{due}", "en": "{state}, {due}"},
        }
    ],
}


def second() -> dict[str, Any]:
    """Doing is called working now, lamps are no kind any more, nobody asks for the cost; six days
    in place of ten, a clock is gone, and another is new."""
    spec: dict[str, Any] = json.loads(json.dumps(FIRST).replace('"doing"', '"working"'))
    spec["fields"][1]["options"].pop(0)
    spec["fields"].pop(2)
    spec["intake"] = [{"field": "where"}, {"field": "kind"}]
    spec["deadlines"][0]["within"] = "6 days"
    spec["deadlines"][1] = {
        "key": "visit",
        "label": {"zh": "上门查看", "en": "Visit"},
        "start": "working",
        "within": "2 days",
    }
    return spec


MAPPING = {"new": "new", "doing": "working", "resting": "resting"}


def publish(session: Session, now: datetime, *specs: dict[str, Any]) -> m.Workflow:
    """Each as the next version."""
    row = None
    for spec in specs:
        row = drafts.store(session, Workflow.model_validate(spec))
        definitions.publish(session, row, actor=SYSTEM, now=now)
    assert row is not None
    return row


def version(session: Session, row: m.Workflow, number: int) -> int:
    query = sa.select(m.WorkflowVersion.id).filter_by(workflow_id=row.id, number=number)
    return session.scalars(query).one()


def begin(
    session: Session,
    place_id: int,
    now: datetime,
    actor: Viewer,
    events: Sequence[str] = (),
    **form: Any,
) -> int:
    """A case on the present version that ``actor`` has taken through these events."""
    opening = Opening("repair", "路灯不亮", place_id, form=form)
    case_id = cases.open_case(session, opening, actor=actor, now=now).id
    for event in events:
        cases.fire(session, case_id, event, actor=actor, now=now)
    return case_id


def plan(row: m.Workflow, rule: Rule = "shift", **mapping: str | None) -> Plan:
    """From version 1 to 2."""
    return Plan(row.id, "2", {"1": {**MAPPING, **mapping}}, rule, "新办法施行")
