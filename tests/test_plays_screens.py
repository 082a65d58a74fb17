"""The sandbox of a workflow's draft: played, undone, kept as a test, refused to outsiders."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import drafts
from app.workflows import proof
from app.workflows.engine import compile_
from tests.visitor import Visitor


@pytest.fixture
def row(app: Flask, session: Session) -> m.Workflow:
    return session.scalars(sa.select(m.Workflow).where(m.Workflow.key == "grievance")).one()


class Player:
    """Somebody on the page of a play: each deed brings along what the page before gave."""

    def __init__(self, app: Flask, row: m.Workflow, name: str = "designer") -> None:
        self.visitor = Visitor(app).sign_in(name)
        self.visitor.speak("zh")
        self.base = f"/workflows/{row.id}"
        self.visitor.get(f"{self.base}/play")

    def do(self, what: str, **form: str) -> int:
        token = self.visitor.hidden("expected")
        answer = self.visitor.post(f"{self.base}/{what}", expected=token, **form)
        return answer.status_code

    @property
    def words(self) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", self.visitor.text).split())

    @property
    def state(self) -> str:
        found = re.search(r'class="play-state"><span class="state[^>]*>([^<]*)', self.visitor.text)
        return found[1] if found else ""


@pytest.fixture
def player(app: Flask, row: m.Workflow) -> Player:
    return Player(app, row)


def begun(player: Player) -> Player:
    assert player.do("play/as", role="Resident") == 200
    opened = {"field-category": "facilities", "field-description": "楼前想装长椅"}
    assert player.do("play/open", begins="2026-03-02T09:00", **opened) == 200
    assert player.state == "待受理"
    return player


def test_a_whole_way_is_played_in_every_role(player: Player) -> None:
    begun(player)
    assert "新诉求" in player.words
    assert "没有发送" in player.words
    player.do("play/as", role="CommitteeStaff")
    assert player.do("play/press/accept") == 200
    assert player.state == "已受理"
    player.do("play/as", role="Secretary")
    assert player.do("play/press/reply", **{"field-reply": "收到"}) == 200
    assert (
        player.do("play/press/assign", **{"field-bodies": "2", "field-instruction": "请修"}) == 200
    )
    assert player.state == "已交办"
    assert player.do("play/end", child="duties") == 200
    assert player.state == "待核实"
    assert player.visitor.text.count('class="timeline-head"') >= 6


def test_time_is_moved_on_and_deadlines_fire(player: Player) -> None:
    begun(player)
    assert "到下一个时限：2026年3月3日 周二 04:12" in player.words
    player.do("play/wait", span="next")
    assert "“首次回复”用时达 80%" in player.words
    player.do("play/wait", typed="1 工作日")
    assert "超期" in player.words
    assert player.do("play/wait", typed="soon") == 422
    assert "写明时长，例如：30 min" in player.words


def test_a_form_comes_back_with_what_is_wrong_and_is_no_step(player: Player) -> None:
    player.do("play/as", role="Resident")
    assert player.do("play/open", begins="2026-03-02T09:00") == 422
    assert "请填写" in player.words
    assert 'id="history"' not in player.visitor.text
    begun(player)
    player.do("play/as", role="Secretary")
    assert player.do("play/press/reply") == 422
    assert "请填写“回复内容”" in player.words
    assert 'class="step-form is-open" id="do-reply"' in player.visitor.text


def test_what_is_grey_can_be_tried_and_undone(player: Player) -> None:
    begun(player)
    assert player.do("play/try", event="reply") == 200
    assert "拒绝：回复" in player.words
    assert player.do("play/undo") == 200
    assert "拒绝：回复" not in player.words
    assert player.do("play/again") == 200
    assert player.state == ""


def test_facts_of_the_database_are_set(app: Flask, session: Session) -> None:
    meeting = session.scalars(sa.select(m.Workflow).where(m.Workflow.key == "meeting")).one()
    player = Player(app, meeting)
    player.do(
        "play/open", begins="2026-03-02T09:00", **{"field-kind": "joint", "field-purpose": "充电"}
    )
    assert re.search(r'name="fact-agenda.count" value="0"', player.visitor.text)
    assert re.search(r'name="fact-decisions" value="1"', player.visitor.text)
    assert player.do("play/press/convene") == 422
    assert "议题数须不少于1" in player.words
    assert player.do("play/set", **{"fact-agenda.count": "many"}) == 422
    assert "“议题数”应为数字" in player.words
    assert player.do("play/set", **{"fact-agenda.count": "2", "fact-quorum.met": "true"}) == 200
    assert player.do("play/press/convene") == 200
    assert player.do("play/press/open_session") == 200
    assert player.state == "会议中"
    assert player.do("play/set") == 422


def test_a_stranger_is_refused_what_the_assignee_may(app: Flask, session: Session) -> None:
    duty = session.scalars(sa.select(m.Workflow).where(m.Workflow.key == "duty")).one()
    player = Player(app, duty)
    assert player.do("play/open", begins="2026-03-02T09:00", party="1") == 200
    player.do("play/as", role="PropertyStaff", stranger="1")
    assert player.do("play/press/take_on") == 422
    assert "责任单位人员" in player.words
    player.do("play/as", stranger="")
    assert player.do("play/press/take_on") == 200
    assert player.state == "办理中"


def test_a_play_is_kept_as_a_test_and_run(
    player: Player, row: m.Workflow, session: Session
) -> None:
    before, count = row.draft_version, len(row.tests)
    begun(player)
    player.do("play/try", event="reply")
    player.do("play/wait", span="next")
    assert player.do("tests", name=" ") == 422
    assert "为这项测试取名" in player.words
    assert player.do("tests", name="长椅第一步") == 302
    session.expire_all()
    assert (row.draft_version, len(row.tests)) == (before + 1, count + 1)
    found = {p.test.label.zh: p for p in proof.run_all(compile_(drafts.spec(row)))}
    assert found["长椅第一步"].failure is None
    expects = [move.expect for move in found["长椅第一步"].test.moves]
    assert [e and e.refused for e in expects] == [
        False,
        "只有社区书记、居委会工作人员可以“回复”",
        False,
    ]
    player.visitor.get(f"{player.base}/play")
    assert "长椅第一步" in player.words
    assert f"{count + 1} 项中有 {count + 1} 项通过" in player.words


def test_a_test_is_played_again_replaced_and_deleted(
    player: Player, row: m.Workflow, session: Session
) -> None:
    test = row.tests[0]
    player.visitor.get(f"{player.base}/play", test=str(test.id))
    assert player.state == "已评价"
    assert player.do("tests", name="改名", over=str(test.id)) == 302
    session.expire_all()
    assert row.tests[0].label_zh == "改名"
    count = len(row.tests)
    assert player.visitor.post(f"{player.base}/tests/{test.id}/remove").status_code == 302
    assert player.visitor.post(f"{player.base}/tests/{test.id}/remove").status_code == 404
    session.expire_all()
    assert len(row.tests) == count - 1


def test_a_draft_that_changed_says_where_the_play_breaks(
    player: Player, row: m.Workflow, session: Session
) -> None:
    begun(player)
    player.do("play/as", role="CommitteeStaff")
    player.do("play/press/accept")
    accept = next(t for t in row.transitions if t.key == "accept")
    accept.roles = ["Secretary"]
    row.draft_version += 1
    session.commit()
    assert player.do("play/wait", span="next") == 200
    assert "草稿已改动：第 2 步“受理”现在被拒绝" in player.words
    assert player.state == "待受理"


def test_a_failing_test_is_shown_with_its_step(
    player: Player, row: m.Workflow, session: Session
) -> None:
    accept = next(t for t in row.transitions if t.key == "accept")
    accept.roles = ["Secretary"]
    session.commit()
    player.visitor.get(f"{player.base}/play")
    assert "第 2 步：不应被拒绝，却被拒绝：只有社区书记可以“受理”" in player.words
    player.visitor.get(player.base)
    assert "测试“长椅：从提出到评价”（bench）第 2 步" in player.words


@pytest.mark.parametrize("token", ["", "x", "W10.bad"])
def test_a_forged_play_begins_again(player: Player, token: str) -> None:
    answer = player.visitor.post(f"{player.base}/play/wait", expected=token, span="next")
    assert answer.status_code == 422
    assert "页面不完整" in player.words


def test_a_draft_with_errors_is_not_played(
    player: Player, row: m.Workflow, session: Session
) -> None:
    row.start = "nowhere"
    session.commit()
    assert player.visitor.get(f"{player.base}/play").status_code == 200
    assert "草稿有错误" in player.words
    assert player.visitor.post(f"{player.base}/play/wait", span="next").status_code == 200


def test_those_who_may_not_edit_see_and_do_not_play(app: Flask, row: m.Workflow) -> None:
    reader = Player(app, row, "secretary")
    assert "本流程的测试" in reader.words
    assert reader.visitor.post(f"{reader.base}/play/wait", span="next").status_code == 403
    assert reader.visitor.post(f"{reader.base}/tests", name="x").status_code == 403
    outsider = Visitor(app).sign_in("grid")
    assert outsider.get(f"{reader.base}/play").status_code == 403


@pytest.mark.parametrize("what", ["nothing", "keep", "__init__"])
def test_there_are_no_other_deeds(player: Player, what: str) -> None:
    assert player.do(f"play/{what}") == 404


@pytest.mark.parametrize(
    ("what", "form"),
    [
        ("play/as", {"role": "Emperor"}),
        ("play/end", {"child": "nope"}),
        ("play/end", {"child": "\x00"}),
        ("play/press/" + "x" * 300, {}),
        ("play/wait", {"typed": "99999 working days"}),
        ("play/wait", {"typed": "1" * 5000}),
    ],
)
def test_bad_input_is_told_and_changes_nothing(
    player: Player, what: str, form: dict[str, Any]
) -> None:
    begun(player)
    assert player.do(what, **form) in (422, 409)
    assert 'role="alert"' in player.visitor.text
    assert player.state == "待受理"
