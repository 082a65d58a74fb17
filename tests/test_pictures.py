"""Pictures are kept bare and whole, drawn small, and refused in words when they are traps."""

from __future__ import annotations

import hashlib
import io
import struct
import time
from array import array
from pathlib import Path

import pytest
from PIL import Image

from app import models as m
from app.errors import InvalidError
from app.services import attachments, pictures
from tests import photos

RED, BLUE = (200, 30, 30), (30, 30, 200)


def keep(folder: Path, content: bytes, name: str = "楼道.jpg") -> attachments.Kept:
    return attachments.keep(folder, name, io.BytesIO(content), most=20 << 20, field="photos")


def row(kept: attachments.Kept) -> m.Attachment:
    return m.Attachment(name=kept.name, media_type=kept.media_type, path=kept.path)


def kept_and_small(folder: Path, content: bytes) -> tuple[Image.Image, Image.Image]:
    kept = keep(folder, content)
    small = attachments.preview(folder, row(kept))
    assert small is not None
    return photos.opened((folder / kept.path).read_bytes()), photos.opened(small.read_bytes())


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 25 for one, other in zip(pixel, colour, strict=False))


# --- bare ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        photos.phone(),
        photos.phone(progressive=True, comment=photos.SECRET.encode()),
        photos.phone("WEBP", xmp=photos.SECRET.encode()),
        photos.phone("PNG"),
        photos.scan(),
        photos.encoded(photos.scene().quantize(), "GIF", comment=photos.SECRET.encode()),
    ],
    ids=["jpeg", "progressive", "webp", "png", "scan", "gif"],
)
def test_neither_the_picture_nor_the_small_one_says_where_it_was_taken(
    tmp_path: Path, content: bytes
) -> None:
    assert photos.SECRET.encode() in content or b"zTXt" in content
    kept = keep(tmp_path, content)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or photos.SECRET.encode() not in path.read_bytes()
    bare = photos.opened((tmp_path / kept.path).read_bytes())
    assert set(bare.getexif()) <= {0x0112}
    assert bare.tobytes() == photos.opened(content).tobytes(), "not compressed again"


def test_size_and_hash_are_those_of_what_is_kept(tmp_path: Path) -> None:
    kept = keep(tmp_path, photos.phone())
    bare = (tmp_path / kept.path).read_bytes()
    assert kept.size == len(bare) < len(photos.phone())
    assert kept.sha256 == hashlib.sha256(bare).hexdigest()
    assert keep(tmp_path, bare) == kept


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_on_its_side_is_kept_so_and_drawn_upright(tmp_path: Path, kind: str) -> None:
    kept, small = kept_and_small(tmp_path, photos.phone(kind))
    assert kept.getexif()[0x0112] == 6
    assert small.size == (300, 400)
    assert not small.getexif()
    assert near(small.getpixel((150, 20)), RED), "what was left is on top"
    assert near(small.getpixel((150, 380)), BLUE)


def test_colours_are_kept_and_a_long_profile_only_with_the_picture(tmp_path: Path) -> None:
    for length, told in ((500, True), (50_000, False)):
        profile = bytes(length)
        kept, small = kept_and_small(tmp_path, photos.phone(icc_profile=profile))
        assert kept.info["icc_profile"] == profile
        assert ("icc_profile" in small.info) is told


def test_what_decoders_skip_between_the_parts_hides_nothing(tmp_path: Path) -> None:
    content = photos.phone()
    content = content[:20] + photos.SECRET.encode() + b"\0\0\xff\xff" + content[20:]
    kept = keep(tmp_path, content)
    assert photos.SECRET.encode() not in (tmp_path / kept.path).read_bytes()


def test_a_moving_picture_goes_on_moving(tmp_path: Path) -> None:
    frames = [photos.scene().quantize(), photos.scene().rotate(180).quantize()]
    for kind in ("GIF", "PNG", "WEBP"):
        how = {"save_all": True, "append_images": frames[1:], "duration": 50, "loop": 0}
        kept, small = kept_and_small(tmp_path, photos.encoded(frames[0], kind, **how))
        assert (kept.n_frames, kept.info["loop"], small.n_frames) == (2, 0, 1), kind


# --- small --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        photos.encoded(photos.scene().convert("CMYK")),
        photos.encoded(photos.scene().convert("L")),
        photos.encoded(photos.scene().quantize(), "PNG"),
        photos.encoded(photos.scene().convert("LA"), "PNG"),
        photos.encoded(photos.scene().convert("1"), "PNG"),
        photos.encoded(photos.scene(), "WEBP", lossless=True),
        photos.encoded(photos.scene().quantize(), "GIF"),
    ],
    ids=["cmyk", "grey", "palette", "grey and clear", "black and white", "lossless", "gif"],
)
def test_every_sort_of_colours_is_drawn(tmp_path: Path, content: bytes) -> None:
    _kept, small = kept_and_small(tmp_path, content)
    assert small.size == (400, 300)
    left, right = small.getpixel((50, 150)), small.getpixel((350, 150))
    assert sum(left[:3]) >= sum(right[:3])


def test_sixteen_bits_of_grey_stay_grey(tmp_path: Path) -> None:
    grey = Image.frombytes("I;16", (500, 400), array("H", [0x8000] * 200_000).tobytes())
    _kept, small = kept_and_small(tmp_path, photos.encoded(grey, "PNG"))
    assert near(small.getpixel((100, 100)), (128, 128, 128))


def test_what_is_clear_stays_clear(tmp_path: Path) -> None:
    _kept, small = kept_and_small(tmp_path, photos.encoded(Image.new("RGBA", (900, 9)), "PNG"))
    assert small.getpixel((200, 2))[3] == 0


