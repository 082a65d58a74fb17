"""Front-end files: one sprite of the listed icons, made anew only when a lock changed."""

from __future__ import annotations

import gzip
import json
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


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    """The files of the manifest by their plain names."""
    assets.build()
    manifest = json.loads((assets.BUILT / "manifest.json").read_text())
    return {name: assets.BUILT / file for name, file in manifest.items()}


def test_the_manifest_names_style_script_and_icons(built: dict[str, Path]) -> None:
    assert {"main.css", "main.js", "charts.js", "icons.svg"} <= built.keys()


def test_the_built_files_ask_for_nothing_else(built: dict[str, Path]) -> None:
    for path in built.values():
        content = path.read_bytes()
        assert b"sourceMappingURL" not in content
        assert b"url(http" not in content
        assert b"@import" not in content


def test_each_file_stands_ready_in_two_compressed_forms(built: dict[str, Path]) -> None:
    for path in built.values():
        squeezed = path.with_name(f"{path.name}.gz").read_bytes()
        assert gzip.decompress(squeezed) == path.read_bytes()
        assert path.with_name(f"{path.name}.br").stat().st_size <= len(squeezed)


def test_style_and_script_of_a_page_weigh_at_most_150_kilobytes(built: dict[str, Path]) -> None:
    sizes = [built[name].with_name(f"{built[name].name}.gz") for name in ("main.css", "main.js")]
    assert sum(path.stat().st_size for path in sizes) <= 150_000


def test_no_colour_that_older_web_views_drop_is_in_the_styles(built: dict[str, Path]) -> None:
    style = built["main.css"].read_text()
    for function in ("oklch(", "oklab(", "lab(", "lch(", "color-mix("):
        assert function not in style


def test_every_icon_of_the_list_is_in_the_sprite(built: dict[str, Path]) -> None:
    names = assets.read_names((assets.FRONT / "icons.txt").read_text())
    sprite = ElementTree.parse(built["icons.svg"]).getroot()
    assert [symbol.get("id") for symbol in sprite if symbol.get("id")] == names
