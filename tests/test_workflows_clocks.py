"""When deadlines are due: by example, and against a count minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows import clocks
from app.workflows.calendar import Calendar, china
from app.workflows.clocks import Entry
from app.workflows.outcomes import ClockMove, ClockState
from app.workflows.spec import Deadline, Duration, Unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def rule(within: str | None = None, *levels: str, until: str | None = None) -> Deadline:
    return Deadline.model_validate(
        {
            "key": "d",
            "label": "时限",
            "start": "s",
            "within": within,
            "until": until,
            "levels": [{"at": level} for level in levels],
        }
    )


def log(*entries: tuple[str, Any]) -> list[Entry]:
    return [Entry(at(when), what) for what, when in entries]


def due(within: str, *entries: tuple[str, Any]) -> datetime | None:
    return clocks.due(rule(within), log(*entries), china()).at


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ("30 min", "2026-11-20T17:15"),
        ("24 hours", "2026-11-21T16:45"),
        ("3 days", "2026-11-23T16:45"),
        ("4 working hours", "2026-11-23T13:45"),
        ("5 working days", "2026-11-27T16:45"),
    ],
)
def test_each_unit_counts_in_its_own_way(within: str, expected: str) -> None:
    assert due(within, ("start", "2026-11-20T16:45")) == at(expected)


def test_a_clock_that_never_started_is_not_due() -> None:
    assert clocks.due(rule("1 days"), [], china()).at is None
    assert clocks.instants(rule("1 days", "50 %", "breach"), [], china())[1].at is None
    assert clocks.state([]) == ClockState.STOPPED


def test_a_pause_over_the_weekend_moves_working_days_by_nothing() -> None:
    friday = ("start", "2026-11-20T10:00")
    weekend = (("pause", "2026-11-21T08:00"), ("resume", "2026-11-22T22:00"))
    assert due("3 working days", friday, *weekend) == at("2026-11-25T10:00")


def test_a_pause_of_one_working_day_moves_it_by_one() -> None:
    start = ("start", "2026-11-19T10:00")
    pause = (("pause", "2026-11-20T10:00"), ("resume", "2026-11-23T10:00"))
    assert due("3 working days", start) == at("2026-11-24T10:00")
    assert due("3 working days", start, *pause) == at("2026-11-25T10:00")
    assert due("72 hours", start, *pause) == at("2026-11-25T10:00")


def test_a_pause_after_the_due_time_changes_nothing() -> None:
    entries = [("start", "2026-11-19T10:00"), ("pause", "2026-11-19T13:00")]
    assert due("2 hours", *entries) == at("2026-11-19T12:00")


def test_while_it_is_paused_nothing_is_due() -> None:
    entries = log(("start", "2026-11-19T10:00"), ("pause", "2026-11-19T16:00"))
    hours = rule("8 hours", "50 %", "breach", "breach + 1 hours")
    assert clocks.due(hours, entries, china()).at is None
    assert [i.at for i in clocks.instants(hours, entries, china())] == [
        at("2026-11-19T14:00"),
        None,
        None,
    ]
    assert clocks.state(entries) == ClockState.PAUSED


def test_a_pause_that_ends_with_the_stop_counts_up_to_it() -> None:
    entries = log(
        ("start", "2026-11-19T10:00"), ("pause", "2026-11-19T11:00"), ("stop", "2026-11-19T12:00")
    )
    assert clocks.due(rule("2 hours"), entries, china()).at == at("2026-11-19T13:00")
    assert clocks.state(entries) == ClockState.STOPPED


def test_only_the_last_round_counts() -> None:
    entries = log(
        ("start", "2026-11-02T10:00"),
        ("pause", "2026-11-02T11:00"),
        ("stop", "2026-11-03T10:00"),
        ("start", "2026-11-19T10:00"),
    )
    assert clocks.due(rule("1 working days"), entries, china()).at == at("2026-11-20T10:00")


def test_levels_are_shares_of_the_counted_time_and_steps_after_the_breach() -> None:
    five = rule("5 working days", "50 %", "80 %", "breach", "breach + 1 working day")
    entries = log(("start", "2026-11-20T10:00"))
    assert [i.at for i in clocks.instants(five, entries, china())] == [
        at("2026-11-24T15:00"),  # 17.5 of 35 working hours
        at("2026-11-26T10:00"),
        at("2026-11-27T10:00"),
        at("2026-11-30T10:00"),
    ]


def test_a_pause_after_the_breach_moves_what_comes_after_it() -> None:
    entries = log(
        ("start", "2026-11-19T10:00"), ("pause", "2026-11-19T13:00"), ("resume", "2026-11-19T15:00")
    )
    levels = clocks.instants(rule("2 hours", "breach", "breach + 2 hours"), entries, china())
    assert [level.at for level in levels] == [at("2026-11-19T12:00"), at("2026-11-19T16:00")]


def test_a_field_gives_the_end_of_its_day_and_pauses_do_not_move_it() -> None:
    until = clocks.moment("2026-12-01", SHANGHAI)
    assert until == at("2026-12-01T23:59")
    entries = [
        Entry(at("2026-11-19T10:00"), "start", until=until),
        Entry(at("2026-11-20T10:00"), "pause"),
    ]
    assert clocks.due(rule(until="f"), entries, china()).at == until
    later = clocks.moment("2026-12-05T08:30:00+00:00", SHANGHAI)
    entries.append(Entry(at("2026-11-21T10:00"), "extend", until=later))
    assert clocks.due(rule(until="f"), entries, china()).at == later
    half = clocks.instants(rule(None, "50 %", until="f"), entries, china())[0].at
    assert half == entries[0].at + (later - entries[0].at) / 2


def test_a_date_in_the_past_is_due_at_once() -> None:
    until = clocks.moment("2026-11-01", SHANGHAI)
    entries = [Entry(at("2026-11-19T10:00"), "start", until=until)]
    half, breach = clocks.instants(rule(None, "50 %", "breach", until="f"), entries, china())
    assert half.at == breach.at == until


def test_an_extension_by_days_is_added() -> None:
    entries = log(("start", "2026-11-19T10:00"))
    by = Duration.model_validate("2 working days")
    entries.append(Entry(at("2026-11-20T10:00"), "extend", by=by))
    assert clocks.due(rule("3 working days"), entries, china()).at == at("2026-11-26T10:00")


def test_due_times_in_a_year_not_announced_are_provisional() -> None:
    late = log(("start", "2026-12-30T10:00"))
    assert clocks.due(rule("5 working days"), late, china()).provisional
    assert not clocks.due(rule("5 days"), late, china()).provisional
    assert not clocks.due(rule("1 working days"), late, china()).provisional
    levels = clocks.instants(rule("1 hours", "breach", "breach + 5 working days"), late, china())
    assert [level.provisional for level in levels] == [False, True]


def test_stopping_at_the_very_instant_is_in_time() -> None:
    limit = at("2026-11-19T12:00")
    assert not clocks.breached(limit, limit, limit)
    assert clocks.breached(limit, limit + MINUTE, limit)
    assert clocks.breached(limit, None, limit)
    assert not clocks.breached(limit, None, limit - MINUTE)
    assert not clocks.breached(None, None, limit)


def test_an_entry_is_kept_as_json_and_read_back() -> None:
    for entry in (
        Entry(at("2026-11-19T10:00"), "pause"),
        Entry(at("2026-11-19T10:00"), "start", until=at("2026-12-01T10:00")),
        Entry(at("2026-11-19T10:00"), "extend", by=Duration.model_validate("2 days")),
    ):
        assert Entry.read(entry.write()) == entry
    move = ClockMove("d", "start", "2026-12-01")
    assert clocks.entry(move, at("2026-11-19T10:00"), SHANGHAI).until == at("2026-12-01T23:59")


# --- minute by minute ---------------------------------------------------------------------------

WEEKS: list[dict[int, tuple[tuple[time, time], ...]]] = [
    dict.fromkeys(range(5), ((time(9), time(12)), (time(13, 30), time(17, 30)))),
    {0: ((time(8), time(8, 20)),), 3: ((time(6), time(9)), (time(20), time(22)))},
    {2: ((time(0, 30), time(23, 45)),), 6: ((time(10), time(11)),)},
]
FIRST = datetime(2026, 3, 23, tzinfo=UTC)  # the week in which Berlin turns its clocks
calendars = st.builds(
    lambda week, zone, off, on: Calendar(
        zone=ZoneInfo(zone),
        week=week,
        makeup=((time(10), time(12)),),
        off=frozenset(date(2026, 3, 20) + timedelta(n) for n in off),
        on=frozenset(date(2026, 3, 20) + timedelta(n) for n in on),
        announced=frozenset({2026}),
    ),
    st.sampled_from(WEEKS),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
    st.lists(st.integers(0, 25), max_size=3),
    st.lists(st.integers(0, 25), max_size=3),
)
rules = st.builds(
    lambda amount, unit, percent: (Duration(amount=amount, unit=unit), percent),
    st.integers(0, 4),
    st.sampled_from(list(Unit)),
    st.sampled_from([1, 25, 50, 75, 99]),
)
gaps = st.lists(st.integers(1, 2_500), max_size=4)


def minutes(begin: datetime) -> Iterator[datetime]:
    while True:
        yield begin
        begin += MINUTE


def working(calendar: Calendar, minute: datetime) -> bool:
    """Whether people work in the minute that begins then, read off the local clock."""
    local = minute.astimezone(calendar.zone)
    day = local.date()
    if day in calendar.on:
        segments = calendar.makeup
    elif day in calendar.off:
        segments = ()
    else:
        segments = calendar.week.get(day.weekday(), ())
    return any(begin <= local.time() < end for begin, end in segments)


def passed(
    calendar: Calendar, begin: datetime, count: int, pauses: list[Any], only: bool
) -> datetime:
    """The instant by which so many minutes have counted: outside pauses, in working time if
    ``only``."""
    if count == 0:
        return begin
    for minute in minutes(begin):
        paused = any(start <= minute < end for start, end in pauses)
        if not paused and (not only or working(calendar, minute)):
            count -= 1
            if count == 0:
                return minute + MINUTE
    raise AssertionError


def base_of(calendar: Calendar, span: Duration, start: datetime) -> datetime:
    """The due time without pauses, for working days: looked for day by day."""
    begin = next(minute for minute in minutes(start) if working(calendar, minute))
    if span.amount == 0:
        return begin
    local, left = begin.astimezone(calendar.zone), span.amount
    day = local.date()
    while left:
        day += timedelta(1)
        noon = datetime.combine(day, time(0), calendar.zone).astimezone(UTC)
        left -= any(working(calendar, noon + n * MINUTE) for n in range(0, 24 * 60, 5))
    return datetime.combine(day, local.time(), calendar.zone).astimezone(UTC)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(calendar=calendars, asked=rules, offset=st.integers(0, 6 * 24 * 60), steps=gaps)
def test_due_and_shares_agree_with_counting_every_minute(
    calendar: Calendar, asked: tuple[Duration, int], offset: int, steps: list[int]
) -> None:
    span, percent = asked
    start = FIRST + offset * MINUTE
    entries, pauses, now = [Entry(start, "start")], [], start
    for index in range(0, len(steps) - 1, 2):
        begin = now + steps[index] * MINUTE
        now = begin + steps[index + 1] * MINUTE
        entries += [Entry(begin, "pause"), Entry(now, "resume")]
        pauses.append((begin, now))
    deadline = rule(str(span), f"{percent} %", "breach")
    only = span.unit.working
    if span.unit is Unit.WORKING_DAYS:
        base = base_of(calendar, span, start)
        total = sum(working(calendar, start + n * MINUTE) for n in range((base - start) // MINUTE))
        expected = base
        for begin, end in pauses:
            if begin < expected:
                lost = (end - begin) // MINUTE
                moved = sum(working(calendar, begin + n * MINUTE) for n in range(lost))
                expected = passed(calendar, expected, moved, [], only=True)
    else:
        length = {Unit.MINUTES: 1, Unit.DAYS: 24 * 60}.get(span.unit, 60)
        total = span.amount * length
        expected = passed(calendar, start, total, pauses, only)
    assert clocks.due(deadline, entries, calendar).at == expected
    share, breach = clocks.instants(deadline, entries, calendar)
    assert breach.at == expected
    if total * percent % 100 == 0:
        assert share.at == passed(calendar, start, total * percent // 100, pauses, only)
    else:
        least = passed(calendar, start, total * percent // 100, pauses, only)
        most = passed(calendar, start, total * percent // 100 + 1, pauses, only)
        assert share.at is not None
        assert least <= share.at <= most
