"""How a peer is driven: so many cases a line on stdin, steps a second a line on stdout."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rows import STEPS


def serve(begin: Callable[[int], list[int]], step: Callable[[int, str], None]) -> None:
    """``begin`` makes so many cases in their first state, ``step`` presses an event's button."""
    print("ready", flush=True)
    for line in sys.stdin:
        ids = begin(int(line))
        start = time.perf_counter()
        for case_id in ids:
            for number in range(1, STEPS + 1):
                step(case_id, f"go{number}")
        print(len(ids) * STEPS / (time.perf_counter() - start), flush=True)
