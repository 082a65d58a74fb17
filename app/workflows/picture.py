"""A workflow drawn as SVG text, with marks for a case, a comparison or figures.

The drawing carries classes and no styles: ``app/front/styles/_picture.scss`` colours it on a page,
in both modes and in print; ``sheet.alone`` makes a file of it that stands by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

from app.workflows import lettering
from app.workflows.layout import LINE, SIZE, Arrow, Box, Layout, Point, Words

_ROUND = 7.0
_TIP = (8.0, 4.5)


@dataclass(frozen=True, slots=True)
class Mark:
    """``looks`` become classes ``is-…``; ``badge`` stands in the circle, ``note`` at the end."""

    looks: tuple[str, ...] = ()
    badge: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is said of single states and of single arrows (by source and target)."""

    states: Mapping[str, Mark] = field(default_factory=dict)
    arrows: Mapping[tuple[str, str], Mark] = field(default_factory=dict)


PLAIN = Mark()
NONE = Marks()
_HEAT = ("heat-1", "heat-2", "heat-3", "heat-4")
_ORDER = ("gone", "", "ahead", *_HEAT, "taken", "next", "changed", "removed", "added")
"""From below to above: where arrows share a piece of line, the more important is seen."""


def draw(
    layout: Layout, *, title: str, about: str = "", marks: Marks = NONE, name: str = "picture"
) -> str:
    """The SVG element. ``name`` begins the ids in it, of which a page may hold each only once."""
    width, height = _number(layout.width), _number(layout.height)
    arrows = sorted(layout.arrows, key=lambda arrow: _height(arrow, marks))
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img"'
        f' aria-labelledby="{escape(name)}-title {escape(name)}-about">',
        f'<title id="{escape(name)}-title">{escape(title)}</title>',
        f'<desc id="{escape(name)}-about">{escape(about)}</desc>',
        *(_line(arrow, marks) for arrow in arrows),
        *(_label(arrow, marks) for arrow in layout.arrows),
        *(_state(box, marks) for box in layout.boxes),
        "</svg>",
    )
    return "".join(parts)


def _height(arrow: Arrow, marks: Marks) -> int:
    looks = _mark(arrow, marks).looks
    return max((_ORDER.index(look) for look in looks if look in _ORDER), default=1)


def _mark(arrow: Arrow, marks: Marks) -> Mark:
    return marks.arrows.get((arrow.link.source, arrow.link.target), PLAIN)


def _classes(name: str, *looks: str) -> str:
    return " ".join((name, *(f"is-{look}" for look in looks if look)))


# --- arrows -------------------------------------------------------------------------------------


def _line(arrow: Arrow, marks: Marks) -> str:
    looks = (*_mark(arrow, marks).looks, "system" if arrow.link.alone else "")
    return (
        f'<g class="{_classes("picture-arrow", *looks)}" data-from="{escape(arrow.link.source)}"'
        f' data-to="{escape(arrow.link.target)}">'
        f'<path class="picture-line" d="{_route(arrow)}"/>'
        f'<path class="picture-tip" d="{_tip(*arrow.points[-2:])}"/></g>'
    )


def _label(arrow: Arrow, marks: Marks) -> str:
    mark = _mark(arrow, marks)
    whole = " / ".join(dict.fromkeys(arrow.link.texts))
    note = f" {mark.note}" if mark.note else ""
    return _text("picture-button", arrow.words, mark.looks, whole + note)


def _route(arrow: Arrow) -> str:
    """The line, ending where the tip begins, and interrupted where its words stand on it."""
    points = (*arrow.points[:-1], _toward(arrow.points[-1], arrow.points[-2], _TIP[0] - 1))
    words = arrow.words
    if len(points) < 4 or points[2][0] < words.x or points[1][1] != words.last:
        return _path(points)
    end = words.x + lettering.width(words.lines[-1], SIZE) + 3
    before, after = (words.x - 3, words.last), (min(end, points[2][0] - _ROUND), words.last)
    return _path((*points[:2], before)) + _path((after, *points[2:]))


def _path(points: tuple[Point, ...]) -> str:
    """Straight pieces with rounded corners."""
    found = [f"M{_pair(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        room = min(_ROUND, _far(before, corner) / 2, _far(corner, after) / 2)
        begin, end = _toward(corner, before, room), _toward(corner, after, room)
        found.append(f"L{_pair(begin)}Q{_pair(corner)} {_pair(end)}")
    found.append(f"L{_pair(points[-1])}")
    return "".join(found)


def _tip(before: Point, end: Point) -> str:
    length, half = _TIP
    base = _toward(end, before, length)
    across = (half, 0.0) if base[0] == end[0] else (0.0, half)
    one = base[0] + across[0], base[1] + across[1]
    other = base[0] - across[0], base[1] - across[1]
    return f"M{_pair(end)}L{_pair(one)}L{_pair(other)}Z"


def _far(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _toward(start: Point, end: Point, by: float) -> Point:
    """The point ``by`` away from ``start``; pieces lie along one axis."""
    far = _far(start, end)
    share = by / far if far else 0.0
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


# --- states and words ---------------------------------------------------------------------------


def _state(box: Box, marks: Marks) -> str:
    mark = marks.states.get(box.node.key, PLAIN)
    x, y = _number(box.x), _number(box.y)
    middle = box.y + box.height / 2
    radius = box.height / 2 if box.node.kind.ended else 10
    badge = (
        f'<circle class="picture-badge" cx="{_number(box.x + 19)}" cy="{_number(middle)}"'
        f' r="{11 if mark.badge else 4}"/>'
    )
    if mark.badge:
        badge += _text("picture-count", Words(box.x + 19, middle, (mark.badge,)))
    if mark.note:
        badge += _text("picture-note", Words(box.x + box.width - 10, middle, (mark.note,)))
    looks = (box.node.kind.value, *mark.looks)
    return (
        f'<g class="{_classes("picture-state", *looks)}" data-state="{escape(box.node.key)}">'
        f'<rect x="{x}" y="{y}" width="{_number(box.width)}" height="{_number(box.height)}"'
        f' rx="{_number(radius)}"/>{badge}{_text("picture-name", box.words, (), box.node.text)}</g>'
    )


def _text(name: str, words: Words, looks: Iterable[str] = (), whole: str = "") -> str:
    """Lines one below the other; ``whole`` is shown by the pointer when something was cut off."""
    x, rows = _number(words.x), (words.first + LINE * row for row in range(len(words.lines)))
    spans = "".join(
        f'<tspan x="{x}" y="{_number(y)}">{escape(line)}</tspan>'
        for y, line in zip(rows, words.lines, strict=True)
    )
    cut = whole and "".join(words.lines).replace(" ", "") != whole.replace(" ", "")
    title = f"<title>{escape(whole)}</title>" if cut else ""
    return f'<text class="{_classes(name, *looks)}" dy=".35em">{title}{spans}</text>'


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
