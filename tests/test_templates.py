"""Notices of workflows: what may stand in them, found when they are saved, shown with a case."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from app import models as m
from app.workflows import registry, templates
from tests.raising import Matter
from tests.visitor import Visitor


@pytest.mark.parametrize(
    ("text", "unknown", "paired"),
    [
        ("{number} {title}", [], True),
        ("{name}，{due}", ["name"], True),
        ("{title.__class__}", ["title.__class__"], True),
        ("{0} {} {title!r}", ["0", "", "title!r"], True),
        ("{title", [], False),
        ("title}", [], False),
        ("{{title}}", [], False),
        ("没有占位符", [], True),
    ],
)
def test_only_names_of_the_list_may_stand_in_braces(text, unknown, paired):
    assert templates.unknown(text) == unknown
    assert templates.is_paired(text) is paired


@pytest.fixture
def draft(session) -> m.DraftNotice:
    return session.scalars(
        sa.select(m.DraftNotice)
        .join(m.Workflow)
        .where(m.Workflow.key == "grievance")
        .order_by(m.DraftNotice.position)
    ).first()


class TestSaving:
    @pytest.mark.parametrize(
        ("field", "text", "said"),
        [
            ("body_zh", "请 {name} 办理", "{name}"),
            ("body_en", "{title.__class__}", "{title.__class__}"),
            ("label_zh", "{number", "花括号"),
        ],
    )
    def test_what_nothing_is_known_by_is_refused_beside_its_field(
        self, app: Flask, session, draft, field, text, said
    ):
        visitor = Visitor(app).sign_in("admin")
        path = f"/ledgers/draft-notices/edit/{draft.id}"
        visitor.get(path)
        form = {
            "workflow": str(draft.workflow_id), "position": str(draft.position), "key": draft.key,
            "label_zh": draft.label_zh, "label_en": draft.label_en, "body_zh": draft.body_zh,
            "body_en": draft.body_en, "to": ",".join(draft.to),
            "channels": ",".join(draft.channels), "seen": visitor.hidden("seen"), field: text,
        }  # fmt: skip
        assert visitor.post(path, **form).status_code == 422
        row = visitor.text[visitor.text.index(f'id="row-{field}"') :]
        assert said in re.sub(r"<[^>]+>", "", row[:3000])
        session.expire_all()
        assert getattr(draft, field) != text


class TestPreview:
    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_it_shows_every_notice_with_a_real_case(
        self, app: Flask, session, cast, draft, now, language
    ):
        case = Matter(session, cast, now).begin(title="盼装长椅").row()
        session.commit()
        visitor = Visitor(app).sign_in("admin").speak(language)
        assert visitor.get(f"/workflows/{draft.workflow_id}/notices/").status_code == 200
        assert visitor.text.count(case.number) > 5
        assert "盼装长椅" in visitor.text
        for name in registry.TEMPLATES:
            assert f"{{{name}}}" not in visitor.text
        assert session.scalar(sa.select(sa.func.count()).where(m.Notice.key == "to_verify")) == 0

    def test_of_another_case_by_its_number(self, app: Flask, session, cast, draft, now):
        first = Matter(session, cast, now).begin(title="甲事").row()
        Matter(session, cast, now).begin(title="乙事")
        session.commit()
        visitor = Visitor(app).sign_in("admin")
        path = f"/workflows/{draft.workflow_id}/notices/"
        visitor.get(path, case=first.number.lower())
        assert "甲事" in visitor.text
        assert "乙事" not in visitor.text
        assert visitor.get(path, case="G2026-999999").status_code == 200

    def test_it_is_for_those_who_edit_workflows(self, app: Flask, session, draft):
        path = f"/workflows/{draft.workflow_id}/notices/"
        assert Visitor(app).sign_in("staff").get(path).status_code == 403
        assert Visitor(app).sign_in("admin").get("/workflows/999999/notices/").status_code == 404
