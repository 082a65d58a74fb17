"""HEIC, the photos of iPhones, without what the camera wrote into them.

Blanked in place, since everything else in the file is found by its distance from the start; which
way up the picture is stands elsewhere. Raises ValueError or struct.error for what is broken.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

_DRAWING = frozenset((b"ftyp", b"meta", b"mdat"))
"""Others hold films of the same moment, makers' own notes and the like."""
_MOST_BOXES = 100


def without(content: bytes) -> bytes:
    """The same picture; what comes behind its last box is cut off."""
    whole = list(islice(_top(content), _MOST_BOXES))
    if {b"meta", b"mdat"} - {name for name, _start, _end in whole}:
        raise ValueError
    blank = bytearray(content[: whole[-1][2]])
    for name, start, end in whole:
        if name not in _DRAWING:
            blank[start:end] = bytes(end - start)
    meta = next(span for name, *span in whole if name == b"meta")
    boxes = {
        name: (start, end)
        for name, start, end in _boxes(content, meta[0] + 4, meta[1])
        if name in (b"iinf", b"iloc", b"idat")
    }
    wanted = _items(content, *boxes[b"iinf"]) if b"iinf" in boxes else set()
    if not wanted:
        return bytes(blank)
    if b"iloc" not in boxes:
        raise ValueError
    left = len(content)
    for method, start, end in _extents(content, *boxes[b"iloc"], wanted):
        if method == 1:  # counted from the start of the meta's own data
            within = boxes.get(b"idat", (len(blank), 0))[0]
            start, end = within + start, within + end
        size = max(min(end, len(blank)) - start, 0)
        left -= size
        if left < 0 or method > 1:  # parts that overlap, many times over
            raise ValueError
        blank[start : start + size] = bytes(size)
    return bytes(blank)


def _top(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of the file itself, up to where it isn't built of boxes any more."""
    try:
        yield from _boxes(content, 0, len(content))
    except (ValueError, struct.error):
        return


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
            raise ValueError
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
        if content[at + 6 + skip : at + 10 + skip] in (b"Exif", b"mime"):
            found.add(item)
    return found


def _extents(
    content: bytes, at: int, stop: int, wanted: set[int]
) -> Iterator[tuple[int, int, int]]:
    """How these items are counted, and from where to where. The counts are the file's own word: the
    table ends with its box whatever they say."""
    version = content[at]
    sizes, more = content[at + 4], content[at + 5]
    offset, length, base = sizes >> 4, sizes & 15, more >> 4
    index = more & 15 if version else 0
    place = at + 6

    def read(size: int) -> int:
        nonlocal place
        if place + size > stop:
            raise ValueError
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
            raise ValueError
        for _ in range(parts):
            read(index)
            start = origin + read(offset)
            end = start + read(length)
            if item in wanted:
                yield method, start, end
