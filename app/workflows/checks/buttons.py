"""Transitions as buttons: doubled ones, ones that nobody presses, and who can see what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from app.workflows.checks.findings import Finding, Named, button, error, listed, named, say, warning
from app.workflows.checks.graph import Edge, Graph
from app.workflows.spec import RESIDENT, SYSTEM, Transition

_PSEUDO = frozenset({RESIDENT, SYSTEM})


def check(graph: Graph) -> Iterator[Finding]:
    yield from _doubled_keys(graph)
    yield from _doubled_events(graph)
    yield from _same_effect(graph)
    yield from _unseen(graph)
    yield from _unfired(graph)


def _doubled_keys(graph: Graph) -> Iterator[Finding]:
    spec = graph.spec
    lists: list[tuple[str, Iterable[Named]]] = [
        ("states", spec.states),
        ("fields", spec.fields),
        ("deadlines", spec.deadlines),
        ("children", spec.children),
        *((f"fields[{i}].options", field.options) for i, field in enumerate(spec.fields)),
    ]
    for path, things in lists:
        yield from _doubled(path, [thing.key for thing in things])
    yield from _doubled("notices", [notice.key for notice in spec.notices])
    yield from _doubled("intake", [item.field for item in spec.intake])
    for index, transition in enumerate(spec.transitions):
        yield from _doubled(f"transitions[{index}].form", [i.field for i in transition.form])


def _doubled(path: str, keys: list[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            text = say(f"{path} 中 {key} 出现了两次", f"{key} occurs twice in {path}")
            hint = say("改名或删去其中一个。", "Rename or remove one of them.")
            yield error("duplicate_key", f"{path}[{index}]", text, hint)
        seen.add(key)


def _doubled_events(graph: Graph) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for index, transition in enumerate(graph.spec.transitions):
        for source in dict.fromkeys(graph.spec.sources(transition)):
            first = seen.setdefault((source, transition.key), index)
            if first != index:
                name = button(transition)
                text = say(
                    f"{name.zh}：从状态 {source} 出发的同名操作已有一个（transitions[{first}]）",
                    f"{name.en}: state {source} has a step of that key (transitions[{first}])",
                )
                hint = say("每个状态里一个标识只能用一次。", "Use each key once per state.")
                yield error("same_event_twice", f"transitions[{index}].from", text, hint)


def _alike(one: Edge, other: Edge) -> bool:
    """Whether pressing either does the same for the same people under the same condition; the rest
    of what they do is known to be alike."""
    a, b = one.transition, other.transition
    return (
        a.key != b.key
        and set(a.relations) == set(b.relations)
        and a.when == b.when
        and a.effects == b.effects
    )


def _bare(transition: Transition) -> bool:
    """A stay that the file gives nothing to do: a use case of the leg records something by it."""
    return transition.target is None and not (
        transition.form or transition.effects or transition.spawn
    )


def _same_effect(graph: Graph) -> Iterator[Finding]:
    alike: dict[tuple[object, ...], list[Edge]] = {}
    for edge in graph.edges:
        if not _bare(edge.transition):
            step = edge.transition
            form = frozenset(item.field for item in step.form)
            sign = (edge.source, edge.target, frozenset(step.roles), form, step.spawn)
            alike.setdefault(sign, []).append(edge)
    told: set[tuple[int, int]] = set()
    for edges in alike.values():
        for one, other in combinations(edges, 2):
            pair = (one.index, other.index)
            if pair in told or not _alike(one, other):
                continue
            told.add(pair)
            a, b = named(one.transition), named(other.transition)
            text = say(
                f"在状态 {one.source} 里，操作{a.zh}和{b.zh}效果完全相同",
                f"in state {one.source} the steps {a.en} and {b.en} do the same",
            )
            hint = say(
                "删去一个，或让条件、表单、去向有所不同。",
                "Remove one, or give it another condition, form or target.",
            )
            yield error("same_effect", f"transitions[{other.index}]", text, hint)


def _unseen(graph: Graph) -> Iterator[Finding]:
    for edge in graph.edges:
        state = graph.states[edge.source]
        blind = set(edge.transition.roles) - set(state.visible_to) - _PSEUDO
        if state.visible_to and blind:
            name, where = button(edge.transition), named(state)
            roles = listed(sorted(blind))
            text = say(
                f"{name.zh}：{roles} 看不到状态{where.zh}的事项，按不到它",
                f"{name.en}: {roles} can't see a case in state {where.en}",
            )
            hint = say("把角色加进 visible_to。", "Add the role to visible_to.")
            yield warning("cannot_see", f"transitions[{edge.index}].roles", text, hint)


def for_system(transition: Transition) -> bool:
    """Whether deadlines and children may fire it."""
    return SYSTEM in transition.roles or not (transition.roles or transition.relations)


def _unfired(graph: Graph) -> Iterator[Finding]:
    spec = graph.spec
    fired = {level.fire for deadline in spec.deadlines for level in deadline.levels}
    fired |= {child.when_all_closed for child in spec.children}
    for index, transition in enumerate(spec.transitions):
        only_system = not (set(transition.roles) - {SYSTEM}) and not transition.relations
        if only_system and transition.key not in fired:
            name = button(transition)
            text = say(
                f"{name.zh}：只有系统可以操作，但没有时限或子事项触发它",
                f"{name.en}: only the system may, and no deadline or child fires it",
            )
            hint = say(
                "写明 roles 或 relations，或由时限触发。", "Give roles, or fire it by a deadline."
            )
            yield warning("never_fired", f"transitions[{index}].roles", text, hint)
