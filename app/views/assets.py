"""Addresses of our own files, with a mark that changes when the file does; and icons."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, url_for
from markupsafe import Markup

from app.views.fields import describe


def asset(name: str) -> str:
    """The address of a file below app/static; browsers may keep it for good."""
    folder = current_app.static_folder or ""
    return url_for("static", filename=name, v=_mark(folder, name, _changed(folder, name)))


def icon(name: str) -> Markup:
    """A drawing of the sprite, decoration only: the words stand beside it."""
    address = f"{asset('vendor/icons.svg')}#{name}"
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>'
    ).format(address)


def install(app: Flask) -> None:
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["icon"] = icon
    app.jinja_env.globals["describe"] = describe


def _changed(folder: str, name: str) -> float:
    try:
        return (Path(folder) / name).stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=256)
def _mark(folder: str, name: str, changed: float) -> str:
    return f"{int(changed * 1000) & 0xFFFFFFFF:x}"
