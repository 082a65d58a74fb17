"""What the garbage collector of a process that works in batches is told."""

from __future__ import annotations

import gc

YOUNG = 100_000
"""New objects after which it looks for circles: more than a batch makes, so that it isn't searched
a dozen times while it is still in use. Nothing in it is circular; it goes when the batch ends."""


def settle() -> None:
    """To be called once, when all that stays for ever is there: nobody looks through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
