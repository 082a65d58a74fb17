"""A clock through any sequence of moves and any change of the calendar, against a count that looks
at every minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.workflows import clocks
from app.workflows.calendar import Calendar, Hours
from app.workflows.clocks import Entry
from app.workflows.outcomes import ClockState
from app.workflows.spec import Deadline, Duration

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MORNING = ((time(9), time(12)),)
OFFICE = (*MORNING, (time(13), time(17)))
SPANS = ["90 min", "3 hours", "1 days", "2 working hours", "9 working hours", "1 working day"]
SPANS += ["3 working days"]


class Brute:
    """The same, minute by minute: knows nothing of tables, lines and bisection."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    def works(self, minute: datetime) -> bool:
        local = minute.astimezone(ZONE)
        day, calendar = local.date(), self.calendar
        if day in calendar.special:
            segments = calendar.special[day]
        elif day in calendar.off:
            segments = ()
        else:
            week = calendar.week
            for hours in calendar.later:
                if hours.since <= day:
                    week = hours.week
            segments = week.get(day.weekday(), ())
        return any(begin <= local.time() < end for begin, end in segments)

    def add(self, at: datetime, span: Duration) -> datetime:
        unit = span.unit.value
        if unit in ("min", "hours", "days"):
            return (
                at
                + span.amount * {"min": MINUTE, "hours": 60 * MINUTE, "days": 1440 * MINUTE}[unit]
            )
        if unit == "working hours":
            return self.walk(at, span.amount * 60)
        while not self.works(at):
            at += MINUTE
        local, left = at.astimezone(ZONE), span.amount
        day = local.date()
        while left:
            day += timedelta(1)
            noon = datetime.combine(day, time(), ZONE).astimezone(UTC)
            left -= any(self.works(noon + n * 30 * MINUTE) for n in range(48))
        return datetime.combine(day, local.time(), ZONE).astimezone(UTC)

    def walk(self, at: datetime, minutes: int) -> datetime:
        """So many working minutes on."""
        while minutes:
            minutes -= self.works(at)
            at += MINUTE
        return at

    def between(self, begin: datetime, end: datetime) -> int:
        return sum(self.works(begin + n * MINUTE) for n in range((end - begin) // MINUTE))

    def due(self, log: list[Entry], rule: Deadline) -> datetime | None:
        starts = [index for index, entry in enumerate(log) if entry.what == "start"]
        if not starts or rule.within is None:
            return None
        entries = log[starts[-1] :]
        within = [entry.within for entry in entries if entry.within is not None]
        span = within[-1] if within else rule.within
        at = self.add(entries[0].at, span)
        for entry in entries:
            if entry.what == "extend" and entry.by is not None:
                at = self.add(at, entry.by)
        begun: datetime | None = None
        for entry in entries:
            if entry.what == "pause" and begun is None:
                begun = entry.at
            elif entry.what in ("resume", "stop") and begun is not None:
                if begun < at and span.unit.working:
                    at = self.walk(at, self.between(begun, entry.at))
                elif begun < at:
                    at += entry.at - begun
                begun = None
        return None if begun is not None and begun < at else at


class Life(RuleBasedStateMachine):
    """Time passes between the moves; the calendar changes under a clock that runs."""

    @initialize(
        span=st.sampled_from(SPANS), friday=st.booleans(), minutes=st.integers(0, 3 * 24 * 60)
    )
    def begin(self, span: str, friday: bool, minutes: int) -> None:
        self.now = BEGIN + minutes * MINUTE + timedelta(4 if friday else 0)
        self.rule = Deadline.model_validate(
            {
                "key": "d",
                "label": "时限",
                "start": "s",
                "within": span,
                "levels": [{"at": "50 %"}, {"at": "breach"}, {"at": "breach + 1 working day"}],
            }
        )
        self.calendar = Calendar(
            zone=ZONE, week=dict.fromkeys(range(5), OFFICE), announced=frozenset({2026})
        )
        self.log = [Entry(self.now, "start")]

    def state(self) -> ClockState:
        return clocks.state(self.log)

    def move(self, what: Any, **given: Any) -> None:
        self.log.append(Entry(self.now, what, **given))

    @rule(minutes=st.integers(1, 2000))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @precondition(lambda self: self.state() == ClockState.RUNNING)
    @rule()
    def pause(self) -> None:
        self.move("pause")

    @precondition(lambda self: self.state() == ClockState.PAUSED)
    @rule()
    def resume(self) -> None:
        self.move("resume")

    @precondition(lambda self: self.state() != ClockState.STOPPED)
    @rule()
    def stop(self) -> None:
        self.move("stop")

    @precondition(lambda self: self.state() == ClockState.STOPPED)
    @rule()
    def start_again(self) -> None:
        self.move("start")

    @precondition(lambda self: self.state() != ClockState.STOPPED)
    @rule(span=st.sampled_from(SPANS))
    def extend(self, span: str) -> None:
        self.move("ask", by=Duration.model_validate(span))
        assert clocks.asked(self.log)
        before = clocks.extensions(self.log)
        self.move("extend", by=Duration.model_validate(span))
        assert not clocks.asked(self.log)
        assert clocks.extensions(self.log) == before + 1

    @precondition(lambda self: self.state() != ClockState.STOPPED)
    @rule(span=st.sampled_from(SPANS))
    def vary(self, span: str) -> None:
        self.move("vary", within=Duration.model_validate(span))

    @precondition(lambda self: self.state() != ClockState.STOPPED)
    @rule(span=st.sampled_from(SPANS))
    def refuse(self, span: str) -> None:
        before = clocks.due(self.rule, self.log, self.calendar)
        self.move("ask", by=Duration.model_validate(span))
        self.move("refuse")
        assert clocks.due(self.rule, self.log, self.calendar) == before

    @rule(days=st.integers(0, 12), how=st.sampled_from([(), MORNING, OFFICE]))
    def declare(self, days: int, how: Any) -> None:
        """A flood day, half a day, or work on a weekend."""
        special = {**self.calendar.special, date(2026, 3, 2) + timedelta(days): how}
        self.calendar = replace(self.calendar, special=special)

    @precondition(lambda self: not self.calendar.later)
    @rule(days=st.integers(0, 12))
    def change_hours(self, days: int) -> None:
        since = date(2026, 3, 2) + timedelta(days)
        week = dict.fromkeys(range(6), MORNING)
        self.calendar = replace(self.calendar, later=(Hours(since, week),))

    @invariant()
    def agrees_with_every_minute(self) -> None:
        if not hasattr(self, "log"):
            return
        due = clocks.due(self.rule, self.log, self.calendar).at
        assert due == Brute(self.calendar).due(self.log, self.rule)

    @invariant()
    def levels_come_in_their_order(self) -> None:
        if not hasattr(self, "log"):
            return
        found = [i.at for i in clocks.instants(self.rule, self.log, self.calendar)]
        known = [at for at in found if at is not None]
        assert known == sorted(known)
        assert found[1] == clocks.due(self.rule, self.log, self.calendar).at

    @invariant()
    def the_log_survives_being_written(self) -> None:
        if hasattr(self, "log"):
            assert [Entry.read(entry.write()) for entry in self.log] == self.log


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=60, stateful_step_count=12, deadline=None, derandomize=True
)
