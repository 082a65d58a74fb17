"""The household register out of a spreadsheet: looked at, then imported, all or the good rows."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

import config
from app import models as m
from app.errors import InvalidError
from app.models import Job, JobItem, JobOutcome, JobState
from app.services import imports, jobs, tables
from app.services.households import HOUSEHOLDS
from app.services.households.fields import FIELDS
from tests import labour
from tests.cast import Cast
from tests.visitor import Visitor
from worker import runner

HEAD = ["楼栋", "单元", "房号", "建筑面积", "业主", "电话"]
GOOD = [
    ["4号楼", "1单元", "101", 88.5, "钱一", "13800000001"],
    ["4", "1", 102, "90.25㎡", "孙二、李三", "13800000002、13800000003"],
    ["9号楼", "3单元", "201", "70", "钱一", "13800000001"],
]


def workbook(*rows: Iterable[object], head: list[str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in (head or HEAD, *rows):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Desk:
    """Somebody who imports."""

    def __init__(self, app: Flask, session: Session, cast: Cast, name: str = "secretary") -> None:
        self.session, self.visitor = session, Visitor(app).sign_in(name)
        self.place = cast.places["compound"]

    def upload(self, content: bytes, name: str = "房屋.xlsx", **form: str) -> Job | None:
        answer = self.visitor.open(
            "/imports/households",
            method="POST",
            data={"place": str(self.place.id), **form, "file": (io.BytesIO(content), name)},
            content_type="multipart/form-data",
        )
        if answer.status_code != 302:
            assert answer.status_code == 422, self.visitor.text
            return None
        return self._done(answer.headers["Location"])

    def run(self, checked: Job, rows: str) -> Job:
        answer = self.visitor.post(f"/imports/of/{checked.id}", rows=rows)
        assert answer.status_code == 302, self.visitor.text
        return self._done(answer.headers["Location"])

    def _done(self, path: str) -> Job:
        self.session.expire_all()
        job = self.session.get_one(Job, int(path.rsplit("/", 1)[1]))
        return labour.finish(self.session, job)

    def found(self, job: Job) -> list[tuple[int, str, str]]:
        query = sa.select(JobItem.number, JobItem.field, JobItem.outcome)
        rows = self.session.execute(
            query.where(
                JobItem.job_id == job.id,
                JobItem.outcome.in_((JobOutcome.FAILED, JobOutcome.NOTED)),
            ).order_by(JobItem.id)
        )
        return [(number, column, outcome.value) for number, column, outcome in rows]


@pytest.fixture
def desk(app: Flask, session: Session, cast: Cast) -> Desk:
    return Desk(app, session, cast)


def units(session: Session) -> dict[str, Decimal]:
    return {unit.label: unit.area for unit in session.scalars(sa.select(m.Unit))}


def test_checked_then_imported(desk, session):
    checked = desk.upload(workbook(*GOOD))
    assert checked.state is JobState.DONE, checked.message
    assert checked.result == {"rows": 3, "bad": 0, "fresh": 3, "same": 0}
    assert units(session) == {}, "looking writes nothing"
    assert "导入全部 3 行" in _page(desk, checked)
    job = desk.run(checked, "all")
    assert job.state is JobState.DONE, job.message
    assert units(session) == {"101": Decimal("88.5"), "102": Decimal("90.25"), "201": Decimal(70)}
    assert session.scalars(sa.select(m.Place.path).where(m.Place.name == "3单元")).one()
    owners = session.scalars(sa.select(m.Owner.name).order_by(m.Owner.name)).all()
    assert sorted(owners) == ["孙二", "李三", "钱一"], "the same name and number is one owner"
    assert session.scalar(sa.select(sa.func.count(m.Ownership.id))) == 4


def _page(desk: Desk, job: Job) -> str:
    assert desk.visitor.get(f"/jobs/{job.id}").status_code == 200
    return desk.visitor.text


def test_imported_again_changes_nothing(desk, session):
    desk.run(desk.upload(workbook(*GOOD)), "all")
    again = desk.run(desk.upload(workbook(*GOOD)), "all")
    assert again.result == {"rows": 3, "bad": 0, "fresh": 0, "same": 3}
    assert session.scalar(sa.select(sa.func.count(m.Ownership.id))) == 4


def test_a_new_area_is_noted_and_taken_over(desk, session):
    desk.run(desk.upload(workbook(*GOOD)), "all")
    checked = desk.upload(workbook(["4号楼", "1单元", "101", "89", "钱一", "13800000001"]))
    assert desk.found(checked) == [(2, "建筑面积", "noted")]
    assert "88.50 改为 89" in _page(desk, checked)
    desk.run(checked, "all")
    assert units(session)["101"] == 89


BAD = [
    (["", "1", "101", 80, "", ""], "楼栋"),
    (["4", "1", "", 80, "", ""], "房号"),
    (["4", "1", "101", "八十", "", ""], "建筑面积"),
    (["4", "1", "101", -1, "", ""], "建筑面积"),
    (["4", "1", "101", 1.234, "", ""], "建筑面积"),
    (["4", "1", "101", 80, "钱", "abc"], "电话"),
    (["4", "1", "101", 80, "钱、孙", "13800000001"], "电话"),
    (["4", "1", "房" * 41, 80, "", ""], "房号"),
]


@pytest.mark.parametrize(
    ("row", "column"), BAD, ids=[column + str(i) for i, (_, column) in enumerate(BAD)]
)
def test_each_fault_is_told_with_row_and_column(desk, session, row, column):
    checked = desk.upload(workbook(GOOD[0], row))
    assert checked.state is JobState.DONE
    assert desk.found(checked) == [(3, column, "failed")]
    assert checked.result["bad"] == 1
    page = _page(desk, checked)
    assert "只导入 1 行没有问题的" in page
    assert desk.visitor.post(f"/imports/of/{checked.id}", rows="all").status_code == 409
    job = desk.run(checked, "good")
    assert units(session) == {"101": Decimal("88.5")}
    assert (job.failed, job.done) == (1, 2)


def test_without_the_choice_nothing_is_half_saved(desk, session):
    """Somebody added the unit with another area after the check: as if a file were at fault."""
    checked = desk.upload(workbook(*GOOD))
    broken = jobs.folder(_files(desk), checked.id) / imports.UPLOAD
    broken.write_bytes(workbook(*GOOD, ["4", "1", "103", "x", "", ""]))
    job = desk.run(checked, "all")
    assert job.state is JobState.FAILED
    assert "第 5 行 建筑面积" in job.message["zh"]
    assert "什么都没有导入" in job.message["zh"]
    assert units(session) == {}


def _files(desk: Desk) -> Path:
    settings: config.Settings = desk.visitor.app.extensions["settings"]
    return settings.files_dir


def test_one_unit_in_two_rows_is_co_owned_but_has_one_area(desk, session):
    row = ["4号楼", "1单元", "101", 88.5, "孙二", "13800000002"]
    desk.run(desk.upload(workbook(GOOD[0], row)), "all")
    assert session.scalar(sa.select(sa.func.count(m.Ownership.id))) == 2
    checked = desk.upload(workbook(["5", "", "1", 50, "", ""], ["5", "", "1", 60, "", ""]))
    assert desk.found(checked) == [(3, "建筑面积", "failed")]


def test_namesakes_without_a_number_are_two_owners_and_noted(desk, session):
    rows = (["4", "1", "101", 50, "张伟", ""], ["4", "1", "102", 50, "张伟", ""])
    checked = desk.upload(workbook(*rows))
    assert desk.found(checked) == [(3, "业主", "noted")]
    desk.run(checked, "all")
    assert session.scalar(sa.select(sa.func.count(m.Owner.id))) == 2


def test_only_who_may_add_places_makes_buildings(app, session, cast):
    desk = Desk(app, session, cast, "staff")
    checked = desk.upload(workbook(*GOOD))
    assert desk.found(checked) == [(4, "楼栋", "failed")]
    assert "请社区书记" in _page(desk, checked)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件是空的"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "另存为 .xlsx"),
        (b"PK\x03\x04not a zip", "读不出来"),
        (b"\x00\x01\x02", "读不出来"),
        ("楼栋,房号\n4,101".encode(), "缺少这些列：建筑面积"),
        ("楼栋,单元,房号,建筑面积\n".encode(), "没有数据行"),
    ],
)
def test_a_file_that_is_no_table_fails_with_what_to_do(desk, content, said):
    checked = desk.upload(content)
    assert checked.state is JobState.FAILED
    assert said in checked.message["zh"]


def test_csv_as_excel_in_chinese_writes_it(desk, session):
    text = "楼号\t单元\t室号\t面积（㎡）\n4号楼\t1单元\t301\t66.6\n"
    for encoding in ("gb18030", "utf-8-sig", "utf-16"):
        checked = desk.upload(text.encode(encoding), "房屋.csv")
        assert checked.result["rows"] == 1, (encoding, checked.message)


def test_too_many_rows_are_refused(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    path = tmp_path / "x"
    path.write_bytes(workbook(*GOOD))
    with pytest.raises(InvalidError):
        list(tables.lines(path, FIELDS))


def test_an_unpacked_giant_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_MOST_UNPACKED", 1000)
    path = tmp_path / "x"
    path.write_bytes(workbook(*GOOD))
    with pytest.raises(InvalidError):
        tables.count(path)


@pytest.mark.parametrize(
    ("of", "by"),
    [
        (b"</row></sheetData>", b"<c/>" * 1_000_000 + b"</row></sheetData>"),
        (b"</sheetData>", b"<row/>" * 4_000_000 + b"</sheetData>"),
        (b'<row r="2"', b'<row r="1000000000000"'),
    ],
    ids=["cells", "rows", "number"],
)
def test_a_sheet_that_is_built_to_fill_the_memory_is_refused(tmp_path, of, by):
    path, whole = tmp_path / "x", io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(*GOOD))) as source, zipfile.ZipFile(whole, "w") as to:
        for name in source.namelist():
            content = source.read(name)
            if "sheet1" in name:  # without its <dimension ref="…"/>, which bounds an honest one
                content = re.sub(rb"<dimension[^>]*/>", b"", content).replace(of, by)
            to.writestr(name, content, zipfile.ZIP_DEFLATED)
    path.write_bytes(whole.getvalue())
    with pytest.raises(InvalidError, match="Too large"):
        list(tables.lines(path, FIELDS))


def test_nothing_chosen_is_told_beside_the_field(desk):
    assert desk.upload(b"x", place="") is None
    assert 'id="place-error"' in desk.visitor.text
    desk.visitor.post("/imports/households", place=str(desk.place.id))
    assert 'id="file-error"' in desk.visitor.text


def test_a_place_of_others_is_refused(desk, cast):
    assert desk.upload(workbook(*GOOD), place=str(cast.places["far_compound"].id)) is None


def test_the_compound_is_found_by_words_without_script(desk):
    assert desk.upload(workbook(*GOOD), place="", **{"place-text": "翠微南"}) is not None
    for words, found in (("南里", ["翠微南里 · 第一网格"]), ("红棉", [])):
        answer = desk.visitor.get(f"/imports/households/places?q={words}").get_json()
        assert [each["text"] for each in answer["results"]] == found


@pytest.mark.parametrize("name", ["grid", "property", "street", "facilitator"])
def test_who_may_not_add_units_imports_none(app, session, name):
    visitor = Visitor(app).sign_in(name)
    assert visitor.get("/imports/households").status_code == 403
    assert visitor.post("/imports/households").status_code == 403


def test_only_the_owner_imports_what_was_checked(app, desk, session, cast):
    checked = desk.upload(workbook(*GOOD))
    for name in ("staff", "admin", "outsider"):
        assert Visitor(app).sign_in(name).post(f"/imports/of/{checked.id}").status_code == 404


def test_the_template_can_be_filled_in_and_uploaded(desk, session):
    answer = desk.visitor.get("/imports/households/template")
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    assert [cell.value for cell in book.worksheets[0][1]][:4] == [
        "楼栋*",
        "单元",
        "房号*",
        "建筑面积*",
    ]
    book.worksheets[0].append(["4", "1", "401", 50])
    out = io.BytesIO()
    book.save(out)
    assert desk.upload(out.getvalue()).result["rows"] == 1


def test_good_rows_are_gone_on_with_after_a_break(desk, session, monkeypatch):
    rows = [["4", "1", str(n), 50, f"业主{n}", ""] for n in range(30)]
    checked = desk.upload(workbook(*rows, ["4", "1", "x", "y", "", ""]))
    monkeypatch.setattr(runner, "SLICE", 0.0)
    monkeypatch.setattr(imports, "BATCH", 2)
    job = desk.run(checked, "good")
    assert job.claim > 5, "batch by batch"
    assert job.result == {"rows": 31, "bad": 1, "fresh": 30, "same": 0}
    assert len(units(session)) == 30
    assert jobs.tally(session, job) == {JobOutcome.DONE: 30, JobOutcome.FAILED: 1}


def test_the_fields_of_the_register_are_said_in_both_languages():
    for each in HOUSEHOLDS.fields:
        assert each.label.keys() == {"zh", "en"}
        assert each.help is None or each.help.keys() == {"zh", "en"}
