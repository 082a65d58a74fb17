"""Files of cases: kept once under the hash of their content, read by those who see the case."""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, MissingError, Problem
from app.services import exif, pictures, sniff
from app.services.actors import Viewer
from app.services.history import open_to_residents
from app.services.scope import SHEET, visible

MOST_FILES = 9
"""Of one field at one time: what a phone's gallery lets people pick."""
_CHUNK = 256 * 1024
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the folder that may not hang on a case yet."""

    name: str
    media_type: str
    size: int
    sha256: str

    @property
    def path(self) -> str:
        return f"{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}"


def keep(folder: Path, name: str, stream: BinaryIO, *, most: int, field: str) -> Kept:
    """Read ``stream`` into the files folder. The same content is kept once, a picture without its
    place and time, and with a small one beside it. Size and hash are those of what is kept.

    Raises InvalidError for ``field`` when it is empty, larger than ``most`` bytes, nothing that
    we take, or a picture that can't be drawn. What is kept and never attached does no harm and is
    found by its missing row.
    """
    clean = tidy(name)
    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    part = incoming / secrets.token_hex(16)
    try:
        size, digest = _copy(stream, part, most)
        problem = _refusal(clean, size, most)
        ending = clean.rpartition(".")[2].lower()
        found = None if problem else sniff.kind(part, ending)
        if found is None:
            raise InvalidError(Problem(problem or _unknown(clean), field))
        named = clean if ending in found.endings else f"{clean}.{found.endings[0]}"
        kept = Kept(named, found.media_type, size, digest)
        if found.image:
            kept = _pictured(folder, part, kept, field)
        _put(part, folder / kept.path)
        return kept
    finally:
        part.unlink(missing_ok=True)


def _pictured(folder: Path, part: Path, kept: Kept, field: str) -> Kept:
    """The picture in ``part`` freed of what tells where and when it was taken. Its small one is in
    its place before the picture itself is."""
    try:
        bare = exif.without(part.read_bytes(), kept.media_type)
        small = pictures.small(bare, kept.media_type) if kept.media_type in pictures.DRAWN else None
    except exif.UnreadableError as error:
        raise InvalidError(Problem(_damaged(kept.name), field)) from error
    except pictures.TooLargeError as error:
        raise InvalidError(Problem(_oversized(kept.name, error.millions), field)) from error
    part.write_bytes(bare)
    kept = replace(kept, size=len(bare), sha256=hashlib.sha256(bare).hexdigest())
    if small is not None:
        _write(folder, _small(folder / kept.path), small)
    return kept


def _write(folder: Path, target: Path, content: bytes) -> None:
    """Whole or not at all, whoever reads or writes it at the same time."""
    part = folder / "incoming" / secrets.token_hex(16)
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes(content)
        _put(part, target)
    finally:
        part.unlink(missing_ok=True)


def _put(part: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(part, target)


def _small(path: Path) -> Path:
    """Where the small picture to a picture lies."""
    return path.with_name(f"{path.name}.small")


def tidy(name: str) -> str:
    """The file's own name, Chinese kept, without folders, control characters and odd signs."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    kept = kept.strip(" .") or "file"
    stem, dot, ending = kept.rpartition(".")
    if len(kept) <= _LONGEST_NAME:
        return kept
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}" if dot else kept[:_LONGEST_NAME]


def _copy(stream: BinaryIO, part: Path, most: int) -> tuple[int, str]:
    """Size and hash; reading stops at the first chunk above ``most``."""
    size, digest = 0, hashlib.sha256()
    with part.open("wb") as file:
        while size <= most and (chunk := stream.read(_CHUNK)):
            size += len(chunk)
            digest.update(chunk)
            file.write(chunk)
    return size, digest.hexdigest()


