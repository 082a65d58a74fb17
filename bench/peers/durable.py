"""What a timer's job does when it shall leave the same behind as ours: hand-written statements that
seal an event in the history of the case, move its head on, wind the clock to its next level and
write one notice, all in one commit."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import psycopg

READ = """
SELECT c.id, c.seq, c.head, c.number, c.title, p.name, k.key, k.round, k.next_at, k.due_at,
    s.user_id
FROM clock k JOIN "case" c ON c.id = k.case_id JOIN place p ON p.id = c.place_id
JOIN staff s ON s.place_id = p.id
WHERE k.id = %s AND k.next_level = 0 FOR UPDATE OF k, c
"""
WRITE = """
WITH told AS (
    INSERT INTO event (case_id, seq, at, kind, event, label, source, target, target_label,
        actor_kind, actor_name, data, before, hash)
    VALUES (%(case)s, %(seq)s, now(), 'level', %(key)s, %(label)s, 'raised', 'raised', %(state)s,
        'system', '系统', %(data)s, %(before)s, %(hash)s)
), moved AS (
    UPDATE "case" SET seq = %(seq)s, head = %(hash)s WHERE id = %(case)s
), wound AS (
    UPDATE clock SET next_level = 1, next_at = due_at WHERE id = %(clock)s
)
INSERT INTO notice (case_id, user_id, channel, key, subject, body, dedupe, created_at, next_at)
VALUES (%(case)s, %(user)s, 'inapp', 'soon', %(subject)s, %(body)s, %(dedupe)s, now(), now())
ON CONFLICT (dedupe) DO NOTHING
"""
DONE = "SELECT count(*) FROM notice"
DUE = "SELECT id FROM clock ORDER BY next_at LIMIT %s"

_here = threading.local()


def connection(url: str) -> psycopg.Connection[Any]:
    """One for each thread of each process, opened by its first job."""
    if not hasattr(_here, "server"):
        _here.server = psycopg.connect(url)
    server: psycopg.Connection[Any] = _here.server
    return server


def due(url: str, count: int) -> list[int]:
    with psycopg.connect(url) as server:
        return [row[0] for row in server.execute(DUE, (count,))]


def fire(url: str, clock: int) -> None:
    server = connection(url)
    row = server.execute(READ, (clock,)).fetchone()
    if row is None:
        server.rollback()
        return
    case, seq, head, number, title, place, key, round_, at, until, user = row
    told = {"clock": key, "round": round_, "level": 0, "at": str(at), "due": str(until)}
    words = {"zh": "“答复”50%", "en": "“答复” 50 %"}
    text = json.dumps([case, seq + 1, "level", key, words, told], ensure_ascii=False)
    shown = f"{until:%Y-%m-%d %H:%M}"
    values = {
        "case": case,
        "clock": clock,
        "seq": seq + 1,
        "key": key,
        "label": json.dumps(words),
        "state": '{"zh": "已登记", "en": "已登记"}',
        "data": json.dumps(told),
        "before": head,
        "hash": hashlib.sha256(head + text.encode()).digest(),
        "user": user,
        "subject": _both(f"{number} 须在{shown}前答复", f"{number} due {shown}"),
        "body": _both(
            f"{place}的“{title}”须在{shown}前答复。", f"“{title}” at {place} is due {shown}."
        ),
        "dedupe": f"clock:{clock}:0:soon:{user}:inapp",
    }
    server.execute(WRITE, values)
    server.commit()


def _both(chinese: str, english: str) -> str:
    return json.dumps({"zh": chinese, "en": english}, ensure_ascii=False)
