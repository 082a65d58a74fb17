"""Clocks as rows: what a step's moves make of them, when each is due, what has come by an instant.

A row keeps its log and, derived from it by ``clocks``, its due time and the next moment at which
something happens. Where the rows are kept (the database, a play) is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.workflows import clocks
from app.workflows.calendar import Calendar
from app.workflows.clocks import Count, Due, Entry
from app.workflows.conditions import Fact
from app.workflows.outcomes import ClockMove, ClockState
from app.workflows.spec import Deadline, Label, Level

Row = Mapping[str, Any]


class At(NamedTuple):
    """An instant with what it takes to count from it."""

    now: datetime
    calendar: Calendar
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Reached:
    """A moment of a clock that has come; ``level`` None: it fell due and no level says so."""

    at: datetime
    index: int | None
    level: Level | None

    @property
    def name(self) -> str:
        return "due" if self.index is None else str(self.index)


def newest(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """Each deadline's last round."""
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda clock: int(clock["round"])):
        found[row["key"]] = dict(row)
    return found


def states(rows: Iterable[Row]) -> dict[str, ClockState]:
    """Where each deadline's newest round stands."""
    return {key: ClockState(row["status"]) for key, row in newest(rows).items()}


def turned(
    rules: Mapping[str, Deadline], last: Mapping[str, Row], moves: Iterable[ClockMove], at: At
) -> dict[str, dict[str, Any]]:
    """The rows that ``moves`` change or begin, by key; ``last`` are the newest rounds before."""
    touched: dict[str, dict[str, Any]] = {}
    for move in moves:
        row = touched.get(move.key) or last.get(move.key)
        if move.action == "start":
            row = _blank(rules[move.key], 1 if row is None else int(row["round"]) + 1)
        if row is not None:
            touched[move.key] = _moved(rules[move.key], row, move, at)
    return touched


def nearest(rows: Iterable[Row]) -> datetime | None:
    """When the first of what runs or pauses is due."""
    due = (instant(row["due_at"]) for row in rows if row["status"] != ClockState.STOPPED)
    return min((at for at in due if at is not None), default=None)


def _blank(deadline: Deadline, round_: int) -> dict[str, Any]:
    label = {"zh": deadline.label.text("zh"), "en": deadline.label.text("en")}
    return {"key": deadline.key, "round": round_, "label": label, "log": [], "next_level": 0}


def _moved(deadline: Deadline, row: Row, move: ClockMove, at: At) -> dict[str, Any]:
    log = [Entry.read(kept) for kept in row["log"]]
    log.append(clocks.entry(move, at.now, at.zone))
    late = instant(row.get("breached_at"))
    derived = derive(deadline, log, at.calendar, fired=int(row["next_level"]), breached_at=late)
    return {**row, "started_at": row.get("started_at") or at.now, **derived}


def derive(
    deadline: Deadline,
    log: Sequence[Entry],
    calendar: Calendar,
    *,
    fired: int,
    breached_at: datetime | None,
) -> dict[str, Any]:
    """The derived columns of a clock: from its log, and from how many levels have fired."""
    count = Count.of(deadline, log, calendar)
    due = Due(None) if count is None else count.due()
    state = clocks.state(log)
    stopped_at = log[-1].at if log and state == ClockState.STOPPED else None
    if breached_at is None and stopped_at is not None and due.at is not None:
        breached_at = due.at if clocks.breached(due.at, stopped_at, stopped_at) else None
    return {
        "status": state,
        "log": [entry.write() for entry in log],
        "stopped_at": stopped_at,
        "due_at": due.at,
        "provisional": due.provisional,
        "next_level": fired,
        "next_at": None
        if count is None or state != ClockState.RUNNING
        else coming(count, fired, breached=breached_at is not None),
        "breached_at": breached_at,
        "extended": clocks.extensions(log),
        "asked": clocks.asked(log),
    }


def coming(count: Count, fired: int, *, breached: bool) -> datetime | None:
    """When something happens next to a running clock: levels fire in the rule's order, and it
    breaches when due, with a level or without."""
    level = count.level_at(fired) if fired < len(count.rule.levels) else None
    due_at = None if breached else count.due_at()
    if level is None or due_at is None:
        return level or due_at
    return min(level, due_at)


def instant(value: Any) -> datetime | None:
    """JSON carries instants as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


# --- what has come ------------------------------------------------------------------------------


def reached(
    count: Count, due_at: datetime | None, fired: int, now: datetime, *, breached: bool
) -> tuple[Reached, ...]:
    """The moments of a clock that have come by ``now`` and of which nothing has been made yet."""
    found = _levels(count, fired, now)
    late = not breached and due_at is not None and due_at <= now
    if late and due_at is not None and not any(map(at_due, count.rule.levels)):
        found = sorted([*found, Reached(due_at, None, None)], key=lambda one: one.at)
    return tuple(found)


def _levels(count: Count, fired: int, now: datetime) -> list[Reached]:
    """The levels whose moment has come, in the rule's order: none is passed over."""
    levels = count.rule.levels
    found: list[Reached] = []
    for index in range(fired, len(levels)):
        at = count.level_at(index)
        if at is None or at > now:
            break
        found.append(Reached(at, index, levels[index]))
    return found


def at_due(level: Level) -> bool:
    return level.at.percent is None and level.at.after is None


def words(deadline: Deadline, level: Level | None) -> dict[str, str]:
    """What has come, for the history of the case."""
    label = deadline.label
    if level is None or at_due(level):
        return {"zh": f"“{label.zh}”已到期", "en": f"“{label.text('en')}” is due"}
    return {
        "zh": f"“{label.zh}”{level.at.text('zh')}",
        "en": f"“{label.text('en')}” {level.at.text('en')}",
    }


# --- facts --------------------------------------------------------------------------------------


def fact(deadline: Deadline | None, row: Row | None, word: str) -> Fact:
    """``deadline.<key>.<word>``, by the newest round of its clock (None: it never started)."""
    if row is None:
        return Fact(value=False)
    late, stopped = row["breached_at"] is not None, row["status"] == ClockState.STOPPED
    if word in ("asked", "extendable", "extensions"):
        return _extension(deadline, row, word)
    if word == "running":
        return Fact(not stopped)
    return Fact(late if word == "breached" else stopped and not late)


def _extension(deadline: Deadline | None, row: Row, word: str) -> Fact:
    log = [Entry.read(kept) for kept in row["log"]]
    count, asked = clocks.extensions(log), clocks.asked(log)
    if word == "extensions":
        return Fact(count)
    if word == "asked":
        return Fact(asked)
    rule = None if deadline is None else deadline.extension
    if rule is None or row["status"] == ClockState.STOPPED:
        return Fact(value=False)
    text = Label(
        zh=f"已延期 {count} 次，最多 {rule.most} 次" + ("；上一次申请还没有答复" if asked else ""),
        en=f"extended {count} of at most {rule.most} times"
        + ("; the last request is not decided yet" if asked else ""),
    )
    return Fact(count < rule.most and not asked, text)
