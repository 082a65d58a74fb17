"""Cases to begin with, and what every peer writes beside its own: the rows of ``bench.hand``."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

sys.path.append(str(Path(__file__).resolve().parent.parent.parent))

from bench import hand

__all__ = ["STEPS", "Ground", "both", "due", "entry", "hand", "now", "seal"]

STEPS = 9
BEGIN = """
INSERT INTO "case" (number, title, leg, workflow_id, version_id, state, state_label, state_kind,
    place_id, assignee_id, creator_id, opened_at, changed_at, due_at)
SELECT gen_random_uuid()::varchar(30), '跑腿', 'case', w.id, w.current_id, 's0',
    '{"zh": "第0步", "en": "第0步"}', 'open', p.id, told.id, presser.id, %s, %s, %s
FROM workflow w, ab_user told, ab_user presser, place p
WHERE w.key = 'errand' AND told.username = 'told' AND presser.username = 'presser'
    AND p.kind = 'grid'
RETURNING id
"""


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the app's clock isn't at hand here


def due(at: datetime) -> datetime:
    return at + timedelta(hours=24)


def entry(at: datetime, what: str) -> dict[str, str]:
    return {"at": at.isoformat(), "what": what}


def both(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def seal(before: bytes, *told: Any) -> bytes:
    return hashlib.sha256(before + json.dumps(told, ensure_ascii=False).encode()).digest()


class Ground:
    """The database as ``bench.errand`` laid it."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url)
        query = "SELECT id, last_name || first_name FROM ab_user WHERE username = 'presser'"
        row = self.connection.execute(query).fetchone()
        assert row is not None
        self.actor: tuple[int, str] = (row[0], row[1])
        self.connection.commit()

    def begin(self, count: int) -> list[int]:
        """So many cases in their first state, their first deadline running."""
        ids = []
        for _ in range(count):
            at = now()
            row = self.connection.execute(BEGIN, (at, at, due(at))).fetchone()
            assert row is not None
            log = Jsonb([entry(at, "start")])
            label = Jsonb(both("时限0"))
            self.connection.execute(
                hand.START, (row[0], "d0", label, log, at, due(at), at + timedelta(hours=19))
            )
            ids.append(row[0])
        self.connection.commit()
        return ids
