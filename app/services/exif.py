"""Pictures without what the camera wrote into them: where somebody stood, when, with which phone.

Nothing is decoded or compressed again, so a picture looks as it did; a turned one stays turned.
What is not understood is left as it is.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""To search for: with any number of fill bytes before it, a run of these took their square."""
_SOS, _EOI, _APP1 = 0xDA, 0xD9, 0xE1
_DROPPED = frozenset({_APP1, 0xE2, 0xED, 0xFE})
"""EXIF and XMP, a second picture and its index, IPTC, comments; a colour profile is kept."""
_TURN = 0x0112
_TEXTS = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})


class _UnknownError(ValueError):
    """Not built as its kind is."""


def without(content: bytes, media_type: str) -> bytes:
    """The same picture without them; of another kind, or broken, what it was."""
    strip = _KINDS.get(media_type)
    if strip is None:
        return content
    try:
        return strip(content)
    except (_UnknownError, struct.error, IndexError):
        return content


# --- JPEG ---------------------------------------------------------------------------------------


def _jpeg(content: bytes) -> bytes:
    """Up to its end: a film that some phones hang behind is left out too."""
    parts = [content[:2]]
    turn, place = 1, 2
    while True:
        found = _MARKER.match(content, place)
        if found is None:
            raise _UnknownError
        marker, start = found[1][0], found.end()
        if marker == _EOI:
            break
        end = start + struct.unpack_from(">H", content, start)[0]
        body = content[start + 2 : end]
        if marker == _APP1 and body.startswith(b"Exif\0\0"):
            turn = _turn(body[6:])
        if marker == _SOS:  # then the picture itself, up to the next marker
            after = _NEXT.search(content, end)
            end = len(content) if after is None else after.start()
        if marker not in _DROPPED or body.startswith(b"ICC_PROFILE\0"):
            parts.append(b"\xff" + content[found.end() - 1 : end])
        place = end
        if place >= len(content):  # cut off in the middle: viewers show what there is
            break
    if turn != 1:
        parts.insert(1, _turned(turn))
    return b"".join([*parts, b"\xff\xd9"])


def _turn(tiff: bytes) -> int:
    """Which way up, from 1 to 8."""
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


def _turned(turn: int) -> bytes:
    """An EXIF part that says nothing else."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, _TURN, 3, 1, turn, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


# --- PNG and WebP -------------------------------------------------------------------------------


def _png(content: bytes) -> bytes:
    parts, place = [content[:8]], 8
    while place < len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        end = place + 12 + size
        if end > len(content):
            raise _UnknownError
        if name not in _TEXTS:
            parts.append(content[place:end])
        place = end
        if name == b"IEND":
            break
    return b"".join(parts)


def _webp(content: bytes) -> bytes:
    parts, place = [], 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        end = place + 8 + size + size % 2
        chunk = bytearray(content[place:end])
        if name == b"VP8X":
            chunk[8] &= ~0x0C  # there is neither EXIF nor XMP
        if name not in (b"EXIF", b"XMP "):
            parts.append(bytes(chunk))
        place = end
    body = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


# --- HEIC ---------------------------------------------------------------------------------------


def _heic(content: bytes) -> bytes:
    """Blanked in place, since everything else in the file is found by its distance from the
    start; which way up the picture is stands elsewhere."""
    meta = next((span for name, *span in _boxes(content, 0, len(content)) if name == b"meta"), None)
    if meta is None:
        raise _UnknownError
    boxes = {name: (start, end) for name, start, end in _boxes(content, meta[0] + 4, meta[1])}
    wanted = _items(content, *boxes[b"iinf"]) if b"iinf" in boxes else set()
    if not wanted or b"iloc" not in boxes:
        return content
    blank = bytearray(content)
    left = len(content)
    for start, end in _extents(content, *boxes[b"iloc"], wanted):
        within = bytes(max(min(end, len(blank)) - start, 0))
        left -= len(within)
        if left < 0:  # parts that overlap, many times over
            raise _UnknownError
        blank[start : start + len(within)] = within
    return bytes(blank)


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and end of what is in each."""
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", content, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, start + 8)
            head = 16
        stop = end if size == 0 else start + size
        if stop < start + head or stop > end:
            raise _UnknownError
        yield name, start + head, stop
        start = stop


def _items(content: bytes, start: int, end: int) -> set[int]:
    """Numbers of the items that are EXIF or XMP."""
    wide = content[start] != 0
    found = set()
    for name, at, _ in _boxes(content, start + (8 if wide else 6), end):
        if name != b"infe" or content[at] < 2:
            continue
        number, skip = ("I", 4) if content[at] >= 3 else ("H", 2)
        (item,) = struct.unpack_from(f">{number}", content, at + 4)
        kind = content[at + 4 + skip + 2 :][:4]
        if kind in (b"Exif", b"mime"):
            found.add(item)
    return found


def _extents(content: bytes, at: int, stop: int, wanted: set[int]) -> Iterator[tuple[int, int]]:
    """From where to where these items lie in the file. The counts are the file's own word: the
    table ends with its box whatever they say."""
    version = content[at]
    sizes, more = content[at + 4], content[at + 5]
    offset, length, base = sizes >> 4, sizes & 15, more >> 4
    index = more & 15 if version else 0
    place = at + 6

    def read(size: int) -> int:
        nonlocal place
        if place + size > stop:
            raise _UnknownError
        value = int.from_bytes(content[place : place + size], "big")
        place += size
        return value

    for _ in range(read(4 if version == 2 else 2)):
        item = read(4 if version == 2 else 2)
        method = read(2) & 15 if version else 0
        read(2)
        origin = read(base)
        parts = read(2)
        if parts > 1 and not index + offset + length:
            raise _UnknownError
        for _ in range(parts):
            read(index)
            start = origin + read(offset)
            end = start + read(length)
            if item in wanted and method == 0:
                yield start, end


_KINDS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/heic": _heic,
}
