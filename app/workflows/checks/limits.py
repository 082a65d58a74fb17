"""Deadlines by event, by condition and by request: can each of these ever happen."""

from __future__ import annotations

from collections.abc import Iterator

from app.workflows.checks.findings import Finding, error, named, nearby, say
from app.workflows.checks.graph import Graph
from app.workflows.checks.timing import running
from app.workflows.spec import Condition, Deadline, Extension, FieldType, Op, Test
from app.workflows.terms import All


def check(graph: Graph) -> Iterator[Finding]:
    for index, deadline in enumerate(graph.spec.deadlines):
        path = f"deadlines[{index}]"
        yield from _events(graph, path, deadline)
        yield from _variants(path, deadline)
        if deadline.extension is not None:
            yield from _extension(graph, f"{path}.extension", deadline, deadline.extension)


def _events(graph: Graph, path: str, deadline: Deadline) -> Iterator[Finding]:
    known = {transition.key for transition in graph.spec.transitions}
    asked = [("starts_on", key) for key in deadline.starts_on]
    asked += [("stops_on", key) for key in deadline.stops_on]
    if deadline.extension is not None:
        words = ("extension.ask", "extension.grant", "extension.refuse")
        asked += list(zip(words, deadline.extension.events, strict=True))
    for word, key in asked:
        if key not in known:
            text = say(f"{path}.{word}：没有名为 {key} 的操作", f"{path}.{word}: there is no {key}")
            yield error("unknown_event", f"{path}.{word}", text, nearby(key, known))
    if both := set(deadline.starts_on) & set(deadline.stops_on):
        name, events = named(deadline), ", ".join(sorted(both))
        text = say(
            f"时限{name.zh}：{events} 同时在 starts_on 和 stops_on 中",
            f"deadline {name.en}: {events} both starts and stops it",
        )
        yield error(
            "clock_conflict", f"{path}.stops_on", text, say("只保留一处。", "Keep one of them.")
        )


def _variants(path: str, deadline: Deadline) -> Iterator[Finding]:
    name = named(deadline)
    if deadline.when is not None and _contradicts(deadline.when):
        text = say(
            f"时限{name.zh}的条件自相矛盾，永远不会计时",
            f"deadline {name.en}: its condition contradicts itself, so it never runs",
        )
        yield error("never_holds", f"{path}.when", text, _LOOK)
    for index, variant in enumerate(deadline.variants):
        where = f"{path}.variants[{index}].when"
        earlier = [one.when for one in deadline.variants[:index]]
        if variant.when in earlier:
            text = say(
                f"时限{name.zh}：第 {index + 1} 种时长的条件与前面的相同，永远用不到",
                f"deadline {name.en}: variant {index + 1} asks what an earlier one asks, so it "
                "never applies",
            )
            hint = say("改条件，或删去它。", "Change its condition, or remove it.")
            yield error("never_applies", where, text, hint)
        own = (variant.when,) if deadline.when is None else (deadline.when, variant.when)
        if _contradicts(All(all=own)):
            text = say(
                f"时限{name.zh}：第 {index + 1} 种时长的条件不可能成立",
                f"deadline {name.en}: the condition of variant {index + 1} can never hold",
            )
            yield error("never_holds", where, text, _LOOK)


_LOOK = say("检查条件中的取值。", "Look at the values of the condition.")


def _contradicts(condition: Condition) -> bool:
    """Whether two tests that must both hold exclude each other; a plain reading, no proof."""
    tests = list(_needed(condition))
    for one in tests:
        if one.op is not Op.EQ:
            continue
        for other in tests:
            if other.fact != one.fact or other is one:
                continue
            values = other.value if isinstance(other.value, tuple) else (other.value,)
            if other.op in (Op.EQ, Op.IN) and one.value not in values:
                return True
            if other.op is Op.NE and one.value == other.value:
                return True
    return False


def _needed(condition: Condition) -> Iterator[Test]:
    """The tests without which it can't hold."""
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, All):
        for part in condition.all:
            yield from _needed(part)


def _extension(
    graph: Graph, path: str, deadline: Deadline, extension: Extension
) -> Iterator[Finding]:
    name = named(deadline)
    if len(set(extension.events)) < len(extension.events):
        text = say(
            f"时限{name.zh}：申请、同意和不同意延期须是三个不同的操作",
            f"deadline {name.en}: to ask, to grant and to refuse must be three buttons",
        )
        yield error("clock_conflict", path, text, say("各设一个操作。", "Make a step for each."))
    where = running(graph, deadline) | set(deadline.pause)
    for word, event in zip(("ask", "grant", "refuse"), extension.events, strict=True):
        leaves = {edge.source for edge in graph.edges if edge.transition.key == event}
        if leaves and not leaves & where:
            text = say(
                f"时限{name.zh}计时的状态里都没有操作 {event}",
                f"deadline {name.en} runs in no state that has the step {event}",
            )
            hint = say("在计时的状态里提供这个操作。", "Offer the step where the clock runs.")
            yield error("never_possible", f"{path}.{word}", text, hint)
    if extension.field is not None:
        yield from _amount(graph, path, deadline, extension)


def _amount(graph: Graph, path: str, deadline: Deadline, extension: Extension) -> Iterator[Finding]:
    name = named(deadline)
    field = next((f for f in graph.spec.fields if f.key == extension.field), None)
    if field is None or field.type is not FieldType.NUMBER:
        numbers = [f.key for f in graph.spec.fields if f.type is FieldType.NUMBER]
        text = say(
            f"时限{name.zh}：{extension.field} 不是数字字段",
            f"deadline {name.en}: {extension.field} is no number field",
        )
        yield error("not_a_number", f"{path}.field", text, nearby(extension.field or "", numbers))
        return
    for transition in graph.spec.transitions:
        asks = transition.key == extension.ask
        if asks and not any(i.field == field.key and i.required for i in transition.form):
            text = say(
                f"操作 {transition.key} 没有必填字段 {field.key}，无法知道申请延长多少",
                f"step {transition.key} doesn't require {field.key}: nobody knows how much is "
                "asked for",
            )
            hint = say("在它的表单里把该字段设为必填。", "Make the field required in its form.")
            yield error("cannot_be_filled", f"{path}.field", text, hint)
