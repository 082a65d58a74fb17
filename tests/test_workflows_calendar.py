"""The working calendar against the published figures, and its edges."""

from __future__ import annotations

import time as stopwatch
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.workflows.calendar import Calendar, CalendarError, china

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """A local time in Shanghai, as the instant that it is."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("year", "days", "makeup"),
    [(2022, 249, None), (2023, 249, None), (2024, 251, 8), (2025, 248, 5), (2026, 248, 6)],
)
def test_the_years_have_the_working_days_of_the_state_councils_notices(
    year: int, days: int, makeup: int | None
) -> None:
    calendar = china()
    assert calendar.working_days(year) == days
    if makeup is not None:
        found = [day for day in calendar.on if day.year == year]
        assert len(found) == makeup
        assert all(day.weekday() >= 5 for day in found)
        assert all(calendar.is_working(day) for day in found)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-01-01", False),  # a holiday on a Thursday
        ("2026-01-04", True),  # the Sunday that makes up for it
        ("2026-02-16", False),  # the eve of the Spring Festival, a Monday
        ("2026-02-14", True),  # a Saturday that makes up for it
        ("2026-10-08", True),  # the first Thursday after the National Day holiday
        ("2026-10-10", True),  # a Saturday that makes up for it
        ("2026-10-11", False),
    ],
)
def test_single_days_follow_the_notice_of_2026(day: str, working: bool) -> None:
    assert china().is_working(date.fromisoformat(day)) is working


def test_a_year_that_is_not_announced_is_computed_and_says_so() -> None:
    calendar = china()
    assert 2027 not in calendar.announced
    assert not calendar.is_working(date(2027, 1, 1))  # fixed holiday, a Friday
    assert calendar.is_working(date(2027, 2, 8))  # Spring Festival can't be known here
    assert calendar.provisional(at("2026-12-31T10:00"), at("2027-01-04T10:00"))
    assert not calendar.provisional(at("2026-12-01T10:00"), at("2026-12-31T23:59"))


def test_the_year_is_the_local_one() -> None:
    still_2026_in_utc = at("2027-01-01T05:00")
    assert still_2026_in_utc.year == 2026
    assert china().provisional(still_2026_in_utc, still_2026_in_utc)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-19T10:30", 1, "2026-11-20T10:30"),
        ("2026-11-20T16:00", 1, "2026-11-23T16:00"),  # Friday to Monday
        ("2026-11-21T10:00", 1, "2026-11-24T09:00"),  # Saturday counts from Monday 09:00
        ("2026-11-19T12:30", 1, "2026-11-20T13:30"),  # lunch counts from 13:30
        ("2026-11-19T12:00", 1, "2026-11-20T13:30"),  # so does the end of the morning
        ("2026-11-20T17:30", 1, "2026-11-24T09:00"),
        ("2026-11-20T18:00", 5, "2026-11-30T09:00"),
        ("2026-09-30T16:00", 1, "2026-10-08T16:00"),  # over the National Day holiday
        ("2026-10-09T16:00", 1, "2026-10-10T16:00"),  # to a make-up Saturday
        ("2026-11-19T10:30", 0, "2026-11-19T10:30"),
        ("2026-11-21T10:30", 0, "2026-11-23T09:00"),
    ],
)
def test_working_days_are_dates_at_the_same_time_of_day(start: str, days: int, due: str) -> None:
    assert china().add_days(at(start), days) == at(due)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-19T09:00", 3, "2026-11-19T12:00"),  # the end of the segment, not 13:30
        ("2026-11-19T09:00", 4, "2026-11-19T14:30"),
        ("2026-11-19T10:30", 7, "2026-11-20T10:30"),
        ("2026-11-20T17:00", 4, "2026-11-23T14:00"),
        ("2026-11-21T03:00", 1, "2026-11-23T10:00"),
        ("2026-11-19T10:30", 0, "2026-11-19T10:30"),
    ],
)
def test_working_hours_pass_in_the_segments_only(start: str, hours: int, due: str) -> None:
    assert china().add_time(at(start), hours * HOUR) == at(due)


def test_time_between_is_what_add_time_adds_over_years_too() -> None:
    calendar = china()
    start = at("2024-12-30T11:17")
    for hours in (1, 40, 1_000, 4_000):
        end = calendar.add_time(start, hours * HOUR)
        assert calendar.time_between(start, end) == hours * HOUR
    assert calendar.time_between(start, start - HOUR) == timedelta()


def test_a_second_is_kept_exactly() -> None:
    start = at("2026-11-19T16:59:59.123457")
    assert china().add_time(start, HOUR) == at("2026-11-20T09:29:59.123457")


def test_segments_may_differ_by_weekday_and_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    calendar = Calendar(
        zone=berlin, week={5: ((time(10), time(14)),)}, announced=frozenset({2026}), fixed=()
    )
    start = datetime(2026, 3, 28, 13, tzinfo=berlin)  # Saturday; summer time begins that night
    assert calendar.add_time(start, 2 * HOUR) == datetime(2026, 4, 4, 11, tzinfo=berlin)
    assert calendar.add_days(start, 1) == datetime(2026, 4, 4, 13, tzinfo=berlin)


def test_a_calendar_without_working_time_is_refused_and_never_searched_for_ever() -> None:
    with pytest.raises(CalendarError):
        Calendar(zone=SHANGHAI, week={})
    with pytest.raises(CalendarError):
        Calendar(zone=SHANGHAI, week={0: ()})
    nearly = Calendar(
        zone=SHANGHAI,
        week={0: ((time(9), time(10)),)},
        off=frozenset(date(2026, 1, 1) + timedelta(n) for n in range(365 * 60)),
    )
    with pytest.raises(CalendarError):
        nearly.add_days(at("2026-01-05T09:00"), 1)
    with pytest.raises(CalendarError):
        nearly.add_time(at("2026-01-05T09:00"), HOUR)
    with pytest.raises(CalendarError):
        Calendar(zone=SHANGHAI).add_days(at("2999-12-01T09:00"), 9_000)


@pytest.mark.parametrize(
    "segments",
    [
        ((time(12), time(9)),),
        ((time(9), time(9)),),
        ((time(9), time(12)), (time(11), time(13))),
        ((time(13), time(17)), (time(9), time(12))),
    ],
)
def test_segments_out_of_order_are_refused(segments: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(CalendarError):
        Calendar(zone=SHANGHAI, week={0: segments})


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        china().add_days(datetime(2026, 11, 19, 9), 1)  # noqa: DTZ001


def test_adding_is_fast_once_the_years_table_is_made() -> None:
    calendar, start = china(), at("2026-03-02T10:00")
    calendar.add_time(start, 40 * HOUR)
    begin = stopwatch.process_time()
    for _ in range(1_000):
        calendar.add_time(start, 40 * HOUR)
    assert stopwatch.process_time() - begin < 0.25  # 9 µs each; a loop over days takes 2 ms
