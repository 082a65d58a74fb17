"""What is different between two versions of a workflow: a typed list, said in both languages.

Parts are matched by their keys. Steps, of which one key may have several, are matched by what they
leave as well. Nothing is different exactly when the two are equal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.workflows import sayings
from app.workflows.sayings import Names, said
from app.workflows.spec import Label, Notice, Transition, Workflow

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """``part`` is ``workflow`` or a list of the file (``states``); ``what`` the entry in it that is
    ``changed``, or ``order``. ``before`` and ``after`` are as in a file; None where there was, or
    is, nothing."""

    kind: Kind
    part: str
    key: str
    text: Label
    what: str = ""
    before: Any = None
    after: Any = None


_PARTS = {
    "states": ("状态", "state"),
    "transitions": ("操作", "step"),
    "fields": ("字段", "field"),
    "deadlines": ("时限", "deadline"),
    "notices": ("通知", "notice"),
    "children": ("子事项", "child"),
    "tests": ("测试", "test"),
}
_WHATS = {
    "label": ("名称", "label"),
    "help": ("说明", "help"),
    "key": ("标识", "key"),
    "leg": ("类型", "leg"),
    "start": ("开始", "start"),
    "intake": ("登记表单", "form of the opening"),
    "openers": ("登记角色", "openers"),
    "notify": ("通知", "notices"),
    "kind": ("种类", "kind"),
    "visible_to": ("可见角色", "roles that see it"),
    "from": ("出发状态", "source"),
    "to": ("去向", "target"),
    "roles": ("角色", "roles"),
    "relations": ("关系", "relations"),
    "when": ("条件", "condition"),
    "form": ("表单", "form"),
    "effects": ("动作", "effects"),
    "spawn": ("产生的子事项", "children made"),
    "confirm": ("确认语", "question"),
    "bulk": ("批量操作", "bulk"),
    "primary": ("主要操作", "usual next step"),
    "type": ("类型", "type"),
    "options": ("选项", "options"),
    "max_length": ("最多字数", "length"),
    "public": ("对居民公开", "public"),
    "stop": ("停止", "stop"),
    "pause": ("暂停", "pause"),
    "starts_on": ("开始的操作", "steps that start it"),
    "stops_on": ("停止的操作", "steps that stop it"),
    "within": ("时长", "time"),
    "until": ("到期字段", "due field"),
    "variants": ("不同时长", "other times"),
    "extension": ("延期", "extension"),
    "levels": ("提醒", "levels"),
    "channels": ("渠道", "channels"),
    "subject": ("标题", "subject"),
    "body": ("正文", "body"),
    "workflow": ("流程", "workflow"),
    "per": ("按什么产生", "made for"),
    "carry": ("带入字段", "fields carried"),
    "when_all_closed": ("全部结束后的操作", "step once all have ended"),
    "begins": ("开始时间", "beginning"),
    "moves": ("步骤", "moves"),
    "vary": ("各地可调整的内容", "what places may vary"),
    "order": ("顺序", "order"),
}


def compare(before: Workflow, after: Workflow) -> tuple[Change, ...]:
    """Everything that ``after`` has added, removed and changed, in the order of a file."""
    known = sayings.names(before, after)
    found = list(_entries("workflow", before.key, None, (_lean(before), _lean(after)), known))
    for part in _PARTS:
        found += _part(part, getattr(before, part), getattr(after, part), known)
    return tuple(found)


def _lean(part: Any) -> dict[str, Any]:
    """A part as a file writes it; of the workflow only what is no part of its own."""
    written: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    left_out = _PARTS if isinstance(part, Workflow) else ()
    return {key: value for key, value in written.items() if key not in left_out}


def _part(part: str, before: Sequence[Any], after: Sequence[Any], known: Names) -> Iterator[Change]:
    pairs, gone, fresh = matched(before, after)
    for thing in gone:
        yield _whole("removed", part, thing)
    for old, new in pairs:
        yield from _entries(part, new.key, new, (_lean(old), _lean(new)), known)
    for thing in fresh:
        yield _whole("added", part, thing)
    places = {id(new): i for i, new in enumerate(after)}
    order = [places[id(new)] for _, new in pairs]
    if order != sorted(order):
        zh, en = _PARTS[part]
        keys = [old.key for old, _ in pairs], [after[i].key for i in sorted(order)]
        text = Label(zh=f"{zh}的顺序有变化", en=f"the order of {en}s has changed")
        yield Change("changed", part, "", text, "order", *keys)


def matched(
    before: Sequence[Any], after: Sequence[Any]
) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """Parts of both that are one and the same, what is only before, and what is only after."""
    gone, fresh = list(before), list(after)
    pairs: list[tuple[Any, Any]] = []
    for alike in _ALIKE:
        waiting: dict[Any, list[Any]] = {}
        for new in fresh:
            waiting.setdefault(alike(new), []).append(new)
        for old in list(gone):
            if several := waiting.get(alike(old)):
                new = several.pop(0)
                pairs.append((old, new))
                gone = [one for one in gone if one is not old]
                fresh = [one for one in fresh if one is not new]
    places = {id(old): i for i, old in enumerate(before)}
    return sorted(pairs, key=lambda pair: places[id(pair[0])]), gone, fresh


def _source(thing: Any) -> Any:
    return thing.source if isinstance(thing, Transition) else None


def _target(thing: Any) -> Any:
    return thing.target if isinstance(thing, Transition) else None


_ALIKE: tuple[Callable[[Any], Any], ...] = (
    lambda thing: (thing.key, _source(thing), _target(thing)),
    lambda thing: (thing.key, _source(thing)),
    lambda thing: (thing.key, _target(thing)),
    lambda thing: thing.key,
)
"""From the strictest: of steps with one key the one that leaves the same states is meant."""


# --- words ----------------------------------------------------------------------------------------


def _whole(kind: Kind, part: str, thing: Any) -> Change:
    name = _named(part, thing)
    zh, en = {"added": ("新增", "added"), "removed": ("删去", "removed")}[kind]
    text = _say(f"{zh}{name.zh}", f"{en} {name.text('en')}")
    old, new = (None, _lean(thing)) if kind == "added" else (_lean(thing), None)
    return Change(kind, part, thing.key, text, "", old, new)


def _entries(
    part: str,
    key: str,
    thing: Any,
    sides: tuple[dict[str, Any], dict[str, Any]],
    known: Names,
) -> Iterator[Change]:
    old, new = sides
    name = None if thing is None else _named(part, thing)
    for what in dict.fromkeys((*old, *new)):
        before, after = old.get(what), new.get(what)
        # 1 equals True in Python, and isn't the same in a file
        if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
            continue
        zh, en = _WHATS.get(what, (what, what))
        owner = ("流程的", "") if name is None else (f"{name.zh}的", f"{name.text('en')}: ")
        text = _say(
            f"{owner[0]}{zh}：由 {said(before, what, 'zh', known)} "
            f"改为 {said(after, what, 'zh', known)}",
            f"{owner[1]}{en} changed from {said(before, what, 'en', known)} "
            f"to {said(after, what, 'en', known)}",
        )
        yield Change("changed", part, key, text, what, before, after)


def _named(part: str, thing: Any) -> Label:
    label = thing.subject if isinstance(thing, Notice) else thing.label
    zh, en = _PARTS[part]
    return _say(f"{zh}“{label.zh}”（{thing.key}）", f"{en} “{label.text('en')}” ({thing.key})")


def _say(zh: str, en: str) -> Label:
    return Label(zh=_cut(zh), en=_cut(en))


def _cut(text: str) -> str:
    return text if len(text) <= 2000 else f"{text[:1999]}…"
