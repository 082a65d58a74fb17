"""Addresses of our own files, how they are served, and icons."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, url_for
from markupsafe import Markup
from whitenoise import WhiteNoise

from app.views.fields import describe

_HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z]+$")


def asset(name: str) -> str:
    """The address of a bundled file (``main.css``); browsers may keep it for good."""
    folder = Path(current_app.static_folder or "") / "built"
    file = _manifest(folder, _changed(folder)).get(name, name)
    return url_for("static", filename=f"built/{file}")


def icon(name: str) -> Markup:
    """A drawing of the sprite, decoration only: the words stand beside it."""
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'
    ).format(asset("icons.svg"), name)


def install(app: Flask) -> None:
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["icon"] = icon
    app.jinja_env.globals["describe"] = describe


def serve(app: Flask) -> None:
    """Answer for ``/static/`` before the application: compressed files are sent as they lie."""
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=app.static_folder,
        prefix="static/",
        max_age=600,
        immutable_file_test=lambda path, url: bool(_HASHED.search(url)),
        add_headers_function=_harden,
    )


def _harden(headers: dict[str, str], path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def _changed(folder: Path) -> float:
    try:
        return (folder / "manifest.json").stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=8)
def _manifest(folder: Path, changed: float) -> dict[str, str]:
    """Read anew after each build; empty before the first, when pages are plain."""
    if not changed:
        return {}
    names: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return names
