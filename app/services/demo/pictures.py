"""Photos that show nothing: coloured fields, so that a demo needs no real ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from app.services import attachments
from app.services.attachments import Kept

WIDTH, HEIGHT = 320, 200
KINDS = 8
_COLOURS = ((96, 125, 139), (121, 85, 72), (76, 125, 90), (70, 100, 150), (150, 110, 60))


def keep(folder: Path, index: int, name: str) -> Kept:
    """Picture number ``index`` in the files folder, as if it had been uploaded."""
    content = png(index % KINDS)
    return attachments.keep(folder, f"{name}.png", BytesIO(content), most=1 << 20, field="photos")


@lru_cache(maxsize=KINDS)
def png(index: int) -> bytes:
    """Sky, a wall and a bar whose place depends on ``index``."""
    wall = _COLOURS[index % len(_COLOURS)]
    left = 20 + index * 37 % (WIDTH - 100)
    rows = []
    for y in range(HEIGHT):
        ground = (205, 222, 235) if y < HEIGHT // 3 else wall
        row = [ground] * WIDTH
        if HEIGHT // 2 < y < HEIGHT // 2 + 40:
            row[left : left + 80] = [(235, 200, 80)] * 80
        rows.append(row)
    return _encode(rows)


def _encode(rows: Sequence[Sequence[tuple[int, int, int]]]) -> bytes:
    raw = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