def test_a_small_picture_is_a_hundredth_of_a_phones(tmp_path: Path) -> None:
    noise = Image.effect_noise((400, 300), 60).resize((4000, 3000)).convert("RGB")
    kept = keep(tmp_path, photos.encoded(noise, quality=90))
    small = attachments.preview(tmp_path, row(kept))
    assert small is not None
    assert small.stat().st_size * 20 < kept.size


def test_a_file_from_before_gets_its_small_one_when_it_is_asked_for(tmp_path: Path) -> None:
    kept = keep(tmp_path, photos.phone())
    small = attachments.preview(tmp_path, row(kept))
    assert small is not None
    before = small.read_bytes()
    small.unlink()
    assert attachments.preview(tmp_path, row(kept)) == small
    assert small.read_bytes() == before
    assert not list((tmp_path / "incoming").iterdir())


def test_a_file_from_before_that_cannot_be_drawn_has_none(tmp_path: Path) -> None:
    for content in (b"\xff\xd8\xff\xe0" + b"\0" * 64, photos.bomb()):
        (tmp_path / "old").write_bytes(content)
        old = m.Attachment(name="旧.jpg", media_type="image/jpeg", path="old")
        assert attachments.preview(tmp_path, old) is None
    pdf = keep(tmp_path, b"%PDF-1.7\n", "纪要.pdf")
    assert attachments.preview(tmp_path, row(pdf)) is None


# --- traps --------------------------------------------------------------------------------------


def wide(content: bytes, width: int, height: int) -> bytes:
    """A JPEG that says it is larger than it is."""
    at = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2")) + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def canvas(width: int, height: int) -> bytes:
    """A WebP of the same kind."""
    frames = {"save_all": True, "append_images": [photos.scene(8, 8).rotate(90)]}
    content = photos.encoded(photos.scene(8, 8).convert("RGBA"), "WEBP", **frames)
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    at = content.index(b"VP8X") + 12
    return content[:at] + sizes + content[at + 6 :]


@pytest.mark.parametrize(
    ("content", "millions"),
    [
        (photos.bomb(), 40),
        (photos.bomb(8000, 6000), 40),
        (wide(photos.JPEG, 65_000, 65_000), 200),
        (wide(photos.JPEG, 16_000, 16_000), 200),
        (wide(photos.encoded(photos.scene(), progressive=True), 8000, 8000), 40),
        (canvas(16_000, 16_000), 20),
        (b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + photos.encoded(
            photos.scene(8, 8).quantize(), "GIF")[10:], 40),
    ],
    ids=["png", "smaller png", "jpeg", "smaller jpeg", "progressive", "webp", "gif"],
)  # fmt: skip
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn(
    tmp_path: Path, content: bytes, millions: int
) -> None:
    begun = time.process_time()
    with pytest.raises(InvalidError) as refused:
        keep(tmp_path, content)
    assert time.process_time() - begun < 20
    problem = refused.value.problems[0]
    assert problem.field == "photos"
    assert "楼道" in problem.text["zh"]
    assert f"{millions * 100} 万像素" in problem.text["zh"]
    assert f"{millions} million pixels" in problem.text["en"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def scans(count: int) -> bytes:
    content = photos.encoded(photos.scene(), progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * count + b"\xff\xd9"


@pytest.mark.parametrize(
    "content",
    [
        photos.scan()[:-700],
        photos.phone("WEBP")[:-700],
        photos.encoded(photos.scene().quantize(), "GIF")[:-300],
        b"\xff\xd8\xff\xe0" + b"\0" * 64,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"GIF89a" + b"\xff" * 64,
        b"\0\0\0\x18ftypheic" + b"\0" * 12,
        scans(200),
        photos.PNG[:-12] + b"\0\0\0\0none\0\0\0\0" * 50_000,
    ],
    ids=["png", "webp", "gif", "zeros", "png zeros", "webp head", "gif head", "heic", "scans",
         "chunks"],
)  # fmt: skip
def test_a_damaged_picture_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(InvalidError) as refused:
        keep(tmp_path, content)
    assert time.process_time() - begun < 20
    assert "已损坏" in refused.value.problems[0].text["zh"]
    assert "damaged" in refused.value.problems[0].text["en"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_jpeg_that_was_cut_off_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = Image.effect_noise((640, 480), 60).convert("RGB")
    _kept, small = kept_and_small(tmp_path, photos.encoded(noise)[:-9000])
    assert small.size == (400, 300)


def test_a_picture_of_one_kind_under_the_ending_of_another_is_what_it_is(tmp_path: Path) -> None:
    kept = keep(tmp_path, photos.WEBP, "现场.jpg")
    assert (kept.name, kept.media_type) == ("现场.jpg.webp", "image/webp")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_with_a_broken_part_is_kept_and_drawn_or_refused(
    tmp_path: Path, kind: str
) -> None:
    content = photos.phone(kind)
    refused: list[str | None] = []
    for place in range(12, min(len(content), 900), 7):
        try:
            kept = keep(tmp_path, content[:place] + b"\xff\0\xff" + content[place + 3 :])
        except InvalidError as error:
            refused += [problem.field for problem in error.problems]
            continue
        stored = (tmp_path / kept.path).read_bytes()
        assert (kept.size, kept.sha256) == (len(stored), hashlib.sha256(stored).hexdigest())
        assert attachments.preview(tmp_path, row(kept)) is not None
    assert set(refused) == {"photos"}, "some can't be read, and that is said beside the field"


def test_a_tall_strip_is_drawn() -> None:
    small = pictures.small(photos.encoded(Image.new("RGB", (1, 60_000)), "PNG"), "image/png")
    assert photos.opened(small).size == (1, 400)
