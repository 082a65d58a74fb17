"""The workflow's picture on pages: plain, or with the way that a case has taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.services import edge
from app.services.cases import Shown
from app.views import labels
from app.workflows import contrast, graph, layout, picture, way
from app.workflows.engine import Compiled
from app.workflows.graph import Graph, Link
from app.workflows.layout import Layout
from app.workflows.picture import NONE, Mark, Marks
from app.workflows.spec import StateKind, Workflow
from app.workflows.way import Move, Way

MOST_LINKS = 4000
"""Between so many pairs of states a picture draws arrows."""
_NOTE = 88
"""Room in a box for the time at which the case came there."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Buttons of a state and where they lead; ``target`` is empty where the case stays."""

    texts: str
    target: str


@dataclass(frozen=True, slots=True)
class Line:
    """A state in words. ``look`` is that of the picture, ``said`` says it."""

    text: str
    kind: str
    said: str
    look: str
    exits: tuple[Exit, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """``everywhere`` are the buttons that every state has and that lead nowhere else."""

    svg: Markup
    lines: tuple[Line, ...]
    everywhere: str


def of_workflow(spec: Workflow) -> Picture:
    """The whole of a workflow, as it is defined."""
    found = graph.of(spec, labels.language())
    if _crowded(found):
        return Picture(_too_large(), (), "")
    return _drawn(found, layout.of(found), NONE, spec, _("All states and the ways between them."))


def _crowded(*graphs: Graph) -> bool:
    """Nobody could read it, and to lay it out would keep a process busy for minutes."""
    return sum(len(each.links) for each in graphs) > MOST_LINKS


def _too_large() -> Markup:
    text = _(
        "Too many ways lead from state to state to draw them: more than %(most)s.", most=MOST_LINKS
    )
    return Markup('<p class="meta">{}</p>').format(text)


def of_contrast(before: Workflow, after: Workflow) -> Markup:
    """Both in one picture: what came, what went, what is different."""
    language = labels.language()
    if _crowded(graph.of(before, language), graph.of(after, language)):
        return _too_large()
    drawn = contrast.draw(before, after, labels.language())
    return Markup(drawn)  # noqa: S704  it escapes all that it is given


def of_case(shown: Shown, events: Sequence[Any]) -> Picture:
    """The whole workflow with the way of this case; ``events`` from the newest to the oldest."""
    found = _graph(shown.compiled, labels.language())
    return _taken(found, shown.compiled.spec, _moves(events), shown.case.state)


def of_moves(spec: Workflow, moves: Iterable[Move], state: str) -> Picture:
    """The whole of a workflow with the way that these moves, from the oldest, have taken."""
    return _taken(graph.of(spec, labels.language()), spec, moves, state)


def _taken(found: Graph, spec: Workflow, moves: Iterable[Move], state: str) -> Picture:
    if _crowded(found):
        return Picture(_too_large(), (), "")
    taken = way.trace(found, moves, state)
    marks = way.marks(found, taken, _moment)
    placed = layout.of(found, aside=_aside(taken))
    return _drawn(found, placed, marks, spec, _told(found, taken))


def of_way(shown: Shown, events: Sequence[Any]) -> Markup:
    """Only the way up to here and the next steps."""
    found = _graph(shown.compiled, labels.language())
    taken = way.trace(found, _moves(events), shown.case.state)
    short = way.short(found, taken)
    drawn = picture.draw(
        layout.of(short, aside=_aside(taken)),
        title=_("The way of this case"),
        about=_told(found, taken),
        marks=way.marks(found, taken, _moment),
        name="way",
    )
    return Markup(drawn)  # noqa: S704  it escapes all that it is given


@lru_cache(maxsize=64)
def _graph(compiled: Compiled, language: str) -> Graph:
    """Of a published version, which never changes."""
    return graph.of(compiled.spec, language)


def _aside(taken: Way) -> dict[str, float]:
    return dict.fromkeys(taken.since, _NOTE)


def _moves(events: Iterable[Any]) -> list[Move]:
    return [Move(e.source, e.target, e.at, e.event) for e in reversed(list(events)) if e.target]


def _moment(at: datetime) -> str:
    return f"{edge.local(at):%m-%d %H:%M}"


def _drawn(of: Graph, placed: Layout, marks: Marks, spec: Workflow, about: str) -> Picture:
    title = _("The workflow “%(name)s”", name=labels.localized(spec.label.model_dump()))
    svg = picture.draw(placed, title=title, about=about, marks=marks, name="workflow")
    names = {node.key: node.text for node in of.nodes}
    kinds = _kinds()
    leaving: dict[str, list[Exit]] = {}
    for link in of.links:
        leaving.setdefault(link.source, []).append(_exit(link, names))
    lines = tuple(
        _line(
            box.node.text,
            kinds[box.node.kind],
            marks.states.get(box.node.key),
            leaving.get(box.node.key, ()),
        )
        for box in placed.boxes
    )
    return Picture(Markup(svg), lines, _joined(of.everywhere))  # noqa: S704  it escapes


def _line(text: str, kind: tuple[str, str], mark: Mark | None, exits: Iterable[Exit]) -> Line:
    look = mark.looks[0] if mark and mark.looks else ""
    said = {"now": _("now"), "taken": _("passed"), "gone": _("out of reach")}.get(look, kind[1])
    since = f" · {mark.note}" if mark and mark.note else ""
    return Line(text, kind[0], f"{said}{since}", look, tuple(exits))


def _exit(link: Link, names: dict[str, str]) -> Exit:
    return Exit(_joined(link.texts), names[link.target] if link.source != link.target else "")


def _joined(texts: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(texts))


def _kinds() -> dict[StateKind, tuple[str, str]]:
    return {
        StateKind.OPEN: ("open", _("being worked on")),
        StateKind.WAITING: ("waiting", _("waits for others")),
        StateKind.DONE: ("done", _("end: done")),
        StateKind.CANCELLED: ("cancelled", _("end: given up")),
    }


def _told(of: Graph, taken: Way) -> str:
    """The way in one text: where the case was, where it is, where it can go."""
    names = {node.key: node.text for node in of.nodes}
    entered = sorted((n, key) for key, several in taken.visits.items() for n in several)
    passed = " → ".join(names[key] for _n, key in entered) or names[taken.now]
    following = [
        f"{_joined(link.texts)} → {names[link.target]}"
        for link in of.links
        if link.source == taken.now != link.target
    ]
    if not following:
        return str(_("Passed: %(passed)s. It has ended.", passed=passed))
    return str(_("Passed: %(passed)s. Next: %(next)s.", passed=passed, next="; ".join(following)))
