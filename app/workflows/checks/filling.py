"""Fields that are used before any form could have filled them.

For each state two sets are computed: what some way there may have filled, and what every way there
passes a form for. A use outside the first set can never find a value and is an error; a use outside
the second finds none on some ways, which is worth a warning where it matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.workflows import registry
from app.workflows.checks.findings import Finding, button, error, named, say, warning
from app.workflows.checks.graph import Edge, Graph
from app.workflows.checks.names import filled_by
from app.workflows.checks.values import located
from app.workflows.spec import Op, Transition, Workflow


class Filled:
    """``some[state]`` and ``every[state]``: what may, and what must, have had a form by then."""

    def __init__(self, graph: Graph, edges: Iterable[Edge] | None = None) -> None:
        """``edges``: those that can be taken, when that is known."""
        self.graph = graph
        self._leaving: dict[str, list[Edge]] = {key: [] for key in graph.reached}
        for edge in graph.edges if edges is None else edges:
            if edge.source in self._leaving:
                self._leaving[edge.source].append(edge)
        begin = {item.field for item in graph.spec.intake}
        fields = {field.key for field in graph.spec.fields}
        self.some: dict[str, set[str]] = {key: set() for key in graph.reached}
        self.every: dict[str, set[str]] = {key: set(fields) for key in graph.reached}
        if graph.spec.start in self.some:
            self.some[graph.spec.start] |= begin
            self.every[graph.spec.start] = set(begin)
        self._settle()

    def _settle(self) -> None:
        given = {id(edge.transition): filled_by(edge.transition) for edge in self.graph.edges}
        waiting = list(self._leaving)
        queued = set(waiting)
        while waiting:
            source = waiting.pop()
            queued.discard(source)
            for edge in self._leaving[source]:
                if self._pass(edge, given[id(edge.transition)]) and edge.target not in queued:
                    queued.add(edge.target)
                    waiting.append(edge.target)

    def _pass(self, edge: Edge, given: set[str]) -> bool:
        """Carry what is filled over the edge; whether its target's sets changed."""
        changed = False
        some, every = self.some[edge.target], self.every[edge.target]
        more = self.some[edge.source] | given
        if not more <= some:
            self.some[edge.target] = some | more
            changed = True
        if edge.source != edge.target:  # nobody has to press what leads back
            sure = self.every[edge.source] | given
            if not every <= sure:
                self.every[edge.target] = every & sure
                changed = True
        return changed

    def before(self, transition: Transition) -> tuple[set[str], set[str]]:
        """Some and every, over the states that the transition leaves."""
        sources = [s for s in self.graph.spec.sources(transition) if s in self.some]
        if not sources:
            return set(), set()
        some = set.union(*(self.some[s] for s in sources))
        every = set.intersection(*(self.every[s] for s in sources))
        return some, every


def check(graph: Graph) -> Iterator[Finding]:
    if graph.spec.start not in graph.states:
        return
    filled = Filled(graph)
    fields = {field.key for field in graph.spec.fields}
    for index, transition in enumerate(graph.spec.transitions):
        if not set(graph.spec.sources(transition)) & graph.reached:
            continue  # unreachable: said elsewhere
        some, every = filled.before(transition)
        form = {item.field for item in transition.form}
        own = filled_by(transition)
        yield from _condition(transition, index, fields, (some | form, every | form))
        yield from _uses(graph.spec, transition, index, (some | own) & fields)
    yield from _opening(graph.spec)
    yield from _deadlines(graph, filled)


def _condition(
    transition: Transition, index: int, fields: set[str], known: tuple[set[str], set[str]]
) -> Iterator[Finding]:
    if transition.when is None:
        return
    some, every = known
    for path, test in located(transition.when, f"transitions[{index}].when"):
        key = registry.field_key(test.fact)
        if key is None or key not in fields:
            continue
        if key not in some:
            yield _never(path, key, button(transition).zh, button(transition).en)
        elif key not in every and test.op is not Op.NE and test.value is not None:
            name = button(transition)
            text = say(
                f"{name.zh}：有的途径下字段 {key} 还没有填写，条件不会成立",
                f"{name.en}: on some ways field {key} is not filled yet, so the condition fails",
            )
            hint = say(
                "把它加进之前的每条途径，或加进本操作的表单。", "Ask for it earlier, or here."
            )
            yield warning("field_maybe_empty", path, text, hint)


def _never(path: str, key: str, zh: str, en: str) -> Finding:
    text = say(
        f"{zh}：用到字段 {key} 时，它不可能已经填写",
        f"{en}: field {key} can't have been filled by then",
    )
    hint = say("在之前（或本操作）的表单里填写它。", "Fill it in an earlier form, or in this one.")
    return error("field_too_early", path, text, hint)


def _uses(spec: Workflow, transition: Transition, index: int, some: set[str]) -> Iterator[Finding]:
    name, path = button(transition), f"transitions[{index}]"
    fields = {field.key for field in spec.fields}
    used = [(f"{path}.effects[{i}]", effect.assign) for i, effect in enumerate(transition.effects)]
    used += [
        (f"{path}.spawn", source)
        for child in spec.children
        if child.key in transition.spawn
        for source in (child.per, *(f"field.{key}" for key in child.carry))
    ]
    used += [(f"{path}.notify", to) for to in _addressed(spec, transition.notify)]
    for place, what in used:
        key = registry.field_key(what or "")
        if key in fields and key not in some:
            yield _never(place, key or "", name.zh, name.en)


def _addressed(spec: Workflow, notices: tuple[str, ...]) -> list[str]:
    return [to for notice in spec.notices if notice.key in notices for to in notice.to]


def _opening(spec: Workflow) -> Iterator[Finding]:
    begin = {item.field for item in spec.intake}
    fields = {field.key for field in spec.fields}
    for to in _addressed(spec, spec.notify):
        key = registry.field_key(to)
        if key in fields and key not in begin:
            yield _never("notify", key or "", "登记时的通知", "the notice of the opening")


def _deadlines(graph: Graph, filled: Filled) -> Iterator[Finding]:
    fields = {field.key for field in graph.spec.fields}
    for index, deadline in enumerate(graph.spec.deadlines):
        some: set[str] = set()
        for key in deadline.start:
            some |= filled.some.get(key, set())
        name, path = named(deadline), f"deadlines[{index}]"
        if not set(deadline.start) & graph.reached:
            continue
        asked = [(f"{path}.until", deadline.until or "")]
        if deadline.when is not None:
            asked += [
                (place, registry.field_key(test.fact) or "")
                for place, test in located(deadline.when, f"{path}.when")
            ]
        for place, key in asked:
            if key in fields and key not in some:
                yield _never(place, key, f"时限{name.zh}", f"deadline {name.en}")
