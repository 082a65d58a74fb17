"""Somebody with a browser, for tests of the screens.

Every request runs in a context of its own, as on a server: Flask would reuse the test's app
context, and with it the person who was signed in before.
"""

from __future__ import annotations

import contextvars
import html
import re
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.extensions import db
from tests.cast import PASSWORD


class Visitor:
    """``visitor.get("/…")`` and ``visitor.post("/…", field=…)``; ``text`` is the last page."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.text = ""
        self.statements: list[str] = []

    def open(self, path: str, **options: Any) -> TestResponse:
        response = contextvars.Context().run(self._counted, path, options)
        readable = response.mimetype.startswith(("text/", "application/json"))
        self.text = response.get_data(as_text=True) if readable else ""
        return response

    def _counted(self, path: str, options: dict[str, Any]) -> TestResponse:
        self.statements = []
        with self.app.app_context():
            engine = db.engine

        def note(*given: Any) -> None:
            if not given[2].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                self.statements.append(given[2])

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            return self.client.open(path, **options)
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.open(path, query_string=query or None)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.open(path, method="POST", data=form)

    def sign_in(self, name: str, password: str = PASSWORD) -> Visitor:
        answer = self.post("/login/", username=name, password=password)
        assert answer.status_code == 302, self.text
        return self

    def sign_out(self) -> None:
        self.client = self.app.test_client()

    def speak(self, language: str) -> Visitor:
        with self.client.session_transaction() as cookie:
            cookie["locale"] = language
        return self

    def hidden(self, name: str) -> str:
        """The value of a hidden input of the last page."""
        for tag in re.findall(r"<input[^>]*>", self.text):
            if f'name="{name}"' in tag:
                found = re.search(r'value="([^"]*)"', tag)
                return html.unescape(found[1]) if found else ""
        raise AssertionError(f"no input {name!r} on the page")
