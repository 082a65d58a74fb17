"""Soundness: no step is dead, and from wherever a case may come to, it can be ended.

Beyond the plain graph (``graph.py``) this asks whether conditions can hold, given what can have
happened by then: which fields had a form, which clocks ran, which children were born.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from app.workflows import registry
from app.workflows.checks.filling import Filled
from app.workflows.checks.findings import Finding, button, error, named, say
from app.workflows.checks.graph import Edge, Graph, spread
from app.workflows.checks.names import filled_by
from app.workflows.checks.sense import Pins, Sense
from app.workflows.checks.timing import running
from app.workflows.spec import Transition
from app.workflows.terms import tests

_ROUNDS = 5
_COUNTED = ("count", "open")


class Life:
    """The edges that may be taken, and the states that a case may really come to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sense = Sense(graph.spec)
        self._written = _written(graph)
        self._clocks = {d.key: running(graph, d) | set(d.pause) for d in graph.spec.deadlines}
        self.edges: list[Edge] = [e for e in graph.edges if e.source in graph.reached]
        self.reached = set(graph.reached)
        for _ in range(_ROUNDS):
            if not self._narrow():
                break
        origin: dict[str, set[str]] = {}
        for edge in self.edges:
            origin.setdefault(edge.target, set()).add(edge.source)
        self.homeward = spread({k for k, s in graph.states.items() if s.kind.ended}, origin)
        """The states from which an end can be come to."""

    def _narrow(self) -> bool:
        """Leave out what can't be taken; whether anything changed."""
        filled = Filled(self.graph, self.edges)
        born = self._born()
        kept = [edge for edge in self.edges if self._open(edge, filled, born)]
        onward: dict[str, set[str]] = {}
        for edge in kept:
            onward.setdefault(edge.source, set()).add(edge.target)
        self.reached = spread({self.graph.spec.start} & set(self.graph.states), onward)
        kept = [edge for edge in kept if edge.source in self.reached]
        changed = len(kept) < len(self.edges)
        self.edges = kept
        return changed

    def _open(self, edge: Edge, filled: Filled, born: dict[str, set[str]]) -> bool:
        when = edge.transition.when
        if when is None:
            return True
        return self.sense.possible(when, self.pins(edge, filled, born))

    def pins(self, edge: Edge, filled: Filled, born: dict[str, set[str]]) -> Pins:
        """What is known of the facts that the edge's condition asks for."""
        form = {item.field for item in edge.transition.form}
        some = filled.some.get(edge.source, set()) | form
        found: dict[str, tuple[Any, ...]] = {}
        for test in tests(edge.transition.when):
            family, _, rest = test.fact.partition(".")
            key, _, word = rest.partition(".")
            if family == "field" and rest not in some:
                found[test.fact] = (None,)
            elif family == "field" and rest in self._written:
                found[test.fact] = (None, *self._written[rest])
            elif family == "deadline" and word and edge.source not in self._clocks.get(key, ()):
                if word in ("running", "asked", "extendable"):
                    found[test.fact] = (None, False)
            elif family == "children" and word in _COUNTED and edge.source not in born.get(key, ()):
                found[test.fact] = (0,)
        return found

    def _born(self) -> dict[str, set[str]]:
        """By child: the states in which there may be some. Those of a leg's source may be made by
        its own use cases too, at any time."""
        onward: dict[str, set[str]] = {}
        for edge in self.edges:
            onward.setdefault(edge.source, set()).add(edge.target)
        found: dict[str, set[str]] = {}
        for child in self.graph.spec.children:
            if registry.field_key(child.per) is None:
                found[child.key] = set(self.graph.states)
                continue
            begin = {e.target for e in self.edges if child.key in e.transition.spawn}
            found[child.key] = spread(begin, onward)
        return found


def _written(graph: Graph) -> dict[str, tuple[Any, ...]]:
    """The fields that no form asks for, with the values that effects write into them."""
    spec = graph.spec
    asked = {item.field for item in spec.intake}
    written: dict[str, list[Any]] = {}
    for transition in spec.transitions:
        asked |= {item.field for item in transition.form}
        for effect in transition.effects:
            for key, value in (effect.set or {}).items():
                written.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in written.items() if key not in asked}


@lru_cache(maxsize=1)
def lives(graph: Graph) -> Life:
    """Of the graph that is being checked, once for all checks that ask."""
    return Life(graph)


def check(graph: Graph) -> Iterator[Finding]:
    if graph.spec.start not in graph.states:
        return
    life = lives(graph)
    yield from _dead(graph, life)
    yield from _cut_off(graph, life)
    yield from _endless(graph, life)


def _dead(graph: Graph, life: Life) -> Iterator[Finding]:
    """Steps that can't be taken from any of their states because of what they ask."""
    alive = {edge.index for edge in life.edges}
    filled = Filled(graph)
    told: set[int] = set()
    for edge in graph.edges:
        step = edge.transition
        dead = edge.index not in alive and edge.index not in told
        if not dead or step.when is None or not _come_to(graph, life, step):
            continue
        told.add(edge.index)
        if _early(graph, filled, step):
            continue  # said there: a field that can't have been filled
        name = button(step)
        text = say(
            f"{name.zh}：条件永远不会成立，谁也用不到它",
            f"{name.en}: its condition can never hold, so nobody can ever take it",
        )
        hint = say(
            "检查条件中的取值，以及之前能填写什么、有没有子事项和时限。",
            "Look at its values, and at what can be filled, born and running by then.",
        )
        yield error("never_holds", f"transitions[{edge.index}].when", text, hint)


def _come_to(graph: Graph, life: Life, step: Transition) -> bool:
    return not life.reached.isdisjoint(graph.spec.sources(step))


def _early(graph: Graph, filled: Filled, step: Transition) -> bool:
    some, _ = filled.before(step)
    known = some | filled_by(step)
    fields = {registry.field_key(test.fact) for test in tests(step.when)} - {None}
    return not fields <= known


def _cut_off(graph: Graph, life: Life) -> Iterator[Finding]:
    for index, state in enumerate(graph.spec.states):
        if state.key in graph.reached and state.key not in life.reached:
            name = named(state)
            text = say(
                f"状态{name.zh}无法到达：通向它的操作永远不能用",
                f"state {name.en} can't be reached: the steps to it can never be taken",
            )
            hint = say("改好那些操作的条件。", "Mend the conditions of those steps.")
            yield error("unreachable", f"states[{index}]", text, hint)


def _endless(graph: Graph, life: Life) -> Iterator[Finding]:
    ends = {key for key, state in graph.states.items() if state.kind.ended}
    lost = life.reached - life.homeward
    plain = graph.back(ends)
    for index, state in enumerate(graph.spec.states):
        if state.key in lost and state.key in plain:
            name = named(state)
            text = say(
                f"从状态{name.zh}出发，能用的操作都到不了结束状态",
                f"from state {name.en} no step that can ever be taken leads to an end",
            )
            hint = say(
                "添加一个通向结束的操作，或改好条件。",
                "Add a step that leads towards an end, or mend the conditions.",
            )
            yield error("dead_end", f"states[{index}]", text, hint)
