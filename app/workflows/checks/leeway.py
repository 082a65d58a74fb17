"""What places may vary: does it name what there is, and does the template itself keep to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.workflows import registry
from app.workflows.checks.findings import Finding, error, named, nearby, say, warning
from app.workflows.checks.graph import Graph
from app.workflows.leeway import RoleLeeway, TimeLeeway
from app.workflows.spec import SYSTEM, Deadline


def check(graph: Graph) -> Iterator[Finding]:
    vary = graph.spec.vary
    if vary is None:
        return
    seen: set[str] = set()
    for index, one in enumerate(vary.roles):
        path = f"vary.roles[{index}]"
        yield from _twice(path, one.transition, seen)
        yield from _roles(graph, path, one)
    seen = set()
    for index, limit in enumerate(vary.times):
        path = f"vary.times[{index}]"
        yield from _twice(path, limit.deadline, seen)
        yield from _times(graph, path, limit)


def _twice(path: str, key: str, seen: set[str]) -> Iterator[Finding]:
    if key in seen:
        text = say(f"{path}：{key} 出现了两次", f"{path}: {key} is given twice")
        yield error("same_key_twice", path, text, say("只保留一处。", "Keep one of them."))
    seen.add(key)


def _roles(graph: Graph, path: str, one: RoleLeeway) -> Iterator[Finding]:
    steps = [step for step in graph.spec.transitions if step.key == one.transition]
    if not steps:
        known = {step.key for step in graph.spec.transitions}
        yield _unknown(
            "unknown_event", f"{path}.transition", ("操作", "step"), one.transition, known
        )
    offered = [role for role in registry.ROLES if role != SYSTEM]
    for role in one.among:
        if role not in offered:
            yield _unknown("unknown_role", f"{path}.among", ("角色", "role"), role, offered)
    if steps and not any(set(step.roles) <= set(one.among) for step in steps):
        text = say(
            f"{path}：操作 {one.transition} 自己的角色不在可选角色之内",
            f"{path}: the roles of step {one.transition} itself are not among those to choose from",
        )
        hint = say("把它们也列入 among。", "List them under among too.")
        yield warning("outside_leeway", f"{path}.among", text, hint)


def _times(graph: Graph, path: str, limit: TimeLeeway) -> Iterator[Finding]:
    known = {deadline.key: deadline for deadline in graph.spec.deadlines}
    deadline = known.get(limit.deadline)
    if deadline is None:
        where = f"{path}.deadline"
        yield _unknown("unknown_deadline", where, ("时限", "deadline"), limit.deadline, known)
    else:
        yield from _within(path, limit, deadline)


def _within(path: str, limit: TimeLeeway, deadline: Deadline) -> Iterator[Finding]:
    name, within = named(deadline), deadline.within
    if within is None:
        text = say(
            f"{path}：时限{name.zh}到某个日期为止，没有时长可调",
            f"{path}: deadline {name.en} runs until a date and has no time to vary",
        )
        yield error("no_time", path, text, say("删去这一项。", "Remove it."))
    elif within.unit is not limit.least.unit:
        text = say(
            f"{path}：时限{name.zh}的单位与范围的单位不同",
            f"{path}: deadline {name.en} is in another unit than its limits",
        )
        hint = say(f"改用 {within} 的单位。", f"Use the unit of {within}.")
        yield error("other_unit", path, text, hint)
    elif not limit.least.amount <= within.amount <= limit.most.amount:
        text = say(
            f"{path}：时限{name.zh}自己的 {within.text('zh')}不在范围内",
            f"{path}: the {within} of deadline {name.en} itself lie outside its limits",
        )
        hint = say("改范围或时限。", "Change the limits or the deadline.")
        yield error("outside_leeway", path, text, hint)


def _unknown(
    code: str, path: str, kind: tuple[str, str], name: str, known: Iterable[str]
) -> Finding:
    text = say(f"{path}：没有名为 {name} 的{kind[0]}", f"{path}: there is no {kind[1]} {name}")
    return error(code, path, text, nearby(name, known))
