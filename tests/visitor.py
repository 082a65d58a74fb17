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

from tests.cast import PASSWORD

_heard: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("heard", default=None)


# Once for all: a listener that came and went with each request would disturb other threads' ones.
@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def _hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    heard = _heard.get()
    if heard is not None and not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
        heard.append(statement)


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
        _heard.set(self.statements)
        return self.client.open(path, **options)

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
