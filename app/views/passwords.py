"""Passwords as people set them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from wtforms import PasswordField

LEAST = 10
MOST = 200


def weakness(password: str) -> str:
    """What is wrong with it; empty when it will do. Length counts for more than odd signs."""
    if len(password) < LEAST:
        return str(_("At least %(least)s characters.", least=LEAST))
    if len(password) > MOST:
        return str(_("At most %(most)s characters.", most=MOST))
    if len(set(password)) < 5:
        return str(_("Too many of the same characters."))
    if password.isdecimal():
        return str(_("Not only digits."))
    return ""


class NewPasswordField(PasswordField):
    """A new password; empty for none. Never written to the row by the form itself."""

    def __init__(self, *args: Any, **options: Any) -> None:
        attributes = {"autocomplete": "new-password", **(options.pop("render_kw", None) or {})}
        super().__init__(*args, render_kw=attributes, **options)

    def process_data(self, value: Any) -> None:
        """The hash that is stored is nobody's business."""
        self.data = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""
        problem = weakness(self.data) if self.data else ""
        if problem:
            raise ValueError(problem)

    def populate_obj(self, obj: Any, name: str) -> None:
        """Left to the view, which stores a hash."""
