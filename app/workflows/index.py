"""A version's parts by their keys, and the facts as one decision sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows import conditions, registry
from app.workflows.conditions import Fact, Facts
from app.workflows.entries import FactName
from app.workflows.spec import Condition, FieldType, Op, Transition, Workflow
from app.workflows.terms import All, Test, tests


class Index:
    """Look-ups into a spec, made once per version and never changed."""

    __slots__ = (
        "children",
        "deadlines",
        "fields",
        "leaving",
        "names",
        "notices",
        "pressed",
        "spec",
        "states",
        "varying",
    )

    def __init__(self, spec: Workflow) -> None:
        self.spec = spec
        self.states = {state.key: state for state in spec.states}
        self.fields = {field.key: field for field in spec.fields}
        self.notices = {notice.key: notice for notice in spec.notices}
        self.children = {child.key: child for child in spec.children}
        self.deadlines = {deadline.key: deadline for deadline in spec.deadlines}
        self.leaving: dict[str, dict[str, Transition]] = {key: {} for key in self.states}
        guards = _guards(spec)
        for transition in spec.transitions:
            guarded = _guarded(transition, guards.get(transition.key, ()))
            for source in spec.sources(transition):
                self.leaving[source].setdefault(transition.key, guarded)
        self.varying = any(deadline.variants for deadline in spec.deadlines)
        self.pressed = frozenset(
            event
            for d in spec.deadlines
            for event in (*d.starts_on, *d.stops_on, *(d.extension.events if d.extension else ()))
        )
        self.names = _names(spec, guards)

    def field(self, key: str, data: Mapping[str, Any]) -> Fact:
        """The value of ``field.<key>``; numbers, kept as text, as numbers."""
        value = data.get(key)
        field = self.fields.get(key)
        if field is not None and field.type in (FieldType.NUMBER, FieldType.MONEY):
            return Fact(conditions.number_of(value))
        return Fact(value)


Guards = Mapping[str, tuple[Condition, ...]]


def _guards(spec: Workflow) -> Guards:
    """By event: what an extension asks beside what its button says itself."""
    found: dict[str, tuple[Condition, ...]] = {}
    for deadline in spec.deadlines:
        extension = deadline.extension
        if extension is None:
            continue
        decided = Test(fact=f"deadline.{deadline.key}.asked")
        asks: list[Condition] = [Test(fact=f"deadline.{deadline.key}.extendable")]
        if extension.field is not None:
            name = f"field.{extension.field}"
            asks.append(Test(fact=name, op=Op.GE, value=1))
            asks.append(Test(fact=name, op=Op.LE, value=extension.by.amount))
        for event, tests_ in (
            (extension.ask, tuple(asks)),
            (extension.grant, (decided, *asks[1:])),
            (extension.refuse, (decided,)),
        ):
            found[event] = (*found.get(event, ()), *tests_)
    return found


def _guarded(transition: Transition, guards: tuple[Condition, ...]) -> Transition:
    if not guards:
        return transition
    own = () if transition.when is None else (transition.when,)
    return transition.model_copy(update={"when": All(all=(*own, *guards))})


def _names(spec: Workflow, guards: Guards) -> dict[str, FactName]:
    rules = [t.when for t in spec.transitions] + [d.when for d in spec.deadlines]
    rules += [variant.when for d in spec.deadlines for variant in d.variants]
    rules += [condition for tests_ in guards.values() for condition in tests_]
    asked = {test.fact for rule in rules for test in tests(rule)}
    found = ((name, registry.fact(name, spec)) for name in asked)
    return {name: fact for name, fact in found if fact is not None}


@dataclass(frozen=True, slots=True)
class Look:
    """The facts of one decision, each asked at most once; ``field.*`` from the new data."""

    index: Index
    facts: Facts
    data: Mapping[str, Any] | None
    seen: dict[str, Fact]

    def __call__(self, name: str) -> Fact:
        found = self.seen.get(name)
        if found is None:
            key = registry.field_key(name)
            if key is None or self.data is None:
                found = self.facts(name)
            else:
                found = self.index.field(key, self.data)
            self.seen[name] = found
        return found
