"""Small workflows for the tests of engine and checker, and ways to change one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MATTER: dict[str, Any] = {
    "key": "matter",
    "label": {"zh": "事项", "en": "Matter"},
    "start": "new",
    "openers": ["Secretary", "Resident"],
    "notify": ["told"],
    "intake": [{"field": "urgency"}, {"field": "text", "required": True}],
    "fields": [
        {"key": "text", "label": {"zh": "说明", "en": "What"}},
        {
            "key": "urgency",
            "label": "紧急程度",
            "type": "choice",
            "options": [{"key": "urgent", "label": "紧急"}, {"key": "normal", "label": "一般"}],
        },
        {"key": "result", "label": {"zh": "结果", "en": "Result"}, "type": "choice",
         "options": [{"key": "fixed", "label": "已解决"}, {"key": "no_cause", "label": "未查明"}]},
        {"key": "body", "label": "单位", "type": "party"},
        {"key": "bodies", "label": "单位", "type": "parties"},
        {"key": "owner", "label": "负责人", "type": "person"},
        {"key": "amount", "label": "金额", "type": "money"},
        {"key": "day", "label": "期限", "type": "date"},
        {"key": "late", "label": "超期", "type": "yes_no"},
    ],
    "states": [
        {"key": "new", "label": {"zh": "新", "en": "New"}, "visible_to": ["Secretary"]},
        {"key": "doing", "label": {"zh": "办理中", "en": "Doing"}},
        {"key": "paused", "label": "暂停", "kind": "waiting"},
        {"key": "done", "label": "完成", "kind": "done"},
        {"key": "gone", "label": "撤回", "kind": "cancelled"},
    ],
    "transitions": [
        {"key": "state", "label": {"zh": "受理", "en": "Accept"}, "from": "new", "to": "doing",
         "roles": ["Secretary", "CommitteeStaff"], "effects": [{"assign": "actor"}]},
        {"key": "finish", "label": {"zh": "办结", "en": "Finish"}, "from": "doing", "to": "done",
         "roles": ["Secretary"], "relations": ["assignee", "party"],
         "when": {"all": [{"fact": "field.result", "op": "ne", "value": "no_cause"},
                          {"fact": "children.all_closed"}]},
         "form": [{"field": "result", "required": True}],
         "effects": [{"run": "rating.request"}], "notify": ["told"]},
        {"key": "report", "label": {"zh": "报告", "en": "Report"}, "from": "doing", "to": "done",
         "relations": ["party"]},
        {"key": "hand_over", "label": {"zh": "交办", "en": "Assign"}, "from": "doing",
         "roles": ["Secretary"],
         "form": [{"field": "body"}, {"field": "owner"}, {"field": "bodies"}],
         "effects": [{"assign": "field.body"}, {"assign": "field.owner"}], "spawn": ["parts"]},
        {"key": "pause", "label": "暂停", "from": "doing", "to": "paused", "roles": ["Secretary"]},
        {"key": "resume", "label": "恢复", "from": "paused", "to": "doing", "roles": ["Secretary"]},
        {"key": "withdraw", "label": {"zh": "撤回", "en": "Withdraw"}, "from": "*", "to": "gone",
         "roles": ["Resident"], "relations": ["creator"]},
        {"key": "escalate", "label": {"zh": "上报", "en": "Escalate"}, "from": "doing",
         "effects": [{"set": {"late": True, "amount": 5}}]},
        {"key": "date", "label": "期限", "from": "*", "roles": ["Secretary"],
         "form": [{"field": "day"}]},
        {"key": "triage", "label": "分级", "from": "new", "to": "new", "roles": ["Secretary"],
         "form": [{"field": "urgency", "required": True}]},
        {"key": "pay", "label": "付款", "from": "doing", "roles": ["Secretary"],
         "form": [{"field": "amount"}],
         "when": {"fact": "field.amount", "op": "gt", "value": "99.50"}},
        {"key": "again", "label": "重办", "from": "done", "to": "doing", "roles": ["Secretary"]},
    ],
    "deadlines": [
        {"key": "first", "label": "首次", "start": "new", "stop": "doing", "within": "1 day",
         "when": {"fact": "field.urgency", "op": "ne", "value": "urgent"}},
        {"key": "fast", "label": "紧急", "start": "new", "stop": "doing", "within": "2 hours",
         "when": {"fact": "field.urgency", "value": "urgent"}},
        {"key": "work", "label": "办理", "start": "doing", "pause": "paused", "within": "5 days"},
        {"key": "own", "label": "约定", "start": ["doing"], "until": "day"},
    ],
    "notices": [{"key": "told", "to": "assignee", "subject": "{title}", "body": "{link}"}],
    "children": [{"key": "parts", "label": "分件", "workflow": "part", "per": "field.bodies"}],
}  # fmt: skip
"""One of everything that a step may do."""

SOUND: dict[str, Any] = {
    "key": "matter",
    "label": {"zh": "事项", "en": "Matter"},
    "start": "new",
    "openers": ["Secretary"],
    "fields": [
        {
            "key": "kind",
            "label": "类别",
            "type": "choice",
            "options": [{"key": "a", "label": "甲"}],
        },
        {"key": "amount", "label": "金额", "type": "number"},
        {"key": "day", "label": "期限", "type": "date"},
        {"key": "bodies", "label": "单位", "type": "parties"},
        {"key": "owner", "label": "负责人", "type": "person"},
        {"key": "text", "label": "说明", "type": "text"},
    ],
    "intake": [{"field": "kind"}],
    "states": [
        {"key": "new", "label": "新"},
        {"key": "doing", "label": "办理"},
        {"key": "waiting", "label": "等待", "kind": "waiting"},
        {"key": "done", "label": "完", "kind": "done"},
        {"key": "gone", "label": "撤", "kind": "cancelled"},
    ],
    "transitions": [
        {
            "key": "begin",
            "label": {"zh": "开始", "en": "Begin"},
            "from": "new",
            "to": "doing",
            "roles": ["Secretary"],
            "form": [
                {"field": "amount"},
                {"field": "day"},
                {"field": "bodies"},
                {"field": "owner"},
            ],
            "effects": [{"assign": "actor"}],
            "notify": ["told"],
        },
        {
            "key": "hand_over",
            "label": "交办",
            "from": "doing",
            "to": "waiting",
            "roles": ["Secretary"],
            "when": {"fact": "field.amount", "op": "ge", "value": 1},
            "spawn": ["parts"],
        },
        {"key": "all_in", "label": "都完成", "from": "waiting", "to": "doing"},
        {
            "key": "finish",
            "label": "完成",
            "from": "doing",
            "to": "done",
            "roles": ["Secretary"],
            "form": [{"field": "text", "required": True}],
        },
        {
            "key": "stop",
            "label": "撤回",
            "from": "*",
            "to": "gone",
            "roles": ["Secretary"],
            "form": [{"field": "text", "required": True}],
        },
        {"key": "chase", "label": "催", "from": "doing", "roles": ["System"]},
    ],
    "deadlines": [
        {
            "key": "all",
            "label": "总时限",
            "start": "new",
            "within": "5 working days",
            "levels": [
                {"at": "50 %", "notify": ["told"]},
                {"at": "breach", "notify": ["told"]},
                {"at": "breach + 1 working day", "notify": ["told"], "fire": "chase"},
            ],
        },
        {
            "key": "own",
            "label": "约定",
            "start": "doing",
            "until": "day",
            "levels": [{"at": "breach", "notify": ["told"]}],
        },
    ],
    "notices": [
        {
            "key": "told",
            "to": ["assignee", "role:Secretary"],
            "subject": "{number} {title}",
            "body": "{state} {place} {due} {actor} {link}",
        }
    ],
    "children": [
        {
            "key": "parts",
            "label": "分件",
            "workflow": "part",
            "per": "field.bodies",
            "carry": ["kind"],
            "when_all_closed": "all_in",
        }
    ],
}
PART: dict[str, Any] = {
    "key": "part",
    "label": "分件",
    "start": "open",
    "fields": [
        {"key": "kind", "label": "类别", "type": "choice", "options": [{"key": "a", "label": "甲"}]}
    ],
    "intake": [{"field": "kind"}],
    "states": [
        {"key": "open", "label": "办"},
        {"key": "closed", "label": "结", "kind": "done"},
    ],
    "transitions": [
        {"key": "close", "label": "结", "from": "open", "to": "closed", "relations": ["party"]}
    ],
    "deadlines": [
        {
            "key": "due",
            "label": "办理",
            "start": "open",
            "within": "3 working days",
            "levels": [{"at": "breach", "notify": ["late"]}],
        }
    ],
    "notices": [{"key": "late", "to": "party", "subject": "{title}", "body": "{link}"}],
}


def at(spec: dict[str, Any], path: str) -> Any:
    node: Any = spec
    for part in path.replace("[", ".").replace("]", "").split("."):
        node = node[int(part)] if part.isdecimal() else node[part]
    return node


def put(path: str, value: Any) -> Callable[[dict[str, Any]], object]:
    """Set one value; the last part may be new."""
    head, _, last = path.rpartition(".")

    def change(spec: dict[str, Any]) -> None:
        (at(spec, head) if head else spec)[last] = value

    return change


def add(path: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda spec: at(spec, path).append(value)


def step(key: str, source: Any, target: str | None, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "from": source, "to": target, "roles": ["Secretary"], **more}
