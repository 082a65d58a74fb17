"""One draft, edited as rows, as text and as a whole: all three agree, and nobody overwrites
anybody unseen."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError
from app.services import drafts
from app.services.pieces import PARTS
from app.workflows import files
from app.workflows.spec import Workflow
from tests.cast import Cast
from tests.visitor import Visitor

LIBRARY = sorted(files.library())
LEDGERS = {
    "fields": "draft-fields",
    "states": "draft-states",
    "transitions": "draft-transitions",
    "deadlines": "draft-deadlines",
    "notices": "draft-notices",
    "children": "draft-children",
    "tests": "draft-tests",
}


def draft(session: Session, key: str = "duty") -> m.Workflow:
    return session.scalars(sa.select(m.Workflow).where(m.Workflow.key == key)).one()


def changed(spec: Workflow, **values: object) -> Workflow:
    document = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return files.parse({**document, **values}, spec.key)


def renamed(spec: Workflow, zh: str) -> Workflow:
    return changed(spec, label={"zh": zh, "en": "Other"})


# --- saving ---------------------------------------------------------------------------------------


def test_saving_counts_up_and_notes_who_and_when(
    session: Session, cast: Cast, now: datetime
) -> None:
    row = draft(session)
    before, spec = row.draft_version, renamed(drafts.spec(row), "值班")
    viewer = cast.viewer("designer")
    drafts.save(session, row.id, spec, expected=before, actor=viewer, now=now)
    assert (row.draft_version, row.drafted_by_id, row.drafted_at) == (
        before + 1,
        viewer.user_id,
        now,
    )
    assert drafts.spec(row) == spec


def test_whoever_comes_second_is_told_who_was_first_and_nothing_is_written(
    session: Session, cast: Cast, now: datetime
) -> None:
    row = draft(session)
    seen, spec = row.draft_version, drafts.spec(row)
    first, second = cast.viewer("designer"), cast.viewer("admin")
    drafts.save(session, row.id, renamed(spec, "甲"), expected=seen, actor=first, now=now)
    with pytest.raises(ConflictError) as caught:
        drafts.save(session, row.id, renamed(spec, "乙"), expected=seen, actor=second, now=now)
    assert "程设计在 11-19 10:30 保存过" in caught.value.problems[0].text["zh"]
    assert drafts.spec(row).label.zh == "甲"


def test_what_is_equal_is_no_change_but_the_picture_is_kept(
    session: Session, cast: Cast, now: datetime
) -> None:
    row = draft(session)
    before, spec = row.draft_version, drafts.spec(row)
    key = spec.states[0].key
    drafts.save(
        session, row.id, spec, expected=before, actor=cast.viewer("designer"), now=now,
        positions={key: (10, 20.5), "gone": (1, 1)},
    )  # fmt: skip
    assert row.draft_version == before
    assert row.positions == {key: [10, 20.5]}


def test_rows_that_stay_keep_their_ids(session: Session, cast: Cast, now: datetime) -> None:
    row = draft(session, "grievance")
    ids = {t.id for t in row.transitions}
    spec = drafts.spec(row)
    document = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document["transitions"] = document["transitions"][::-1][1:]
    less = files.parse(document, "x")
    viewer = cast.viewer("designer")
    drafts.save(session, row.id, less, expected=row.draft_version, actor=viewer, now=now)
    assert {t.id for t in row.transitions} < ids
    session.expire_all()
    assert drafts.spec(row) == less


def test_what_is_taken_out_is_gone_from_the_row(
    session: Session, cast: Cast, now: datetime
) -> None:
    row = draft(session, "grievance")
    document = drafts.spec(row).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for part in PARTS:
        for item in document.get(part, ()):
            for name in ("help", "when", "confirm", "variants", "extension", "visible_to"):
                item.pop(name, None)
    bare = files.parse(document, "x")
    viewer = cast.viewer("designer")
    drafts.save(session, row.id, bare, expected=row.draft_version, actor=viewer, now=now)
    session.expire_all()
    assert drafts.spec(row) == bare


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"key": "other"}, "key", "请改回“duty”"),
        ({"label": "长" * 201}, "label", "最多 200 个字"),
        (
            {"states": [{"key": "a", "label": "甲"}, {"key": "a", "label": "乙"}]},
            "states[0].key",
            "用了 2 次",
        ),
        ({"states": [{"key": "a", "label": "长" * 300}]}, "states[0].label", "最多 200 个字"),
    ],
)
def test_what_rows_cannot_hold_is_refused_with_its_place(
    session: Session, cast: Cast, now: datetime, values: dict, field: str, said: str
) -> None:
    row = draft(session)
    spec = changed(drafts.spec(row), **values)
    viewer = cast.viewer("designer")
    with pytest.raises(InvalidError) as caught:
        drafts.save(session, row.id, spec, expected=row.draft_version, actor=viewer, now=now)
    assert caught.value.problems[0].field == field
    assert said in caught.value.problems[0].text["zh"]


# --- rows, text and the whole agree ---------------------------------------------------------------


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("designer")


def unlike(rows: list[Any]) -> list[Any]:
    """One of each kind: rows in which the same columns say something go the same way."""
    found = {}
    for row in rows:
        columns = row.__table__.columns.keys()
        found.setdefault(frozenset(name for name in columns if getattr(row, name)), row)
    return list(found.values())


def controls(text: str) -> Iterator[tuple[str, str]]:
    """What a browser would send of the form on the page, as it stands there."""
    form = re.search(r'<form class="narrow" method="post".*?</form>', text, re.S)
    assert form, text[-3000:]
    body = form[0]
    for tag in re.findall(r"<input[^>]*>", body):
        name, value, kind = (attribute(tag, word) for word in ("name", "value", "type"))
        if name and (kind not in ("checkbox", "radio") or " checked" in tag):
            yield name, "on" if value is None and kind == "checkbox" else value or ""
    named = r'<{0}[^>]*\sname="([^"]*)"[^>]*>(.*?)</{0}>'
    for name, inner in re.findall(named.format("textarea"), body, re.S):
        yield name, html.unescape(inner).removeprefix("\n")
    for name, inner in re.findall(named.format("select"), body, re.S):
        chosen = [tag for tag in re.findall(r"<option[^>]*>", inner) if " selected" in tag]
        yield name, attribute(chosen[0], "value") or "" if chosen else ""


def attribute(tag: str, name: str) -> str | None:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else None


@pytest.mark.parametrize("key", LIBRARY)
def test_every_row_form_saved_as_it_stands_changes_nothing(
    visitor: Visitor, session: Session, key: str
) -> None:
    row = draft(session, key)
    spec = drafts.spec(row)
    for part, ledger in LEDGERS.items():
        for one in unlike(getattr(row, part)):
            address = f"/ledgers/{ledger}/edit/{one.id}"
            visitor.get(address)
            answer = visitor.post(address, **dict(controls(visitor.text)))
            assert answer.status_code == 302, (address, visitor.text[-3000:])
    address = f"/ledgers/workflows/edit/{row.id}"
    visitor.get(address)
    assert visitor.post(address, **dict(controls(visitor.text))).status_code == 302
    session.expire_all()
    assert drafts.spec(row) == spec == files.library()[key]
