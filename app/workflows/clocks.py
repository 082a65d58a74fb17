"""When a deadline is due: one pure function of its rule, its log and the calendar.

How time is counted:

* ``min``, ``hours`` and ``days`` (of 24 hours) pass at night and on holidays too; a pause moves
  the due time by as long as it lasted.
* ``working hours`` pass within the calendar's segments only; so a pause moves the due time by the
  working time in it.
* ``working days`` are dates of the working calendar: due is so many working dates later, at the
  same local time of day. What starts outside working time counts from the next working moment. A
  pause moves the due time by the working time in it, so a weekend is never counted twice.
* A date or time from a field is due as it stands: pauses don't move it, an extension replaces it.
* ``N %`` is the instant by which N % of the counted time has passed; for working hours and days
  that is working time. ``breach + …`` counts from the due time.

While a clock is paused, whatever the pause moves has no instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.workflows.calendar import Calendar
from app.workflows.outcomes import Action, ClockMove, ClockState
from app.workflows.spec import Deadline, Duration, Unit

END_OF_DAY = time(23, 59)
"""A date without a time is due at the end of that day."""

_WALL = {Unit.MINUTES: "minutes", Unit.HOURS: "hours", Unit.DAYS: "days"}


class Entry(NamedTuple):
    """Something that happened to a clock. ``until``: due time from a field (start, extend);
    ``by``: the length of an extension of a rule with ``within`` (extend), or of what was asked for
    (ask); ``within``: the time in place of the rule's own from the start on (start, vary). A case
    moved to another version of its workflow has a ``vary`` with ``within`` or ``until``."""

    at: datetime
    what: Action
    until: datetime | None = None
    by: Duration | None = None
    within: Duration | None = None

    def write(self) -> dict[str, Any]:
        """As JSON for the log."""
        kept: dict[str, Any] = {"at": self.at.astimezone(UTC).isoformat(), "what": self.what}
        if self.until is not None:
            kept["until"] = self.until.astimezone(UTC).isoformat()
        if self.by is not None:
            kept["by"] = str(self.by)
        if self.within is not None:
            kept["within"] = str(self.within)
        return kept

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Entry:
        until, by, within = kept.get("until"), kept.get("by"), kept.get("within")
        return cls(
            datetime.fromisoformat(kept["at"]),
            kept["what"],
            datetime.fromisoformat(until) if until else None,
            _duration(by) if by else None,
            _duration(within) if within else None,
        )


class Due(NamedTuple):
    """``at`` None: not started, or a pause keeps it open. ``provisional``: leans on a year whose
    holidays are not announced yet."""

    at: datetime | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Instant:
    """When the level with that index of the rule fires."""

    level: int
    at: datetime | None
    provisional: bool = False


def entry(move: ClockMove, now: datetime, zone: ZoneInfo) -> Entry:
    """What a move of the engine leaves in the log."""
    until = moment(move.until, zone) if move.until else None
    return Entry(now, move.action, until, move.by, move.within)


def moment(value: str, zone: ZoneInfo) -> datetime:
    """The due time that a field of type date or datetime gives."""
    if len(value) <= len("2026-03-05"):
        day = date.fromisoformat(value)
        return datetime.combine(day, END_OF_DAY, zone).astimezone(UTC)
    return datetime.fromisoformat(value).astimezone(UTC)


def state(log: Sequence[Entry]) -> ClockState:
    """Where the log leaves the clock; stopped when it never started."""
    for item in reversed(log):
        if item.what in ("start", "resume"):
            return ClockState.RUNNING
        if item.what == "pause":
            return ClockState.PAUSED
        if item.what == "stop":
            return ClockState.STOPPED
    return ClockState.STOPPED


def extensions(log: Sequence[Entry]) -> int:
    """How many extensions were granted in the last round."""
    return sum(item.what == "extend" and item.by is not None for item in _round(log))


def asked(log: Sequence[Entry]) -> bool:
    """Whether an extension was asked for and nobody has decided yet."""
    last = next((item.what for item in reversed(log) if item.what in _ASKING), None)
    return last == "ask"


def due(rule: Deadline, log: Sequence[Entry], calendar: Calendar) -> Due:
    """When the deadline is due, by the last round of the log."""
    count = Count.of(rule, log, calendar)
    return Due(None) if count is None else count.due()


def instants(rule: Deadline, log: Sequence[Entry], calendar: Calendar) -> tuple[Instant, ...]:
    """When each level fires, in the rule's order."""
    count = Count.of(rule, log, calendar)
    if count is None:
        return tuple(Instant(index, None) for index in range(len(rule.levels)))
    return tuple(count.level(index) for index in range(len(rule.levels)))


def breached(due_at: datetime | None, stopped_at: datetime | None, now: datetime) -> bool:
    """Whether it was or is late. Stopping at the very instant is in time; a running clock is late
    from that instant on."""
    if due_at is None:
        return False
    return stopped_at > due_at if stopped_at is not None else now >= due_at


Pause = tuple[datetime, datetime | None]


