"""Drafts of workflows edited row by row, each checked as it is saved."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from tests.visitor import Visitor


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


def field(text: str, name: str) -> str:
    """The form row of one field."""
    return text.split(f'id="row-{name}"')[1].split('class="form-row')[0]


# --- drafts of workflows ------------------------------------------------------------------------


def draft(session: Session, key: str = "duty") -> m.Workflow:
    return session.scalars(sa.select(m.Workflow).where(m.Workflow.key == key)).one()


def transition(session: Session) -> m.DraftTransition:
    workflow = draft(session)
    return next(t for t in workflow.transitions if t.target)


def sent(visitor: Visitor, row: m.DraftTransition, **changes: str) -> dict[str, str]:
    visitor.get(f"/ledgers/draft-transitions/edit/{row.id}")
    form = {
        "seen": visitor.hidden("seen"),
        "workflow": str(row.workflow_id),
        "position": str(row.position),
        "key": row.key,
        "label_zh": row.label_zh,
        "label_en": row.label_en,
        "source": ", ".join(row.source),
        "target": row.target,
        "roles": ", ".join(row.roles),
    }
    return form | changes


def test_a_row_of_a_draft_is_edited_and_counted(visitor: Visitor, session: Session) -> None:
    row = transition(session)
    before = row.workflow.draft_version
    visitor.sign_in("designer")
    form = sent(
        visitor, row, label_zh="新按钮", roles="Secretary，GridWorker、 CommitteeStaff",
        when="fact: assignee.set", effects="- assign: actor",
    )  # fmt: skip
    answer = visitor.post(f"/ledgers/draft-transitions/edit/{row.id}", **form)
    assert answer.status_code == 302, visitor.text
    session.expire_all()
    assert row.roles == ["Secretary", "GridWorker", "CommitteeStaff"]
    assert row.when == {"fact": "assignee.set"}
    assert row.effects == [{"assign": "actor"}]
    assert row.workflow.draft_version == before + 1


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"when": "fact: [a\nb"}, "when", "第 "),
        ({"when": "- a\n- b"}, "when", "应填“名称: 值”"),
        ({"effects": "assign: actor"}, "effects", "应填列表"),
        ({"effects": "- &x a\n- *x"}, "effects", "锚点"),
        ({"effects": "- nonsense: 1"}, "effects", ""),
        ({"when": "any: []"}, "when", ""),
        ({"key": "1 with blank"}, "key", ""),
        ({"roles": "Secretary, Secretary"}, "roles", "重复"),
    ],
)
def test_a_fault_in_a_draft_is_told_beside_its_field(
    visitor: Visitor, session: Session, changes: dict[str, str], name: str, said: str
) -> None:
    row = transition(session)
    kept = (row.key, row.when, row.effects)
    visitor.sign_in("designer")
    form = sent(visitor, row, **changes)
    answer = visitor.post(f"/ledgers/draft-transitions/edit/{row.id}", **form)
    assert answer.status_code == 422, answer.headers
    assert "field-error" in field(visitor.text, name)
    assert said in field(visitor.text, name)
    session.expire_all()
    assert (row.key, row.when, row.effects) == kept


def test_a_published_workflow_is_not_deleted(visitor: Visitor, session: Session) -> None:
    row = draft(session)
    visitor.sign_in("designer")
    assert visitor.post(f"/ledgers/workflows/delete/{row.id}").status_code == 409
    assert "已发布过的流程不能删除" in visitor.text


def test_a_new_workflow_is_begun_by_form(visitor: Visitor, session: Session) -> None:
    visitor.sign_in("designer")
    answer = visitor.post(
        "/ledgers/workflows/add",
        key="wish", label_zh="微心愿", leg="case", start="raised", once="x",
    )  # fmt: skip
    assert answer.status_code == 302, visitor.text
    row = draft(session, "wish")
    visitor.post(
        "/ledgers/draft-states/add", workflow=row.id, key="raised", label_zh="已提出",
        kind="open", position="0", once="y",
    )  # fmt: skip
    session.expire_all()
    assert [(s.key, s.kind) for s in row.states] == [("raised", "open")]
