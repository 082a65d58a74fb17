"""The working calendar on the screen: a year as a picture, and every change tried before it is
made."""

from __future__ import annotations

from app.views.calendar import days, holidays, recounting, trials, week, year
from app.views.calendar.pages import pages

__all__ = ["days", "holidays", "pages", "recounting", "trials", "week", "year"]
