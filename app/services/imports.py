"""Registers read from spreadsheets: each row looked at first, then written as a job.

A file is looked at by the kind ``check``, which writes nothing but what it found; the kind
``import`` then writes either all of it in one transaction, or, when its owner chose so, the rows
that are good. What the rows mean is a ``Register``'s business.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.models import Job, JobOutcome
from app.services import tables
from app.services.actors import Viewer
from app.services.kinds import Ending, Step, Words, Work, kind
from app.services.tables import Field, Line

UPLOAD = "upload"
"""The name of the file in the job's folder; what it is, its content tells."""
BATCH = 200
"""Rows that are written together: one by one each would cost some round trips."""
SHOWN = 5
"""Faults that the message of a refused import names."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is the matter with a row. ``field`` is a key of the register's fields."""

    text: Words
    field: str = ""
    bad: bool = True
    """The row can't be taken; else it can, but should be looked at."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A row after looking: what was found, and what writing it would do."""

    name: str
    findings: tuple[Finding, ...] = ()
    outcome: JobOutcome = JobOutcome.DONE

    @property
    def good(self) -> bool:
        return not any(each.bad for each in self.findings)


class Reader(Protocol):
    """Goes through the rows of one file, in their order."""

    def look(self, line: Line) -> Looked: ...

    def write(self, line: Line) -> None:
        """Take a row that ``look`` has just found good."""

    def flush(self) -> None:
        """Write the rows that were taken, in few statements; flushes."""


Begin = Callable[[Session, int, Viewer], Reader]
"""For the rows of one place, on behalf of one person. Raises ForbiddenError or MissingError."""


@dataclass(frozen=True, slots=True)
class Register:
    """What can be imported: its fields in the order of the template."""

    key: str
    label: Words
    fields: tuple[Field, ...]
    begin: Begin


REGISTERS: dict[str, Register] = {}


def register(found: Register) -> Register:
    REGISTERS[found.key] = found
    return found


