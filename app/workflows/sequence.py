"""In which order a picture lists the states: along the usual way, so that few arrows turn back.

Two beginnings are weighed, the file's own order and the reversed order of leaving a depth-first
walk (a topological order once the arrows that turn back are put aside). The cheaper is improved by
moving single states while that makes it cheaper. No chance is involved: the same graph always gives
the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.workflows.graph import Graph, Link

FEW = 24
"""Up to so many states each is tried in every place; beyond, only neighbours change places."""
PASSES = 6
_BACK = 5
_USUAL = 3
_EARLY = 40

Kinds = Mapping[str, str]
"""How each state ends; empty for those that are no end."""


def of(graph: Graph) -> tuple[str, ...]:
    """The keys of all states: the start first, the ends last."""
    kinds = {node.key: node.kind.value if node.kind.ended else "" for node in graph.nodes}
    prices = _Prices(graph)
    starts = [_sorted(keys, graph) for keys in (_written(graph), _walked(graph))]
    best = min(starts, key=prices.all)
    keys = _moved(best, prices, kinds) if len(best) <= FEW else _swapped(best, prices, kinds)
    return tuple(keys)


def _written(graph: Graph) -> list[str]:
    return [node.key for node in graph.nodes]


def _sorted(keys: list[str], graph: Graph) -> list[str]:
    """The start before all others, the ends after, those that were given up last."""
    kinds = {node.key: node.kind for node in graph.nodes}
    where = {key: index for index, key in enumerate(keys)}
    return sorted(
        keys,
        key=lambda key: (
            key != graph.start,
            kinds[key].ended,
            kinds[key].ended and kinds[key].value == "cancelled",
            where[key],
        ),
    )


def _walked(graph: Graph) -> list[str]:
    """Reversed order of leaving; the usual next state is visited last and so comes next."""
    following: dict[str, list[Link]] = {}
    for link in graph.links:
        following.setdefault(link.source, []).append(link)
    for links in following.values():
        links.reverse()
        links.sort(key=lambda link: link.usual)
    seen: set[str] = set()
    left: list[str] = []
    for first in (*reversed(_written(graph)), graph.start):
        # the start goes last so that it and all that follows it come before what nothing leads to
        if first not in seen and (first == graph.start or not _led_to(graph, first)):
            _walk(first, following, seen, left)
    missing = [key for key in _written(graph) if key not in seen]
    return [*reversed(left), *missing]


def _led_to(graph: Graph, key: str) -> bool:
    return any(link.target == key != link.source for link in graph.links)


def _walk(first: str, following: dict[str, list[Link]], seen: set[str], left: list[str]) -> None:
    """Depth first without recursion: a workflow may be a chain of thousands."""
    seen.add(first)
    stack: list[tuple[str, Iterator[Link]]] = [(first, iter(following.get(first, ())))]
    while stack:
        key, links = stack[-1]
        fresh = next((link.target for link in links if link.target not in seen), None)
        if fresh is None:
            left.append(key)
            stack.pop()
        else:
            seen.add(fresh)
            stack.append((fresh, iter(following.get(fresh, ()))))


# --- improving ----------------------------------------------------------------------------------


class _Prices:
    """What an order costs: long arrows, arrows that turn back, and states that stand before all
    that lead to them."""

    def __init__(self, graph: Graph) -> None:
        self.leaving: dict[str, list[Link]] = {node.key: [] for node in graph.nodes}
        self.coming: dict[str, list[str]] = {node.key: [] for node in graph.nodes}
        for link in graph.links:
            if link.source != link.target:
                self.leaving[link.source].append(link)
                self.coming[link.target].append(link.source)
        self.near = {
            key: {key, *sources, *(link.target for link in self.leaving[key])}
            for key, sources in self.coming.items()
        }

    def all(self, keys: Sequence[str]) -> int:
        return self.some(keys, {key: row for row, key in enumerate(keys)})

    def some(self, keys: Iterable[str], rows: Mapping[str, int]) -> int:
        """Of these states, with the arrows that leave them."""
        total = 0
        for key in keys:
            row, sources = rows[key], self.coming[key]
            if sources and all(rows[source] > row for source in sources):
                total += _EARLY
            for link in self.leaving[key]:
                far = rows[link.target] - row
                if far < 0:
                    total += _BACK - far
                else:
                    only = len(self.leaving[key]) == 1
                    total += (far - 1) * (_USUAL if link.usual or only else 1)
        return total


def _moved(keys: list[str], prices: _Prices, kinds: Kinds) -> list[str]:
    best, price = keys, prices.all(keys)
    for _ in range(PASSES):
        before = price
        for key in list(best):
            for place in _places(best, key, kinds):
                trial = [other for other in best if other != key]
                trial.insert(place, key)
                cost = prices.all(trial)
                if cost < price:
                    best, price = trial, cost
        if price == before:
            break
    return best


def _places(keys: Sequence[str], key: str, kinds: Kinds) -> range:
    """Where a state may stand: among its like, and never before the start."""
    if key == keys[0]:
        return range(0)
    alike = [row for row, other in enumerate(keys) if row and kinds[other] == kinds[key]]
    return range(alike[0], alike[-1] + 1)


def _swapped(keys: list[str], prices: _Prices, kinds: Kinds) -> list[str]:
    rows = {key: row for row, key in enumerate(keys)}
    for _ in range(PASSES):
        changed = False
        for row in range(1, len(keys) - 1):
            one, other = keys[row], keys[row + 1]
            if kinds[one] != kinds[other]:
                continue
            touched = prices.near[one] | prices.near[other]
            before = prices.some(touched, rows)
            rows[one], rows[other] = row + 1, row
            if prices.some(touched, rows) < before:
                keys[row], keys[row + 1] = other, one
                changed = True
            else:
                rows[one], rows[other] = row, row + 1
        if not changed:
            break
    return keys
