"""Clocks taken over as their case moves to another version of its workflow.

* A clock that the new version knows, and whose time is the same, goes on as it is.
* If its time has changed, the rule that was chosen says what becomes of it: ``keep`` its old time,
  ``restart`` it with the new time from now on (a new round), or ``shift``: as if the new time had
  held from its start, with its pauses and the extensions that were granted.
* A clock that the new version doesn't know, or that the new state stops, stops; one that the new
  state starts, starts now, unless the old version had started it there too and it is over.
* Levels that have fired stay fired: of the new levels, those that lie no later than the last one
  that has. All after it are still to come, and one whose moment is past comes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from app.workflows import clocks, rounds
from app.workflows.clocks import Count, Entry
from app.workflows.moves import Decide
from app.workflows.outcomes import ClockState
from app.workflows.rounds import At, Row
from app.workflows.spec import Deadline, Duration, Label, Level, State, Unit

Rule = Literal["keep", "restart", "shift"]
Fate = Literal["keep", "restart", "shift", "stop", "start"]

_GONE = Label(zh="新版没有这个时限", en="the new version has no such deadline")
_STOPPED = Label(zh="新状态停止计时", en="the new state stops it")
_UNMET = Label(zh="新版的计时条件不成立", en="the new version's condition doesn't hold")
_DATELESS = Label(zh="新版按日期计时，但日期还没有填", en="its date isn't filled in yet")
_SAME = Label(zh="时限没有变化", en="its time is the same")
_CHANGED = Label(zh="时限有变化", en="its time has changed")
_BEGUN = Label(zh="新状态开始计时", en="the new state starts it")


@dataclass(frozen=True, slots=True)
class Tick:
    """What happens to a clock. ``within`` and ``until`` (the value of a field) are its time by the
    new version; ``turn``: the new state pauses it, or lets it go on."""

    key: str
    fate: Fate
    reason: Label
    within: Duration | None = None
    until: str | None = None
    turn: Literal["pause", "resume"] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A deadline in both versions, and the states that the case comes from and goes to."""

    old: Mapping[str, Deadline]
    new: Mapping[str, Deadline]
    source: str
    target: State


@dataclass(frozen=True, slots=True)
class Turned:
    """A clock before (None: it starts by this) and after; ``row`` lacks an id where it is new.
    ``ended``: the old round, where a new one begins. ``at_once``: levels that come now."""

    tick: Tick
    before: Row | None
    row: dict[str, Any]
    ended: dict[str, Any] | None = None
    at_once: int = 0


def ticks(
    place: Place,
    states: Mapping[str, ClockState],
    rule: Rule,
    data: Mapping[str, Any],
    decide: Decide,
) -> tuple[Tick, ...]:
    """What becomes of the clocks of a case, of which ``states`` are the newest rounds; ``data`` is
    the case's after the move."""
    alive = {key: now for key, now in states.items() if now != ClockState.STOPPED}
    return (
        *(_running(place, key, now, rule, data, decide) for key, now in sorted(alive.items())),
        *_beginning(place, states, data, decide),
    )


def _running(
    place: Place,
    key: str,
    now: ClockState,
    rule: Rule,
    data: Mapping[str, Any],
    decide: Decide,
) -> Tick:
    old, new, target = place.old.get(key), place.new.get(key), place.target
    if new is None:
        return Tick(key, "stop", _GONE)
    if target.kind.ended or target.key in new.stop:
        return Tick(key, "stop", _STOPPED)
    if target.key in new.start and not decide.holds(new):
        return Tick(key, "stop", _UNMET)
    pauses = target.key in new.pause
    turn: Literal["pause", "resume"] | None = None
    if pauses != (now == ClockState.PAUSED):
        turn = "pause" if pauses else "resume"
    if old is not None and _measure(old) == _measure(new):
        return Tick(key, "keep", _SAME, turn=turn)
    if rule == "keep":
        return Tick(key, "keep", _CHANGED, turn=turn)
    until = None if new.until is None else data.get(new.until)
    if new.until is not None and until is None:
        return Tick(key, "stop", _DATELESS)
    within = decide.within(new) or new.within
    if rule == "restart":
        return Tick(key, rule, _CHANGED, within, until, "pause" if pauses else None)
    return Tick(key, rule, _CHANGED, within, until, turn)


def _beginning(
    place: Place, states: Mapping[str, ClockState], data: Mapping[str, Any], decide: Decide
) -> Iterator[Tick]:
    target = place.target
    for key, new in place.new.items():
        if states.get(key, ClockState.STOPPED) != ClockState.STOPPED or target.kind.ended:
            continue
        if target.key not in new.start or target.key in new.stop or not decide.holds(new):
            continue
        if key in states and key in place.old and place.source in place.old[key].start:
            continue  # it ran here in the old version too, and is over
        until = None if new.until is None else data.get(new.until)
        if new.until is not None and until is None:
            continue
        turn: Literal["pause"] | None = "pause" if target.key in new.pause else None
        yield Tick(key, "start", _BEGUN, decide.within(new), until, turn)


def _measure(deadline: Deadline) -> Any:
    """What says how long it takes."""
    return deadline.within, deadline.until, deadline.variants


# --- rows ---------------------------------------------------------------------------------------


