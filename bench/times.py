"""Rounds that take turns, and what is left of them: medians and ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

NOW = datetime(2026, 11, 19, 2, 30, tzinfo=UTC)
"""A working morning of an announced year: the same work in every run."""

Round = Callable[[], float]
"""Does its share of work and returns how many a second."""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def turns(contenders: Mapping[str, Round], rounds: int) -> dict[str, list[float]]:
    """Let all contenders do one round after the other, ``rounds`` times, so that what disturbs
    the machine disturbs all of them; a first round warms up and is not counted."""
    for work in contenders.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders)
        # each time somebody else begins
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(contenders[name]())
    return found


def median(values: list[float]) -> float:
    return statistics.median(values)


def ratios(found: Mapping[str, list[float]], name: str, base: str) -> list[float]:
    """The ratio of each round: neighbours in time are compared with one another."""
    return [mine / theirs for mine, theirs in zip(found[name], found[base], strict=True)]
