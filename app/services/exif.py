"""Pictures without what the camera wrote into them: where somebody stood, when, with which phone.

Nothing is decoded or compressed again, so a picture looks as it did, in its own colours; a turned
one stays turned. Of each kind only the parts that draw it are kept: what is not known to draw
anything goes.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

from app.services import heif

_NEXT = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
"""A single byte before the marker: patterns for runs of fill bytes took their square."""
_SOI, _EOI, _SOS, _APP0, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
_DRAWING = {_APP0: b"JFIF\0", _APP2: b"ICC_PROFILE\0", _APP14: b"Adobe"}
"""Of the parts for programs those that change how it looks; EXIF, XMP, IPTC, smaller pictures of
the same, credentials and makers' own notes are the others."""
_COMMENT = 0xFE
_TURN = 0x0112
_PNG = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs acTL fcTL"
    b" fdAT".split()
)
_WEBP = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"))
_LOOP = b"\x0bNETSCAPE2.0"
_MOST_PARTS = 20_000
_MOST_SCANS = 100
"""Each pass over a JPEG is drawn over the whole of it, however few bytes it has."""


class UnreadableError(ValueError):
    """Not built as its kind is."""


def without(content: bytes, media_type: str) -> bytes:
    """The same picture without them; a file of another kind as it is. Raises UnreadableError."""
    strip = _KINDS.get(media_type)
    if strip is None:
        return content
    try:
        return strip(content)
    except (ValueError, struct.error, IndexError) as error:
        raise UnreadableError from error


# --- JPEG ---------------------------------------------------------------------------------------


def _jpeg(content: bytes) -> bytes:
    """Up to its end: a film that some phones hang behind is left out too. What lies between the
    parts is skipped, as decoders do."""
    parts = [content[:2]]
    turn, place, scans = 1, 2, 0
    while found := _NEXT.search(content, place):
        marker, start = content[found.end() - 1], found.end()
        if marker == _EOI:
            break
        (size,) = struct.unpack_from(">H", content, start)
        end = start + size
        if marker == _SOI or size < 2 or len(parts) > _MOST_PARTS:
            raise UnreadableError
        body = content[start + 2 : end]
        if marker == _APP1 and body.startswith(b"Exif\0\0"):
            turn = _turn(body[6:])
        if marker == _SOS:  # then the picture itself, up to the next marker
            scans += 1
            after = _NEXT.search(content, end)
            end = len(content) if after is None else after.start()
        if _draws(marker, body):
            parts.append(content[found.start() : end])
        place = end
    if not 0 < scans <= _MOST_SCANS:
        raise UnreadableError
    if turn != 1:
        parts.insert(1, _turned(turn))
    return b"".join([*parts, b"\xff\xd9"])  # also where it was cut off: viewers show what there is


def _draws(marker: int, body: bytes) -> bool:
    if marker in _DRAWING:
        return body.startswith(_DRAWING[marker])
    return marker != _COMMENT and not _APP0 <= marker <= 0xEF


def _turn(tiff: bytes) -> int:
    """Which way up, from 1 to 8."""
    tiff = tiff.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for index in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * index)
            if tag == _TURN and kind == 3 and 1 <= value <= 8:
                return int(value)
    except struct.error:
        return 1
    return 1


def _upright(turn: int) -> bytes:
    """An EXIF block that says nothing else."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, _TURN, 3, 1, turn, 0, 0)


def _turned(turn: int) -> bytes:
    body = b"Exif\0\0" + _upright(turn)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


# --- PNG, WebP and GIF --------------------------------------------------------------------------


def _png(content: bytes) -> bytes:
    parts, place, name = [content[:8]], 8, b""
    while name != b"IEND":
        size, name = struct.unpack_from(">I4s", content, place)
        end = place + 12 + size
        if end > len(content) or len(parts) > _MOST_PARTS:
            raise UnreadableError
        if name in _PNG:
            parts.append(content[place:end])
        elif name == b"eXIf" and (turn := _turn(content[place + 8 : end - 4])) != 1:
            body = name + _upright(turn)
            parts.append(struct.pack(">I", len(body) - 4) + body + _sum(body))
        place = end
    return b"".join(parts)


def _sum(body: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(body))


def _webp(content: bytes) -> bytes:
    parts: list[bytes] = []
    place, turn = 12, 1
    stop = min(len(content), 8 + struct.unpack_from("<I", content, 4)[0])
    while place + 8 <= stop:
        name, size = struct.unpack_from("<4sI", content, place)
        end = place + 8 + size + size % 2
        if place + 8 + size > len(content) or len(parts) > _MOST_PARTS:
            raise UnreadableError
        if name in _WEBP:
            parts.append(content[place:end])
        elif name == b"EXIF":
            turn = _turn(content[place + 8 : end])
        place = end
    if parts and parts[0].startswith(b"VP8X"):  # says which of the others there are
        flags = parts[0][8] & ~0x0C | (0x08 if turn != 1 else 0)
        parts[0] = parts[0][:8] + bytes((flags,)) + parts[0][9:]
        if turn != 1:
            parts.append(b"EXIF" + struct.pack("<I", 26) + _upright(turn))
    body = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _gif(content: bytes) -> bytes:
    place = 13 + _colours(content[10])
    parts = [content[:place]]
    while content[place] != 0x3B:
        start, kind = place, content[place]
        if kind == 0x2C:
            place += 11 + _colours(content[place + 9])
        elif kind == 0x21:
            place += 2
        else:
            raise UnreadableError
        place = _behind(content, place)
        timing = content[start + 1] == 0xF9 or content.startswith(_LOOP, start + 2)
        if kind == 0x2C or timing:
            parts.append(content[start:place])
        if len(parts) > _MOST_PARTS:
            raise UnreadableError
    return b"".join([*parts, b"\x3b"])


def _colours(flags: int) -> int:
    """Bytes of the table of colours that follows."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind(content: bytes, place: int) -> int:
    """Behind a chain of blocks, each with its size before it; the last has none."""
    while size := content[place]:
        place += size + 1
    return place + 1


_KINDS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/heic": heif.without,
}