def turned(place: Place, last: Mapping[str, Row], tick: Tick, at: At) -> Turned:
    """The rows that a tick makes of a clock; ``last`` are the newest rounds."""
    row = last.get(tick.key)
    if row is None or tick.fate == "start":
        fresh = _fresh(place.new[tick.key], 1 if row is None else int(row["round"]) + 1, tick, at)
        return Turned(tick, None, fresh, at_once=_coming(place.new[tick.key], fresh, at))
    if tick.fate == "stop":
        return Turned(tick, row, _stopped(place.old.get(tick.key), row, at))
    new = place.new[tick.key]
    if tick.fate == "restart":
        fresh = _fresh(new, int(row["round"]) + 1, tick, at)
        ended = _stopped(place.old.get(tick.key), row, at)
        return Turned(tick, row, fresh, ended, _coming(new, fresh, at))
    return _carried(place.old.get(tick.key), new, row, tick, at)


def _carried(old: Deadline | None, new: Deadline, row: Row, tick: Tick, at: At) -> Turned:
    log = [Entry.read(kept) for kept in row["log"]]
    entry = _entry(old, new, log, tick, at)
    log += [] if entry is None else [entry]
    log += [] if tick.turn is None else [Entry(at.now, tick.turn)]
    fired = passed(() if old is None else old.levels, new.levels, int(row["next_level"]))
    late = rounds.instant(row["breached_at"])
    if tick.fate == "shift":
        late = _late(new, log, at, late)
    found = rounds.derive(new, log, at.calendar, fired=fired, breached_at=late)
    carried = {**row, **found, "label": new.label.both()}
    return Turned(tick, row, carried, at_once=_coming(new, carried, at))


def _entry(
    old: Deadline | None, new: Deadline, log: Sequence[Entry], tick: Tick, at: At
) -> Entry | None:
    """What has to be said in the log so that the new version counts as it should."""
    mine = clocks.measure(new, log)
    if tick.fate == "shift":
        until = None if tick.until is None else clocks.moment(tick.until, at.zone)
        wanted: tuple[Duration | None, datetime | None] = (
            (tick.within, None) if until is None else (None, until)
        )
    else:
        wanted = mine if old is None else clocks.measure(old, log)
    if wanted == mine or wanted == (None, None):
        return None
    return Entry(at.now, "vary", until=wanted[1], within=wanted[0])


def _late(new: Deadline, log: Sequence[Entry], at: At, late: datetime | None) -> datetime | None:
    """Since when it is late by the new time, if it was late at all: what turns late only by this
    is for the sweep to notice and to tell. Time that was granted afterwards doesn't undo it."""
    if late is None or any(e.what == "extend" and e.at >= late for e in log):
        return late
    count = Count.of(new, log, at.calendar)
    due = None if count is None else count.due_at()
    return due if due is not None and due <= at.now else None


def _fresh(new: Deadline, round_: int, tick: Tick, at: At) -> dict[str, Any]:
    until = None if tick.until is None else clocks.moment(tick.until, at.zone)
    within = tick.within if tick.within != new.within else None
    log = [Entry(at.now, "start", until=until, within=within)]
    log += [] if tick.turn is None else [Entry(at.now, tick.turn)]
    found = rounds.derive(new, log, at.calendar, fired=0, breached_at=None)
    head = {"key": new.key, "round": round_, "label": new.label.both(), "started_at": at.now}
    return {**head, **found}


def _stopped(old: Deadline | None, row: Row, at: At) -> dict[str, Any]:
    """Stopped now, by the rule that it ran by; without one (nobody knows it) just as it stands."""
    log = [*map(Entry.read, row["log"]), Entry(at.now, "stop")]
    late = rounds.instant(row["breached_at"])
    if old is not None:
        fired = int(row["next_level"])
        found = rounds.derive(old, log, at.calendar, fired=fired, breached_at=late)
        return {**row, **found, "label": old.label.both()}
    return {
        **row,
        "status": ClockState.STOPPED,
        "log": [entry.write() for entry in log],
        "stopped_at": at.now,
        "due_at": rounds.instant(row["due_at"]),
        "next_at": None,
        "breached_at": late,
        "extended": clocks.extensions(log),
        "asked": False,
    }


def _coming(new: Deadline, row: Row, at: At) -> int:
    """How many moments of the clock are past and not yet told: the sweep tells them now."""
    log = [Entry.read(kept) for kept in row["log"]]
    if clocks.state(log) != ClockState.RUNNING:
        return 0
    count = Count.of(new, log, at.calendar)
    if count is None:
        return 0
    late, fired = row["breached_at"] is not None, int(row["next_level"])
    return len(rounds.reached(count, count.due_at(), fired, at.now, breached=late))


# --- levels -------------------------------------------------------------------------------------

_NOMINAL = {
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.WORKING_HOURS: timedelta(hours=3),
    Unit.DAYS: timedelta(days=1),
    Unit.WORKING_DAYS: timedelta(days=1, hours=9),
}


def passed(old: Sequence[Level], new: Sequence[Level], fired: int) -> int:
    """How many of the new levels count as fired, ``fired`` of the old ones having done so."""
    if fired == 0 or tuple(old) == tuple(new):
        return min(fired, len(new))
    if not old:
        return 0
    last = max(order(level) for level in old[:fired])
    ahead = (index for index, level in enumerate(new) if order(level) > last)
    return next(ahead, len(new))


def order(level: Level) -> tuple[int, timedelta]:
    """Where it stands between start, due time and what comes after; lengths of different units are
    compared roughly."""
    at = level.at
    if at.percent is not None:
        return 0, timedelta(at.percent)
    if at.after is None:
        return 1, timedelta()
    return 2, at.after.amount * _NOMINAL[at.after.unit]
