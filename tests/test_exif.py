"""What a camera wrote into a picture is gone once it is kept; the picture itself is as it was."""

from __future__ import annotations

import struct
import time
import zlib

import pytest

from app.services import exif
from tests import photos

SECRET = b"N 31 14 03 E 121 29 11"
"""As if it were where somebody lives."""


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def tiff(order: str, turn: int) -> bytes:
    entries = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, turn, 0)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IH", 8, 1) + entries + b"\0\0\0\0" + SECRET


def jpeg(turn: int = 1, order: str = "<", tail: bytes = b"") -> bytes:
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xE1, b"Exif\0\0" + tiff(order, turn))
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET)
        + segment(0xE2, b"ICC_PROFILE\0\1\1 colours")
        + segment(0xE2, b"MPF\0" + SECRET)
        + segment(0xE0, b"JFXX\0" + SECRET)
        + segment(0xE3, b"Meta\0" + SECRET)
        + segment(0xEB, b"JP credentials" + SECRET)
        + segment(0xED, b"Photoshop 3.0\0" + SECRET)
        + segment(0xFE, SECRET)
        + segment(0xDB, b"\0" + bytes(range(64)))
        + segment(0xDA, b"\3\1\0\2\x11\3\x11\0\x3f\0")
        + b"pixels \xff\0 and \xff\xd0 more"
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + b"pixels again"
        + b"\xff\xd9"
        + tail
    )


def test_a_photo_loses_place_and_time_and_keeps_its_pixels_and_colours() -> None:
    bare = exif.without(jpeg(tail=b"a film " + SECRET), "image/jpeg")
    assert SECRET not in bare
    assert b"Exif" not in bare
    for part in (b"JFIF", b"ICC_PROFILE", b"pixels \xff\0 and \xff\xd0 more", b"pixels again"):
        assert part in bare
    assert bare.startswith(b"\xff\xd8\xff\xe0")
    assert b"JFXX" not in bare
    assert bare.endswith(b"\xff\xd9")
    assert exif.without(bare, "image/jpeg") == bare


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", [2, 3, 6, 8])
def test_a_turned_photo_stays_turned(turn: int, order: str) -> None:
    bare = exif.without(jpeg(turn, order), "image/jpeg")
    assert SECRET not in bare
    at = bare.index(b"Exif\0\0") + 6
    assert struct.unpack_from(">HHIH", bare, at + 10) == (0x0112, 3, 1, turn)
    assert exif.without(bare, "image/jpeg") == bare


def test_a_photo_that_was_cut_off_is_still_bared() -> None:
    bare = exif.without(jpeg()[:-20], "image/jpeg")
    assert SECRET not in bare
    assert b"pixels \xff\0 and" in bare


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_a_png_loses_its_texts() -> None:
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(name, body)
        for name, body in (
            (b"IHDR", bytes(13)),
            (b"eXIf", SECRET),
            (b"tEXt", b"Location\0" + SECRET),
            (b"caBX", SECRET),
            (b"iTXt", b"XML:com.adobe.xmp\0" + SECRET),
            (b"IDAT", b"pixels"),
            (b"IEND", b""),
        )
    )
    bare = exif.without(content + SECRET, "image/png")
    assert SECRET not in bare
    assert b"IHDR" in bare
    assert b"pixels" in bare
    assert bare.endswith(png_chunk(b"IEND", b""))


