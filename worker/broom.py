"""Sweeps out what long jobs left behind, after the days that the settings say."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

import config
from app import clock
from app.services import deliveries, jobs
from app.transaction import unit_of_work

log = logging.getLogger(__name__)

EVERY = 3600.0
_SETTLED = timedelta(days=1)
"""A folder may be there a moment before its row is committed."""


@dataclass(slots=True)
class Broom:
    """Jobs that ended long ago, and their folders: rows first, so that no row names a file that is
    gone; then every folder that no row knows."""

    settings: config.Settings
    _looked: float = -EVERY

    def __call__(self, session: Session) -> int:
        """Returns how many jobs were removed; looks once an hour."""
        if clock.monotonic() - self._looked < EVERY:
            return 0
        self._looked = clock.monotonic()
        with unit_of_work(session, poke=False):
            now = deliveries.instant(session)
            gone = jobs.tidy(session, now - timedelta(days=self.settings.job_days))
        left = dict(self._folders(now - _SETTLED))
        with unit_of_work(session, poke=False):
            known = jobs.known(session, list(left))
        for job_id, path in left.items():
            if job_id not in known:
                shutil.rmtree(path, ignore_errors=True)
        if gone:
            log.info("%d old jobs tidied away", gone)
        return gone

    def _folders(self, before: datetime) -> Iterator[tuple[int, Path]]:
        root = jobs.folder(self.settings.files_dir, 0).parent
        for path in root.iterdir() if root.is_dir() else ():
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if path.name.isdecimal() and changed < before:
                yield int(path.name), path
