"""The one clock: the only module that asks the machine for the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC.

    Ask once per use case and pass the value down as ``now``, so that one decision never sees two
    times.
    """
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds of a clock that is never set back, for measuring how long something took."""
    return time.monotonic()
