"""Parents and children that wait: for each other, for somebody who never comes, or for nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.workflows import registry
from app.workflows.checks.buttons import for_system
from app.workflows.checks.findings import Finding, button, error, named, say, warning
from app.workflows.checks.graph import Edge, Graph, spread
from app.workflows.checks.names import fired
from app.workflows.checks.values import located
from app.workflows.spec import (
    RESIDENT,
    SYSTEM,
    Child,
    FieldType,
    Relation,
    StateKind,
    Transition,
    Workflow,
)

_PSEUDO = frozenset({RESIDENT, SYSTEM})
_PLAIN = ("case", "grievance")
"""Legs whose cases move by their buttons alone; use cases of the others take steps of their own."""


def check(graph: Graph, known: Mapping[str, Workflow]) -> Iterator[Finding]:
    """``known`` empty: nothing can be said of the workflows that children name."""
    yield from _circles(graph.spec, known)
    for index, child in enumerate(graph.spec.children):
        workflow = known.get(child.workflow)
        if workflow is not None and workflow.key != graph.spec.key and workflow.leg in _PLAIN:
            yield from _waiting(graph.spec, index, child, Graph(workflow))
        yield from _for_nobody(graph, index, child)
    yield from _unrelated(graph.spec, known)


def _circles(spec: Workflow, known: Mapping[str, Workflow]) -> Iterator[Finding]:
    """Children whose children are cases of this workflow again: parents would wait for ever."""
    for index, child in enumerate(spec.children):
        way = _way_back(spec.key, child.workflow, {**known, spec.key: spec})
        if way:
            said = " → ".join((spec.key, *way))
            name = named(child)
            text = say(
                f"子事项{name.zh}：流程互为子事项（{said}），会无休止地产生、互相等待",
                f"child {name.en}: the workflows bring forth each other ({said}), so cases would "
                "go on for ever and wait for one another",
            )
            hint = say("去掉其中一个子事项。", "Remove one of these children.")
            yield error("child_circle", f"children[{index}].workflow", text, hint)


def _way_back(home: str, start: str, known: Mapping[str, Workflow]) -> tuple[str, ...]:
    """The workflows from ``start`` to ``home`` by children; empty when none leads there."""
    before: dict[str, str] = {start: ""}
    waiting = [start]
    while waiting:
        key = waiting.pop(0)
        if key == home:
            way = [key]
            while before[way[-1]]:
                way.append(before[way[-1]])
            return tuple(reversed(way))
        spec = known.get(key)
        for child in spec.children if spec else ():
            if child.workflow not in before:
                before[child.workflow] = key
                waiting.append(child.workflow)
    return ()


def _waiting(spec: Workflow, index: int, child: Child, theirs: Graph) -> Iterator[Finding]:
    """The parent waits for an end that its child can't come to by anything that people or its own
    deadlines do: child and parent wait for each other."""
    if not _waits(spec, child):
        return
    name, path = named(child), f"children[{index}].workflow"
    ends = _ends(theirs)
    if not ends:
        text = say(
            f"本流程等待子事项{name.zh}结束，但流程 {child.workflow} 没有人能办结，双方互相等待",
            f"this workflow waits until child {name.en} ends, and nobody can bring "
            f"{child.workflow} to an end: both wait for each other",
        )
        hint = say(
            "在子事项的流程里让人员或时限通向结束。",
            "Let people or a deadline of the child's workflow lead to its end.",
        )
        yield error("waits_for_each_other", path, text, hint)
    elif StateKind.DONE not in ends:
        for where, word in _asking(spec, child):
            if word == "all_done":
                text = say(
                    f"条件要求子事项{name.zh}全部办成，但流程 {child.workflow} 到不了 done 的状态",
                    f"a condition wants every child {name.en} done, and {child.workflow} never "
                    "comes to a state of the kind done",
                )
                hint = say("改问 all_closed。", "Ask for all_closed instead.")
                yield error("never_holds", where, text, hint)


def _ends(graph: Graph) -> set[StateKind]:
    """The kinds of end that it comes to by people and by what it fires itself."""
    events = {event for _, event in fired(graph.spec)}
    onward: dict[str, set[str]] = {}
    for edge in graph.edges:
        if not _idle(edge.transition, events):
            onward.setdefault(edge.source, set()).add(edge.target)
    come = spread({graph.spec.start} & set(graph.states), onward)
    return {graph.states[key].kind for key in come if graph.states[key].kind.ended}


def _idle(step: Transition, events: set[str]) -> bool:
    """Whether only the system may take it, and nothing makes it do so."""
    people = set(step.roles) - {SYSTEM} or step.relations
    return not people and step.key not in events


def _waits(spec: Workflow, child: Child) -> bool:
    return child.when_all_closed is not None or any(
        word in ("all_closed", "all_done", "open") for _, word in _asking(spec, child)
    )


def _asking(spec: Workflow, child: Child) -> Iterator[tuple[str, str]]:
    """Where conditions ask about the child, and for what."""
    for index, step in enumerate(spec.transitions):
        if step.when is None:
            continue
        for path, test in located(step.when, f"transitions[{index}].when"):
            family, _, word = test.fact.rpartition(".")
            if family in (f"children.{child.key}", "children"):
                yield path, word


def _for_nobody(graph: Graph, index: int, child: Child) -> Iterator[Finding]:
    """A state that a case leaves only once its children have ended, though there may be none."""
    event = child.when_all_closed
    if event is None or _surely_some(graph.spec, child):
        return
    others = [e for e in graph.edges if not _only_by(e, event)]
    origin: dict[str, set[str]] = {}
    for edge in others:
        origin.setdefault(edge.target, set()).add(edge.source)
    ends = {key for key, state in graph.states.items() if state.kind.ended}
    home = spread(set(ends), origin)
    spawning = {e.target for e in graph.edges if child.key in e.transition.spawn}
    waiting = {e.source for e in graph.edges if e.transition.key == event}
    for position, state in enumerate(graph.spec.states):
        if state.key in (spawning & waiting & graph.reached) - home:
            name, where = named(child), named(state)
            text = say(
                f"状态{where.zh}只有子事项{name.zh}都结束才能离开；一个也没有产生时会卡住",
                f"a case leaves state {where.en} only once every child {name.en} has ended: when "
                "there is none it gets stuck",
            )
            hint = say(
                "让人员也能从这里继续，或把产生子事项的字段设为必填。",
                "Let people go on from here too, or require the field that children come from.",
            )
            yield warning("waits_for_nobody", f"states[{position}]", text, hint)


def _only_by(edge: Edge, event: str) -> bool:
    step = edge.transition
    people = set(step.roles) - {SYSTEM} or step.relations
    return step.key == event and for_system(step) and not people


def _surely_some(spec: Workflow, child: Child) -> bool:
    """Whether whoever makes the children must fill in what they are made for."""
    key = registry.field_key(child.per)
    spawning = [step for step in spec.transitions if child.key in step.spawn]
    required = {item.field for item in spec.intake if item.required}
    return key is not None and all(
        key in required | {item.field for item in step.form if item.required} for step in spawning
    )


def _unrelated(spec: Workflow, known: Mapping[str, Workflow]) -> Iterator[Finding]:
    """Steps for an assignee, a party or an opener that no case of the workflow ever has."""
    born = any(c.workflow == spec.key for other in (spec, *known.values()) for c in other.children)
    if born or not spec.openers or spec.leg not in _PLAIN:
        return
    nobody = _nobody(spec)
    for index, step in enumerate(spec.transitions):
        barred = step.relations and set(step.relations) <= nobody
        if barred and _PSEUDO.isdisjoint(step.roles):
            name = button(step)
            who = ", ".join(relation.value for relation in step.relations)
            text = say(
                f"{name.zh}：没有人会成为 {who}，谁也用不到它",
                f"{name.en}: nobody ever becomes {who}, so nobody can ever take it",
            )
            hint = say(
                "先用 assign 指派，或改用 roles。", "Assign somebody before, or give roles instead."
            )
            yield warning("nobody_ever", f"transitions[{index}].relations", text, hint)


def _nobody(spec: Workflow) -> set[Relation]:
    """The relations that nobody can come to have."""
    kinds = {f"field.{field.key}": field.type for field in spec.fields}
    given = {e.assign for step in spec.transitions for e in step.effects} - {None, "nobody"}
    types = {kinds.get(name or "") for name in given}
    found: set[Relation] = set()
    if "actor" not in given and FieldType.PERSON not in types:
        found.add(Relation.ASSIGNEE)
    if FieldType.PARTY not in types:
        found.add(Relation.PARTY)
    if set(spec.openers) <= _PSEUDO:
        found.add(Relation.CREATOR)
    return found
