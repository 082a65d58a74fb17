"""How a browser shows the pages: light or dark, usual or large. Kept in two cookies, so that it
holds for residents and on the page of signing in too, and each device has its own."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app
from werkzeug.wrappers import Response

THEMES = ("auto", "light", "dark")
SIZES = ("usual", "large")
_THEME, _SIZE = "sifang_theme", "sifang_size"
_YEAR = 365 * 24 * 3600


def theme(cookies: Mapping[str, str]) -> str:
    said = cookies.get(_THEME, "")
    return said if said in THEMES else THEMES[0]


def large(cookies: Mapping[str, str]) -> bool:
    return cookies.get(_SIZE) == "large"


def keep(answer: Response, form: Mapping[str, str]) -> bool:
    """Put what ``form`` chose into the answer's cookies; False when it says nothing known."""
    known = False
    for cookie, field, choices in ((_THEME, "theme", THEMES), (_SIZE, "size", SIZES)):
        chosen = form.get(field, "")
        if chosen in choices:
            known = True
            secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
            answer.set_cookie(
                cookie, chosen, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure
            )
    return known