def test_a_webp_loses_them_and_no_longer_says_that_it_has_them() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    parts = chunk(b"VP8X", b"\x0c" + bytes(9)) + chunk(b"VP8 ", b"pixels!")
    parts += chunk(b"EXIF", SECRET) + chunk(b"XMP ", SECRET) + chunk(b"MINE", SECRET)
    bare = exif.without(b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WEBP" + parts, "image/webp")
    assert SECRET not in bare
    assert b"pixels!" in bare
    assert bare[20] == 0
    assert struct.unpack_from("<I", bare, 4)[0] == len(bare) - 8


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def heic() -> bytes:
    infe = [
        box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + kind + b"\0")
        for number, kind in ((1, b"hvc1"), (2, b"Exif"), (3, b"mime"))
    ]
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 3) + b"".join(infe))
    head = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    pieces = [b"pixels", b"\0\0\0\6Exif\0\0" + SECRET, SECRET]

    def meta(start: int) -> bytes:
        spans = b""
        for number, piece in enumerate(pieces, 1):
            spans += struct.pack(">HHHHII", number, 0, 0, 1, start, len(piece))
            start += len(piece)
        iloc = box(b"iloc", b"\1\0\0\0" + bytes((0x44, 0)) + struct.pack(">H", 3) + spans)
        return box(b"meta", bytes(4) + iinf + iloc)

    length = len(head) + len(meta(0)) + 8
    return head + meta(length) + box(b"mdat", b"".join(pieces))


def test_a_heic_has_them_blanked_where_they_lie() -> None:
    content = heic()
    assert content.count(SECRET) == 2
    bare = exif.without(content, "image/heic")
    assert SECRET not in bare
    assert b"pixels" in bare
    assert len(bare) == len(content)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif", "heic"])
def test_what_is_broken_is_bared_or_refused(kind: str) -> None:
    whole = heic() if kind == "heic" else jpeg()
    if kind in ("png", "webp", "gif"):
        whole = photos.encoded(photos.scene(), kind, comment=SECRET)
    for size in range(0, len(whole), 3):
        for tail in (b"", bytes(40), b"\xff" * 40):
            try:
                bare = exif.without(whole[:size] + tail, f"image/{kind}")
            except exif.UnreadableError:
                continue
            assert SECRET not in bare
    with pytest.raises(exif.UnreadableError):
        exif.without(b"", f"image/{kind}")


def test_a_run_of_fill_bytes_takes_no_longer_than_other_bytes() -> None:
    content = b"\xff\xd8" + segment(0xDA, b"\0") + b"\xff" * 1_000_000 + b"\0" + b"\xff\xd9"
    begun = time.process_time()
    assert exif.without(content, "image/jpeg").endswith(b"\xff\xd9")
    assert exif.without(content[:-2], "image/jpeg").startswith(content[:-2])
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    "table",
    [
        b"\2\0\0\0\x44\0" + b"\xff" * 4,
        b"\0\0\0\0\0\0\xff\xff" + (struct.pack(">HHH", 2, 0, 65535)) * 65535,
        b"\0\0\0\0\x44\0\0\1"
        + struct.pack(">HHH", 2, 0, 65535)
        + struct.pack(">II", 0, 10**6) * 65535,
    ],
    ids=["items", "parts", "overlaps"],
)
def test_a_heic_that_lies_about_its_parts_takes_no_time(table: bytes) -> None:
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + box(b"infe", b"\2\0\0\0\0\2\0\0Exif\0"))
    content = box(b"ftyp", b"heic") + box(b"meta", bytes(4) + iinf + box(b"iloc", table))
    begun = time.process_time()
    with pytest.raises(exif.UnreadableError):
        exif.without(content + box(b"mdat", b""), "image/heic")
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("content", [b"film", b""], ids=["a film", "nothing"])
def test_a_heic_loses_what_hangs_behind_the_picture(content: bytes) -> None:
    tail = box(b"mpvd", content + SECRET) + b"\0\0\0\1" + SECRET
    bare = exif.without(heic() + tail, "image/heic")
    assert SECRET not in bare
    assert b"pixels" in bare


def test_a_heic_of_a_million_items_takes_no_time() -> None:
    infe = box(b"infe", b"\2\0\0\0\0\1\0\0hvc1\0") * 200_000
    meta = box(b"meta", bytes(4) + box(b"iinf", bytes(6) + infe))
    begun = time.process_time()
    exif.without(box(b"ftyp", b"heic") + meta + box(b"mdat", b""), "image/heic")
    assert time.process_time() - begun < 20
