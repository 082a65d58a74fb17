"""Tables that people upload, .xlsx or .csv, read row by row: bounded, and nothing in them runs."""

from __future__ import annotations

import csv
import io
import itertools
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

import openpyxl

from app.errors import InvalidError, Problem

MOST_ROWS = 20_000
MOST_COLUMNS = 100
_LAST_ROW = 1_048_576
_MOST_UNPACKED = 100_000_000
_MOST_ELEMENTS = 3_000_000
_MOST_OF_ROW = 50_000
"""Elements of a file, and of one row: the reader holds a row in memory, however long it is."""
_CHUNK = 65_536
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a register. A heading fits when it is the label in either language or one of
    ``aliases``, whatever its blanks, case and width."""

    key: str
    label: dict[str, str]
    required: bool = False
    help: dict[str, str] | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """The words to choose from, for the template's list."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file under its number there, by the keys of the fields."""

    number: int
    values: dict[str, str]


def lines(path: Path, fields: Sequence[Field]) -> Iterator[Line]:
    """The rows that hold something. Raises InvalidError when it is no table that we can read, a
    required column is missing, or there are too many rows."""
    with _rows(path) as rows:
        numbered = enumerate(rows, start=1)
        columns: dict[int, str] | None = None
        count = 0
        for number, row in numbered:
            if number > _LAST_ROW:  # a row may say of itself that it is the billionth
                raise InvalidError(_too_many())
            if not any(row):
                continue
            if columns is None:
                columns = _columns(row, fields)
                continue
            count += 1
            if count > MOST_ROWS:
                raise InvalidError(_too_many())
            yield Line(number, {key: row[at] for at, key in columns.items() if at < len(row)})
        if columns is None:
            raise InvalidError(_empty())


def count(path: Path) -> int:
    """How many rows below the heading there are, about: what a bar needs. Raises InvalidError."""
    with _rows(path) as rows:
        bounded = itertools.islice(rows, MOST_ROWS + 2)
        return max(sum(1 for row in bounded if any(row)) - 1, 0)


def narrow(text: str) -> str:
    """Full-width signs made plain, blanks at both ends gone."""
    return unicodedata.normalize("NFKC", text).strip()


def _columns(row: Sequence[str], fields: Sequence[Field]) -> dict[int, str]:
    known = {
        _plain(name): each.key
        for each in fields
        for name in (*each.label.values(), *each.aliases, each.key)
    }
    columns: dict[int, str] = {}
    for at, heading in enumerate(row):
        key = known.get(_plain(heading))
        if key is not None and key not in columns.values():
            columns[at] = key
    missing = [each for each in fields if each.required and each.key not in columns.values()]
    if missing:
        raise InvalidError(_headless(missing))
    return columns


def _plain(heading: str) -> str:
    """``建筑面积（㎡）*`` and ``建筑面积(m2)`` are one heading."""
    text = narrow(heading).lower().split("(")[0]
    return "".join(text.split()).rstrip("*:")


@contextmanager
def _rows(path: Path) -> Iterator[Iterator[list[str]]]:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04"):
        with _workbook(path) as rows:
            yield rows
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidError(_old())
    else:
        yield _csv(path)


@contextmanager
def _workbook(path: Path) -> Iterator[Iterator[list[str]]]:
    with path.open("rb") as file:  # given a path, the library goes by its ending
        book = _opened(file)
        try:
            sheet = next(iter(book.worksheets), None)
            yield iter(()) if sheet is None else _cells(sheet)
        finally:
            book.close()


def _opened(file: BinaryIO) -> Any:
    """Whatever the reader stumbles over, the file is at fault."""
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
            fits = unpacked <= _MOST_UNPACKED and _modest(archive)
        if fits:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions that it leaves out
                return openpyxl.load_workbook(file, read_only=True, data_only=True)
    except Exception as error:
        raise InvalidError(_unreadable()) from error
    raise InvalidError(_too_many())


def _modest(archive: zipfile.ZipFile) -> bool:
    """Whether the reader's memory is enough: some kilobytes unpack to millions of empty cells."""
    whole = of_row = 0

    def begin(name: str, _attributes: object) -> None:
        nonlocal whole, of_row
        whole += 1
        of_row = 0 if name.rpartition(":")[2] in ("row", "si") else of_row + 1

    for each in archive.infolist():
        parser = expat.ParserCreate()
        parser.StartElementHandler = begin
        of_row = 0
        with archive.open(each) as file, suppress(expat.ExpatError):  # no XML: nothing is built
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk)
                if whole > _MOST_ELEMENTS or of_row > _MOST_OF_ROW:
                    return False
    return True


def _cells(sheet: Any) -> Iterator[list[str]]:
    rows = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:
            raise InvalidError(_unreadable()) from error
        # a million blank rows below the last one are nothing unusual
        yield [] if row.count(None) == len(row) else [_text(value) for value in row]


def _text(value: object) -> str:
    """A cell as it would be typed: 501.0 is ``501``."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, date):
        return value.isoformat()
    return _clean(str(value))


def _clean(text: str) -> str:
    kept = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in text)
    return kept.strip()[:_LONGEST]


def _csv(path: Path) -> Iterator[list[str]]:
    data = path.read_bytes()
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidError(_unreadable())
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    mark = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=mark)
    return _csv_rows(reader)


def _csv_rows(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    rows = iter(reader)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidError(_unreadable()) from error
        yield [_clean(cell).removeprefix("'") for cell in row[:MOST_COLUMNS]]


def _decoded(data: bytes) -> str:
    """UTF-8, or what Excel in Chinese writes."""
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ():
        return data.decode(encoding, "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidError(_unreadable())


# --- what is wrong with a file as a whole --------------------------------------------------------


def _headless(missing: Sequence[Field]) -> Problem:
    zh = "、".join(each.label["zh"] for each in missing)
    en = ", ".join(each.label["en"] for each in missing)
    return Problem(
        {
            "zh": f"缺少这些列：{zh}。第一行必须是列名，可以下载模板照着填。",
            "en": f"These columns are missing: {en}. The first row must name the columns; download "
            "the template to see them.",
        },
        "file",
    )


def _too_many() -> Problem:
    return Problem(
        {
            "zh": f"文件太大：一次最多 {MOST_ROWS} 行，请分成几个文件。",
            "en": f"Too large: at most {MOST_ROWS} rows at a time. Split the file.",
        },
        "file",
    )


def _empty() -> Problem:
    return Problem(
        {
            "zh": "文件是空的。请下载模板，填好后再上传。",
            "en": "The file is empty. Download the template and fill it in.",
        },
        "file",
    )


def _old() -> Problem:
    return Problem(
        {
            "zh": "这是旧版 Excel 文件（.xls）。请在 Excel 或 WPS 中另存为 .xlsx 再上传。",
            "en": "This is an old Excel file (.xls). Save it as .xlsx and upload that.",
        },
        "file",
    )


def _unreadable() -> Problem:
    return Problem(
        {
            "zh": "文件读不出来，可能已损坏或有密码。请另存为 .xlsx 或 .csv 再上传。",
            "en": "The file can't be read: it may be damaged or have a password. Save it as .xlsx "
            "or .csv and upload that.",
        },
        "file",
    )
