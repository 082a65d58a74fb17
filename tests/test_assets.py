"""How the pages' own files are sent: compressed, kept for good, and nothing but them."""

from __future__ import annotations

import re

import pytest
from flask import Flask

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
