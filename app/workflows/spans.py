"""Lengths of time as people write them: ``5 working days``, ``50 %``, ``breach + 2 hours``."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from pydantic import Field, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic_core import CoreSchema

from app.workflows.terms import Spec


class Unit(StrEnum):
    MINUTES = "min"
    HOURS = "hours"
    WORKING_HOURS = "working hours"
    DAYS = "days"
    WORKING_DAYS = "working days"

    @property
    def working(self) -> bool:
        """Whether the calendar is asked; the others pass at night and on holidays too."""
        return self in (Unit.WORKING_HOURS, Unit.WORKING_DAYS)


_WORDS = {
    Unit.MINUTES: ("min", "mins", "minute", "minutes", "分钟"),
    Unit.HOURS: ("hours", "hour", "小时"),
    Unit.WORKING_HOURS: ("working hours", "working hour", "工作小时"),
    Unit.DAYS: ("days", "day", "天"),
    Unit.WORKING_DAYS: ("working days", "working day", "工作日"),
}
_UNITS = {word: unit for unit, words in _WORDS.items() for word in words}
_ENGLISH = r"\d{1,6} ?(min|minutes?|mins|hours?|working hours?|days?|working days?)"
_CHINESE = r"\d{1,6} ?个?(分钟|小时|工作小时|天|工作日)"
PATTERN = f"({_ENGLISH}|{_CHINESE})"
_DURATION = re.compile(r"([0-9]{1,6})\s*个?\s*(\S.*)")
HINT = "write it like: 30 min, 2 hours, 4 working hours, 3 days, 5 working days"
LEVEL_HINT = "write it like: 50 %, breach, breach + 1 working day"


class Duration(Spec):
    """``30 min``, ``2 hours``, ``4 working hours``, ``3 days``, ``5 working days`` in a file."""

    amount: int = Field(ge=0, le=100_000)
    unit: Unit

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, int | float):
            raise ValueError(f"{value} is no length of time; {HINT}")  # noqa: TRY004 - pydantic
        if not isinstance(value, str):
            return value
        found = _DURATION.fullmatch(value.strip())
        unit = _UNITS.get(" ".join(found[2].split())) if found else None
        if found is None or unit is None:
            raise ValueError(f"{value[:60]!r} is no length of time; {HINT}")
        return {"amount": int(found[1]), "unit": unit}

    @model_serializer
    def _write(self) -> str:
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "title": "Duration", "pattern": f"^{PATTERN}$"}

    def __str__(self) -> str:
        word = self.unit.removesuffix("s") if self.amount == 1 else self.unit.value
        return f"{self.amount} {word}"

    def text(self, language: str) -> str:
        if language == "en":
            return str(self)
        between = "个" if self.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS) else ""
        return f"{self.amount} {between}{_WORDS[self.unit][-1]}"


_PERCENT = re.compile(r"([0-9]{1,2})\s*[%％]")
_BREACH = re.compile(r"breach(?:\s*\+\s*(\S.*))?")


class LevelAt(Spec):
    """When a level fires: at a percentage of the time, or on/after the due time.

    ``50 %``, ``breach``, ``breach + 1 working day`` in a file.
    """

    percent: int | None = Field(default=None, ge=1, le=99)
    after: Duration | None = None
    """Counted from the due time; percent and after both None: on the due time itself."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, int | float):
            raise ValueError(f"{value} is no moment of a deadline; {LEVEL_HINT}")  # noqa: TRY004
        if not isinstance(value, str):
            return value
        text = value.strip()
        if found := _PERCENT.fullmatch(text):
            return {"percent": int(found[1])}
        if found := _BREACH.fullmatch(text):
            return {"after": found[1]}
        raise ValueError(f"{value[:60]!r} is no moment of a deadline; {LEVEL_HINT}")

    @model_validator(mode="after")
    def _one(self) -> LevelAt:
        if self.percent is not None and self.after is not None:
            raise ValueError("give a percentage or a time after the breach, not both")
        return self

    @model_serializer
    def _write(self) -> str:
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        pattern = rf"^([1-9][0-9]? ?%|breach( ?\+ ?{PATTERN})?)$"
        return {"type": "string", "title": "LevelAt", "pattern": pattern}

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{self.percent} %"
        return "breach" if self.after is None else f"breach + {self.after}"

    def text(self, language: str) -> str:
        chinese = language != "en"
        if self.percent is not None:
            return f"用时达 {self.percent}%" if chinese else f"at {self.percent} % of the time"
        if self.after is None:
            return "到期时" if chinese else "when due"
        span = self.after.text(language)
        return f"超期 {span}后" if chinese else f"{span} overdue"
