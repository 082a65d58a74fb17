"""Workbooks (.xlsx) written row by row: typed cells, never a formula, memory that doesn't grow.

The rows go to a file beside the target and are packed at the end, so a sheet of 200,000 rows takes
no more memory than one of 200.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575
"""What a sheet holds below its heading."""
_LONGEST = 32_767
_NARROWEST, _WIDEST = 8, 50
_MEASURED = 500
"""Rows that the widths of the columns are measured by."""
_BEAT = 500
_EXACT = 10**15
"""Excel keeps 15 digits of a number: what is longer (an identity number) has to be text."""
_FIRST = date(1900, 3, 1)

Value = str | int | float | Decimal | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: text, number, decimal, flag, date or instant (naive, local)."""

    label: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class About:
    """What the second sheet says: who made the file, when, of what, with which filters.
    ``name`` is that sheet's; ``title`` the first one's."""

    name: str
    title: str
    lines: Sequence[tuple[str, str]] = ()
    author: str = ""
    flags: tuple[str, str] = ("是", "否")
    """The words for yes and no."""


def write(
    path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Value]], about: About
) -> Iterator[int]:
    """Write the workbook; yields every now and then how many rows are written. It is complete
    when this has ended, and not there before."""
    draft = path.with_name(f"{path.name}.part")
    options = {"constant_memory": True, "tmpdir": str(path.parent), "in_memory": False}
    book = xlsxwriter.Workbook(str(draft), options)
    try:
        book.set_properties({"title": about.title, "author": about.author})
        writer = _Writer(book, book.add_worksheet(_tab(about.title)), columns, about)
        for row in rows:
            writer.add(row)
            if writer.count % _BEAT == 0:
                yield writer.count
        writer.finish()
        _describe(book, about)
        yield writer.count
        book.close()
        draft.replace(path)
    finally:
        if not book.fileclosed:
            book.close()
        draft.unlink(missing_ok=True)


@dataclass(slots=True)
class _Writer:
    book: xlsxwriter.Workbook
    sheet: Worksheet
    columns: Sequence[Column]
    about: About
    count: int = 0
    widths: list[int] = field(default_factory=list)
    formats: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.formats = {
            "decimal": self.book.add_format({"num_format": "0.00"}),
            "date": self.book.add_format({"num_format": "yyyy-mm-dd"}),
            "instant": self.book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            "text": self.book.add_format({"num_format": "@"}),
        }
        bold = self.book.add_format({"bold": True, "bottom": 1, "bg_color": "#E2F1F3"})
        self.widths = [width(column.label) + 3 for column in self.columns]
        for index, column in enumerate(self.columns):
            self.sheet.write_string(0, index, column.label, bold)
        self.sheet.freeze_panes(1, 0)

    def add(self, row: Sequence[Value]) -> None:
        self.count += 1
        for index, (column, value) in enumerate(zip(self.columns, row, strict=True)):
            if value is not None and value != "":
                self._cell(self.count, index, column.kind, value)
                if self.count <= _MEASURED:
                    shown = 17 if isinstance(value, datetime) else width(str(value))
                    self.widths[index] = max(self.widths[index], shown + 1)

    def _cell(self, line: int, index: int, kind: str, value: Value) -> None:
        sheet = self.sheet
        if isinstance(value, bool):
            sheet.write_string(line, index, self.about.flags[0 if value else 1])
        elif isinstance(value, int | float | Decimal) and -_EXACT < value < _EXACT:
            known = self.formats["decimal"] if isinstance(value, Decimal | float) else None
            sheet.write_number(line, index, float(value), known)
        elif isinstance(value, datetime) and value.date() >= _FIRST:
            sheet.write_datetime(line, index, value, self.formats["instant"])
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST:
            sheet.write_datetime(line, index, value, self.formats["date"])
        else:
            sheet.write_string(line, index, harmless(str(value)), self.formats["text"])

    def finish(self) -> None:
        for index, measured in enumerate(self.widths):
            self.sheet.set_column(index, index, min(max(measured, _NARROWEST), _WIDEST))
        if self.columns:
            self.sheet.autofilter(0, 0, max(self.count, 1), len(self.columns) - 1)


def _describe(book: xlsxwriter.Workbook, about: About) -> None:
    sheet = book.add_worksheet(_tab(about.name))
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 80)
    for line, (label, text) in enumerate(about.lines):
        sheet.write_string(line, 0, label, bold)
        sheet.write_string(line, 1, harmless(text), wrapped)


def harmless(text: str) -> str:
    """What a cell can hold: no half characters, and not longer than Excel takes."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")


def width(text: str) -> int:
    """How wide the longest line is; a Chinese character is as wide as two letters."""
    return max(
        (
            sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
            for line in text[:400].split("\n")
        ),
        default=0,
    )


def _tab(name: str) -> str:
    """A sheet's name: Excel refuses some signs, and more than 31 characters."""
    kept = "".join(" " if char in "[]:*?/\\" else char for char in name).strip(" '")
    return kept[:31] or "Sheet"


def template(path: Path, columns: Sequence[tuple[str, str]], choices: Mapping[int, Any]) -> None:
    """An empty form: headings with a note each, and lists to choose from by column index."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E2F1F3"})
    text = book.add_format({"num_format": "@"})
    for index, (label, note) in enumerate(columns):
        sheet.write_string(0, index, label, bold)
        sheet.set_column(index, index, max(width(label) + 4, 12), text)
        if note:
            sheet.write_comment(0, index, note, {"x_scale": 2})
    for index, offered in choices.items():
        rule = {"validate": "list", "source": list(offered), "error_type": "warning"}
        sheet.data_validation(1, index, 5000, index, rule)
    sheet.freeze_panes(1, 0)
    book.close()
