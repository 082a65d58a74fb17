"""Two versions of a workflow in one picture: what came, what went and what is different."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.workflows import graph, layout, picture
from app.workflows.compare import matched
from app.workflows.graph import Link
from app.workflows.picture import Mark, Marks
from app.workflows.spec import Label, Transition, Workflow

_LOOKS = {
    "added": Mark(("added",), "+"),
    "removed": Mark(("removed",), "−"),
    "changed": Mark(("changed",), "±"),
}
Way = tuple[str, str]
_TITLE = Label(zh="两个版本的比较", en="Two versions compared")


def draw(before: Workflow, after: Workflow, language: str, *, name: str = "contrast") -> str:
    """The picture as SVG text."""
    found = marks(before, after)
    whole = graph.of(merged(before, after), language)
    signed = replace(whole, links=tuple(_signed(link, found) for link in whole.links))
    return picture.draw(layout.of(signed), title=_TITLE.text(language), marks=found, name=name)


def _signed(link: Link, found: Marks) -> Link:
    """Colour alone says nothing to some: the sign stands before the words, too."""
    mark = found.arrows.get((link.source, link.target))
    if mark is None or not link.texts:
        return link
    first, *others = link.texts
    return replace(link, texts=(f"{mark.badge} {first}", *others))


def merged(before: Workflow, after: Workflow) -> Workflow:
    """``after`` with the states and steps of ``before`` that it has no more."""
    _, gone, _ = matched(before.states, after.states)
    there = {state.key for state in after.states}
    kept = {(t.key, *way) for t in after.transitions for way in _ways(after, t)}
    steps = list(after.transitions)
    for step in before.transitions:
        lost = [source for source, to in _ways(before, step) if (step.key, source, to) not in kept]
        if lost:
            steps.append(step.model_copy(update={"source": tuple(lost)}))
    states = (*after.states, *(state for state in gone if state.key not in there))
    return after.model_copy(update={"states": states, "transitions": tuple(steps)})


def marks(before: Workflow, after: Workflow) -> Marks:
    """Marks for the states and arrows that are not the same in both."""
    states: dict[str, Mark] = {}
    pairs, gone, fresh = matched(before.states, after.states)
    states.update((state.key, _LOOKS["removed"]) for state in gone)
    states.update((state.key, _LOOKS["added"]) for state in fresh)
    states.update((new.key, _LOOKS["changed"]) for old, new in pairs if old != new)
    if before.start != after.start and after.start not in states:
        states[after.start] = _LOOKS["changed"]
    arrows: dict[Way, Mark] = {}
    old, new = _drawn(before), _drawn(after)
    for way in {*old, *new}:
        if way not in old:
            arrows[way] = _LOOKS["added"]
        elif way not in new:
            arrows[way] = _LOOKS["removed"]
        elif old[way] != new[way]:
            arrows[way] = _LOOKS["changed"]
    return Marks(states, arrows)


def _drawn(spec: Workflow) -> dict[Way, list[Transition]]:
    """The steps of each arrow, their other states aside."""
    found: dict[Way, list[Transition]] = {}
    for step in spec.transitions:
        for way in _ways(spec, step):
            found.setdefault(way, []).append(step.model_copy(update={"source": (way[0],)}))
    return found


def _ways(spec: Workflow, step: Transition) -> Iterable[Way]:
    return [(source, step.target or source) for source in spec.sources(step)]
