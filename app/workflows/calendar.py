"""The working calendar: which minutes count as working time.

Working time is a line of its own: ``_position`` says how far along it an instant is, ``add_time``
which instant lies how far along. Both look into tables that are made once per year and kept with
the calendar, so an answer costs a few comparisons.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, chain
from zoneinfo import ZoneInfo

from chinese_calendar.constants import holidays, workdays

Segment = tuple[time, time]
OFFICE: tuple[Segment, ...] = ((time(9), time(12)), (time(13, 30), time(17, 30)))
FIXED_HOLIDAYS = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
"""What can be said of a year before its notice: the moon's festivals can't."""
LAST_YEAR = 2999
"""Past the longest deadline from the last date that a form takes. Years in between are put on one
line, and kept: to the end of time they would fill gigabytes."""
_NEW_YEAR = ((12, 31), (1, 1))
_SOME_YEARS = 30
"""A calendar without a working minute for this long is refused instead of searched for ever."""


class CalendarError(ValueError):
    """The calendar can't answer: it has no working time, or time ends before the answer.

    ``text`` says why in zh and en."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = {"zh": zh, "en": en}


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours that hold from a date on, until the next ones."""

    since: date
    week: Mapping[int, tuple[Segment, ...]]
    makeup: tuple[Segment, ...] = OFFICE


@dataclass(frozen=True, slots=True)
class _Line:
    """The working time of the years from ``first`` to ``last``: its segments in order, in UTC.

    ``before[i]`` is the working time before segment ``i``; ``day[i]`` which of ``days`` it is of.
    """

    first: int
    last: int
    since: datetime
    until: datetime
    days: tuple[date, ...]
    day: tuple[int, ...]
    begins: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    before: tuple[timedelta, ...]

    def position(self, at: datetime) -> timedelta:
        """The working time of the line before ``at``, which is in UTC."""
        index = bisect_right(self.begins, at) - 1
        if index < 0:
            return timedelta()
        return self.before[index] + (min(at, self.ends[index]) - self.begins[index])


@dataclass(frozen=True)
class Calendar:
    """``week`` gives the segments of each weekday (Monday is 0), ``off`` the dates without work,
    ``on`` the make-up days, which have the segments of ``makeup``. ``later`` are the hours that
    take their place from a date on; ``special`` the segments of single dates, whatever else is
    said of them (none: a flood day). Years outside ``announced`` are computed from weekends and
    fixed holidays, and what leans on them is provisional."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Segment, ...]] = field(
        default_factory=lambda: dict.fromkeys(range(5), OFFICE)
    )
    makeup: tuple[Segment, ...] = OFFICE
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()
    announced: frozenset[int] = frozenset()
    fixed: tuple[tuple[int, int], ...] = FIXED_HOLIDAYS
    later: tuple[Hours, ...] = ()
    special: Mapping[date, tuple[Segment, ...]] = field(default_factory=dict)
    _years: dict[int, _Line] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lines: list[_Line] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        versions = self._versions()
        if [hours.since for hours in versions] != sorted({hours.since for hours in versions}):
            raise CalendarError(
                "各版工作时间须按起始日期排列",
                "versions of the hours must be in order of their dates",
            )
        for hours in versions:
            for segments in (*hours.week.values(), hours.makeup):
                _check(segments)
            if not any(hours.week.get(day) for day in range(7)):
                raise CalendarError("一周里没有一天有工作时间", "no weekday has working time")
        for segments in self.special.values():
            _check(segments)

    def _versions(self) -> tuple[Hours, ...]:
        return (Hours(date.min, self.week, self.makeup), *self.later)

    def segments(self, day: date) -> tuple[Segment, ...]:
        """When people work on that day; empty: not at all."""
        if day in self.special:
            return self.special[day]
        hours = next(found for found in reversed(self._versions()) if found.since <= day)
        if day in self.on:
            return hours.makeup
        if day in self.off or (day.year not in self.announced and self._is_fixed(day)):
            return ()
        return hours.week.get(day.weekday(), ())

    def is_working(self, day: date) -> bool:
        return bool(self.segments(day))

    def working_days(self, year: int) -> int:
        return len(self._year(year).days)

    def provisional(self, start: datetime, end: datetime) -> bool:
        """Whether any year from one instant to the other is not announced yet."""
        first, last = self._year_of(start), self._year_of(end)
        if first == last:
            return first not in self.announced
        return any(year not in self.announced for year in range(first, last + 1))

    def _year_of(self, at: datetime) -> int:
        """The local year; only about New Year may it be another one than that of UTC."""
        if at.tzinfo is UTC and (at.month, at.day) not in _NEW_YEAR:
            return at.year
        return self._local(at).year

    def _is_fixed(self, day: date) -> bool:
        return (day.month, day.day) in self.fixed

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError("an instant needs its offset")
        return at.astimezone(self.zone)

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def _year(self, year: int) -> _Line:
        found = self._years.get(year)
        if found is None:
            found = self._years[year] = self._table(year)
        return found

    def _table(self, year: int) -> _Line:
        if not 1 < year <= LAST_YEAR:
            raise CalendarError("日历到此为止", "the calendar ends here")
        first, after = date(year, 1, 1), date(year + 1, 1, 1)
        days: list[date] = []
        day: list[int] = []
        spans: list[tuple[datetime, datetime]] = []
        for n in range((after - first).days):
            today = first + timedelta(n)
            found = self.segments(today)
            if found:
                day += [len(days)] * len(found)
                days.append(today)
                spans += [(self._instant(today, a), self._instant(today, b)) for a, b in found]
        return _Line(
            first=year,
            last=year,
            since=self._instant(first, time()),
            until=self._instant(after, time()),
            days=tuple(days),
            day=tuple(day),
            begins=tuple(begin for begin, _ in spans),
            ends=tuple(end for _, end in spans),
            before=_sums(end - begin for begin, end in spans),
        )

    def _line(self, first: datetime, last: datetime) -> _Line:
        """A line that holds the instants, which are in UTC and in order."""
        line = self._lines[-1] if self._lines else None
        if line is not None and line.since <= first and last < line.until:
            return line
        years = [self._local(first).year, self._local(last).year]
        if line is not None:
            years += [line.first, line.last]
        return self._stretch(min(years), max(years))

    def _stretch(self, first: int, last: int) -> _Line:
        """The line over these years; the longest so far is kept for whoever asks next."""
        years = [self._year(year) for year in range(first, last + 1)]
        counts = _sums_of(len(year.days) for year in years)
        line = _Line(
            first=first,
            last=last,
            since=years[0].since,
            until=years[-1].until,
            days=tuple(chain.from_iterable(year.days for year in years)),
            day=tuple(
                count + day for count, year in zip(counts, years, strict=False) for day in year.day
            ),
            begins=tuple(chain.from_iterable(year.begins for year in years)),
            ends=tuple(chain.from_iterable(year.ends for year in years)),
            before=_sums(
                end - begin
                for year in years
                for begin, end in zip(year.begins, year.ends, strict=True)
            ),
        )
        self._lines[:] = [line]
        return line

    def _longer(self, line: _Line) -> _Line:
        """The line with half as many years more; raises CalendarError when no work ever comes."""
        last = line.last + 1 + (line.last - line.first) // 2
        years = (self._year(year) for year in range(line.last + 1, last + 1))
        work = next((year.first for year in years if year.days), last)
        if work - (line.days[-1].year if line.days else line.first) > _SOME_YEARS:
            raise CalendarError("多年没有工作时间", "no working time for years")
        return self._stretch(line.first, last)

    def _next(self, line: _Line, moment: datetime) -> tuple[_Line, int]:
        """The segment that ``moment`` lies in, or the next one."""
        index = bisect_right(line.ends, moment)
        while index >= len(line.ends):
            line = self._longer(line)
        return line, index

    def add_days(self, start: datetime, count: int) -> datetime:
        """``count`` working days on, at the same local time of day. A start outside working time
        counts from the next working moment."""
        moment = self._utc(start)
        line, index = self._next(self._line(moment, moment), moment)
        begin = max(moment, line.begins[index])
        if count == 0:
            return begin
        day = line.day[index] + count
        while day >= len(line.days):
            line = self._longer(line)
        return self._instant(line.days[day], begin.astimezone(self.zone).time())

    def add_time(self, start: datetime, span: timedelta) -> datetime:
        """The first instant by which so much working time has passed since ``start``."""
        if span <= timedelta():
            return start
        moment = self._utc(start)
        line = self._line(moment, moment)
        wanted = line.position(moment) + span
        while wanted > line.before[-1]:
            line = self._longer(line)
        index = bisect_left(line.before, wanted) - 1
        return line.begins[index] + (wanted - line.before[index])

    def time_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; none when end is not later."""
        if end <= start:
            return timedelta()
        first, last = self._utc(start), self._utc(end)
        line = self._line(first, last)
        return line.position(last) - line.position(first)

    def _utc(self, at: datetime) -> datetime:
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is None:
            raise ValueError("an instant needs its offset")
        return at.astimezone(UTC)


def _check(segments: tuple[Segment, ...]) -> None:
    edges = [edge for segment in segments for edge in segment]
    if edges != sorted(set(edges)):
        raise CalendarError(
            "时段须按先后排列、不重叠、在同一天内",
            "segments must be in order, without overlap, within one day",
        )


def _sums(spans: Iterable[timedelta]) -> tuple[timedelta, ...]:
    return tuple(accumulate(spans, initial=timedelta()))


def _sums_of(counts: Iterable[int]) -> tuple[int, ...]:
    return tuple(accumulate(counts, initial=0))


@lru_cache(maxsize=32)
def china(zone: str = "Asia/Shanghai") -> Calendar:
    """The State Council's holidays and make-up days as far as announced, with office hours."""
    return Calendar(
        zone=ZoneInfo(zone),
        off=frozenset(holidays),
        on=frozenset(workdays),
        announced=frozenset(day.year for day in workdays),
    )
