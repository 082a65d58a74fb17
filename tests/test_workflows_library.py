"""The workflows that ship: sound, complete in both languages, and able to tell the real stories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.workflows import files
from app.workflows.check import check
from app.workflows.engine import (
    Actor,
    ClockState,
    Fact,
    Outcome,
    Refused,
    choices,
    compile_,
    opening,
    plan,
)
from app.workflows.spec import Label, Relation, Spec, Workflow

LIBRARY = files.library()
HAN = re.compile(r"[\u4e00-\u9fff]")
SECRETARY = Actor("user", 1, "书记", frozenset({"Secretary"}))
STAFF = Actor("user", 2, "社工", frozenset({"CommitteeStaff"}))
PROPERTY = Actor("user", 3, "物业", frozenset({"PropertyStaff"}), frozenset({Relation.PARTY}))
OWNER = Actor("user", 4, "负责人", frozenset(), frozenset({Relation.ASSIGNEE}))
FACILITATOR = Actor("user", 5, "主持人", frozenset({"Facilitator"}))
RESIDENT = Actor("resident", roles=frozenset({"Resident"}))
SYSTEM = Actor("system", roles=frozenset({"System"}))


def labels(value: Any) -> Iterator[Label]:
    if isinstance(value, Label):
        yield value
    elif isinstance(value, Spec):
        for name in type(value).model_fields:
            yield from labels(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from labels(item)


def test_the_library_has_the_six_workflows() -> None:
    assert sorted(LIBRARY) == [
        "consultation", "duty", "entrance", "followup", "grievance", "meeting",
    ]  # fmt: skip


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_it_is_published_without_error_or_smell(key: str) -> None:
    assert [(f.code, f.path) for f in check(LIBRARY[key], known=LIBRARY)] == []


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_every_text_is_there_in_both_languages(key: str) -> None:
    for text in labels(LIBRARY[key]):
        assert text.en, text.zh
        assert HAN.search(text.zh) or text.zh.startswith("{"), text.zh
        assert not HAN.search(text.en), text.en


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_notices_say_the_same_in_both_languages(key: str) -> None:
    for notice in LIBRARY[key].notices:
        body = re.findall(r"{\w+}", notice.body.zh), re.findall(r"{\w+}", notice.body.en)
        assert set(body[0]) == set(body[1]), notice.key
        assert "{link}" in notice.body.zh
        assert "{number}" in notice.subject.zh
        assert "{number}" in notice.subject.en


class Case:
    """A case in memory: what the services do with an outcome, in a few lines."""

    def __init__(self, key: str, actor: Actor = SYSTEM, **form: Any) -> None:
        self.compiled = compile_(LIBRARY[key])
        self.facts: dict[str, Any] = {"children.all_closed": True}
        self.state, self.data = "", dict[str, Any]()
        self.clocks: dict[str, ClockState] = {}
        self.sent: list[str] = []
        self._take(opening(self.compiled, actor=actor, facts=self.look, form=form))

    def look(self, name: str) -> Fact:
        return Fact(self.facts[name])

    def _take(self, outcome: Outcome | Refused) -> Outcome:
        assert isinstance(outcome, Outcome), outcome
        for move in outcome.moves:
            now = {"start": "running", "resume": "running", "pause": "paused", "stop": "stopped"}
            if move.action != "extend":
                self.clocks[move.key] = ClockState(now[move.action])
        self.state, self.data = outcome.target, outcome.data
        self.sent = [notice.key for notice in outcome.notices]
        return outcome

    def _plan(self, event: str, actor: Actor, form: dict[str, Any]) -> Outcome | Refused:
        return plan(
            self.compiled,
            self.state,
            event,
            actor=actor,
            facts=self.look,
            data=self.data,
            form=form,
            clocks=self.clocks,
        )

    def fire(self, event: str, actor: Actor = SECRETARY, **form: Any) -> Outcome:
        return self._take(self._plan(event, actor, form))

    def refused(self, event: str, actor: Actor = SECRETARY, **form: Any) -> list[str]:
        outcome = self._plan(event, actor, form)
        assert isinstance(outcome, Refused), outcome
        return [reason.text.zh for reason in outcome.reasons]

    @property
    def running(self) -> set[str]:
        return {key for key, state in self.clocks.items() if state == ClockState.RUNNING}


def bench() -> Case:
    return Case("grievance", RESIDENT, category="facilities", description="19 号楼想装长椅")


def test_the_bench_runs_from_reported_to_rated() -> None:
    case = bench()
    assert case.running == {"first_reply"}
    case.fire("accept", STAFF)
    case.fire("reply", reply="收到，尽快联系")
    assert case.running == {"resolution"}
    taken = case.fire("take_on", STAFF)
    assert taken.assign[0].id == STAFF.id
    case.fire("report_result", STAFF, result_kind="fixed", result="长椅已装好", result_photos=[1])
    assert case.running == {"call_back"}
    assert case.refused("close") == ["现在是“待回访”，不能“办结”"]
    case.fire("call_back", STAFF, callback="satisfied")
    closed = case.fire("close")
    assert closed.runs == ("rating.request",)
    assert case.running == {"rating_window"}
    rated = case.fire("rate", RESIDENT, stars="5", comment="谢谢")
    assert rated.ended
    assert case.state == "rated"
    assert not case.running


def test_the_secretary_may_answer_within_ten_minutes_before_anything_else() -> None:
    case = bench()
    case.fire("reply", reply="收到")
    assert case.state == "replied"


def test_the_water_pressure_is_not_closed_by_no_cause_found() -> None:
    case = Case(
        "grievance", STAFF, category="water", description="四楼以上没有水", urgency="urgent"
    )
    assert case.running == {"first_reply_urgent"}
    case.fire("reply", reply="马上查")
    assert case.running == {"resolution_urgent"}
    case.fire("take_on", STAFF)
    for _ in range(5):
        case.fire("record_attempt", STAFF, attempt="与物业、自来水公司会商", outside="自来水公司")
    refusal = case.refused("report_result", STAFF, result_kind="no_cause", result="查不出")
    assert refusal == ["办理结果不能为未查明原因（现为未查明原因）"]
    case.fire("report_result", STAFF, result_kind="fixed", result="暗沟内管道漏水，已修复")


def test_a_leak_is_on_the_books_of_every_body_until_all_have_closed_it() -> None:
    case = Case("grievance", STAFF, category="leak", description="屋顶漏雨")
    case.fire("reply", reply="收到")
    assigned = case.fire("assign", bodies=["3", "4"], instruction="雨后修复")
    assert [child.key for child in assigned.spawn] == ["duties"]
    assert assigned.spawn[0].carry == ("category", "urgency", "instruction")
    case.fire("assign_more", bodies=["3", "4", "5"], instruction="请供电一起查")
    case.fire("duties_closed", SYSTEM)
    case.facts["children.all_closed"] = False
    refusal = case.refused("report_result", STAFF, result_kind="fixed", result="好了")
    assert refusal == ["须子事项全部结束（尚未满足）"]


def test_lasting_repair_waits_for_the_rain_to_end_and_the_deadline_with_it() -> None:
    case = bench()
    case.fire("accept", STAFF)
    case.fire("reply", reply="收到")
    case.fire("suspend", wait_reason="等雨停", wait_until="2026-08-10")
    assert case.clocks["resolution"] == ClockState.PAUSED
    case.fire("resume", STAFF)
    assert case.clocks["resolution"] == ClockState.RUNNING


def test_urgency_may_change_and_the_deadlines_with_it() -> None:
    case = bench()
    case.fire("set_urgency", urgency="urgent")
    assert case.running == {"first_reply_urgent"}


def closed_case() -> Case:
    case = bench()
    case.fire("reply", reply="收到")
    case.fire("take_on", STAFF)
    case.fire("report_result", STAFF, result_kind="explained", result="已说明")
    case.fire("call_back", STAFF, callback="unreachable")
    case.fire("close")
    return case


def test_reopening_is_asked_by_the_resident_and_decided_by_staff() -> None:
    case = closed_case()
    case.fire("ask_reopen", RESIDENT, reopen_reason="又坏了")
    assert case.running == {"reopen_answer"}
    assert case.refused("grant_reopen", RESIDENT)
    case.fire("grant_reopen")
    assert case.state == "accepted"
    assert case.running == {"first_reply", "resolution"}
    other = closed_case()
    other.fire("ask_reopen", RESIDENT, reopen_reason="不满意")
    other.fire("refuse_reopen", reopen_answer="已按规定办理")
    assert other.running == {"rating_window"}
    other.fire("archive", SYSTEM)
    assert other.state == "archived"


def test_a_resident_who_is_not_satisfied_sends_it_back_to_work() -> None:
    case = bench()
    case.fire("reply", reply="收到")
    case.fire("take_on", STAFF)
    case.fire("report_result", STAFF, result_kind="fixed", result="好了")
    case.fire("call_back", STAFF, callback="unsatisfied")
    assert case.refused("close") == ["回访结果须为其中之一：满意、未联系上（现为不满意）"]
    case.fire("rework", rework_reason="长椅不稳")
    assert case.running == {"resolution"}


def test_a_late_case_goes_up_to_the_subdistrict() -> None:
    grievance = LIBRARY["grievance"]
    for key in ("resolution", "resolution_urgent"):
        deadline = next(d for d in grievance.deadlines if d.key == key)
        assert str(deadline.levels[-1].at) == "breach + 1 working day"
        assert deadline.levels[-1].fire == "escalate"
    escalated = next(n for n in grievance.notices if n.key == "escalated")
    assert "above:Subdistrict" in escalated.to
    case = bench()
    case.fire("reply", reply="收到")
    assert case.fire("escalate", SYSTEM).data["escalated"] is True
    assert case.state == "replied"


def test_supervision_and_reminders_press_without_moving_the_case() -> None:
    case = bench()
    case.fire("supervise", supervision="请今天答复")
    assert case.sent == ["supervised"]
    case.fire("remind", RESIDENT, reminder="还没有人来")
    assert case.state == "reported"


def test_a_duty_is_taken_on_reported_with_a_photo_and_verified() -> None:
    case = Case("duty", urgency="urgent", instruction="查漏点")
    assert case.running == {"take_on", "handling_urgent"}
    assert case.sent == ["handed_over"]
    assert case.refused("take_on", STAFF)
    case.fire("take_on", PROPERTY)
    assert case.refused("report", PROPERTY, result="修好了") == ["请填写“照片”"]
    case.fire("report", PROPERTY, result="修好了", photos=[8])
    case.fire("send_back", STAFF, flaw="还在滴水")
    assert case.running == {"handling_urgent"}
    case.fire("report", PROPERTY, result="又修了", photos=[9])
    assert case.fire("accept_result", STAFF).ended


def test_a_duty_that_is_returned_pauses_and_goes_to_another_body() -> None:
    case = Case("duty")
    case.fire("return_", PROPERTY, return_reason="不属于物业")
    assert case.clocks["handling"] == ClockState.PAUSED
    again = case.fire("reassign", body="6", instruction="请供水单位处理")
    assert [(a.to, a.id) for a in again.assign] == [("party", 6), ("person", None)]
    assert case.running == {"take_on", "handling"}


def test_a_meeting_needs_quorum_and_ends_only_when_every_item_is_dealt_with() -> None:
    case = Case("meeting", FACILITATOR, kind="joint", purpose="电动车充电")
    case.facts |= {"agenda.count": 0, "quorum.met": False, "agenda.open": 1, "agenda.decided": 1}
    assert case.refused("convene", FACILITATOR) == ["议题数须不少于1（现为0）"]
    case.facts["agenda.count"] = 2
    case.fire("convene", FACILITATOR)
    assert case.sent == ["invitation"]
    assert case.refused("open_session", FACILITATOR) == ["须达到法定人数（尚未满足）"]
    case.facts["quorum.met"] = True
    case.fire("open_session", FACILITATOR)
    assert case.refused("close", FACILITATOR) == ["未议决的议题数须为0（现为1）"]
    case.facts["agenda.open"] = 0
    assert [child.key for child in case.fire("close", FACILITATOR).spawn] == ["followups"]
    assert case.running == {"minutes"}
    assert case.refused("publish_without_decisions", FACILITATOR, minutes="x")
    case.fire("publish_minutes", FACILITATOR, minutes="同意安装充电桩")
    case.facts["children.followups.all_closed"] = True
    assert case.fire("followups_closed", SYSTEM).ended


def test_a_follow_up_is_carried_out_by_its_owner_until_it_is_verified() -> None:
    case = Case("followup", decision="装充电桩", owner_party="3", due_date="2026-12-31")
    assert case.running == {"due"}
    case.fire("start", OWNER)
    case.fire("note_progress", PROPERTY, progress="已下单", percent="三十")
    moved = case.fire("set_due_date", due_date="2027-01-15", extend_reason="到货晚")
    assert [(m.action, m.until) for m in moved.moves] == [("extend", "2027-01-15")]
    assert case.refused("report", STAFF, result="好了")
    case.fire("report", OWNER, result="装好了")
    case.fire("send_back", FACILITATOR, flaw="一个不通电")
    assert case.running == {"due"}
    case.fire("report", OWNER, result="都通了")
    assert case.fire("verify", FACILITATOR).ended


def test_a_follow_up_without_a_date_gets_its_clock_with_the_date() -> None:
    case = Case("followup", decision="装充电桩")
    assert not case.running
    case.fire("set_due_date", due_date="2026-12-31", extend_reason="会后商定")
    assert case.running == {"due"}
    owner = case.fire("set_owner", owner="7", owner_party="3")
    assert {(a.to, a.id) for a in owner.assign} == {("person", 7), ("party", 3)}


def test_a_consultation_goes_from_scheme_to_effect() -> None:
    case = Case("consultation", STAFF, matter="电线改造")
    case.facts |= {"scheme.present": False, "roll.units": 1199, "consent.passed": False}
    assert case.refused("publish_scheme") == ["须已有方案（尚未满足）"]
    case.facts["scheme.present"] = True
    case.fire("publish_scheme")
    opened = case.fire("open_round", answer_by="2026-12-31")
    assert opened.runs == ("roll.freeze",)
    assert case.running == {"round"}
    case.fire("close_round")
    assert case.refused("declare_passed") == ["须表决通过（尚未满足）"]
    case.fire("declare_failed", next_step="再谈一轮")
    again = case.fire("new_round", answer_by="2027-02-28")
    assert again.runs == ("round.open",)
    case.fire("close_round")
    case.facts["consent.passed"] = True
    assert case.refused("declare_failed", next_step="x")
    assert case.fire("declare_passed").runs == ("result.freeze",)
    assert case.running == {"result_notice"}
    assert case.fire("take_effect", SYSTEM).ended


def test_a_consultation_moves_on_only_when_all_entrances_have() -> None:
    case = Case("consultation", STAFF, matter="水管改造")
    split = case.fire("split")
    assert split.spawn[0].workflow == "entrance"
    case.facts["children.entrances.all_closed"] = False
    assert case.refused("entrances_closed", SYSTEM)
    case.facts |= {"children.entrances.all_closed": True, "children.entrances.all_done": False}
    case.fire("entrances_closed", SYSTEM)
    assert case.refused("announce", conclusion="x")
    assert case.fire("ask_again", next_step="再议 3 单元").spawn
    case.facts["children.entrances.all_done"] = True
    case.fire("entrances_closed", SYSTEM)
    case.fire("announce", conclusion="各单元均已达成")
    assert case.state == "notice"


def test_an_entrance_agrees_on_its_own_plan() -> None:
    case = Case("entrance", matter="水管改造")
    case.facts |= {"scheme.present": True, "roll.units": 12, "consent.passed": True}
    case.fire("open_round")
    assert not case.running
    case.fire("close_round")
    assert case.fire("declare_agreed", STAFF).ended


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_every_open_state_has_a_button_for_somebody(key: str) -> None:
    spec: Workflow = LIBRARY[key]
    compiled = compile_(spec)
    everybody = Actor(
        "user", 1, "", frozenset(r for t in spec.transitions for r in t.roles), frozenset(Relation)
    )
    for state in spec.states:
        steps = choices(compiled, state.key, actor=everybody, facts=lambda name: Fact(1), data={})
        assert bool(steps) is not state.kind.ended
