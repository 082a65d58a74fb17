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
from app.models import ClockStatus, NoticeStatus
from app.services import calendars, chain, definitions, edge, timers
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
TITLE = "\ue010title\ue010"
_TEXT, _NUMBER = "\ue000{}\ue001", "\ue002{}\ue003"
_GAP = re.compile('"?\ue002(\\w+)\ue003"?|\ue000(\\w+)\ue001')
_DUE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")

Row = dict[str, Any]


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
                if clock["case"] == index and clock["status"] is not ClockStatus.STOPPED
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
            (f"{row['letter']}{row['opened_at'].year}", _gapped(row["title"]))
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
    return Record(_Gaps(ward, rows).cut(), rules)


class _Gaps:
    """Puts gaps where a value belongs to the case, its people or its place."""

    def __init__(self, ward: Ward, rows: dict[str, list[Row]]) -> None:
        self.rows = rows
        self.cases = {row["id"]: index for index, row in enumerate(rows["case"])}
        self.clocks = {row["id"]: index for index, row in enumerate(rows["clock"])}
        self.users = {id_: key for key, (id_, _) in ward.people.items()}
        self.parties = {id_: key for key, (id_, _) in ward.parties.items()}
        place = rows["case"][0]["place_id"]
        self.words = {
            TITLE: _TEXT.format("title"),
            **{row["number"]: _TEXT.format(f"n{i}") for i, row in enumerate(rows["case"])},
            **{f"/cases/{id_}": f"/cases/{_TEXT.format(f'c{i}')}" for id_, i in self.cases.items()},
            **{name: _TEXT.format(f"pn_{key}") for key, (_, name) in ward.parties.items()},
            **{name: _TEXT.format(f"un_{key}") for key, (_, name) in ward.people.items()},
            **{spot.name: _TEXT.format("pn") for spot in ward.houses if spot.id == place},
        }

    def cut(self) -> dict[str, list[Row]]:
        for row in self.rows["case"]:
            index = self.cases[row["id"]]
            parent = row["parent_id"]
            row.update(
                id=_NUMBER.format(f"c{index}"),
                parent_id=None if parent is None else _NUMBER.format(f"c{self.cases[parent]}"),
                child_ref=self._reference(row["child_ref"]),
                place_id=_NUMBER.format("pl"),
                party_id=self._party(row["party_id"]),
                assignee_id=self._user(row["assignee_id"]),
                creator_id=self._user(row["creator_id"]),
                data=self._json(row["data"]),
                token=None if row["token"] is None else _TEXT.format("token"),
                head=_TEXT.format(f"h{index}_{row['seq']}"),
                words=_TEXT.format(f"w{index}"),
                title=self._say(row["title"]),
                number=_TEXT.format(f"n{index}"),
                demo=True,
                letter=row["number"][0],
            )
        for name in ("grievance", "event", "clock", "notice"):
            for row in self.rows[name]:
                row["case"] = self.cases[row["case_id"]]
                row["case_id"] = _NUMBER.format(f"c{row['case']}")
        for row in self.rows["grievance"]:
            gaps = {key: _TEXT.format(key) for key in ("reporter", "phone", "address")}
            row.update(gaps)
        for row in self.rows["event"]:
            case, seq = row["case"], row["seq"]
            row.update(
                before=_TEXT.format(f"h{case}_{seq - 1}"),
                hash=_TEXT.format(f"h{case}_{seq}"),
                actor_id=self._user(row["actor_id"]),
                actor_name=self._say(row["actor_name"]),
                data=self._json(row["data"]),
            )
        for index, row in enumerate(self.rows["clock"]):
            row["id"] = _NUMBER.format(f"k{index}")
        for row in self.rows["notice"]:
            row.update(
                dedupe=self._dedupe(row["dedupe"]),
                user_id=self._user(row["user_id"]),
                subject=self._json(row["subject"]),
                body=self._json(row["body"]),
                status=NoticeStatus.SENT,
                next_at=None,
                attempts=1,
            )
        return self.rows

    def _dedupe(self, key: str) -> str:
        """``case:seq:notice:user:channel``, or ``clock:id:level@version:notice:user:channel``."""
        parts = key.split(":")
        if parts[0] == "clock":
            parts[1] = _TEXT.format(f"k{self.clocks[int(parts[1])]}")
        else:
            parts[0] = _TEXT.format(f"c{self.cases[int(parts[0])]}")
        parts[-2] = _TEXT.format(f"u_{self.users[int(parts[-2])]}")
        return ":".join(parts)

    def _reference(self, ref: str) -> str:
        kind, _, number = ref.partition(":")
        return f"party:{_TEXT.format(f'p_{self.parties[int(number)]}')}" if kind == "party" else ref

    def _user(self, user_id: int | None) -> str | None:
        return None if user_id is None else _NUMBER.format(f"u_{self.users[user_id]}")

    def _party(self, party_id: int | None) -> str | None:
        return None if party_id is None else _NUMBER.format(f"p_{self.parties[party_id]}")

    def _say(self, text: str) -> str:
        for word, gap in self.words.items():
            text = text.replace(word, gap)
        return text

    def _json(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            if set(value) == {"to", "id"}:
                known = self._party if value["to"] == "party" else self._user
                return {"to": value["to"], "id": known(value["id"])}
            return {name: self._json(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._json(item, key) for item in value]
        if isinstance(value, str):
            return self._say(value)
        if key == "bodies":
            return self._party(value)
        if key == "children":
            return _NUMBER.format(f"c{self.cases[value]}")
        return value


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
    return _gapped(chain.text(row))


def _line(columns: Iterable[str], row: Row) -> str:
    return _gapped("\t".join(_cell(row[name]) for name in columns) + "\n")


def _gapped(text: str) -> str:
    """The text for ``%``, each gap a name in it."""
    return _GAP.sub(lambda found: f"%({found[1] or found[2]})s", text.replace("%", "%%"))


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
