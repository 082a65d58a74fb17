"""A workflow played without a database: every kind of move, time, notices, children, refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.workflows import files, stage
from app.workflows.engine import Compiled, compile_
from app.workflows.play import Play, unplayable
from app.workflows.scenes import Scene
from app.workflows.spec import Workflow
from app.workflows.trials import Move

LIBRARY = files.library()
SPEC: dict[str, Any] = {
    "key": "repair",
    "label": {"zh": "报修", "en": "Repair"},
    "start": "new",
    "openers": ["Secretary", "Resident"],
    "notify": ["came"],
    "fields": [
        {"key": "who", "label": "负责人", "type": "person"},
        {"key": "bodies", "label": "单位", "type": "parties"},
        {"key": "photos", "label": "照片", "type": "files"},
        {"key": "until", "label": "期限", "type": "date"},
    ],
    "intake": [{"field": "photos"}],
    "states": [
        {"key": "new", "label": {"zh": "新", "en": "New"}},
        {"key": "work", "label": {"zh": "办理", "en": "Work"}},
        {"key": "done", "label": {"zh": "完成", "en": "Done"}, "kind": "done"},
    ],
    "transitions": [
        {
            "key": "give",
            "label": {"zh": "交给", "en": "Give"},
            "from": "new",
            "to": "work",
            "roles": ["Secretary"],
            "form": [{"field": "who"}, {"field": "bodies"}],
            "effects": [{"assign": "field.who"}],
            "spawn": ["parts"],
            "notify": ["given"],
        },
        {
            "key": "finish",
            "label": {"zh": "完成", "en": "Finish"},
            "from": "work",
            "to": "done",
            "relations": ["assignee"],
            "when": {"fact": "attachments.count", "op": "ge", "value": 1},
        },
        {"key": "over", "label": {"zh": "收尾", "en": "Over"}, "from": "work", "to": "done"},
        {
            "key": "up",
            "label": {"zh": "上报", "en": "Up"},
            "from": "new",
            "to": "work",
            "roles": ["System"],
            "when": {"fact": "case.places", "op": "contains", "value": "朝阳"},
        },
    ],
    "deadlines": [
        {
            "key": "answer",
            "label": {"zh": "答复", "en": "Answer"},
            "start": "new",
            "stop": "work",
            "within": "2 working days",
            "levels": [{"at": "50 %", "notify": ["soon"]}, {"at": "breach", "fire": "up"}],
        }
    ],
    "notices": [
        {
            "key": "came",
            "to": ["role:Secretary", "creator"],
            "subject": {"zh": "{number} 来了", "en": "{number} has come"},
            "body": "{actor}：{title}，{due}",
        },
        {"key": "soon", "to": "role:Secretary", "subject": "快到期", "body": "{due}"},
        {
            "key": "given",
            "to": ["assignee", "role:Secretary", "above:Subdistrict"],
            "channels": ["inapp", "wecom"],
            "subject": "交给您",
            "body": "{state}",
        },
    ],
    "children": [
        {
            "key": "parts",
            "label": {"zh": "分办", "en": "Parts"},
            "workflow": "part",
            "per": "field.bodies",
            "when_all_closed": "over",
        }
    ],
}


def repair(**changes: Any) -> Compiled:
    return compile_(Workflow.model_validate({**SPEC, **changes}))


def played(*moves: dict[str, Any], compiled: Compiled | None = None) -> Play:
    play = Play(compiled or repair())
    play.replay(Move.model_validate(move) for move in moves)
    return play


def why(scene: Scene) -> list[str]:
    return [reason.text.zh for reason in scene.refused]


def test_who_acts_is_not_told_and_the_others_are() -> None:
    first = played({"open": "Secretary"}).scenes[0]
    assert first.state == "new"
    assert first.told == ()
    assert [label.zh for label in first.notices[0].silent] == ["社区书记", "登记人"]
    other = played({"open": "Resident"}).scenes[0]
    assert [to.who for to in other.notices[0].to] == ["person:3"]
    assert other.notices[0].body["zh"] == "诉求人：—，2026-03-04 09:00"


def test_people_are_named_by_their_roles_and_become_what_the_step_makes_of_them() -> None:
    play = played(
        {"open": "Resident", "form": {"photos": [7, 8]}},
        {"press": "give", "as": "Secretary", "form": {"who": "GridWorker", "bodies": [1]}},
    )
    given = play.scenes[1]
    assert given.state == "work"
    assert play.stage.assignee == 5
    assert [to.who for to in given.notices[0].to] == [
        "person:5",
        "above:Subdistrict",
        "channel:wecom",
    ]
    assert given.history[0].spawned == (("parts", 1),)
    refused = play.take(Move.model_validate({"press": "finish", "as": "CommitteeStaff"}))
    assert why(refused) == ["只有承办人可以“完成”"]
    assert play.take(Move.model_validate({"press": "finish", "as": "GridWorker"})).state == "done"


def test_what_somebody_is_to_the_case_can_be_said() -> None:
    begun = (
        {"open": "Resident"},
        {"press": "give", "as": "Secretary", "form": {"who": "GridWorker"}},
    )
    stranger = played(*begun, {"press": "finish", "as": "GridWorker", "relations": []})
    assert why(stranger.scenes[2]) == ["只有承办人可以“完成”"]
    said = played(*begun, {"press": "finish", "as": "Facilitator", "relations": ["assignee"]})
    assert why(said.scenes[2]) == ["附件数须不少于1（现为0）"]


def test_facts_of_the_database_are_set_by_hand_and_those_of_the_play_are_not() -> None:
    play = played(
        {"open": "Resident"},
        {"press": "give", "as": "Secretary", "form": {"who": "GridWorker"}},
        {"set": {"attachments.count": 2}},
        {"press": "finish", "as": "GridWorker"},
    )
    assert play.scenes[3].state == "done"
    wrong = [
        ({"case.reopened": 1}, "“重新办理次数”由演练自己得出，不能手工设定"),
        ({"children.parts.open": 1}, "“分办”未结束数"),
        ({"quorum.met": True}, "没有名为“quorum.met”的事实"),
        ({"attachments.count": "many"}, "“附件数”应为数字"),
        ({"decisions": -1}, "应为 0 到 50 的整数"),
    ]
    for values, text in wrong:
        scene = played({"set": values}).scenes[0]
        assert text in why(scene)[0]


def test_the_facts_that_a_workflow_asks_are_those_offered() -> None:
    assert stage.settable(repair()) == ["attachments.count", "case.places"]
    assert "decisions" in stage.settable(compile_(LIBRARY["meeting"]))


def test_time_goes_from_one_thing_that_falls_due_to_the_next() -> None:
    play = played({"open": "Resident"}, {"wait": "next"}, {"wait": "next"})
    soon, due = play.scenes[1:]
    assert f"{soon.at.astimezone(play.stage.zone):%m-%d %H:%M}" == "03-02 17:30"
    assert soon.told == ("soon",)
    assert soon.overdue == ()
    # its button is refused: written down, and the case goes on
    assert due.state == "new"
    assert due.overdue == ("answer",)
    assert [reason.text.zh for reason in due.history[0].why] == ["所在辖区须包含朝阳（现为空）"]
    assert due.refused == ()


def test_a_deadline_presses_its_button_as_the_system() -> None:
    play = played({"open": "Resident"}, {"set": {"case.places": "朝阳区"}}, {"wait": "9 days"})
    last = play.scenes[2]
    assert [(h.kind, h.event, h.by) for h in last.history] == [
        ("level", "answer", "System"),
        ("level", "answer", "System"),
        ("moved", "up", "System"),
    ]
    assert last.state == "work"
    assert last.at - play.began == timedelta(days=9)
    assert last.clocks[0].status == "stopped"


def test_the_last_child_presses_the_parents_button() -> None:
    begun = (
        {"open": "Resident"},
        {"press": "give", "as": "Secretary", "form": {"bodies": [4, 5, 6]}},
    )
    play = played(*begun, {"end": "parts"}, {"end": "parts", "every": True}, {"end": "parts"})
    assert [scene.state for scene in play.scenes[2:]] == ["work", "done", "done"]
    assert why(play.scenes[4]) == ["“分办”没有未结束的"]
    assert why(played(*begun, {"end": "nope"}).scenes[2]) == ["没有名为 nope 的子事项"]


def test_nothing_happens_in_a_move_that_is_refused() -> None:
    play = played({"open": "Resident"})
    before = (play.stage.state, play.stage.data, play.stage.rows, play.stage.now)
    for move, text in (
        ({"open": "Secretary"}, "事项已经登记"),
        ({"press": "finish", "as": "Secretary"}, "现在是“新”，不能“完成”"),
        ({"press": "give", "as": "Nobody"}, "没有名为 Nobody 的角色"),
        ({"press": "give", "as": "Secretary", "form": {"until": "x"}}, "此操作没有这一项"),
        ({"wait": "4000 days"}, "一次演练最长十年"),
        ({"wait": "100000 working days"}, "一次演练最长十年"),
    ):
        scene = play.take(Move.model_validate(move))
        assert why(scene) == [text]
        assert (scene.history, scene.notices) == ((), ())
    assert (play.stage.state, play.stage.data, play.stage.rows, play.stage.now) == before
    assert why(played({"press": "give", "as": "Secretary"}).scenes[0]) == ["事项还没有登记"]
    assert why(played({"wait": "next"}).scenes[0]) == ["没有正在计时的时限"]


def test_a_workflow_that_never_comes_to_rest_is_stopped() -> None:
    deadline = {**SPEC["deadlines"][0], "within": "0 min", "stop": []}
    deadline["levels"] = [{"at": "breach", "fire": "again"}]
    again = {"key": "again", "label": "再来", "from": "new", "to": "new", "roles": ["System"]}
    twin = {**deadline, "key": "other", "start": "work"}
    back = {**again, "from": "work"}
    forth = {**again, "to": "work"}
    stop = [{**deadline, "stop": "work"}, {**twin, "stop": "new"}]
    endless = repair(transitions=[forth, back], deadlines=stop)
    scene = played({"open": "Resident"}, {"wait": "1 hours"}, compiled=endless).scenes[1]
    assert "接连触发超过 200 次" in why(scene)[0]


def test_work_is_bounded() -> None:
    play = Play(repair(), budget=60)
    scenes = play.replay(
        Move.model_validate(m) for m in ({"open": "Resident"}, {"wait": "next"}, {"wait": "next"})
    )
    assert why(scenes[-1]) == ["演练的工作量过大"]


def test_a_play_says_which_name_leads_nowhere() -> None:
    assert unplayable(repair()) is None
    assert unplayable(repair(notify=["gone"])) == "gone"
