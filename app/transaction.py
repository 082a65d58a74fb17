"""The one commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app import queue


@contextmanager
def unit_of_work(session: Session, *, poke: bool = True) -> Iterator[Session]:
    """Commit what the block did, or roll all of it back; then poke the workers.

    The poke carries no data and may fail: a sweep of the database finds the work anyway, only
    later. The workers themselves don't poke: they would wake themselves for ever.
    """
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    if poke:
        queue.poke()
