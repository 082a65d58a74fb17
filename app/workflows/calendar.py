"""The working calendar: which minutes count as working time.

Working time is a line of its own: ``position`` says how far along it an instant is, ``reach`` which
instant lies how far along. Both work on tables made once per year and kept with the calendar.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from chinese_calendar.constants import holidays, workdays

Segment = tuple[time, time]
OFFICE: tuple[Segment, ...] = ((time(9), time(12)), (time(13, 30), time(17, 30)))
FIXED_HOLIDAYS = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
"""What can be said of a year before its notice: the moon's festivals can't."""
LAST_YEAR = 9990
_SOME_YEARS = 30
"""A calendar without a working minute for this long is refused instead of searched for ever."""


class CalendarError(ValueError):
    """The calendar can't answer: it has no working time, or time ends before the answer."""


@dataclass(frozen=True, slots=True)
class _Year:
    """``days`` are the working days; ``before[i]`` the working time of the year before day i."""

    days: tuple[date, ...]
    before: tuple[timedelta, ...]

    @property
    def total(self) -> timedelta:
        return self.before[-1]


@dataclass(frozen=True)
class Calendar:
    """``week`` gives the segments of each weekday (Monday is 0), ``off`` the dates without work,
    ``on`` the make-up days, which have the segments of ``makeup``. Years outside ``announced`` are
    computed from weekends and fixed holidays, and what leans on them is provisional."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Segment, ...]] = field(
        default_factory=lambda: dict.fromkeys(range(5), OFFICE)
    )
    makeup: tuple[Segment, ...] = OFFICE
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()
    announced: frozenset[int] = frozenset()
    fixed: tuple[tuple[int, int], ...] = FIXED_HOLIDAYS
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for segments in (*self.week.values(), self.makeup):
            edges = [edge for segment in segments for edge in segment]
            if edges != sorted(set(edges)):
                raise CalendarError("segments must be in order, without overlap, within one day")
        if not any(self.week.get(day) for day in range(7)):
            raise CalendarError("no weekday has working time")

    def segments(self, day: date) -> tuple[Segment, ...]:
        """When people work on that day; empty: not at all."""
        if day in self.on:
            return self.makeup
        if day in self.off or (day.year not in self.announced and self._is_fixed(day)):
            return ()
        return self.week.get(day.weekday(), ())

    def is_working(self, day: date) -> bool:
        return bool(self.segments(day))

    def working_days(self, year: int) -> int:
        return len(self._year(year).days)

    def provisional(self, start: datetime, end: datetime) -> bool:
        """Whether any year from one instant to the other is not announced yet."""
        first, last = self._local(start).year, self._local(end).year
        return any(year not in self.announced for year in range(first, last + 1))

    def _is_fixed(self, day: date) -> bool:
        return (day.month, day.day) in self.fixed

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError("an instant needs its offset")
        return at.astimezone(self.zone)

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        return [(self._instant(day, a), self._instant(day, b)) for a, b in self.segments(day)]

    def _year(self, year: int) -> _Year:
        found = self._years.get(year)
        if found is None:
            found = self._years[year] = self._table(year)
        return found

    def _table(self, year: int) -> _Year:
        if not 1 < year <= LAST_YEAR:
            raise CalendarError("the calendar ends here")
        first = date(year, 1, 1)
        count = (date(year + 1, 1, 1) - first).days
        days = [day for n in range(count) if self.segments(day := first + timedelta(n))]
        before = [timedelta()]
        for day in days:
            before.append(before[-1] + sum((b - a for a, b in self._spans(day)), timedelta()))
        return _Year(tuple(days), tuple(before))

    def next_working(self, at: datetime) -> datetime:
        """``at`` itself within working time, else the beginning of the next segment."""
        day, moment = self._local(at).date(), at.astimezone(UTC)
        for begin, end in self._spans(day):
            if moment < end:
                return max(moment, begin)
        return self._spans(self._after(day, 1))[0][0]

    def _after(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``."""
        year, empty = day.year, 0
        index = bisect_right(self._year(year).days, day) + count - 1
        while index >= len(days := self._year(year).days):
            index -= len(days)
            year, empty = year + 1, 0 if days else empty + 1
            if empty > _SOME_YEARS:
                raise CalendarError("no working day for years")
        return days[index]

    def add_days(self, start: datetime, count: int) -> datetime:
        """``count`` working days on, at the same local time of day. A start outside working time
        counts from the next working moment."""
        begin = self.next_working(start)
        if count == 0:
            return begin
        local = self._local(begin)
        return self._instant(self._after(local.date(), count), local.time())

    def add_time(self, start: datetime, span: timedelta) -> datetime:
        """The first instant by which so much working time has passed since ``start``."""
        if span <= timedelta():
            return start
        year, empty = self._local(start).year, 0
        wanted = self._position(start) + span
        while wanted > (table := self._year(year)).total:
            wanted -= table.total
            year, empty = year + 1, 0 if table.days else empty + 1
            if empty > _SOME_YEARS:
                raise CalendarError("no working time for years")
        index = bisect_left(table.before, wanted) - 1
        rest = wanted - table.before[index]
        for begin, end in self._spans(table.days[index]):
            if rest <= end - begin:
                return begin + rest
            rest -= end - begin
        raise AssertionError("the table holds a day that its segments don't fill")

    def time_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; none when end is not later."""
        if end <= start:
            return timedelta()
        years = range(self._local(start).year, self._local(end).year)
        whole = sum((self._year(year).total for year in years), timedelta())
        return whole + self._position(end) - self._position(start)

    def _position(self, at: datetime) -> timedelta:
        """The working time of the local year before ``at``."""
        day, moment = self._local(at).date(), at.astimezone(UTC)
        table = self._year(day.year)
        index = bisect_left(table.days, day)
        passed = table.before[index]
        if index < len(table.days) and table.days[index] == day:
            for begin, end in self._spans(day):
                passed += max(timedelta(), min(moment, end) - begin)
        return passed


@lru_cache(maxsize=32)
def china(zone: str = "Asia/Shanghai") -> Calendar:
    """The State Council's holidays and make-up days as far as announced, with office hours."""
    return Calendar(
        zone=ZoneInfo(zone),
        off=frozenset(holidays),
        on=frozenset(workdays),
        announced=frozenset(day.year for day in workdays),
    )
