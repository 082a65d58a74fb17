"""Refusals as pages: in the reader's language, with what to do, never a trace, never SQL."""

from __future__ import annotations

import pytest
from flask import Flask, abort
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    MissingError,
    Problem,
    RefusedError,
)
from app.factory import create_app
from app.views.access import public
from config import Settings
from tests.visitor import Visitor

TEXT = {"zh": "请填写标题。", "en": "Give a title."}
FAILURES = {
    "invalid": (422, lambda: InvalidError(Problem(TEXT, "title"))),
    "refused": (409, lambda: RefusedError(Problem(TEXT))),
    "conflict": (409, lambda: ConflictError(Problem(TEXT))),
    "forbidden": (403, lambda: ForbiddenError(Problem(TEXT))),
    "missing": (404, lambda: MissingError(Problem(TEXT))),
    "bug": (500, lambda: KeyError("secret detail")),
    "database": (503, lambda: OperationalError("SELECT secret", {}, Exception("down"))),
}


@pytest.fixture(scope="module")
def broken(settings: Settings) -> Flask:
    """An app with routes that fail in every way."""
    flask = create_app(settings)
    flask.config["PROPAGATE_EXCEPTIONS"] = False

    @public
    def fail(kind: str) -> str:
        if kind.isdecimal():
            abort(int(kind))
        raise FAILURES[kind][1]()

    flask.add_url_rule("/fail/<kind>", "fail", fail)
    return flask


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_failure_becomes_a_page(broken: Flask, kind: str, language: str) -> None:
    visitor = Visitor(broken).speak(language)
    status = FAILURES[kind][0]
    assert visitor.get(f"/fail/{kind}").status_code == status
    assert "<title>" in visitor.text
    assert (TEXT[language] in visitor.text) == (status < 500)
    assert ('lang="en"' in visitor.text[:40]) == (language == "en")
    for word in ("secret", "Traceback", "KeyError", "SELECT"):
        assert word not in visitor.text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 418])
def test_every_status_has_a_page_with_a_way_on(broken: Flask, status: int) -> None:
    visitor = Visitor(broken)
    assert visitor.get(f"/fail/{status}").status_code == status
    assert visitor.text.count("<h1>") == 1
    assert "回到首页" in visitor.text


def test_a_part_of_a_page_and_a_script_get_it_in_short(broken: Flask) -> None:
    visitor = Visitor(broken)
    visitor.open("/fail/invalid", headers={"HX-Request": "true"})
    assert "<html" not in visitor.text
    assert "请填写标题" in visitor.text
    answer = visitor.open("/fail/invalid", headers={"Accept": "application/json"})
    assert answer.get_json()["problems"] == ["请填写标题。"]


def test_an_unexpected_error_names_a_reference_that_the_log_has(
    broken: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor(broken)
    visitor.get("/fail/bug")
    reference = visitor.text.split("错误编号：")[1][:8]
    assert reference in caplog.text


def test_too_large_an_upload_is_refused(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100)
    visitor = Visitor(app)
    assert visitor.post("/login/", username="x" * 200, password="y").status_code == 413
    assert "太大" in visitor.text


def test_a_method_that_isn_t_there_says_which_are(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("secretary")
    answer = visitor.open("/settings/", method="DELETE")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
