"""A workflow as a picture sees it: states, and a link for all buttons from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.workflows.spec import SYSTEM, State, StateKind, Transition, Workflow


@dataclass(frozen=True, slots=True)
class Node:
    key: str
    text: str
    kind: StateKind


@dataclass(frozen=True, slots=True)
class Link:
    """All buttons that lead from ``source`` to ``target``; both alike: they stay or come back.
    ``texts`` are those of ``events``, one each. ``usual`` holds when one of them is the usual next
    step, ``alone`` when the system takes all."""

    source: str
    target: str
    events: tuple[str, ...]
    texts: tuple[str, ...]
    usual: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """``everywhere`` are texts of the buttons that stand in every state that is no end and stay
    there: said once instead of drawn at each."""

    start: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    everywhere: tuple[str, ...] = ()


def of(spec: Workflow, language: str) -> Graph:
    """The graph of ``spec`` with its words in ``language``. A draft may name states that aren't
    there or the same twice: the checker says so, the picture shows what there is."""
    states: dict[str, State] = {}
    for state in spec.states:
        states.setdefault(state.key, state)
    open_ = {key for key, state in states.items() if not state.kind.ended}
    common = _common(spec, open_)
    found: dict[tuple[str, str], list[Transition]] = {}
    for transition in spec.transitions:
        if transition.key in common:
            continue
        for source in spec.sources(transition):
            target = transition.target or source
            if source in states and target in states:
                found.setdefault((source, target), []).append(transition)
    return Graph(
        start=spec.start if spec.start in states else spec.states[0].key,
        nodes=tuple(Node(s.key, s.label.text(language), s.kind) for s in states.values()),
        links=tuple(
            Link(
                source,
                target,
                *_named(several, language),
                usual=any(t.primary for t in several),
                alone=all(_by_system(t) for t in several),
            )
            for (source, target), several in found.items()
        ),
        everywhere=tuple(dict.fromkeys(t.label.text(language) for t in common.values())),
    )


def _named(
    transitions: Iterable[Transition], language: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    texts: dict[str, str] = {}
    for transition in transitions:
        texts.setdefault(transition.key, transition.label.text(language))
    return tuple(texts), tuple(texts.values())


def _common(spec: Workflow, open_: set[str]) -> dict[str, Transition]:
    """The stays that every state has; where there are few states, nothing is gained by it."""
    if len(open_) < 3:
        return {}
    return {
        t.key: t for t in spec.transitions if t.target is None and open_ <= set(spec.sources(t))
    }


def _by_system(transition: Transition) -> bool:
    return not transition.relations and set(transition.roles) <= {SYSTEM}


def reachable(graph: Graph, start: str) -> set[str]:
    """Every state that a case in ``start`` can still come to, itself included."""
    following: dict[str, list[str]] = {}
    for link in graph.links:
        following.setdefault(link.source, []).append(link.target)
    found, waiting = {start}, [start]
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found