def keep(folder: Path, stream: IO[bytes]) -> None:
    """Keep an uploaded file for the job; the web server has bounded its size."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / UPLOAD).open("wb") as target:
        shutil.copyfileobj(stream, target)


def hand_on(files: Path, source: Job, target: Job) -> None:
    """Give the file that was checked to the job that imports it."""
    begun, to = files / str(source.id) / UPLOAD, files / str(target.id)
    if not begun.is_file():
        raise InvalidError(
            Problem(
                {"zh": "文件已被清理，请重新上传。", "en": "The file is gone: upload it again."}
            )
        )
    to.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(begun, to / UPLOAD)


@dataclass(slots=True)
class _Count:
    rows: int = 0
    bad: int = 0
    fresh: int = 0
    same: int = 0

    @classmethod
    def of(cls, cursor: Mapping[str, int]) -> _Count:
        return cls(*(cursor.get(name, 0) for name in ("rows", "bad", "fresh", "same")))

    def add(self, looked: Looked) -> None:
        self.rows += 1
        self.bad += not looked.good
        self.same += looked.good and looked.outcome is JobOutcome.SAME
        self.fresh += looked.good and looked.outcome is not JobOutcome.SAME

    @property
    def result(self) -> dict[str, int]:
        return {"rows": self.rows, "bad": self.bad, "fresh": self.fresh, "same": self.same}


def _begin(work: Work) -> tuple[Register, Reader]:
    found = REGISTERS[work.parameters["register"]]
    return found, found.begin(work.session, work.parameters["place_id"], work.owner)


@kind("check", {"zh": "检查导入文件", "en": "Check of a file to import"})
def check(work: Work) -> Generator[Step, None, Ending]:
    """Looks at each row; writes nothing, so it begins anew when it is taken up again."""
    found, reader = _begin(work)
    path, seen = work.folder / UPLOAD, _Count()
    total = tables.count(path)
    for line in tables.lines(path, found.fields):
        looked = reader.look(line)
        _tell(work, found, line, looked)
        seen.add(looked)
        yield Step(seen.rows, total=total)
    if not seen.rows:
        raise InvalidError(
            Problem(
                {
                    "zh": "文件里没有数据行。请从第二行开始填写。",
                    "en": "The file has no rows. Fill it in from the second row on.",
                }
            )
        )
    yield Step(seen.rows, total=seen.rows)
    good = seen.rows - seen.bad
    words = {
        "zh": f"共 {seen.rows} 行：{good} 行可以导入，{seen.bad} 行有问题。",
        "en": f"{seen.rows} rows: {good} can be imported, {seen.bad} can't.",
    }
    return Ending(words, seen.result)


@kind("import", {"zh": "导入", "en": "Import"})
def import_(work: Work) -> Generator[Step, None, Ending]:
    """All rows in one transaction, or the good ones, each for itself."""
    if work.parameters.get("good_only"):
        return (yield from _good_ones(work))
    return (yield from _all(work))


def _all(work: Work) -> Generator[Step, None, Ending]:
    found, reader = _begin(work)
    path, seen, faults = work.folder / UPLOAD, _Count(), []
    total = tables.count(path)
    for line in tables.lines(path, found.fields):
        looked = reader.look(line)
        seen.add(looked)
        faults += [_fault(found, line, each) for each in looked.findings if each.bad]
        if looked.good:
            reader.write(line)
            work.tell(line.number, looked.outcome, name=looked.name)
        if seen.rows % BATCH == 0:
            reader.flush()
        yield Step(seen.rows, total=total)
    if faults:
        raise InvalidError(_nothing(len(faults)), *faults[:SHOWN])
    reader.flush()
    yield Step(seen.rows, total=seen.rows)
    return Ending(_said(seen), seen.result)


def _good_ones(work: Work) -> Generator[Step, None, Ending]:
    """A safe point after each batch; what went before was counted when it was committed."""
    found, reader = _begin(work)
    path, seen = work.folder / UPLOAD, _Count.of(work.cursor)
    total, done = tables.count(path), work.cursor.get("row", 0)
    for line in tables.lines(path, found.fields):
        looked = reader.look(line)
        if line.number <= done:
            continue
        _tell(work, found, line, looked)
        if looked.good:
            reader.write(line)
        seen.add(looked)
        if seen.rows % BATCH == 0:
            reader.flush()
            yield Step(seen.rows, {"row": line.number, **seen.result}, total=total)
    reader.flush()
    yield Step(seen.rows, total=seen.rows)
    return Ending(_said(seen), seen.result)


def _tell(work: Work, found: Register, line: Line, looked: Looked) -> None:
    names = {each.key: each.label[work.language] for each in found.fields}
    for each in looked.findings:
        outcome = JobOutcome.FAILED if each.bad else JobOutcome.NOTED
        where = names.get(each.field, "")
        work.tell(line.number, outcome, name=looked.name, field=where, text=each.text)
    if not looked.findings:
        work.tell(line.number, looked.outcome, name=looked.name)


def _fault(found: Register, line: Line, each: Finding) -> Problem:
    label: Mapping[str, str] = next((f.label for f in found.fields if f.key == each.field), {})
    return Problem(
        {
            "zh": f"第 {line.number} 行 {label.get('zh', '')}：{each.text['zh']}",
            "en": f"Row {line.number} {label.get('en', '')}: {each.text['en']}",
        }
    )


def _nothing(count: int) -> Problem:
    return Problem(
        {
            "zh": f"有 {count} 处问题，什么都没有导入。请改好后重新上传：",
            "en": f"{count} faults, so nothing was imported. Mend them and upload the file again:",
        }
    )


def _said(seen: _Count) -> Words:
    return {
        "zh": f"已导入 {seen.fresh} 行；{seen.same} 行没有变化；{seen.bad} 行未导入。",
        "en": f"{seen.fresh} rows imported; {seen.same} held nothing new; {seen.bad} left out.",
    }
