"""Figures on a workflow's picture: which boxes and arrows carry most, by quarters of what there is.

Looks are ``heat-1`` to ``heat-4``; the figure itself stands in the box and at the arrow, so nobody
has to tell colours apart. What was never used is drawn as out of reach.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from app.workflows.graph import Graph, Link
from app.workflows.picture import Mark, Marks

LEVELS = 4
UNUSED = "gone"
K = TypeVar("K", bound=Hashable)
Way = tuple[str, str]
Step = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Band:
    """The figures that share a look, from ``least`` to ``most``."""

    level: int
    least: float
    most: float


def levels(values: Mapping[K, float]) -> dict[K, int]:
    """The quarter of the positive values that each lies in, 1 to 4; equal values are equally hot,
    and the largest is always 4."""
    order = sorted({value for value in values.values() if value > 0})
    ranks = {value: rank for rank, value in enumerate(order, 1)}
    return {
        key: -(-LEVELS * ranks[value] // len(order)) for key, value in values.items() if value > 0
    }


def bands(values: Mapping[K, float]) -> list[Band]:
    """What the looks stand for; those that nothing has are left out."""
    of: dict[int, list[float]] = {}
    for key, level in levels(values).items():
        of.setdefault(level, []).append(values[key])
    return [Band(level, min(found), max(found)) for level, found in sorted(of.items())]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is drawn: a figure by state, one by step (source, target, event), and which arrows were
    taken at all: a step may have been used and have no figure."""

    states: Mapping[str, float]
    steps: Mapping[Step, float]
    used: frozenset[Way]


def marks(graph: Graph, figures: Figures, shown: Callable[[float], str]) -> Marks:
    """Marks for the states and for the arrows, by the largest figure of an arrow's buttons."""
    boxes = {
        key: Mark((f"heat-{level}",), note=shown(figures.states[key]))
        for key, level in levels(figures.states).items()
    }
    arrows: dict[Way, float] = {}
    for (source, target, _event), value in figures.steps.items():
        arrows[source, target] = max(value, arrows.get((source, target), 0))
    hot = levels(arrows)
    found = {}
    for link in graph.links:
        way = (link.source, link.target)
        if way not in figures.used:
            found[way] = Mark((UNUSED,))
        elif way in hot:
            found[way] = Mark((f"heat-{hot[way]}",))
    return Marks(boxes, found)


def told(graph: Graph, figures: Figures, shown: Callable[[float], str]) -> Graph:
    """The same graph with the figure of each button beside its words, to be drawn."""

    def one(link: Link) -> Link:
        found = [
            (text, figures.steps.get((link.source, link.target, event), 0.0))
            for text, event in zip(link.texts, link.events, strict=True)
        ]
        if link.source == link.target:
            # of the many buttons that leave a case where it is, those that somebody pressed
            found = [(text, value) for text, value in found if value] or found[:1]
        return replace(link, texts=tuple(f"{text} · {shown(value)}" for text, value in found))

    return replace(graph, links=tuple(one(link) for link in graph.links))
