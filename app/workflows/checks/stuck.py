"""Values with which a case gets stuck: every way can be ended, whatever was filled in.

For each field that conditions ask for, each value between which they can tell (none at all, too)
is followed through the workflow: where a case may come with it, and whether from there an end can
be reached while the field keeps it or is filled anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows import registry
from app.workflows.checks.findings import Finding, error, listed, named, say
from app.workflows.checks.graph import Edge, Graph, spread
from app.workflows.checks.life import Life, lives
from app.workflows.conditions import shown
from app.workflows.spec import FieldSpec, FieldType, Test, Transition
from app.workflows.terms import tests

_TYPES = (
    FieldType.CHOICE,
    FieldType.YES_NO,
    FieldType.NUMBER,
    FieldType.MONEY,
    FieldType.RATING,
)
_EFFORT = 1_000_000
"""Edges looked at in all; what is left over isn't judged. No workflow of a size that people can
read comes near."""


def check(graph: Graph) -> Iterator[Finding]:
    if graph.spec.start not in graph.states:
        return
    life = lives(graph)
    asked = _asked(life.edges)
    facts = {e.index: {test.fact for test in tests(e.transition.when)} for e in life.edges}
    room = _EFFORT // max(1, len(life.edges))
    fields = {f.key: f for f in graph.spec.fields if f.type in _TYPES}
    for key, found in asked.items():
        if key not in fields:
            continue
        values = _values(life, fields[key], found)
        room -= len(values)
        if room < 0:
            return
        stuck: dict[str, list[Any]] = {}
        ways = _Ways(graph, life, key, facts)
        for value in values:
            for state in ways.stuck(value):
                stuck.setdefault(state, []).append(value)
        yield from _told(graph, fields[key], stuck)


def _asked(edges: Iterable[Edge]) -> dict[str, list[Test]]:
    """By field: the tests on it, each transition's once."""
    found: dict[str, list[Test]] = {}
    seen: set[int] = set()
    for edge in edges:
        if edge.index not in seen:
            seen.add(edge.index)
            for test in tests(edge.transition.when):
                key = registry.field_key(test.fact)
                if key is not None:
                    found.setdefault(key, []).append(test)
    return found


def _values(life: Life, field: FieldSpec, asked: list[Test]) -> list[Any]:
    found = life.sense.values(f"field.{field.key}", asked)
    if field.type is FieldType.RATING:
        return [None, 1, 2, 3, 4, 5]
    return found


@dataclass(frozen=True, slots=True)
class _Change:
    """What a step does to a field: ``written`` by an effect, or asked for in its form."""

    written: Any = None
    required: bool = False

    def gives(self, value: Any) -> bool:
        if self.written is not None:
            return bool(value == self.written)
        return value is not None or not self.required


def _change(step: Transition, key: str) -> _Change | None:
    """None: it leaves the field as it is."""
    written = [effect.set[key] for effect in step.effects if effect.set and key in effect.set]
    if written and written[-1] is not None:
        return _Change(written[-1])
    item = next((item for item in step.form if item.field == key), None)
    if item is None and not written:
        return None
    return _Change(required=item is not None and item.required)


def _join(edge: Edge, onward: dict[str, set[str]], origin: dict[str, set[str]]) -> None:
    onward.setdefault(edge.source, set()).add(edge.target)
    origin.setdefault(edge.target, set()).add(edge.source)


class _Ways:
    """The edges as one field sees them: those that it has no part in, the same for all its values;
    those that ask for it; and those that change it. ``facts`` are what each step asks."""

    def __init__(self, graph: Graph, life: Life, key: str, facts: Mapping[int, set[str]]) -> None:
        self._life, self._fact = life, f"field.{key}"
        self._ends = {state for state, one in graph.states.items() if one.kind.ended}
        self._start = graph.spec.start
        self._item = next((item for item in graph.spec.intake if item.field == key), None)
        self._onward: dict[str, set[str]] = {}
        self._origin: dict[str, set[str]] = {}
        self._asking: list[Edge] = []
        self._changing: list[tuple[Edge, _Change]] = []
        steps = {edge.index: edge.transition for edge in life.edges}
        changes = {index: _change(step, key) for index, step in steps.items()}
        for edge in life.edges:
            change = changes[edge.index]
            if change is not None:
                self._changing.append((edge, change))
            elif self._fact in facts[edge.index]:
                self._asking.append(edge)
            else:
                _join(edge, self._onward, self._origin)

    def stuck(self, value: Any) -> set[str]:
        """The states that a case may come to with the value, and can't get out of to any end."""
        fitting: dict[int, bool] = {}

        def fits(edge: Edge) -> bool:
            if edge.index not in fitting:
                when = edge.transition.when
                fitting[edge.index] = self._life.sense.possible(when, {self._fact: (value,)})
            return fitting[edge.index]

        begin = {self._start} if self._begins(value) else set[str]()
        home = set(self._ends)
        for edge, change in self._changing:
            # a form is filled before its condition is asked, an effect writes afterwards
            if change.gives(value) and (change.written is not None or fits(edge)):
                begin.add(edge.target)
            if edge.target in self._life.homeward and (change.written is None or fits(edge)):
                home.add(edge.source)
        onward: dict[str, set[str]] = {}
        origin: dict[str, set[str]] = {}
        for edge in self._asking:
            if fits(edge):
                _join(edge, onward, origin)
        lost = spread(begin, self._onward, also=onward) - spread(home, self._origin, also=origin)
        return lost & self._life.homeward

    def _begins(self, value: Any) -> bool:
        """Whether a case may be opened with the value."""
        if self._item is None:
            return value is None
        return value is not None or not self._item.required


def _told(graph: Graph, field: FieldSpec, stuck: dict[str, list[Any]]) -> Iterator[Finding]:
    fact = registry.fact(f"field.{field.key}", graph.spec)
    for index, state in enumerate(graph.spec.states):
        values = stuck.pop(state.key, None)
        if not values:
            continue
        words = [shown(value, fact) for value in values]
        name, owner = named(state), named(field)
        text = say(
            f"字段{owner.zh}为 {listed(w.zh for w in words)} 时，事项会卡在状态{name.zh}，"
            "到不了结束",
            f"with field {owner.en} = {listed(w.text('en') for w in words)} a case gets stuck in "
            f"state {name.en}: no end can be reached",
        )
        hint = say(
            "为这个取值添加操作，或在这里允许改填该字段。",
            "Add a step for that value, or let the field be filled anew there.",
        )
        yield error("stuck", f"states[{index}]", text, hint)
