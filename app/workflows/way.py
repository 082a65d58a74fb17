"""The way that a case has taken through its workflow, and where it can still go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.workflows import graph as graphs
from app.workflows.graph import Graph, Link
from app.workflows.picture import Mark, Marks


@dataclass(frozen=True, slots=True)
class Move:
    """A step from one state to another; ``source`` is None where the case began."""

    source: str | None
    target: str
    at: datetime
    event: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """``visits`` numbers the states in the order in which they were entered, each as often as it
    was; ``since`` says when each was entered last; ``taken`` holds the events by which it went from
    one state to another. ``ahead`` are the states that can still come."""

    now: str
    visits: Mapping[str, tuple[int, ...]]
    since: Mapping[str, datetime]
    taken: Mapping[tuple[str, str], tuple[str, ...]]
    ahead: frozenset[str]


def trace(graph: Graph, moves: Iterable[Move], now: str) -> Way:
    """The way of a case that stands in ``now``, out of its moves from the oldest to the newest.
    Moves by states that this version of the workflow doesn't know are left out."""
    known = {node.key for node in graph.nodes}
    visits: dict[str, tuple[int, ...]] = {}
    since: dict[str, datetime] = {}
    taken: dict[tuple[str, str], tuple[str, ...]] = {}
    number = 0
    for move in moves:
        if move.source == move.target or move.target not in known:
            continue
        number += 1
        visits[move.target] = (*visits.get(move.target, ()), number)
        since[move.target] = move.at
        if move.source in known and move.source is not None:
            pair = move.source, move.target
            taken[pair] = (*taken.get(pair, ()), move.event)
    return Way(now, visits, since, taken, frozenset(graphs.reachable(graph, now)))


def marks(graph: Graph, way: Way, note: Callable[[datetime], str]) -> Marks:
    """How a picture tells it: ``now``, ``taken``, ``next`` (one step away), ``ahead`` (further
    away) and ``gone`` (can't be reached any more)."""
    states = {
        node.key: Mark(
            _state(node.key, way),
            str(way.visits[node.key][-1]) if node.key in way.visits else "",
            note(way.since[node.key]) if node.key in way.since else "",
        )
        for node in graph.nodes
    }
    arrows = {
        (link.source, link.target): Mark(_arrow(link.source, link.target, way))
        for link in graph.links
    }
    return Marks(states, arrows)


def _state(key: str, way: Way) -> tuple[str, ...]:
    if key == way.now:
        return ("now",)
    if key in way.visits:
        return ("taken",)
    return ("ahead",) if key in way.ahead else ("gone",)


def _arrow(source: str, target: str, way: Way) -> tuple[str, ...]:
    taken = ("taken",) if (source, target) in way.taken else ()
    if source == way.now:
        return (*taken, "next")
    return taken or (("ahead",) if source in way.ahead else ("gone",))


def short(graph: Graph, way: Way) -> Graph:
    """What matters now: the way up to here with the buttons that were pressed, and the next step;
    other states are left out."""
    links = tuple(
        link if link.source == way.now else _pressed(link, way.taken[link.source, link.target])
        for link in graph.links
        if link.source != link.target
        and (link.source == way.now or (link.source, link.target) in way.taken)
    )
    kept = {way.now, *way.visits, *(link.target for link in links), *(x.source for x in links)}
    start = graph.start if graph.start in kept else way.now
    nodes = tuple(node for node in graph.nodes if node.key in kept)
    return replace(graph, start=start, nodes=nodes, links=links, everywhere=())


def _pressed(link: Link, events: tuple[str, ...]) -> Link:
    """With those of its buttons that were used; with all where none of them is known."""
    pairs = [pair for pair in zip(link.events, link.texts, strict=True) if pair[0] in events]
    if not pairs:
        return link
    return replace(link, events=tuple(e for e, _ in pairs), texts=tuple(t for _, t in pairs))
