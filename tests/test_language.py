"""Chinese on every screen, English beside it, chosen by the reader and kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import models as m
from app.views.admin import LEDGERS
from app.views.labels import ENUMS
from tests import world
from tests.cast import PASSWORD, PEOPLE, Cast
from tests.visitor import Visitor

VIEWS = [view for group in LEDGERS for view in group.views]
SPOKEN = ("placeholder", "aria-label", "title", "alt")
SILENT = {"script", "style", "code", "pre", "svg", "head", "textarea"}
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
WORD = re.compile(r"[A-Za-z]{2,}")
ALLOWED = {
    "English",
    "Excel",
    "Apprise",
    "Office",
    "PDF",
    "MB",
    "YAML",
    "JSON",
    "SVG",
    "Mermaid",
    "CSV",
    *PEOPLE,
    "drop",
    "split",
    "decide",
}
"""Names that are the same in both languages, the logins of the cast, and steps of the tests' own
workflow."""
EXAMPLES = re.compile(
    r"https?://\S+|\S+@\S+|\S+\.(jpg|yaml)|[A-Z]{1,2}\d{4}-?\d+"
    r"|\d+ (min|working hours|working days)"
    r"|role:\w+|above:\w+|field\.\S*|“[^”]*”|[a-z_]+（|[a-z]+(_[a-z]+)+|\{\w+\}"
)
"""Addresses, files, case numbers, what a workflow file is to hold word by word."""


class Reader(HTMLParser):
    """Collects the words of a page that a person sees or hears, but for marked foreign ones."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.muted: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if not self.muted:
            self.texts += [text for name in SPOKEN if (text := given.get(name))]
        quiet = tag in SILENT or given.get("lang") == "en"
        if (self.muted or quiet) and tag not in VOID:
            self.muted.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.muted and self.muted[-1] == tag:
            self.muted.pop()

    def handle_data(self, data: str) -> None:
        if not self.muted and data.strip():
            self.texts.append(data.strip())


def foreign(page: str) -> set[str]:
    """English words on the page that have no business there."""
    reader = Reader()
    reader.feed(page.split("<body", 1)[-1].partition(">")[2])
    found = set()
    for text in reader.texts:
        words = WORD.findall(EXAMPLES.sub(" ", text))
        if any(word not in ALLOWED for word in words):
            found.add(text[:70])
    return found


@pytest.fixture
def filled(session: Session, cast: Cast, now: datetime) -> Session:
    world.fill(session, cast, now)
    return session


def screens(session: Session) -> Iterator[str]:
    """Addresses of all kinds of screens, with something on them."""
    for view in VIEWS:
        yield f"{view.route_base}/list/"
        primary = sa.inspect(view.datamodel.obj).primary_key[0]
        key = session.scalar(sa.select(sa.func.max(primary)))
        if key is not None:
            yield f"{view.route_base}/show/{key}"
            if "edit" in view.abilities:
                yield f"{view.route_base}/edit/{key}"
            if "delete" in view.abilities:
                yield f"{view.route_base}/delete/{key}"
        if "add" in view.abilities:
            yield f"{view.route_base}/add"
    yield from (
        "/", "/ledgers/", "/settings/", "/account/", "/notices/", "/work/", "/grievances/",
        "/meetings/",
        "/consultations/", "/workflows/", "/workflows/1", "/all-cases/", "/grievances/new",
        "/meetings/new", "/consultations/new", "/nothing", "/r/", "/r/new",
    )  # fmt: skip
    for leg, case_id in session.execute(sa.select(m.Case.leg, m.Case.id)):
        yield f"/cases/{case_id}"
        if leg == "meeting":
            yield f"/meetings/{case_id}"
        if leg == "consultation":
            yield f"/consultations/{case_id}/board"


