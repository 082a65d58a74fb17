"""The kinds of long work, and what the code of one gets and gives.

A kind is a generator. Each ``yield Step(done, cursor)`` is a safe point: what was done up to there
may be committed, and whoever takes the job up again begins at that cursor. The runner decides when
it commits (about twice a second), so a kind may yield after each item. What the code does outside
the database between two safe points must be safe to do twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.models import JobOutcome
from app.services.actors import Viewer

EVERY = 0.5
"""Seconds between two commits of a running job, and so between two movements of its bar."""

Words = dict[str, str]
"""A text in both languages: ``{"zh": …, "en": …}``."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job is. Without ``cursor`` only the bar moves: nothing is committed, and the job
    isn't interrupted here but by cancelling it or by the end of the process."""

    done: int
    cursor: dict[str, Any] | None = None
    total: int | None = None
    message: Words | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job came to its end. ``result["file"]`` names a file of its folder to download:
    ``{"path": …, "name": …, "type": …}``."""

    message: Words
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Work:
    """A job under way, for the code of its kind. ``owner`` sees and may do what they may today;
    ``folder`` is the job's own and outlives the worker."""

    session: Session
    job_id: int
    kind: str
    attempts: int
    """Times it was taken up since it last got on, this one included."""
    owner: Viewer
    language: str
    parameters: dict[str, Any]
    cursor: dict[str, Any]
    done: int
    total: int | None
    failed: int
    folder: Path
    now: datetime
    items: list[dict[str, Any]] = field(default_factory=list)

    def tell(
        self,
        number: int,
        outcome: JobOutcome,
        *,
        name: str = "",
        field: str = "",
        text: Words | None = None,
    ) -> None:
        """Say what became of one item; it is written with the next safe point."""
        self.failed += outcome is JobOutcome.FAILED
        self.items.append(
            {
                "job_id": self.job_id,
                "number": number,
                "name": name[:200],
                "outcome": outcome,
                "field": field[:200],
                "text": text or {},
            }
        )


Run = Callable[[Work], Generator[Step, None, Ending]]


@dataclass(frozen=True, slots=True)
class Kind:
    """``every`` 0: each safe point is committed at once, so that rows are locked no longer than
    one item takes. Rather that for cases on which people go on working."""

    key: str
    label: Words
    run: Run
    every: float = EVERY


KINDS: dict[str, Kind] = {}


def kind(key: str, label: Words, *, every: float = EVERY) -> Callable[[Run], Run]:
    """Register the code of a kind of job; twice is a mistake."""

    def keep(run: Run) -> Run:
        if key in KINDS:
            raise ValueError(f"the kind {key} is registered twice")
        KINDS[key] = Kind(key, label, run, every)
        return run

    return keep
