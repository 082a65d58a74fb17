"""The same step in hand-written statements: what a careful programmer would write without us."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

READ = """
SELECT c.state, c.row_version, c.seq, c.head, c.assignee_id, c.number, c.title, k.id, k.log
FROM "case" c LEFT JOIN clock k ON k.case_id = c.id AND k.status = 'running'
WHERE c.id = %s FOR UPDATE OF c
"""
MOVE = """
UPDATE "case" SET state = %s, state_label = %s, state_kind = %s, data = %s, changed_at = %s,
    closed_at = %s, due_at = %s, row_version = row_version + 1, seq = %s, head = %s
WHERE id = %s AND row_version = %s
"""
EVENT = """
INSERT INTO event (case_id, seq, at, kind, event, label, source, target, target_label,
    actor_kind, actor_id, actor_name, data, before, hash)
VALUES (%s, %s, %s, 'moved', %s, %s, %s, %s, %s, 'user', %s, %s, %s, %s, %s)
"""
STOP = """
UPDATE clock SET status = 'stopped', log = %s, stopped_at = %s, next_at = NULL WHERE id = %s
"""
START = """
INSERT INTO clock (case_id, key, round, label, status, log, started_at, due_at, next_level,
    next_at)
VALUES (%s, %s, 1, %s, 'running', %s, %s, %s, 0, %s)
"""
TELL = """
INSERT INTO notice (case_id, user_id, channel, key, subject, body, dedupe, created_at, next_at)
VALUES (%s, %s, 'inapp', 'moved', %s, %s, %s, %s, %s)
"""


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, row_factory=tuple_row)


def step(
    connection: psycopg.Connection, case_id: int, event: str, actor: tuple[int, str], now: datetime
) -> None:
    """Read and lock, check, write the five rows, commit."""
    write(connection, case_id, event, actor, now)
    connection.commit()


def write(
    connection: psycopg.Connection, case_id: int, event: str, actor: tuple[int, str], now: datetime
) -> None:
    execute = connection.execute
    row = execute(READ, (case_id,)).fetchone()
    assert row is not None
    state, version, seq, head, assignee, number, title, clock, log = row
    figure = int(state[1:]) + 1
    assert event == f"go{figure}"
    target, last = f"s{figure}", figure == 9
    name = "完成" if last else f"第{figure}步"
    label = Jsonb({"zh": name, "en": name})
    button = {"zh": f"到第{figure}步", "en": f"到第{figure}步"}
    due = None if last else now + timedelta(hours=24)
    told = {"clocks": [{"key": f"d{figure - 1}", "action": "stop"}]}
    if not last:
        told["clocks"].append({"key": f"d{figure}", "action": "start"})
    text = json.dumps([case_id, seq + 1, now.isoformat(), event, button, state, target, told])
    seal = hashlib.sha256(head + text.encode()).digest()
    kind = "done" if last else "open"
    closed = now if last else None
    execute(
        MOVE,
        (target, label, kind, Jsonb({}), now, closed, due, seq + 1, seal, case_id, version),
    )
    execute(
        EVENT,
        (
            *(case_id, seq + 1, now, event, Jsonb(button), state, target, label, *actor),
            *(Jsonb(told), head, seal),
        ),
    )
    log.append({"at": now.isoformat(), "what": "stop"})
    execute(STOP, (Jsonb(log), now, clock))
    if not last:
        at = now + timedelta(hours=24) * 0.8
        begun = [{"at": now.isoformat(), "what": "start"}]
        words = Jsonb({"zh": f"时限{figure}", "en": f"时限{figure}"})
        execute(START, (case_id, f"d{figure}", words, Jsonb(begun), now, due, at))
    shown = f"{number} {name}"
    body = f"{title}：{name}"
    execute(
        TELL,
        (
            *(
                case_id,
                assignee,
                Jsonb({"zh": shown, "en": shown}),
                Jsonb({"zh": body, "en": body}),
            ),
            *(f"{case_id}:{seq + 1}:moved:{assignee}:inapp", now, now),
        ),
    )
