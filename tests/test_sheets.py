"""Workbooks as Excel and others read them."""

from __future__ import annotations

import tracemalloc
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from app.services import sheets
from app.services.sheets import About, Column

COLUMNS = (
    Column("房号"),
    Column("电话"),
    Column("建筑面积", "decimal"),
    Column("户数", "number"),
    Column("是否完成", "flag"),
    Column("到期日", "date"),
    Column("登记时间", "instant"),
)
ABOUT = About("说明", "房屋台账", (("导出人", "舒记"), ("筛选", "无")), author="舒记")


def made(path: Path, *rows: tuple[sheets.Value, ...], about: About = ABOUT) -> Path:
    list(sheets.write(path, COLUMNS, rows, about))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.xlsx"


def test_cells_have_their_types(path):
    at = datetime(2026, 11, 21, 14, 5)  # noqa: DTZ001  local, as Excel knows nothing else
    made(path, ("501", "13912345678", Decimal("88.50"), 2, True, date(2026, 12, 1), at))
    book = openpyxl.load_workbook(path)
    sheet = book["房屋台账"]
    assert [cell.value for cell in sheet[1]] == [column.label for column in COLUMNS]
    row = sheet[2]
    assert [cell.value for cell in row] == [
        "501", "13912345678", 88.5, 2, "是", datetime(2026, 12, 1), at,  # noqa: DTZ001
    ]  # fmt: skip
    assert [cell.data_type for cell in row] == ["s", "s", "n", "n", "s", "d", "d"]
    assert row[2].number_format == "0.00"
    assert row[5].number_format == "yyyy-mm-dd"
    assert row[6].number_format == "yyyy-mm-dd hh:mm"


def test_the_heading_stays_and_can_be_filtered_by(path):
    sheet = openpyxl.load_workbook(made(path, ("501",) + (None,) * 6))["房屋台账"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G2"
    assert sheet.column_dimensions["G"].width >= 11


def test_says_who_made_it(path):
    book = openpyxl.load_workbook(made(path))
    assert book.sheetnames == ["房屋台账", "说明"]
    assert [[cell.value for cell in row] for row in book["说明"]] == [
        ["导出人", "舒记"],
        ["筛选", "无"],
    ]
    assert book.properties.creator == "舒记"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "https://x", "{=1}", "0012"]
)
def test_text_is_never_a_formula_a_link_or_a_number(path, text):
    sheet = openpyxl.load_workbook(made(path, (text,) + (None,) * 6))["房屋台账"]
    assert sheet["A2"].value == text
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].hyperlink is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x00\x01坏\x1f字", None),
        ("半个\ud83d字", "半个?字"),
        ("长" * 40_000, "长" * 32_767),
        (110101199003071234, "110101199003071234"),
        (date(1, 1, 1), "0001-01-01"),
        ("<b>&\"'</b>\n第二行", "<b>&\"'</b>\n第二行"),
    ],
)
def test_odd_values_break_nothing(path, value, shown):
    sheet = openpyxl.load_workbook(made(path, (value,) + (None,) * 6))["房屋台账"]
    assert shown is None or sheet["A2"].value == shown


def test_names_of_sheets_that_excel_refuses(path):
    made(path, about=About("说明", "a/b:c*d?[e]" + "长" * 40))
    assert openpyxl.load_workbook(path).sheetnames[0] == "a b c d  e " + "长" * 20


def test_nothing_is_there_before_it_is_complete(path):
    rows = ((str(number),) + (None,) * 6 for number in range(1200))
    writing = sheets.write(path, COLUMNS, rows, ABOUT)
    assert next(writing) == 500
    assert not path.exists()
    writing.close()
    assert not path.exists()
    assert list(sheets.write(path, COLUMNS, [("1",) + (None,) * 6], ABOUT)) == [1]
    assert zipfile.is_zipfile(path)


def test_memory_does_not_grow_with_the_rows(path):
    def peak(count: int) -> int:
        rows = ((f"房{n}", "139****5678", Decimal(n), n, True, None, None) for n in range(count))
        tracemalloc.start()
        for _ in sheets.write(path, COLUMNS, rows, ABOUT):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    small, large = peak(500), peak(6000)
    assert large < small + 1_000_000, (small, large)


def test_a_template_has_headings_notes_and_choices(tmp_path):
    path = tmp_path / "template.xlsx"
    sheets.template(path, [("楼栋", "例如 4号楼"), ("面积来源", "")], {1: ("产权登记", "实测")})
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["楼栋", "面积来源"]
    assert "4号楼" in sheet["A1"].comment.text
    assert "实测" in sheet.data_validations.dataValidation[0].formula1
