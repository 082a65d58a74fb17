"""What a file is, by its content: its name and the browser's word for it prove nothing."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"})
PDF = "application/pdf"
_OPEN = "application/vnd.openxmlformats-officedocument"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_OFFICE = {
    "doc": "application/msword",
    "wps": "application/msword",
    "xls": "application/vnd.ms-excel",
    "et": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "dps": "application/vnd.ms-powerpoint",
}
_NEW_OFFICE = {
    "word/": ("docx", f"{_OPEN}.wordprocessingml.document"),
    "xl/": ("xlsx", f"{_OPEN}.spreadsheetml.sheet"),
    "ppt/": ("pptx", f"{_OPEN}.presentationml.presentation"),
}
_MOST_MEMBERS = 5000


@dataclass(frozen=True, slots=True)
class Kind:
    """``endings`` are the file name endings that fit; the first is the usual one."""

    media_type: str
    endings: tuple[str, ...]

    @property
    def image(self) -> bool:
        return self.media_type in IMAGES


_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", Kind("image/jpeg", ("jpg", "jpeg"))),
    (b"\x89PNG\r\n\x1a\n", Kind("image/png", ("png",))),
    (b"GIF87a", Kind("image/gif", ("gif",))),
    (b"GIF89a", Kind("image/gif", ("gif",))),
    (b"%PDF-", Kind(PDF, ("pdf",))),
)
_HEIC = (b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1")


def kind(path: Path, ending: str) -> Kind | None:
    """The kind of the file at ``path`` if it is one that we keep: a picture, a PDF or an office
    document without macros; None for everything else. ``ending`` is the one of its given name,
    needed to tell the old office formats apart."""
    with path.open("rb") as file:
        head = file.read(16)
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind("image/webp", ("webp",))
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return Kind("image/heic", ("heic", "heif"))
    if head.startswith(_OLE) and ending in _OLD_OFFICE:
        return Kind(_OLD_OFFICE[ending], (ending,))
    return _new_office(path) if head.startswith(b"PK\x03\x04") else None


def _new_office(path: Path) -> Kind | None:
    """By the names in the archive's directory alone: nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if len(names) > _MOST_MEMBERS or "[Content_Types].xml" not in names:
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    for folder, (ending, media_type) in _NEW_OFFICE.items():
        if any(name.startswith(folder) for name in names):
            return Kind(media_type, (ending,))
    return None
