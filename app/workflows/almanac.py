"""Holidays of a year out of a file: JSON as holiday-cn publishes it, or an ICS calendar."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chinese_calendar.constants import Holiday, holidays, workdays

MOST_DAYS = 120
"""A notice names some forty days; more is another kind of file."""


class AlmanacError(ValueError):
    """The file can't be read. ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Almanac:
    """``days``: by date, whether people work then, and what the day is called."""

    year: int
    days: dict[date, tuple[bool, str]]
    papers: tuple[str, ...] = ()


def read(text: str) -> Almanac:
    """Either form, told by how it begins. Raises AlmanacError."""
    found = _ics(text) if text.lstrip("\ufeff \r\n").startswith("BEGIN:VCALENDAR") else _json(text)
    if not any(not working for working, _ in found.days.values()):
        raise AlmanacError(
            f"{found.year} 年的文件里没有放假日期：放假安排还没有公布。",
            f"The file of {found.year} names no holidays: they are not announced yet.",
        )
    if len(found.days) > MOST_DAYS:
        raise AlmanacError(
            f"文件里有 {len(found.days)} 天，不像是放假安排。",
            f"The file names {len(found.days)} days: that is no list of holidays.",
        )
    if strange := [day for day in found.days if abs(day.year - found.year) > 1]:
        raise AlmanacError(
            f"{strange[0]} 不属于 {found.year} 年的放假安排。",
            f"{strange[0]} has no place among the holidays of {found.year}.",
        )
    return found


def _json(text: str) -> Almanac:
    try:
        kept: Any = json.loads(text)
        days = {
            date.fromisoformat(day["date"]): (not day["isOffDay"], str(day["name"])[:200])
            for day in kept["days"]
        }
        papers = tuple(str(paper) for paper in kept.get("papers", ()))
        return Almanac(int(kept["year"]), days, papers)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise AlmanacError(
            "读不懂这个文件：需要 holiday-cn 格式的 JSON 或 ICS 日历。",
            "This file can't be read: it should be JSON as of holiday-cn, or an ICS calendar.",
        ) from error


def festival(day: date) -> dict[str, str]:
    """What the State Council's notice calls a day, as far as shipped; empty for others."""
    known = holidays.get(day) or workdays.get(day)
    if known is None:
        return {}
    name = Holiday(known)
    return {"zh": name.chinese, "en": name.value}


_FOLDED = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile(r"BEGIN:VEVENT(.*?)END:VEVENT", re.DOTALL)
_LINE = re.compile(r"^(DTSTART|DTEND|SUMMARY)(?:;[^:\r\n]*)?:(.*?)\r?$", re.MULTILINE)
_ON = re.compile(r"班|work", re.IGNORECASE)
_OFF = re.compile(r"休|假|holiday|day off", re.IGNORECASE)


def _ics(text: str) -> Almanac:
    """All-day events whose words say that people are off (休, 假) or work (班); others are left
    aside. The year is that of most of the days."""
    days = dict(_days(_FOLDED.sub("", text)))
    years = [day.year for day in days]
    if not years:
        raise AlmanacError(
            "这个日历里没有写明“休”或“班”的全天日程。",
            "This calendar has no all-day event that says “休” (off) or “班” (work).",
        )
    return Almanac(max(sorted(set(years)), key=years.count), days)


def _days(text: str) -> Iterator[tuple[date, tuple[bool, str]]]:
    for event in _EVENT.finditer(text):
        found = {name: value.strip() for name, value in _LINE.findall(event[1])}
        words = found.get("SUMMARY", "").replace("\\,", ",")
        working = bool(_ON.search(words))
        if not working and not _OFF.search(words):
            continue
        try:
            first = date.fromisoformat(found["DTSTART"][:8])
            end = found.get("DTEND")
            after = date.fromisoformat(end[:8]) if end else first + timedelta(1)
        except (KeyError, ValueError) as error:
            raise AlmanacError(
                f"日历中“{words[:40]}”的日期读不懂。", f"The dates of “{words[:40]}” can't be read."
            ) from error
        for n in range(min(max((after - first).days, 1), MOST_DAYS)):
            yield first + timedelta(n), (working, words[:200])
