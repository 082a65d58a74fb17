"""The spec model's complaints about a file, at their places and in both languages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.workflows import nodes
from app.workflows.faults import Fault, short
from app.workflows.spec import Label

Say = Callable[[dict[str, Any], Any], tuple[str, str]]
_MANY = 100
_LOOKED_AT = 500
_TAGS = frozenset({"fact", "all", "any", "not"})

_WORDS: dict[str, Say] = {
    "missing": lambda c, v: ("缺少这一项", "this is missing"),
    "extra_forbidden": lambda c, v: ("没有这样的项目", "there is no such entry"),
    "enum": lambda c, v: (
        f"{_seen(v)} 不可用，可用的有：{_listed(c)}",
        f"{_seen(v)} is not one of: {_listed(c)}",
    ),
    "literal_error": lambda c, v: (
        f"{_seen(v)} 不可用，应为：{_listed(c)}",
        f"{_seen(v)} should be {_listed(c)}",
    ),
    "string_pattern_mismatch": lambda c, v: (
        f"{_seen(v)} 不能作标识：用字母、汉字、数字和下划线，不以数字开头，最多 60 个字符",
        f"{_seen(v)} is no key: letters, digits and _, not beginning with a digit, 60 at most",
    ),
    "string_too_short": lambda c, v: ("不能为空", "must not be empty"),
    "string_too_long": lambda c, v: (
        f"最多 {c.get('max_length')} 个字符",
        f"at most {c.get('max_length')} characters",
    ),
    "too_short": lambda c, v: ("至少要有一项", "at least one entry is needed"),
    "too_long": lambda c, v: (
        f"最多 {c.get('max_length')} 项，请精简或拆成几个流程",
        f"at most {c.get('max_length')} entries: make it smaller, or several workflows",
    ),
    "string_type": lambda c, v: (f"{_seen(v)} 应为文字", f"{_seen(v)} should be a text"),
    "tuple_type": lambda c, v: (f"{_seen(v)} 应为列表", f"{_seen(v)} should be a list"),
    "dict_type": lambda c, v: (f"{_seen(v)} 应为一组键值", f"{_seen(v)} should be a mapping"),
    "model_type": lambda c, v: (f"{_seen(v)} 应为一组键值", f"{_seen(v)} should be a mapping"),
    "model_attributes_type": lambda c, v: (
        f"{_seen(v)} 应为一组键值",
        f"{_seen(v)} should be a mapping",
    ),
    "bool_parsing": lambda c, v: (
        f"{_seen(v)} 应为 true 或 false",
        f"{_seen(v)} should be true or false",
    ),
    "int_parsing": lambda c, v: (f"{_seen(v)} 应为整数", f"{_seen(v)} should be a whole number"),
    "int_type": lambda c, v: (f"{_seen(v)} 应为整数", f"{_seen(v)} should be a whole number"),
    "greater_than_equal": lambda c, v: (f"不能小于 {c.get('ge')}", f"at least {c.get('ge')}"),
    "less_than_equal": lambda c, v: (f"不能大于 {c.get('le')}", f"at most {c.get('le')}"),
    "union_tag_not_found": lambda c, v: (
        "条件应写成 fact、all、any 或 not",
        "a condition is one of: fact, all, any, not",
    ),
    "union_tag_invalid": lambda c, v: (
        "条件应写成 fact、all、any 或 not",
        "a condition is one of: fact, all, any, not",
    ),
}

_SENTENCES = {
    "no length of time": "时长应写成：30 min、2 hours、4 working hours、3 days、5 working days",
    "no moment of a deadline": "时点应写成：50 %、breach、breach + 1 working day",
    "of: set, assign, run": "set、assign、run 三者只能给一个",
    "of: within, until": "within 和 until 必须且只能给一个",
    "of: open, press": "open、press、set、wait、end 五者必须且只能给一个",
    "belong to press": "as 和 relations 只用于 press；登记人写成 open: <角色>",
    "belong to open": "party 和 assignee 只用于 open",
    "belongs to open or press": "form 只用于 open 或 press",
    "it like: 2026-03-02": "时间应写成：2026-03-02 09:00",
    "the year must be": "年份应在 2000 至 2100 之间",
    "moves in all tests": "各项测试的步骤总数过多，最多 1000 步",
    "not both": "百分比和超期后的时长只能给一个",
    "many steps in all": "操作和出发状态的组合过多，请精简或拆成几个流程",
    "control characters": "含有不允许的控制字符",
    "nested deeper": "条件嵌套过深",
    "too large": "数字过大",
    "finite": "应为有限的数",
}


def of(error: ValidationError, root: yaml.Node) -> tuple[Fault, ...]:
    """The model's complaints at their places in the file, in the file's order."""
    told = islice(error.errors(include_url=False), _LOOKED_AT)
    found = {fault for detail in told if (fault := _fault(detail, root))}
    return tuple(sorted(found, key=lambda fault: (fault.line, fault.path)))[:_MANY]


def _fault(detail: ErrorDetails, root: yaml.Node) -> Fault | None:
    node, path = root, ""
    parts = _real(detail, root)
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
        node = nodes.child(node, part) or node
    if detail["type"] == "too_short" and node.value:
        return None  # the entries are there, each with a fault of its own
    say = _WORDS.get(detail["type"], _other)
    zh, en = say({**detail.get("ctx", {}), "msg": detail["msg"]}, detail["input"])
    return Fault(path, nodes.line(node), Label(zh=short(zh), en=short(en)))


def _real(detail: ErrorDetails, root: yaml.Node) -> list[str | int]:
    """The location without the names of alternatives that pydantic puts between the parts."""
    node, found, loc = root, list[str | int](), detail["loc"]
    for index, part in enumerate(loc):
        inner = nodes.child(node, part)
        last = index == len(loc) - 1
        if inner is None:
            if last and detail["type"] == "missing":
                found.append(part)
        elif part in _TAGS and not last and nodes.child(node, loc[index + 1]) is not None:
            continue
        else:
            found.append(part)
            node = inner
    return found


def _other(context: dict[str, Any], value: Any) -> tuple[str, str]:
    """Messages of our own validators, and of pydantic's that no file is known to provoke."""
    english = str(context["msg"]).removeprefix("Value error, ")
    return next((zh for part, zh in _SENTENCES.items() if part in english), "值不对"), english


def _listed(context: dict[str, Any]) -> str:
    return str(context.get("expected")).replace("'", "").replace(" or ", ", ")


def _seen(value: Any) -> str:
    return f"“{str(value)[:60]}”"
