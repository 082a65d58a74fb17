"""Where the arrows run that skip rows: down on the right, back up on the left.

All arrows that come to one state from the same side share a lane, as streets join a trunk road.
Short lanes lie inside, long ones outside; two lanes share a track where they don't meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.workflows.graph import Link

Side = Literal["left", "right"]
Lane = tuple[str, Side]
"""The state that a lane leads to, and its side."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """The track of each lane, 0 the innermost, and how many tracks a side has."""

    track: Mapping[Lane, int]
    left: int
    right: int


def side(link: Link, rows: Mapping[str, int]) -> Side | None:
    """None for arrows that need no lane: to the next row, or back to the same state."""
    far = rows[link.target] - rows[link.source]
    if far in (0, 1):
        return None
    return "right" if far > 1 else "left"


def of(links: Iterable[Link], rows: Mapping[str, int]) -> Lanes:
    """Which track each lane takes. An arrow leaves below its row, so it is half a row lower."""
    spans: dict[Lane, tuple[float, float]] = {}
    for link in links:
        beside = side(link, rows)
        if beside is None:
            continue
        ends = sorted((rows[link.source] + 0.5, float(rows[link.target])))
        low, high = spans.get((link.target, beside), (ends[0], ends[1]))
        spans[link.target, beside] = min(low, ends[0]), max(high, ends[1])
    track: dict[Lane, int] = {}
    taken: dict[Side, list[list[tuple[float, float]]]] = {"left": [], "right": []}
    for lane, span in sorted(spans.items(), key=lambda item: (item[1][1] - item[1][0], item[1])):
        tracks = taken[lane[1]]
        free = next((i for i, spans_ in enumerate(tracks) if not _meets(span, spans_)), None)
        if free is None:
            free = len(tracks)
            tracks.append([])
        tracks[free].append(span)
        track[lane] = free
    return Lanes(track, len(taken["left"]), len(taken["right"]))


def _meets(span: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    return any(span[0] < high and low < span[1] for low, high in others)
