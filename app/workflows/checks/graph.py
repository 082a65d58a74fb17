"""States and the ways between them: dangling, unreachable, without an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.workflows.checks.findings import Finding, button, error, named, nearby, say, warning
from app.workflows.spec import State, Transition, Workflow


@dataclass(frozen=True, slots=True)
class Edge:
    """One transition from one state that exists to one that exists; a stay leads back."""

    index: int
    transition: Transition
    source: str
    target: str

    @property
    def stays(self) -> bool:
        return self.transition.target is None


class Graph:
    """A spec's states and edges, whatever is wrong with it: names that lead nowhere are left out,
    and of several states with one key the first counts."""

    def __init__(self, spec: Workflow) -> None:
        self.spec = spec
        self.states: dict[str, State] = {}
        for state in spec.states:
            self.states.setdefault(state.key, state)
        self.edges = tuple(self._edges())
        self.onward: dict[str, set[str]] = {}
        self.origin: dict[str, set[str]] = {}
        for edge in self.edges:
            self.onward.setdefault(edge.source, set()).add(edge.target)
            self.origin.setdefault(edge.target, set()).add(edge.source)
        self.reached = self.reach({spec.start} & set(self.states))

    def _edges(self) -> Iterator[Edge]:
        for index, transition in enumerate(self.spec.transitions):
            if transition.target is not None and transition.target not in self.states:
                continue
            for source in dict.fromkeys(self.spec.sources(transition)):
                if source in self.states:
                    yield Edge(index, transition, source, transition.target or source)

    def reach(self, begin: Iterable[str], avoid: frozenset[str] = frozenset()) -> set[str]:
        """The states that can be come to from ``begin`` without entering one of ``avoid``."""
        return spread(set(begin), self.onward, avoid)

    def back(self, begin: Iterable[str]) -> set[str]:
        """The states from which one of ``begin`` can be come to."""
        return spread(set(begin), self.origin)

    def leads_out(self, key: str) -> bool:
        """Whether some transition from there dangles, so that nobody knows where it leads."""
        return any(
            t.target is not None and t.target not in self.states and key in self.spec.sources(t)
            for t in self.spec.transitions
        )


def spread(
    found: set[str],
    onward: Mapping[str, set[str]],
    avoid: frozenset[str] = frozenset(),
    also: Mapping[str, set[str]] | None = None,
) -> set[str]:
    """``found``, grown by all that can be come to from there (by ``also`` as well) without entering
    one of ``avoid``."""
    more = also or {}
    todo = list(found)
    while todo:
        key = todo.pop()
        for next_ in (onward.get(key), more.get(key)):
            if next_:
                fresh = next_ - found - avoid
                found |= fresh
                todo += fresh
    return found


def check(graph: Graph) -> Iterator[Finding]:
    yield from _start(graph)
    yield from _dangling(graph)
    yield from _unreachable(graph)
    yield from _ends(graph)
    yield from _exits(graph)


def _start(graph: Graph) -> Iterator[Finding]:
    spec = graph.spec
    if spec.start not in graph.states:
        text = say(f"起始状态 {spec.start} 不存在", f"the start state {spec.start} does not exist")
        yield error("start_missing", "start", text, nearby(spec.start, graph.states))
    elif graph.states[spec.start].kind.ended:
        text = say("起始状态就是结束状态", "the start state is an end")
        hint = say("起始状态应为 open 或 waiting。", "Make it open or waiting.")
        yield warning("start_is_end", "start", text, hint)


def _dangling(graph: Graph) -> Iterator[Finding]:
    for index, transition in enumerate(graph.spec.transitions):
        name, path = button(transition), f"transitions[{index}]"
        target = transition.target
        if target is not None and target not in graph.states:
            text = say(
                f"{name.zh}：去向 {target} 不存在", f"{name.en}: its target {target} does not exist"
            )
            yield error("dangling_target", f"{path}.to", text, nearby(target, graph.states))
        for source in graph.spec.sources(transition):
            if source not in graph.states:
                text = say(
                    f"{name.zh}：出发状态 {source} 不存在",
                    f"{name.en}: its source {source} does not exist",
                )
                yield error("dangling_source", f"{path}.from", text, nearby(source, graph.states))


def _unreachable(graph: Graph) -> Iterator[Finding]:
    if graph.spec.start not in graph.states:
        return
    for index, state in enumerate(graph.spec.states):
        if state.key not in graph.reached:
            name = named(state)
            text = say(f"状态{name.zh}无法到达", f"state {name.en} can't be reached")
            hint = say(
                "为它添加进入的操作，或删去它。", "Add a step that leads to it, or remove it."
            )
            yield error("unreachable", f"states[{index}]", text, hint)


def _ends(graph: Graph) -> Iterator[Finding]:
    ends = {key for key, state in graph.states.items() if state.kind.ended}
    if not ends:
        text = say("没有结束状态", "there is no end state")
        hint = say("至少有一个状态的 kind 为 done。", "Give at least one state the kind done.")
        yield error("no_end", "states", text, hint)
        return
    homeward = graph.back(ends)
    for index, state in enumerate(graph.spec.states):
        lost = state.key in graph.reached and state.key not in homeward
        if lost and not graph.leads_out(state.key):
            name = named(state)
            text = say(
                f"从状态{name.zh}出发，到不了任何结束状态",
                f"no end can be reached from state {name.en}",
            )
            hint = say("添加一个通向结束的操作。", "Add a step that leads towards an end.")
            yield error("dead_end", f"states[{index}]", text, hint)


def _exits(graph: Graph) -> Iterator[Finding]:
    for index, transition in enumerate(graph.spec.transitions):
        if transition.source == "*":
            continue
        for source in dict.fromkeys(transition.source):
            state = graph.states.get(source)
            if state is None or not state.kind.ended:
                continue
            name, where, path = button(transition), named(state), f"transitions[{index}].from"
            if transition.target is None or transition.target == source:
                text = say(
                    f"{name.zh}：在结束状态{where.zh}里还能操作",
                    f"{name.en} is still possible in the end {where.en}",
                )
                hint = say(
                    "已结束的事项一般不再改动。", "A case that has ended is usually left alone."
                )
                yield warning("step_in_end", path, text, hint)
            else:
                text = say(
                    f"{name.zh}：从结束状态{where.zh}离开", f"{name.en} leaves the end {where.en}"
                )
                hint = say(
                    "把该状态的 kind 改为 waiting，或去掉这个出发状态。",
                    "Make that state waiting, or take it out of from.",
                )
                yield error("exit_from_end", path, text, hint)
