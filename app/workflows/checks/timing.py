"""Deadlines: do they ever start, run and fire, and are their levels in order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import inf

from app.workflows.checks.buttons import for_system
from app.workflows.checks.findings import Finding, button, error, named, nearby, say, warning
from app.workflows.checks.graph import Graph
from app.workflows.checks.names import fired
from app.workflows.spec import Deadline, Duration, FieldType, Level, Unit

_DAY = 24 * 60
_WORKING_DAY = 7 * 60
"""Nominal: office hours of the default calendar. Only orders of magnitude are compared."""


def check(graph: Graph) -> Iterator[Finding]:
    for index, deadline in enumerate(graph.spec.deadlines):
        yield from _starts(graph, index, deadline)
        yield from _until(graph, index, deadline)
        yield from _levels(graph, index, deadline)
    yield from _system(graph)


def running(graph: Graph, deadline: Deadline) -> set[str]:
    """The states in which its clock may run; pauses aside, as far as the edges tell."""
    ends = {key for key, state in graph.states.items() if state.kind.ended}
    over = frozenset(ends | set(deadline.stop))
    pressed = {edge.target for edge in graph.edges if edge.transition.key in deadline.starts_on}
    begin = ((set(deadline.start) | pressed) & graph.reached) - over
    return graph.reach(begin, avoid=over) - set(deadline.pause)


def _starts(graph: Graph, index: int, deadline: Deadline) -> Iterator[Finding]:
    name, path = named(deadline), f"deadlines[{index}]"
    for word, other in (("start", "stop"), ("stop", "pause")):
        if both := set(getattr(deadline, word)) & set(getattr(deadline, other)):
            states = ", ".join(sorted(both))
            text = say(
                f"时限{name.zh}：{states} 同时在 {word} 和 {other} 中",
                f"deadline {name.en}: {states} is both in {word} and in {other}",
            )
            hint = say("只保留一处。", "Keep it in one of them.")
            yield error("clock_conflict", f"{path}.{other}", text, hint)
    events = {transition.key for transition in graph.spec.transitions}
    if not set(deadline.start) & set(graph.states) and not set(deadline.starts_on) & events:
        return  # said elsewhere: those states and steps don't exist
    if not running(graph, deadline):
        text = say(
            f"时限{name.zh}永远不会计时：开始的状态到不了、已结束、立即停止或一直暂停",
            f"deadline {name.en} never runs: no start state is reached, or it ends or pauses it",
        )
        hint = say("检查 start、stop 和 pause。", "Look at start, stop and pause.")
        yield error("never_runs", f"{path}.start", text, hint)
    for key in deadline.start:
        if key in graph.states and graph.states[key].kind.ended:
            text = say(
                f"时限{name.zh}：在结束状态 {key} 不会开始",
                f"deadline {name.en} does not start in the end {key}",
            )
            hint = say("从 start 中去掉它。", "Take it out of start.")
            yield warning("start_in_end", f"{path}.start", text, hint)


def _until(graph: Graph, index: int, deadline: Deadline) -> Iterator[Finding]:
    field = next((f for f in graph.spec.fields if f.key == deadline.until), None)
    if field is None or field.type in (FieldType.DATE, FieldType.DATETIME):
        return
    name = named(deadline)
    text = say(
        f"时限{name.zh}：字段 {field.key} 不是日期", f"deadline {name.en}: {field.key} is no date"
    )
    dates = [f.key for f in graph.spec.fields if f.type in (FieldType.DATE, FieldType.DATETIME)]
    yield error("not_a_date", f"deadlines[{index}].until", text, nearby(field.key, dates))


def _levels(graph: Graph, index: int, deadline: Deadline) -> Iterator[Finding]:
    name, path = named(deadline), f"deadlines[{index}].levels"
    if not deadline.levels:
        text = say(f"时限{name.zh}没有任何提醒", f"deadline {name.en} tells nobody")
        hint = say("至少在 breach 时通知一人。", "Notify somebody at the breach at least.")
        yield warning("no_levels", path, text, hint)
    for j, level in enumerate(deadline.levels):
        if not level.notify and level.fire is None:
            text = say(
                f"时限{name.zh}：{level.at} 什么也不做", f"deadline {name.en}: {level.at} is idle"
            )
            hint = say("给它 notify 或 fire。", "Give it notify or fire.")
            yield warning("idle_level", f"{path}[{j}]", text, hint)
    for j, (one, other) in enumerate(pairwise(deadline.levels)):
        first, then = _moment(one), _moment(other)
        if first[0] > then[1]:
            text = say(
                f"时限{name.zh}：{one.at} 排在 {other.at} 之前，却更晚",
                f"deadline {name.en}: {one.at} comes before {other.at} and is later",
            )
            hint = say("按时间先后排列。", "Put them in the order of time.")
            yield error("level_order", f"{path}[{j + 1}].at", text, hint)
        elif one.at == other.at:
            text = say(f"时限{name.zh}：{one.at} 出现两次", f"deadline {name.en}: {one.at} twice")
            hint = say("合并为一级。", "Make them one level.")
            yield warning("same_level", f"{path}[{j + 1}].at", text, hint)


def _moment(level: Level) -> tuple[float, float]:
    """Earliest and latest on a scale where percentages lie below zero and the breach is zero."""
    if level.at.percent is not None:
        at = level.at.percent / 100 - 1
        return at, at
    return (0, 0) if level.at.after is None else bounds(level.at.after)


def bounds(span: Duration) -> tuple[float, float]:
    """The least and the most minutes that may pass, ordinary weeks and default hours assumed."""
    amount = span.amount
    if span.unit is Unit.MINUTES:
        return amount, amount
    if span.unit is Unit.HOURS:
        return amount * 60, amount * 60
    if span.unit is Unit.DAYS:
        return amount * _DAY, amount * _DAY
    if span.unit is Unit.WORKING_DAYS:
        return amount * _DAY, (amount + 2 * -(-amount // 5)) * _DAY
    days = -(-amount * 60 // _WORKING_DAY)
    return amount * 60, (days + 2 * -(-days // 5)) * _DAY


def longer(one: Duration, other: Duration) -> bool:
    """Whether the first is surely longer than the second."""
    if one.unit == other.unit:
        return one.amount > other.amount
    if one.unit.working and other.unit.working:
        return _working(one) > _working(other)
    return bounds(one)[0] > bounds(other)[1]


def _working(span: Duration) -> float:
    if not span.unit.working:
        return inf
    return span.amount * (60 if span.unit is Unit.WORKING_HOURS else _WORKING_DAY)


def _system(graph: Graph) -> Iterator[Finding]:
    """Events that deadlines and children fire: may the system, and is there a state to do it in."""
    for path, event in fired(graph.spec):
        steps = [t for t in graph.spec.transitions if t.key == event]
        for step in steps:
            name = button(step)
            if not for_system(step):
                text = say(
                    f"{path}：系统不能操作{name.zh}", f"{path}: the system may not press {name.en}"
                )
                hint = say("在 roles 中加上 System。", "Add System to its roles.")
                yield error("not_for_system", path, text, hint)
            if any(item.required for item in step.form):
                text = say(
                    f"{path}：{name.zh}有必填项，系统无法填写",
                    f"{path}: {name.en} has required fields that the system can't fill",
                )
                hint = say("改为选填，或另设一个操作。", "Make them optional, or use another step.")
                yield error("system_cannot_fill", path, text, hint)
    for index, deadline in enumerate(graph.spec.deadlines):
        yield from _possible(graph, index, deadline)


def _possible(graph: Graph, index: int, deadline: Deadline) -> Iterator[Finding]:
    where = running(graph, deadline)
    for j, level in enumerate(deadline.levels):
        leaves = {e.source for e in graph.edges if e.transition.key == level.fire}
        if level.fire is not None and leaves and where and not leaves & where:
            name = named(deadline)
            text = say(
                f"时限{name.zh}计时的状态里都没有操作 {level.fire}",
                f"deadline {name.en} runs in no state that has the step {level.fire}",
            )
            hint = say("在计时的状态里提供这个操作。", "Offer the step where the clock runs.")
            yield error("never_possible", f"deadlines[{index}].levels[{j}].fire", text, hint)
