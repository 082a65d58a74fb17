"""How the pages' own files are sent: compressed, kept for good, and nothing but them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

import config
from app.host import assets
from tests.visitor import Visitor


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    assets.build()
    visitor = Visitor(app)
    visitor.get("/login/")
    return visitor


def _address(visitor: Visitor, kind: str) -> str:
    found = re.search(rf'"(/static/built/main\.[0-9a-f]{{12}}\.{kind})"', visitor.text)
    assert found, visitor.text[:1500]
    return found[1]


@pytest.mark.parametrize("kind", ["css", "js"])
@pytest.mark.parametrize(("asked", "sent"), [("br, gzip", "br"), ("gzip", "gzip"), ("", None)])
def test_a_file_comes_as_the_browser_understands_it(
    visitor: Visitor, kind: str, asked: str, sent: str | None
) -> None:
    address = _address(visitor, kind)
    answer = visitor.client.get(address, headers={"Accept-Encoding": asked}, buffered=True)
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == sent
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_is_compressed_too(visitor: Visitor) -> None:
    answer = visitor.client.get("/login/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("path", ["built/../../views/frame.py", "built/none.js", "%2e%2e/main.py"])
def test_there_is_no_way_out_of_the_folder(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(f"/static/{path}").status_code == 404


FRONT = Path(config.ROOT) / "app"
SPEAKING = (".html", ".py", ".js", ".jsx", ".mjs")


def _spoken() -> str:
    """All texts in which an icon or a class may be named."""
    built = FRONT / "static" / "built"
    return "\n".join(
        path.read_text("utf-8")
        for path in sorted(FRONT.rglob("*"))
        if path.suffix in SPEAKING and built not in path.parents
    )


def test_every_icon_that_is_sent_is_used() -> None:
    """Each is named somewhere as a text of its own; nobody puts one together out of parts."""
    lines = (FRONT / "front" / "icons.txt").read_text("utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert len(names) == len(set(names))
    spoken = set(re.findall(r"""["'\s]([a-z0-9-]+)(?=["'\s])""", _spoken()))
    assert [name for name in names if name not in spoken] == []


def test_every_class_of_the_house_is_used() -> None:
    """Somewhere a page or a script names it, or the beginning of one that it puts together."""
    sheets = sorted((FRONT / "front" / "styles").glob("_*.scss"))
    text = "\n".join(
        sheet.read_text("utf-8") for sheet in sheets if sheet.name != "_bootstrap.scss"
    )
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    names = set(re.findall(r"\.([a-z][a-z0-9-]*)(?![\w#])", text))
    spoken = _spoken()
    words = set(re.findall(r"[\w-]+", spoken))
    begins = set(re.findall(r"([a-z][a-z0-9-]*-)(?=[{]|[$]|\"|')", spoken))

    def used(name: str) -> bool:
        return name in words or any(name.startswith(begin) for begin in begins)

    assert sorted(name for name in names if not used(name)) == ["htmx-request"], "htmx's own"
