"""A history that the services wrote once, kept as rows with gaps, to be written many times.

A pattern is played for real at a moment, read back, and undone. What differs from case to case
(ids, names, title, number) becomes a gap; times move by a shift; clocks are derived anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import ClockStatus
from app.services import calendars, chain, definitions, edge, timers
from app.services.demo import gaps
from app.services.demo.gaps import Gaps, Row
from app.services.demo.wards import Ward
from app.workflows.clocks import Entry
from app.workflows.spec import Deadline

TABLES = {
    "case": m.Case.__table__,
    "grievance": m.Grievance.__table__,
    "event": m.Event.__table__,
    "clock": m.Clock.__table__,
    "notice": m.Notice.__table__,
}
"""In the order in which they may be written."""
COLUMNS = {
    name: tuple(
        column.name for column in table.columns if column.name != "id" or name in ("case", "clock")
    )
    for name, table in TABLES.items()
}
_DUE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Print:
    """Rows of one case and its children at one time, as lines of COPY with gaps."""

    titles: tuple[tuple[str, str], ...]
    """By case: how its number begins, and its title."""
    lines: tuple[tuple[str, str], ...]
    """Table and line."""
    events: tuple[tuple[int, int, str, str], ...]
    """Case, sequence, the text to be sealed, the line."""
    clocks: int


@dataclass(frozen=True, slots=True)
class Record:
    """What one play of a pattern left in the database."""

    rows: Mapping[str, Sequence[Row]]
    rules: Mapping[tuple[int, str], Deadline]

    def print(self, shift: timedelta, now: datetime) -> Print:
        moved = {name: [_moved(row, shift) for row in rows] for name, rows in self.rows.items()}
        for row in moved["clock"]:
            row.update(self._derived(row, shift))
        for index, row in enumerate(moved["case"]):
            due = [
                clock["due_at"]
                for clock in moved["clock"]
                if clock["case"] == index and clock["status"] != ClockStatus.STOPPED
            ]
            row["due_at"] = min((at for at in due if at is not None), default=None)
        for row in moved["notice"]:
            row["read_at"] = row["created_at"] if now - row["created_at"] > timedelta(2) else None
            row["sent_at"] = row["created_at"]
        lines = [
            (name, _line(COLUMNS[name], row))
            for name in TABLES
            if name != "event"
            for row in moved[name]
        ]
        events = [
            (row["case"], row["seq"], _seal(row), _line(COLUMNS["event"], row))
            for row in moved["event"]
        ]
        titles = [
            (f"{row['letter']}{row['opened_at'].year}", gaps.named(row["title"]))
            for row in moved["case"]
        ]
        return Print(tuple(titles), tuple(lines), tuple(events), len(moved["clock"]))

    def _derived(self, row: Row, shift: timedelta) -> Row:
        log = [Entry.read(kept) for kept in row["log"]]
        log = [
            Entry(entry.at + shift, entry.what, entry.until and entry.until + shift, entry.by)
            for entry in log
        ]
        return timers.derive(
            self.rules[row["case"], row["key"]],
            log,
            calendars.current(),
            fired=row["next_level"],
            breached_at=row["breached_at"],
        )


def read(session: Session, case_id: int, ward: Ward) -> Record:
    """The case and its children as they are now, with their gaps."""
    case = TABLES["case"]
    found = session.execute(
        sa.select(case)
        .where(sa.or_(case.c.id == case_id, case.c.parent_id == case_id))
        .order_by(case.c.id)
    ).mappings()
    cases = [dict(row) for row in found]
    ids = [row["id"] for row in cases]
    rows: dict[str, list[Row]] = {"case": cases}
    for name in ("grievance", "event", "clock", "notice"):
        table = TABLES[name]
        order = table.c.case_id if name == "grievance" else table.c.id
        query = sa.select(table).where(table.c.case_id.in_(ids)).order_by(table.c.case_id, order)
        rows[name] = [dict(row) for row in session.execute(query).mappings()]
    rows["notice"] = [row for row in rows["notice"] if row["channel"] == "inapp"]
    rules = {
        (index, deadline.key): deadline
        for index, row in enumerate(cases)
        for deadline in definitions.compiled(session, row["version_id"]).spec.deadlines
    }
    return Record(Gaps(ward, rows).cut(), rules)


def _moved(row: Row, shift: timedelta) -> Row:
    """A copy of the row, its times and the times in its texts moved; logs are moved apart."""
    return {name: value if name == "log" else _later(value, shift) for name, value in row.items()}


def _later(value: Any, shift: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + shift
    if isinstance(value, dict):
        return {name: _later(item, shift) for name, item in value.items()}
    if isinstance(value, list):
        return [_later(item, shift) for item in value]
    if isinstance(value, str) and "20" in value:
        return _text_later(value, shift)
    return value


def _text_later(text: str, shift: timedelta) -> str:
    if len(text) >= 25 and text[4] == "-" and text[10] == "T":
        return (datetime.fromisoformat(text) + shift).isoformat()

    def shown(found: re.Match[str]) -> str:
        at = edge.instant(datetime.strptime(found[0], "%Y-%m-%d %H:%M"))  # noqa: DTZ007  it gives the zone
        return edge.shown(at + shift)

    return _DUE.sub(shown, text)


def _seal(row: Row) -> str:
    return gaps.named(chain.text(row))


def _line(columns: Iterable[str], row: Row) -> str:
    return gaps.named("\t".join(_cell(row[name]) for name in columns) + "\n")


def _cell(value: Any) -> str:
    """A value in COPY's text format."""
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    text = str(getattr(value, "value", value))
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
