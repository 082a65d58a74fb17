"""Files of cases: what is taken, how it is kept, who reads it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from app.errors import InvalidError
from app.services import attachments
from tests.photos import JPEG, PNG, WEBP
from tests.test_exif import heic

MEGABYTE = 1024 * 1024


def keep(folder: Path, name: str, content: bytes, most: int = MEGABYTE) -> attachments.Kept:
    return attachments.keep(folder, name, io.BytesIO(content), most=most, field="photos")


def office(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "<x/>")
    return stream.getvalue()


def test_a_photo_keeps_its_chinese_name(tmp_path: Path) -> None:
    kept = keep(tmp_path, "楼道（漏水）.jpg", JPEG)
    assert kept.name == "楼道（漏水）.jpg"
    assert kept.media_type == "image/jpeg"
    assert (tmp_path / kept.path).read_bytes() == JPEG


def test_the_same_content_is_kept_once_with_its_small_picture(tmp_path: Path) -> None:
    first, second = keep(tmp_path, "a.jpg", JPEG), keep(tmp_path, "b.jpg", JPEG)
    assert first.path == second.path
    kept = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    assert kept == [tmp_path / first.path, tmp_path / f"{first.path}.small"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\fakepath\\照片.jpg", "照片.jpg"),
        ("a\u202egpj.exe.jpg", "agpj.exe.jpg"),
        ("...", "file"),
        ("长" * 300 + ".jpg", "长" * 116 + ".jpg"),
    ],
)
def test_names_lose_what_is_dangerous(name: str, expected: str) -> None:
    assert attachments.tidy(name) == expected


def test_a_wrong_ending_is_put_right(tmp_path: Path) -> None:
    assert keep(tmp_path, "照片.txt", PNG).name == "照片.txt.png"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (office("word/document.xml"), "wordprocessingml.document"),
        (office("xl/workbook.xml"), "spreadsheetml.sheet"),
        (office("ppt/presentation.xml"), "presentationml.presentation"),
        (b"%PDF-1.7\n", "application/pdf"),
        (WEBP, "image/webp"),
        (heic(), "image/heic"),
    ],
)
def test_pictures_pdf_and_office_documents_are_taken(
    tmp_path: Path, content: bytes, media_type: str
) -> None:
    assert keep(tmp_path, "纪要", content).media_type.endswith(media_type)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"<html><script>alert(1)</script>"),
        ("photo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("photo.jpg", b"MZ\x90\0" + b"\0" * 60),
        ("plan.docm", office("word/document.xml", "word/vbaProject.bin")),
        ("archive.zip", office("readme.txt")),
        ("broken.docx", b"PK\x03\x04 not an archive"),
        ("old.exe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60),
        ("empty.jpg", b""),
        ("huge.jpg", JPEG + b"\0" * MEGABYTE),
    ],
)
def test_everything_else_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(InvalidError) as refused:
        keep(tmp_path, name, content)
    problem = refused.value.problems[0]
    assert problem.field == "photos"
    assert name in problem.text["zh"]
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_old_office_files_are_told_apart_by_their_ending(tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60
    assert keep(tmp_path, "台账.xls", content).media_type == "application/vnd.ms-excel"
    assert keep(tmp_path, "通知.doc", content).media_type == "application/msword"
