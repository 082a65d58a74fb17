"""Front-end files: one sprite of the listed icons, made anew only when a lock changed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.host import assets

DRAWING = """<svg
  xmlns="http://www.w3.org/2000/svg"
  class="icon"
>
  <path stroke="none" d="M0 0h24v24H0z" fill="none" />
  <path d="M5 12l7 -7" />
</svg>"""


@pytest.fixture
def drawings(tmp_path: Path) -> Path:
    for style in ("outline", "filled"):
        (tmp_path / style).mkdir()
        (tmp_path / style / "star.svg").write_text(DRAWING)
    return tmp_path


def test_the_list_is_sorted_without_comments_and_repetitions() -> None:
    assert assets.read_names("# head\nb\n\na # why\nb\n") == ["a", "b"]


def test_the_sprite_has_a_symbol_for_each_name(drawings: Path) -> None:
    sprite = ElementTree.fromstring(assets.draw_sprite(["star", "star-filled"], drawings))
    outline, filled = list(sprite)
    assert (outline.get("id"), outline.get("fill")) == ("star", "none")
    assert (filled.get("id"), filled.get("fill")) == ("star-filled", "currentColor")
    assert [path.get("d") for path in outline] == ["M5 12l7 -7"], "without the empty canvas"


def test_an_icon_that_tabler_does_not_have_is_named(drawings: Path) -> None:
    with pytest.raises(assets.AssetError, match=r"icons\.txt: Tabler has no icon named 'starr'"):
        assets.draw_sprite(["starr"], drawings)


def test_what_is_not_a_drawing_is_named(drawings: Path) -> None:
    (drawings / "outline" / "star.svg").write_text("nothing")
    with pytest.raises(assets.AssetError, match=r"star\.svg is not an SVG drawing"):
        assets.draw_sprite(["star"], drawings)


def test_nothing_is_made_while_the_stamp_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    assets.build()
    monkeypatch.setattr(assets, "_install", lambda: pytest.fail("installed again"))
    assert assets.build() is False


def test_the_made_files_ask_for_nothing_else() -> None:
    assets.build()
    for name in assets.COPIED:
        content = (assets.VENDOR / Path(name).name).read_bytes()
        assert b"sourceMappingURL" not in content
        assert b"url(http" not in content


def test_every_icon_of_the_list_is_in_the_sprite() -> None:
    assets.build()
    names = assets.read_names((assets.STATIC / "icons.txt").read_text())
    sprite = ElementTree.parse(assets.VENDOR / "icons.svg").getroot()
    assert [symbol.get("id") for symbol in sprite if symbol.get("id")] == names
