"""Past moments of a demo: working days counted back from now, in local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.services import calendars, edge


@dataclass(frozen=True, slots=True)
class Days:
    now: datetime

    def at(self, back: int, clock: str) -> datetime:
        """``clock`` (``09:30``) on the working day ``back`` working days before today."""
        return self._instant(self.day(back), clock)

    def rest(self, back: int, clock: str) -> datetime:
        """``clock`` on the calendar day ``back`` days before today."""
        return self._instant(edge.today(self.now) - timedelta(days=back), clock)

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    def day(self, back: int) -> date:
        calendar = calendars.current()
        day = edge.today(self.now)
        while back:
            day -= timedelta(days=1)
            back -= calendar.is_working(day)
        return day

    def coming(self, ahead: int) -> date:
        """The working day that many working days after today."""
        calendar = calendars.current()
        day = edge.today(self.now)
        while ahead:
            day += timedelta(days=1)
            ahead -= calendar.is_working(day)
        return day

    def _instant(self, day: date, clock: str) -> datetime:
        return edge.instant(datetime.combine(day, time.fromisoformat(clock)))
