"""Where everything of a picture stands: one state a row, the usual way straight down.

Under each state stand its buttons as branches of one trunk, each with its words beside it; a branch
to the next state ends there, one that skips states runs to a lane on the right, one that turns back
to a lane on the left. So words never meet boxes, boxes never meet each other, and the picture is as
narrow as a phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.workflows import lanes, lettering, sequence
from app.workflows.graph import Graph, Link, Node
from app.workflows.lanes import Lanes

PHONE = 320
"""The width that fits a phone with the page's margins."""
SIZE = 14
LINE = 19
_MARGIN = 6
_LANE = 10
_GAP = 10
_LEAST = 190
_TRUNK = 20
_BADGE = 36
_BOX = 40
_ROW = 25
_TAIL = 14
_HOOK = (12.0, 24.0)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of text; ``y`` is the middle of all of them."""

    x: float
    y: float
    lines: tuple[str, ...]

    @property
    def first(self) -> float:
        """The middle of the first line."""
        return self.y - LINE * (len(self.lines) - 1) / 2

    @property
    def last(self) -> float:
        return self.y + LINE * (len(self.lines) - 1) / 2


@dataclass(frozen=True, slots=True)
class Box:
    node: Node
    x: float
    y: float
    width: float
    height: float
    words: Words


@dataclass(frozen=True, slots=True)
class Arrow:
    """Straight pieces from the box that it leaves to the border of the one that it enters."""

    link: Link
    points: tuple[Point, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The column between the lanes, and the tracks beside it."""

    rows: Mapping[str, int]
    lanes: Lanes
    left: float
    width: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def trunk(self) -> float:
        return self.left + _TRUNK

    def track(self, link: Link) -> float:
        """The x of the lane that ``link`` runs in."""
        beside = lanes.side(link, self.rows)
        assert beside is not None
        far = _GAP + _LANE * self.lanes.track[link.target, beside]
        return self.left - far if beside == "left" else self.right + far


@dataclass(frozen=True, slots=True)
class _Branch:
    """A button's words in their row; where its arrow ends is known once all boxes stand."""

    link: Link
    words: Words
    begin: float


def of(
    graph: Graph, *, width: float = PHONE, aside: Mapping[str, float] = MappingProxyType({})
) -> Layout:
    """The picture of ``graph``. It is wider than ``width`` only when many arrows skip states;
    ``aside`` is kept free beside the names of these states."""
    keys = sequence.of(graph)
    frame = _frame(graph, {key: row for row, key in enumerate(keys)}, width)
    nodes = {node.key: node for node in graph.nodes}
    leaving: dict[str, list[Link]] = {key: [] for key in keys}
    for link in graph.links:
        leaving[link.source].append(link)
    boxes: dict[str, Box] = {}
    branches: list[_Branch] = []
    y = float(_MARGIN)
    for key in keys:
        boxes[key] = _box(nodes[key], frame, y, aside.get(key, 0))
        y = _branches(branches, leaving[key], frame, y + boxes[key].height)
    arrows = tuple(
        Arrow(b.link, _points(b, frame, boxes[b.link.source], boxes[b.link.target]), b.words)
        for b in branches
    )
    right = frame.right + _side(frame.lanes.right)
    return Layout(right, y - _TAIL + _MARGIN, tuple(boxes.values()), arrows)


def _side(tracks: int) -> float:
    return _MARGIN + (_GAP + _LANE * (tracks - 1) if tracks else 0)


def _frame(graph: Graph, rows: Mapping[str, int], width: float) -> _Frame:
    found = lanes.of(graph.links, rows)
    left, right = _side(found.left), _side(found.right)
    return _Frame(rows, found, left, max(width - left - right, _LEAST))


def _box(node: Node, frame: _Frame, y: float, aside: float) -> Box:
    room = frame.width - _BADGE - 10 - aside
    lines = lettering.lines(node.text, SIZE * 1.08, room)
    height = _BOX + LINE * (len(lines) - 1)
    words = Words(frame.left + _BADGE, y + height / 2, lines)
    return Box(node, frame.left, y, frame.width, height, words)


def _branches(found: list[_Branch], links: list[Link], frame: _Frame, y: float) -> float:
    """Put the state's buttons below its box; returns where the next box begins."""
    begin = y
    for link in sorted(links, key=lambda link: _rank(link, frame)):
        hooked = link.source == link.target
        x = frame.trunk + (_HOOK[1] if hooked else 0) + 10
        room = frame.right - x - (16 if lanes.side(link, frame.rows) == "right" else 4)
        lines = lettering.listed(link.texts, SIZE, room, most=3)
        height = _ROW + LINE * (len(lines) - 1)
        found.append(_Branch(link, Words(x, y + height / 2 + 2, lines), begin))
        y += height
    return y + _TAIL


def _rank(link: Link, frame: _Frame) -> tuple[int, int]:
    """From top to bottom so that branches of one state don't cross: what stays, what turns back
    (inside first), what skips ahead (outside first), what goes to the next row."""
    beside = lanes.side(link, frame.rows)
    if beside is None:
        return (0 if link.source == link.target else 3), 0
    track = frame.lanes.track[link.target, beside]
    return (1, track) if beside == "left" else (2, -track)


def _points(branch: _Branch, frame: _Frame, source: Box, target: Box) -> tuple[Point, ...]:
    link, y, trunk = branch.link, branch.words.last, frame.trunk
    if link.source == link.target:
        out, back, low = trunk + _HOOK[0], trunk + _HOOK[1], branch.words.first
        return (out, branch.begin), (out, low), (back, low), (back, branch.begin)
    beside = lanes.side(link, frame.rows)
    if beside is None:
        return (trunk, branch.begin), (trunk, target.y)
    track, middle = frame.track(link), target.y + target.height / 2
    edge = target.x if beside == "left" else target.x + target.width
    return (trunk, branch.begin), (trunk, y), (track, y), (track, middle), (edge, middle)
