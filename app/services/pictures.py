"""Pictures drawn by the server: small ones for lists, made within bounds of time and memory.

Who draws a picture also learns whether it is one. Nothing of what is drawn says where or when.
"""

from __future__ import annotations

import io
import threading

from PIL import Image, ImageOps

from app.services.exif import UnreadableError

SMALL = "image/webp"
_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
DRAWN = frozenset(_FORMATS)
"""HEIC needs a codec that few have: it is kept and downloaded, and no one draws it."""
_SIDE = 400
"""Of the longer side: sharp at the 120 pixels of a phone that has three for each."""
_QUALITY = 75
_MOST_PROFILE = 4096
"""Bytes of a colour profile that a small picture may carry; those of phones have 500."""
_MILLION = 1_000_000
_WHOLE, _COPIED, _IN_PARTS = 40, 20, 200
"""Millions of pixels: of a picture that is drawn as a whole; of WebP, whose reader holds several
copies; of a JPEG that is made smaller while it is read, which takes hardly any memory."""
_SCAN = b"\xff\xda"
_ONE_AT_A_TIME = threading.Lock()

Image.MAX_IMAGE_PIXELS = None  # each kind has a limit of its own: _judge


class TooLargeError(ValueError):
    """Of more pixels than we draw."""

    def __init__(self, millions: int) -> None:
        super().__init__(f"more than {millions} million pixels")
        self.millions = millions


def small(content: bytes, media_type: str) -> bytes:
    """The picture as WebP, upright, ``_SIDE`` pixels at its longer side; of a moving one the first
    moment. The size is judged by what the file says before anything is drawn. Raises
    UnreadableError and TooLargeError."""
    with _ONE_AT_A_TIME:
        try:
            with Image.open(io.BytesIO(content), formats=[_FORMATS[media_type]]) as image:
                _judge(image, content)
                return _encoded(_shrunk(image), _profile(image))
        except TooLargeError:
            raise
        except Exception as error:  # codecs fail in every way there is
            raise UnreadableError from error


def _judge(image: Image.Image, content: bytes) -> None:
    most = _COPIED if image.format == "WEBP" else _WHOLE
    if image.format == "JPEG" and _in_one_pass(image, content):
        most = _IN_PARTS
    if image.width * image.height > most * _MILLION:
        raise TooLargeError(most)


def _in_one_pass(image: Image.Image, content: bytes) -> bool:
    """Whether a JPEG tells all colours of a spot together: else all of it is held until the end."""
    start = content.find(_SCAN)
    whole = content[start + 4 : start + 5] == bytes((len(image.getbands()),))
    return whole and content.count(_SCAN) == 1 and not image.info.get("progressive")


def _shrunk(image: Image.Image) -> Image.Image:
    """In RGB, or RGBA where something shines through; upright. A JPEG is read at the size that is
    wanted: what must be converted before is none."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    whole = image
    if image.mode.startswith("I"):  # 16 bits of grey
        whole = image.convert("I").point(lambda value: value / 256).convert("L")
    elif image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        whole = image.convert(mode)
    whole.thumbnail((_SIDE, _SIDE))
    return ImageOps.exif_transpose(whole).convert(mode)


def _encoded(image: Image.Image, profile: bytes) -> bytes:
    image.info.clear()
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=_QUALITY, icc_profile=profile)
    return stream.getvalue()


def _profile(image: Image.Image) -> bytes:
    """The colours it is in, if they can be told in few words and still hold."""
    profile = image.info.get("icc_profile") or b""
    fits = image.mode in ("RGB", "RGBA") and len(profile) <= _MOST_PROFILE
    return profile if fits else b""