@dataclass(slots=True)
class Count:
    """One round of a clock; what isn't asked isn't counted. ``base`` is the due time without
    pauses."""

    rule: Deadline
    calendar: Calendar
    start: datetime
    base: datetime
    pauses: tuple[Pause, ...]
    working: bool
    """Whether what is counted is working time."""
    fixed: bool
    """Whether pauses don't move it."""
    _due: tuple[datetime | None] | None = None

    @classmethod
    def of(cls, rule: Deadline, log: Sequence[Entry], calendar: Calendar) -> Count | None:
        """None: the clock never started, or its field never gave a time."""
        rounds = _round(log)
        if not rounds:
            return None
        start = rounds[0].at
        within, until = _measure(rule, rounds)
        working = within is not None and within.unit.working
        if within is None:
            if until is None:
                return None
            base = _granted(calendar, until, rounds, fixed=True)
            return cls(rule, calendar, start, base, (), working, fixed=True)
        base = _granted(calendar, later(calendar, start, within), rounds)
        pauses = tuple(_pauses(rounds)) if len(rounds) > 1 else ()
        return cls(rule, calendar, start, base, pauses, working, fixed=False)

    def due_at(self) -> datetime | None:
        if self._due is None:
            self._due = (self._shifted(self.base, self.start, working=self.working),)
        return self._due[0]

    def due(self) -> Due:
        at = self.due_at()
        return Due(at, self._provisional(at))

    def level_at(self, index: int) -> datetime | None:
        """When the level with that index of the rule fires."""
        at = self.rule.levels[index].at
        if at.percent is not None:
            return self._shifted(self._share(at.percent), self.start, working=self.working)
        due_at = self.due_at()
        if due_at is None or at.after is None:
            return due_at
        base = later(self.calendar, due_at, at.after)
        return self._shifted(base, due_at, working=at.after.unit.working)

    def level(self, index: int) -> Instant:
        at, after = self.level_at(index), self.rule.levels[index].at.after
        leaning = self._provisional(at)
        if at is not None and after is not None and after.unit.working:
            due_at = self.due_at()
            assert due_at is not None
            leaning = leaning or self.calendar.provisional(due_at, at)
        return Instant(index, at, leaning)

    def _share(self, percent: int) -> datetime:
        if self.working:
            whole = self.calendar.time_between(self.start, self.base)
            return self.calendar.add_time(self.start, whole * percent // 100)
        whole = max(self.base - self.start, timedelta())
        return min(self.start + whole * percent // 100, self.base)

    def _shifted(self, at: datetime, since: datetime, *, working: bool) -> datetime | None:
        """``at`` moved by the pauses that begin between ``since`` and the instant they move."""
        for begin, end in self.pauses:
            if begin >= at or begin < since:
                continue
            if end is None:
                return None
            if working:
                at = self.calendar.add_time(at, self.calendar.time_between(begin, end))
            else:
                at += end - begin
        return at

    def _provisional(self, at: datetime | None) -> bool:
        return self.working and at is not None and self.calendar.provisional(self.start, at)


def measure(rule: Deadline, log: Sequence[Entry]) -> tuple[Duration | None, datetime | None]:
    """How long the last round takes, or until when: by the rule, and by what the log says in its
    place. The later word counts."""
    return _measure(rule, _round(log))


def _measure(rule: Deadline, rounds: Sequence[Entry]) -> tuple[Duration | None, datetime | None]:
    within, until = rule.within, None
    for item in rounds:
        if item.until is not None and (within is None or item.what in ("extend", "vary")):
            within, until = None, item.until
        within = item.within or within
    return within, until


def _granted(
    calendar: Calendar, at: datetime, rounds: Sequence[Entry], *, fixed: bool = False
) -> datetime:
    """``at`` with the extensions; where a time is ``fixed``, with those after that alone."""
    if len(rounds) == 1:
        return at
    for item in rounds:
        if item.by is not None and item.what == "extend":
            at = later(calendar, at, item.by)
        elif fixed and item.until is not None:
            at = item.until
    return at


_ASKING = ("ask", "extend", "refuse", "start", "stop")


@lru_cache(maxsize=1024)
def _duration(text: str) -> Duration:
    return Duration.model_validate(text)


def _round(log: Sequence[Entry]) -> Sequence[Entry]:
    """The entries from the last start on."""
    if len(log) == 1 and log[0].what == "start":
        return log
    for index in range(len(log) - 1, -1, -1):
        if log[index].what == "start":
            return log[index:]
    return ()


def _pauses(log: Sequence[Entry]) -> list[Pause]:
    """From each pause to what ended it; the last one may still be open."""
    found: list[Pause] = []
    begun: datetime | None = None
    for item in log:
        if item.what == "pause" and begun is None:
            begun = item.at
        elif item.what in ("resume", "stop") and begun is not None:
            found.append((begun, item.at))
            begun = None
    return [*found, (begun, None)] if begun is not None else found


def later(calendar: Calendar, at: datetime, span: Duration) -> datetime:
    """``span`` after ``at``."""
    if span.unit is Unit.WORKING_DAYS:
        return calendar.add_days(at, span.amount)
    if span.unit is Unit.WORKING_HOURS:
        return calendar.add_time(at, timedelta(hours=span.amount))
    return at + timedelta(**{_WALL[span.unit]: span.amount})