def test_no_english_word_is_left_on_a_chinese_screen(app: Flask, filled: Session) -> None:
    visitor = Visitor(app).sign_in("admin")
    left: dict[str, set[str]] = {}
    for path in screens(filled):
        answer = visitor.get(path)
        assert answer.status_code in (200, 302, 403, 404, 409), (path, visitor.text[-2000:])
        if words := foreign(visitor.text):
            left[path] = words
    assert left == {}, "\n".join(f"{path}: {sorted(words)}" for path, words in left.items())


def test_no_chinese_word_is_left_in_the_english_frame(app: Flask, filled: Session) -> None:
    """Data stays in its language; headings, labels, buttons and help don't."""
    visitor = Visitor(app).sign_in("admin").speak("en")
    for view in VIEWS:
        for path in ("list/", "add"):
            if path == "add" and "add" not in view.abilities:
                continue
            visitor.get(f"{view.route_base}/{path}")
            labels = re.findall(r"<(?:label|th|h1|button|summary)[^>]*>(.*?)</", visitor.text, re.S)
            text = re.sub(r"<[^>]+>", "", " ".join(labels)).replace("中文", "")
            found = re.findall(r"[\u4e00-\u9fff]+", text)
            assert set(found) <= {"管理员", "以上", "过半数"}, (view.__name__, path, found)


def test_errors_are_told_in_the_reader_s_language(app: Flask, session: Session) -> None:
    visitor = Visitor(app)
    for language, words in (("zh", "用户名或密码不正确"), ("en", "password is wrong")):
        visitor.speak(language)
        visitor.post("/login/", username="secretary", password="x")
        assert words in visitor.text
        visitor.sign_in("secretary")
        visitor.post("/ledgers/units/add", once="x")
        assert ("请填写" in visitor.text) == (language == "zh")
        visitor.sign_out()


def test_the_choice_is_kept_for_good(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("secretary")
    answer = visitor.post("/account/language", language="en", back="/settings/")
    assert answer.headers["Location"] == "/settings/"
    visitor.get("/settings/")
    assert 'html lang="en"' in visitor.text
    assert "<h1>Settings</h1>" in visitor.text
    elsewhere = Visitor(app).sign_in("secretary")
    elsewhere.get("/settings/")
    assert 'html lang="en"' in elsewhere.text
    user = session.scalar(sa.select(User.id).where(User.username == "secretary"))
    session.expire_all()
    assert session.get_one(m.Account, user).language == "en"


def test_chinese_is_the_default_and_an_unknown_language_breaks_nothing(
    app: Flask, session: Session
) -> None:
    visitor = Visitor(app)
    visitor.get("/login/")
    assert 'html lang="zh-Hans"' in visitor.text
    visitor.speak("tlh")
    assert visitor.get("/login/").status_code == 200
    assert 'html lang="zh-Hans"' in visitor.text
    assert visitor.post("/account/language", language="tlh").status_code == 400
    assert visitor.get("/lang/en").status_code in (302, 404)


def test_nobody_is_sent_elsewhere_by_a_link(app: Flask, session: Session) -> None:
    visitor = Visitor(app)
    for back in ("https://example.org/", "//example.org", "/\\example.org", "javascript:1"):
        answer = visitor.post("/account/language", language="zh", back=back)
        assert answer.headers["Location"] == "/"
        answer = visitor.open(
            "/login/",
            method="POST",
            query_string={"next": back},
            data={"username": "secretary", "password": PASSWORD},
        )
        assert answer.headers["Location"] == "/"
        visitor.sign_out()


def test_a_chinese_name_has_the_family_name_first_and_no_blank(
    app: Flask, session: Session
) -> None:
    visitor = Visitor(app).sign_in("secretary")
    visitor.get("/account/")
    assert "舒记" in visitor.text
    assert "记 舒" not in visitor.text


def test_every_member_of_every_enum_has_words() -> None:
    for table in m.Base.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.Enum) and column.type.enum_class is not None:
                kind = column.type.enum_class
                assert set(ENUMS.get(kind, {})) == set(kind), kind


def test_an_answer_that_comes_late_does_not_undo_the_choice(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("staff")
    visitor.get("/account/")
    assert "Set-Cookie" not in visitor.get("/account/").headers, "the session is as it was"
