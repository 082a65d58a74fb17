"""Running cases moved on the screens: chosen, looked at, carried out by a job, undone."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.models import JobState
from app.services import definitions
from tests import labour, migrants
from tests.cast import Cast
from tests.visitor import Visitor

TITLE = "路灯不亮"


@pytest.fixture
def workflow(session: Session, cast: Cast, now: datetime) -> m.Workflow:
    """With a case in each state on the first version, and the second in force."""
    row = migrants.publish(session, now, migrants.FIRST)
    place, actor = cast.places["compound"].id, cast.viewer("secretary")
    for events in ((), ("begin",), ("begin", "rest"), ("withdraw",)):
        migrants.begin(session, place, now, actor, events, kind="lamp")
    migrants.publish(session, now, migrants.second())
    session.commit()
    return row


@pytest.fixture
def visitor(app: Flask, workflow: m.Workflow) -> Visitor:
    return Visitor(app).sign_in("admin")


def address(row: m.Workflow, rest: str = "") -> str:
    return f"/workflows/{row.id}/moves{rest}"


def form(**more: str) -> dict[str, str]:
    mapping = {f"map-1-{state}": target for state, target in migrants.MAPPING.items()}
    return {"to": "2", "from": "1", "clocks": "shift", "reason": "新办法施行", **mapping, **more}


def cases(session: Session) -> list[m.Case]:
    query = sa.select(m.Case).where(m.Case.title == TITLE).order_by(m.Case.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def numbers(session: Session) -> list[int]:
    found = []
    for case in cases(session):
        version = session.get_one(m.WorkflowVersion, case.version_id)
        found.append(version.number)
    return found


def run(session: Session, visitor: Visitor, path: str, **fields: str) -> m.Job:
    answer = visitor.post(path, **fields)
    assert answer.status_code == 302, visitor.text
    job = session.get_one(m.Job, int(answer.headers["Location"].rsplit("/", 1)[1]))
    return labour.finish(session, job)


class TestForm:
    def test_proposes_all_older_versions_to_the_one_in_force(self, visitor, workflow):
        assert visitor.get(address(workflow)).status_code == 200
        assert "第 1 版" in visitor.text
        chosen = re.findall(r'name="map-1-(\w+)".*?value="(\w+)" selected', visitor.text, re.S)
        assert dict(chosen) == {"new": "new", "doing": "working", "resting": "resting"}
        assert "名称相同" in visitor.text

    def test_speaks_english(self, visitor, workflow):
        visitor.speak("en").get(address(workflow))
        assert "Which state becomes which?" in visitor.text
        assert "the same label" in visitor.text

    def test_nothing_typed_is_lost_when_something_is_wrong(self, visitor, workflow):
        sent = form(reason="", clocks="keep", **{"map-1-resting": "-"})
        assert visitor.post(address(workflow), **sent).status_code == 422
        assert "请写明原因" in visitor.text
        assert re.search(r'name="clocks" value="keep" checked', visitor.text)
        select = visitor.text.split('name="map-1-resting"')[1].split("</select>")[0]
        assert 'value="-" selected' in select

    def test_an_end_can_not_be_chosen(self, visitor, workflow):
        answer = visitor.post(address(workflow), **form(**{"map-1-new": "done"}))
        assert answer.status_code == 422
        assert "是终点" in visitor.text

    def test_nonsense_says_what_to_do(self, visitor, workflow):
        for sent in ({}, {"to": "9"}, {"to": "2", "from": "2"}, {"to": "x@y", "from": "1@1"}):
            assert visitor.post(address(workflow), **sent).status_code == 422, sent
            assert "请" in visitor.text

    def test_says_when_there_is_nothing_to_move(self, session, cast, visitor, workflow, now):
        row = session.scalars(sa.select(m.Workflow).where(m.Workflow.id != workflow.id)).first()
        visitor.get(address(row))
        assert "不需要转版" in visitor.text


class TestPreview:
    def test_says_what_would_change_and_changes_nothing(self, session, visitor, workflow):
        assert visitor.post(address(workflow), **form()).status_code == 200
        text = html.unescape(re.sub(r"<[^>]+>|\s+", " ", visitor.text))
        for part in ("转 3 个事项", "维修期限", "类别：路灯", "维修中", "2026-11-25"):
            assert part in text, part
        assert numbers(session) == [1, 1, 1, 1]
        assert visitor.text.count("btn-primary") == 1

    def test_back_to_the_form_keeps_all(self, visitor, workflow):
        visitor.post(address(workflow), again="1", **form(clocks="restart"))
        assert 'value="新办法施行"' in visitor.text
        assert re.search(r'value="restart" checked', visitor.text)

    def test_who_may_see_no_case_sees_figures_alone(self, app, session, cast, workflow):
        visitor = Visitor(app).sign_in("designer")
        assert visitor.post(address(workflow), **form()).status_code == 200
        assert TITLE not in visitor.text
        assert "另有 3 个事项" in visitor.text


class TestRun:
    def test_moves_and_says_what_became_of_each(self, session, visitor, workflow):
        job = run(session, visitor, address(workflow), run="1", **form(**{"map-1-resting": "-"}))
        assert job.state is JobState.DONE
        assert numbers(session) == [2, 2, 1, 1]
        visitor.get(f"/jobs/{job.id}")
        assert "没有为状态“等配件”选择新状态" in visitor.text
        made = session.scalars(sa.select(m.Migration)).one()
        assert (made.running, made.actor_name) == (3, "管理员")
        visitor.get(address(workflow, f"/{made.id}"))
        assert "新办法施行" in visitor.text
        assert visitor.text.count(TITLE) == 3
        visitor.get(address(workflow, f"/{made.id}"), outcome="refused")
        assert visitor.text.count(TITLE) == 1
        visitor.get(address(workflow))
        assert "3 件中已转 2 件" in visitor.text

    def test_the_history_of_the_case_says_it(self, session, visitor, workflow):
        run(session, visitor, address(workflow), run="1", **form())
        case = cases(session)[1]
        visitor.get(f"/cases/{case.id}")
        for part in ("从流程第 1 版转到第 2 版", "原因：新办法施行", "类别：路灯"):
            assert part in visitor.text
        assert "lamp" not in visitor.text, "what was filled in then reads as it did"
        visitor.speak("en").get(f"/cases/{case.id}")
        assert "Moved from version 1 to version 2 of the workflow" in visitor.text

    def test_undone_it_is_as_before(self, session, visitor, workflow):
        run(session, visitor, address(workflow), run="1", **form())
        made = session.scalars(sa.select(m.Migration)).one()
        job = run(session, visitor, address(workflow, f"/{made.id}/undo"))
        assert job.result["moved"] == 3
        assert numbers(session) == [1, 1, 1, 1]
        visitor.get(address(workflow, f"/{made.id}"), undo="1", outcome="moved")
        assert visitor.text.count(TITLE) == 3
        assert "/undo" not in visitor.text

    def test_after_a_day_there_is_no_way_back(self, session, visitor, workflow, monkeypatch):
        run(session, visitor, address(workflow), run="1", **form())
        made = session.scalars(sa.select(m.Migration)).one()
        later = made.at + timedelta(hours=25)
        monkeypatch.setattr(clock, "now", lambda: later)
        visitor.sign_in("admin")
        assert visitor.post(address(workflow, f"/{made.id}/undo")).status_code == 409
        assert "24 小时" in visitor.text

    def test_a_second_press_is_told_of_the_first(self, session, visitor, workflow):
        assert visitor.post(address(workflow), run="1", **form()).status_code == 302
        assert visitor.post(address(workflow), run="1", **form()).status_code == 422
        assert "正在转版" in visitor.text
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Migration)) == 1

    def test_one_that_was_undone_is_not_gone_on_with(self, session, visitor, workflow):
        answer = visitor.post(address(workflow), run="1", **form())
        path = answer.headers["Location"]
        job = session.get_one(m.Job, int(path.rsplit("/", 1)[1]))
        visitor.post(f"{path}/cancel")
        made = session.scalars(sa.select(m.Migration)).one()
        run(session, visitor, address(workflow, f"/{made.id}/undo"))
        visitor.post(f"{path}/retry")
        assert labour.finish(session, job).state is JobState.DONE
        assert numbers(session) == [1, 1, 1, 1]

    def test_cancelled_and_gone_on_with_nothing_is_done_twice(self, session, visitor, workflow):
        answer = visitor.post(address(workflow), run="1", **form())
        path = answer.headers["Location"]
        job = session.get_one(m.Job, int(path.rsplit("/", 1)[1]))
        visitor.post(f"{path}/cancel")
        session.expire_all()
        assert job.state is JobState.CANCELLED
        visitor.post(f"{path}/retry")
        assert labour.finish(session, job).result["moved"] == 3


@pytest.mark.parametrize("name", ["secretary", "street"])
def test_who_may_only_look_can_not_move(app, session, workflow, name):
    visitor = Visitor(app).sign_in(name)
    assert visitor.get(address(workflow)).status_code == 200
    assert 'name="reason"' not in visitor.text
    assert visitor.post(address(workflow), **form()).status_code == 403
    assert numbers(session) == [1, 1, 1, 1]


def test_who_works_on_cases_alone_does_not_even_look(app, workflow):
    assert Visitor(app).sign_in("grid").get(address(workflow)).status_code == 403


def test_versions_of_a_place_are_moved_among_themselves(
    session: Session, cast: Cast, visitor: Visitor, workflow: m.Workflow, now: Any
) -> None:
    """A target that is for one place takes no case of another."""
    spec = migrants.second()
    template = session.get_one(m.WorkflowVersion, workflow.current_id)
    own = m.WorkflowVersion(
        workflow_id=workflow.id, place_id=cast.places["hongmian"].id, based_on_id=template.id,
        number=1, spec=spec, checksum="x", published_at=now,
    )  # fmt: skip
    session.add(own)
    session.commit()
    assert definitions.compiled(session, own.id)
    name = f"1@{own.place_id}"
    visitor.get(address(workflow), **{"to": name, "from": "1"})
    assert "第 1 版（红棉社区）" in visitor.text
    visitor.post(address(workflow), **form(to=name))
    assert "不在第 1 版（红棉社区）适用的地点" in visitor.text
