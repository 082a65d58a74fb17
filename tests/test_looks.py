"""Light or dark, usual or large: each browser keeps its own, signed in or not."""

from __future__ import annotations

import re

from flask import Flask

from tests.visitor import Visitor


def _html(visitor: Visitor) -> str:
    visitor.get("/login/")
    found = re.search(r"<html[^>]*>", visitor.text)
    assert found
    return found[0]


def _choose(visitor: Visitor, **chosen: str) -> int:
    visitor.get("/login/")
    token = visitor.hidden("csrf_token")
    return visitor.post("/account/look", csrf_token=token, back="/login/", **chosen).status_code


def test_a_page_looks_as_the_device_does_until_somebody_chooses(app: Flask) -> None:
    visitor = Visitor(app)
    assert 'data-bs-theme="auto"' in _html(visitor)
    assert "is-large" not in _html(visitor)


def test_a_stranger_may_choose_dark_and_large_letters_for_this_browser(app: Flask) -> None:
    visitor = Visitor(app)
    assert _choose(visitor, theme="dark") == 302
    assert _choose(visitor, size="large") == 302
    assert 'data-bs-theme="dark"' in _html(visitor)
    assert "is-large" in _html(visitor)
    assert 'data-bs-theme="auto"' in _html(Visitor(app)), "another browser is as it was"


def test_what_is_no_look_is_refused(app: Flask) -> None:
    visitor = Visitor(app)
    assert _choose(visitor, theme="pink") == 400
    assert 'data-bs-theme="auto"' in _html(visitor)


def test_a_cookie_from_elsewhere_changes_nothing(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.client.set_cookie("sifang_theme", '"><script>')
    assert 'data-bs-theme="auto"' in _html(visitor)