def _refusal(name: str, size: int, most: int) -> dict[str, str] | None:
    if size == 0:
        return {"zh": f"文件“{name}”是空的。", "en": f"The file “{name}” is empty."}
    if size > most:
        limit = max(most // (1024 * 1024), 1)
        return {
            "zh": f"文件“{name}”太大，每个文件最多 {limit} MB。",
            "en": f"The file “{name}” is too large: {limit} MB at most.",
        }
    return None


def _unknown(name: str) -> dict[str, str]:
    return {
        "zh": f"文件“{name}”的类型不能上传。可以上传照片、PDF 和 Word、Excel、PPT 文件（不含宏）。",
        "en": f"The file “{name}” is of a kind that can't be kept. Pictures, PDF and office "
        "documents without macros can.",
    }


def _damaged(name: str) -> dict[str, str]:
    return {
        "zh": f"照片“{name}”已损坏或不完整，无法读取。请重新选择，或重新拍一张。",
        "en": f"The picture “{name}” is damaged or incomplete and can't be read. Choose it again, "
        "or take a new one.",
    }


def _oversized(name: str, millions: int) -> dict[str, str]:
    return {
        "zh": f"照片“{name}”的尺寸太大，最多 {millions * 100} 万像素。请缩小后再上传。",
        "en": f"The picture “{name}” has more than {millions} million pixels. Make it smaller "
        "first.",
    }


def reserve(session: Session, count: int) -> list[int]:
    """Ids for files of a case that is about to be opened, so that its form can name them."""
    query = sa.text(
        "SELECT nextval(pg_get_serial_sequence('attachment', 'id')) FROM generate_series(1, :n)"
    )
    return [int(value) for value in session.scalars(query, {"n": count})] if count else []


def attach(
    session: Session,
    case_id: int,
    files: Sequence[tuple[int, str, Kept]],
    *,
    actor: Viewer,
    now: datetime,
) -> None:
    """Hang kept files on a case; each comes with its reserved id and the field it was given in."""
    session.add_all(
        m.Attachment(
            id=id_,
            case_id=case_id,
            field=field,
            name=kept.name,
            media_type=kept.media_type,
            size=kept.size,
            sha256=kept.sha256,
            path=kept.path,
            uploaded_at=now,
            uploaded_by_id=actor.user_id,
        )
        for id_, field, kept in files
    )
    session.flush()


def find(session: Session, attachment_id: int, viewer: Viewer) -> m.Attachment:
    """A file of a case that the viewer may see; raises MissingError."""
    found: m.Attachment | None = session.scalar(
        sa.select(m.Attachment).where(
            m.Attachment.id == attachment_id, visible(viewer, m.Attachment)
        )
    )
    if found is None:
        raise _missing()
    return found


def find_public(session: Session, attachment_id: int, resident: Viewer) -> m.Attachment:
    """A file that the resident with this link may see: given in a field marked public, in a step
    that they see (``history.open_to_residents``)."""
    mention = sa.func.jsonb_build_object(
        "form",
        sa.func.jsonb_build_object(m.Attachment.field, sa.func.jsonb_build_array(m.Attachment.id)),
    )
    seen = (
        sa.select(m.Event.id)
        .where(
            m.Event.case_id == m.Attachment.case_id,
            open_to_residents(),
            m.Event.data.contains(mention),
        )
        .exists()
    )
    row = session.execute(
        sa.select(m.Attachment, m.WorkflowVersion.spec["fields"])
        .join(m.Case, m.Case.id == m.Attachment.case_id)
        .join(m.WorkflowVersion, m.WorkflowVersion.id == m.Case.version_id)
        .where(m.Attachment.id == attachment_id, visible(resident, m.Case), seen)
    ).one_or_none()
    if row is None:
        raise _missing()
    attachment, fields = row
    if attachment.field not in {f["key"] for f in fields or () if f.get("public")}:
        raise _missing()
    found: m.Attachment = attachment
    return found


def located(folder: Path, attachment: m.Attachment) -> Path:
    """Where the content lies; raises MissingError when the folder has lost it."""
    path = folder / attachment.path
    if not path.is_file():
        raise _missing()
    return path


def preview(folder: Path, attachment: m.Attachment) -> Path | None:
    """Where the small picture (``pictures.SMALL``) to a picture lies; made now if the file was kept
    before there were any. None when none can be made: the file itself has to do."""
    path = located(folder, attachment)
    small = _small(path)
    if small.is_file():
        return small
    if attachment.media_type not in pictures.DRAWN:
        return None
    try:
        _write(folder, small, pictures.small(path.read_bytes(), attachment.media_type))
    except (exif.UnreadableError, pictures.TooLargeError, OSError):
        return None
    return small


def of_case(session: Session, case_id: int) -> list[m.Attachment]:
    """Every file of a case but signed sheets, which hang on their opinions; oldest first. Who may
    see the case is the caller's to have asked."""
    query = sa.select(m.Attachment).where(
        m.Attachment.case_id == case_id, m.Attachment.field != SHEET
    )
    return list(session.scalars(query.order_by(m.Attachment.id)))


def _missing() -> MissingError:
    return MissingError(
        Problem(
            {
                "zh": "没有这个文件，或者它不在您的管辖范围内。",
                "en": "There is no such file, or it lies outside your scope.",
            }
        )
    )
