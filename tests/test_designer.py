"""The designer's page and what its script asks of the server."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import models as m
from app.services import drafts
from app.workflows import files
from tests.visitor import Visitor

LIBRARY = sorted(files.library())


def draft(session: Session, key: str = "duty") -> m.Workflow:
    session.expire_all()
    return session.scalars(sa.select(m.Workflow).where(m.Workflow.key == key)).one()


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("designer")


def data(visitor: Visitor, row: m.Workflow) -> dict[str, Any]:
    """What the page brings along for its script."""
    assert visitor.get(f"/workflows/{row.id}/draw").status_code == 200, visitor.text
    found = re.search(r'id="designer-data">(.*?)</script>', visitor.text, re.S)
    assert found, visitor.text
    brought: dict[str, Any] = json.loads(found[1])
    return brought


def send(visitor: Visitor, row: m.Workflow, what: str = "", **body: Any) -> tuple[int, Any]:
    address = f"/workflows/{row.id}/draw{what}"
    headers = {"Accept": "application/json"}
    answer: TestResponse = visitor.open(address, method="POST", json=body, headers=headers)
    return answer.status_code, json.loads(visitor.text)


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", LIBRARY)
def test_page_text_and_rows_hold_the_same_draft(
    visitor: Visitor, session: Session, key: str
) -> None:
    """What one of the three says, the others say after it."""
    row = draft(session, key)
    brought = data(visitor, row)
    assert files.parse(brought["document"], key) == files.library()[key]
    document = brought["document"]
    document["states"][0]["label"] = {"zh": "图上改的", "en": "Drawn"}
    status, told = send(visitor, row, document=document, version=brought["version"], positions={})
    assert status == 200, told
    assert draft(session, key).states[0].label_zh == "图上改的"

    status, told = send(visitor, row, "/text", document=data(visitor, row)["document"])
    assert "图上改的" in told["text"]
    changed = told["text"].replace("图上改的", "文字改的")
    status, told = send(visitor, row, "/parse", text=changed)
    assert status == 200, told
    send(visitor, row, document=told["document"], version=data(visitor, row)["version"])
    state = draft(session, key).states[0]
    assert state.label_zh == "文字改的"

    visitor.get(f"/ledgers/draft-states/edit/{state.id}")
    visitor.post(
        f"/ledgers/draft-states/edit/{state.id}", seen=visitor.hidden("seen"), key=state.key,
        workflow=row.id, position=state.position, label_zh="列表改的", kind=state.kind,
        visible_to=",".join(state.visible_to), help_zh=state.help_zh, help_en=state.help_en,
    )  # fmt: skip
    document = data(visitor, row)["document"]
    assert document["states"][0]["label"]["zh"] == "列表改的"
    assert "列表改的" in send(visitor, row, "/text", document=document)[1]["text"]


def test_who_may_only_look_gets_a_picture_and_no_designer(app: Flask, session: Session) -> None:
    row = draft(session)
    visitor = Visitor(app).sign_in("secretary")
    assert visitor.get(f"/workflows/{row.id}/draw").status_code == 200
    assert "designer-data" not in visitor.text
    assert "<svg" in visitor.text
    assert "您可以查看这份草稿，不能修改。" in visitor.text
    for what in ("", "/check", "/text", "/parse"):
        assert send(visitor, row, what, document={})[0] == 403
    assert visitor.get("/workflows/new").status_code == 403


def test_who_may_not_look_gets_nothing(app: Flask, session: Session) -> None:
    visitor = Visitor(app).sign_in("grid")
    assert visitor.get(f"/workflows/{draft(session).id}/draw").status_code == 403


def test_a_draft_that_is_no_workflow_yet_opens_all_the_same(
    visitor: Visitor, session: Session
) -> None:
    row = draft(session)
    row.states[0].label_zh = row.states[0].label_en = ""
    session.flush()
    found = send(visitor, row, "/check", document=data(visitor, row)["document"])[1]["findings"]
    assert [(each["part"], each["index"], each["inner"]) for each in found] == [
        ("states", 0, "label")
    ]


# --- checking -------------------------------------------------------------------------------------


def test_what_is_wrong_is_told_with_its_place(visitor: Visitor, session: Session) -> None:
    row = draft(session)
    document = data(visitor, row)["document"]
    document["transitions"][0]["roles"] = ["Nobody"]
    status, told = send(visitor, row, "/check", document=document)
    assert status == 200
    wrong = next(each for each in told["findings"] if each["level"] == "error")
    assert (wrong["part"], wrong["index"]) == ("transitions", 0)
    assert wrong["inner"].startswith("roles")
    assert wrong["key"] == document["transitions"][0]["key"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"document": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        json.dumps({"document": {"a": [[[]]] * 9}}).encode(),
        json.dumps({"document": "text"}).encode(),
        json.dumps({"document": {"key": 1, "states": 7, "transitions": [None]}}).encode(),
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_is_saved(
    visitor: Visitor, session: Session, body: bytes
) -> None:
    row = draft(session)
    before = drafts.spec(row), row.draft_version
    answer = visitor.open(f"/workflows/{row.id}/draw", method="POST", data=body)
    assert answer.status_code in (400, 422), visitor.text
    row = draft(session)
    assert (drafts.spec(row), row.draft_version) == before


def test_what_is_too_large_is_refused_unread(visitor: Visitor, session: Session) -> None:
    row = draft(session)
    answer = visitor.open(f"/workflows/{row.id}/draw/check", method="POST", data=b"x" * 5_000_000)
    assert answer.status_code == 413


# --- saving ---------------------------------------------------------------------------------------


def test_a_faulty_draft_is_refused_naming_the_state_and_the_way_out(
    visitor: Visitor, session: Session
) -> None:
    row = draft(session)
    brought = data(visitor, row)
    brought["document"]["states"][1]["label"] = {"zh": "", "en": "Ended"}
    status, told = send(visitor, row, document=brought["document"], version=brought["version"])
    assert status == 422
    assert told["problems"] == ["“Ended”：不能为空"]
    assert draft(session).states[1].label_zh


def test_the_second_of_two_sees_who_and_what_and_may_save_over_it(
    app: Flask, session: Session
) -> None:
    row = draft(session)
    first, second = Visitor(app).sign_in("designer"), Visitor(app).sign_in("admin")
    mine, theirs = data(first, row), data(second, row)
    base = json.loads(json.dumps(theirs["document"]))
    mine["document"]["states"][0]["label"] = {"zh": "新名称", "en": "New"}
    assert send(first, row, document=mine["document"], version=mine["version"])[0] == 200
    theirs["document"]["label"] = {"zh": "另一个", "en": "Other"}
    body = {"document": theirs["document"], "version": theirs["version"], "base": base}
    status, told = send(second, row, **body)
    assert status == 409
    conflict = told["conflict"]
    assert conflict["text"].startswith("程设计在 ")
    assert len(conflict["changes"]) == 1
    assert "改为 “新名称”" in conflict["changes"][0]
    assert conflict["document"]["states"][0]["label"]["zh"] == "新名称"
    assert len(conflict["lost"]) == 2, "their state, and my own name"
    status, told = send(second, row, **{**body, "version": conflict["version"]})
    assert status == 200
    assert draft(session).label_zh == "另一个"


def test_positions_are_kept_and_are_no_part_of_the_file(visitor: Visitor, session: Session) -> None:
    row = draft(session)
    brought = data(visitor, row)
    key = brought["document"]["states"][0]["key"]
    sent = {key: [10, -20.5], "gone": [1, 1], "x": ["a", 1], "y": [1e12, 1]}
    body = {"document": brought["document"], "version": brought["version"], "positions": sent}
    assert send(visitor, row, **body)[0] == 200
    assert data(visitor, row)["positions"] == {key: [10, -20.5]}
    assert files.checksum(drafts.spec(draft(session))) == files.checksum(files.library()["duty"])


# --- as text --------------------------------------------------------------------------------------


def test_a_fault_in_the_text_is_told_with_its_line(visitor: Visitor, session: Session) -> None:
    row = draft(session)
    text = send(visitor, row, "/text", document=data(visitor, row)["document"])[1]["text"]
    wrong = text.replace("states:", "stats:")
    at = wrong[: wrong.index("stats:")].count("\n") + 1
    status, told = send(visitor, row, "/parse", text=wrong)
    assert status == 422
    fault = next(each for each in told["faults"] if each["text"] == "没有这样的项目")
    assert (fault["path"], fault["line"] - at) == ("stats", 1), "where its list begins"
    assert send(visitor, row, "/parse", text="a: [\n")[0] == 422
    assert send(visitor, row, "/parse")[0] == 422


# --- a new workflow -------------------------------------------------------------------------------


def test_a_new_workflow_is_whole_and_opens_in_the_designer(
    visitor: Visitor, session: Session
) -> None:
    visitor.get("/workflows/new")
    form = {"label_zh": "物资借用", "label_en": "", "key": "物资借用", "roles": ["Secretary"]}
    answer = visitor.post("/workflows/new", **form)
    assert answer.status_code == 302, visitor.text
    row = draft(session, "物资借用")
    assert answer.headers["Location"] == f"/workflows/{row.id}/draw"
    brought = data(visitor, row)
    found = send(visitor, row, "/check", document=brought["document"])[1]["findings"]
    assert [each for each in found if each["level"] == "error"] == []
    assert row.openers == ["Secretary"]
    assert visitor.post("/workflows/new", **form).status_code == 422
    assert "已有流程在用" in html.unescape(visitor.text)
    empty = visitor.post("/workflows/new", label_zh="", key="1 x")
    assert empty.status_code == 422
    assert visitor.text.count('class="field-error"') == 3
