"""Real pictures, as phones, scanners and people with bad intentions make them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

SECRET = "N 31 14 03 E 121 29 11"
"""As if it were where somebody lives."""
_GPS, _PLACE, _TURN, _MAKER = 0x8825, 2, 0x0112, 0x010F


def encoded(image: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    return image


def told(turn: int = 1) -> Image.Exif:
    """What a phone writes: where, which make, which way up."""
    notes = Image.Exif()
    notes[_TURN] = turn
    notes[_MAKER] = SECRET
    notes.get_ifd(_GPS).update({1: "N", _PLACE: (31.0, 14.0, 3.0), 29: SECRET})
    return notes


def phone(kind: str = "JPEG", turn: int = 6, **how: Any) -> bytes:
    """A picture that tells where it was taken and lies on its side."""
    return encoded(scene(), kind, exif=told(turn), **how)


def scan() -> bytes:
    """A PNG with notes."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Location", SECRET)
    notes.add_text("Author", SECRET, zip=True)
    notes.add_itxt("XML:com.adobe.xmp", SECRET)
    return encoded(scene(), "PNG", pnginfo=notes)


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few bytes of PNG that say they are billions of pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + end

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


JPEG = encoded(scene(8, 6))
PNG = encoded(scene(8, 6), "PNG")
WEBP = encoded(scene(8, 6), "WEBP")
