"""The engine: who may, under which conditions, and what follows."""

from __future__ import annotations

import logging
import time as stopwatch
from collections.abc import Mapping
from typing import Any

import pytest
from transitions import Machine  # noqa: TID251 - to show what the engine keeps away from it

from app.workflows.engine import (
    OPENING,
    Actor,
    Assign,
    ClockMove,
    ClockState,
    Compiled,
    Fact,
    Outcome,
    Refused,
    choices,
    compile_,
    opening,
    plan,
)
from app.workflows.spec import Relation, Workflow
from tests.matters import MATTER

SECRETARY = Actor("user", 1, "书记", frozenset({"Secretary"}))
STAFF = Actor("user", 2, "社工", frozenset({"CommitteeStaff"}))
PROPERTY = Actor("user", 3, "物业", frozenset({"PropertyStaff"}), frozenset({Relation.PARTY}))
RESIDENT = Actor("resident", roles=frozenset({"Resident"}))
SYSTEM = Actor("system", roles=frozenset({"System"}))


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compile_(Workflow.model_validate(MATTER))


def nothing(name: str) -> Fact:
    raise AssertionError(f"{name} was asked for without need")


def closed(name: str) -> Fact:
    assert name == "children.all_closed"
    return Fact(value=True)


def press(
    compiled: Compiled, state: str, event: str, actor: Actor = SECRETARY, **given: Any
) -> Outcome | Refused:
    options: dict[str, Any] = {"facts": nothing, "data": {}, "form": {}, "clocks": {}, **given}
    return plan(compiled, state, event, actor=actor, **options)


def passed(*args: Any, **given: Any) -> Outcome:
    outcome = press(*args, **given)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def reasons(*args: Any, **given: Any) -> list[tuple[str, str, str]]:
    refused = press(*args, **given)
    assert isinstance(refused, Refused), refused
    return [(reason.code, reason.text.zh, reason.text.en) for reason in refused.reasons]


def moves(outcome: Outcome) -> set[tuple[str, str]]:
    return {(move.key, move.action) for move in outcome.moves}


def test_a_step_moves_the_case_and_says_all_that_follows(compiled: Compiled) -> None:
    outcome = passed(compiled, "new", "state", clocks={"first": ClockState.RUNNING})
    assert (outcome.event, outcome.source, outcome.target) == ("state", "new", "doing")
    assert outcome.assign == (Assign("person", 1),)
    assert moves(outcome) == {("first", "stop"), ("work", "start")}
    assert not outcome.ended


def test_an_end_stops_every_clock_and_sends_what_the_step_names(compiled: Compiled) -> None:
    actor = Actor("user", 1, "书记", frozenset({"Secretary"}), frozenset({Relation.ASSIGNEE}))
    outcome = passed(
        compiled,
        "doing",
        "finish",
        actor,
        facts=closed,
        form={"result": "fixed"},
        data={"text": "x"},
        clocks={"work": ClockState.RUNNING, "own": ClockState.PAUSED, "first": ClockState.STOPPED},
    )
    assert outcome.ended
    assert outcome.data == {"text": "x", "result": "fixed"}
    assert outcome.changed == {"result": "fixed"}
    assert outcome.runs == ("rating.request",)
    assert [notice.key for notice in outcome.notices] == ["told"]
    assert moves(outcome) == {("work", "stop"), ("own", "stop")}


def test_unknown_and_impossible_steps_are_refused_in_words(compiled: Compiled) -> None:
    assert reasons(compiled, "new", "fly") == [("unknown", "没有这个操作", "There is no such step")]
    assert reasons(compiled, "nowhere", "state")[0][0] == "unknown"
    assert reasons(compiled, "doing", "state") == [
        ("state", "现在是“办理中”，不能“受理”", "“Accept” is not possible in “Doing”")
    ]
    assert reasons(compiled, "gone", "withdraw", RESIDENT)[0][0] == "state"


@pytest.mark.parametrize(
    ("event", "actor", "text", "english"),
    [
        (
            "state",
            PROPERTY,
            "只有社区书记、居委会工作人员可以“受理”",
            "Only Secretary or Committee staff may press “Accept”",
        ),
        (
            "finish",
            SECRETARY,
            "只有同时是承办人、责任单位人员的社区书记可以“办结”",
            "Only Secretary who are also the assignee or members of the responsible party "
            "may press “Finish”",
        ),
        (
            "report",
            STAFF,
            "只有责任单位人员可以“报告”",
            "Only members of the responsible party may press “Report”",
        ),
        (
            "withdraw",
            STAFF,
            "只有登记人、诉求人可以“撤回”",
            "Only whoever opened it or the resident may press “Withdraw”",
        ),
        ("escalate", SECRETARY, "只有系统可以“上报”", "Only the system may press “Escalate”"),
        ("state", SYSTEM, "只有社区书记、居委会工作人员可以“受理”", None),
        ("state", RESIDENT, "只有社区书记、居委会工作人员可以“受理”", None),
    ],
)
def test_who_may_not_is_told_who_may(
    compiled: Compiled, event: str, actor: Actor, text: str, english: str | None
) -> None:
    state = "new" if event == "state" else "doing"
    (code, zh, en) = reasons(compiled, state, event, actor)[0]
    assert (code, zh) == ("who", text)
    assert english is None or en == english


def test_role_and_relation_must_both_hold(compiled: Compiled) -> None:
    stranger = Actor("user", 9, "", frozenset(), frozenset({Relation.ASSIGNEE}))
    assert reasons(compiled, "doing", "finish", stranger)[0][0] == "who"
    assert passed(compiled, "doing", "report", PROPERTY)


def test_the_pseudo_roles_open_the_door_for_resident_and_system_alone(compiled: Compiled) -> None:
    assert passed(compiled, "doing", "withdraw", RESIDENT).target == "gone"
    creator = Actor("user", 9, "", frozenset(), frozenset({Relation.CREATOR}))
    assert passed(compiled, "doing", "withdraw", creator)
    pretender = Actor("user", 9, "", frozenset({"System", "Resident"}))
    assert reasons(compiled, "doing", "escalate", pretender)[0][0] == "who"
    assert reasons(compiled, "doing", "withdraw", pretender)[0][0] == "who"


def test_conditions_see_what_was_just_filled_in(compiled: Compiled) -> None:
    actor = Actor("user", 1, "", frozenset({"Secretary"}), frozenset({Relation.PARTY}))
    data = {"result": "fixed"}
    found = reasons(
        compiled, "doing", "finish", actor, data=data, form={"result": "no_cause"}, facts=closed
    )
    assert found == [
        ("condition", "结果不能为未查明（现为未查明）", "Result must not be 未查明 (now 未查明)")
    ]
    opened = reasons(
        compiled,
        "doing",
        "finish",
        actor,
        form={"result": "fixed"},
        facts=lambda name: Fact(value=False),
    )
    assert opened[0][1] == "须子事项全部结束（尚未满足）"


def test_money_is_compared_exactly(compiled: Compiled) -> None:
    assert reasons(compiled, "doing", "pay", form={"amount": "99.5"})[0][0] == "condition"
    assert passed(compiled, "doing", "pay", form={"amount": "９９.５１"}).data == {
        "amount": "99.51"
    }
    assert reasons(compiled, "doing", "pay")[0][0] == "condition"


def test_every_wrong_field_of_a_form_is_named(compiled: Compiled) -> None:
    refused = press(compiled, "doing", "hand_over", form={"body": "x", "owner": "-1", "late": "1"})
    assert isinstance(refused, Refused)
    assert {reason.field for reason in refused.reasons} == {"body", "owner", "late"}
    assert {reason.code for reason in refused.reasons} == {"form"}


def test_fields_assign_people_and_parties_and_children_are_named(compiled: Compiled) -> None:
    form = {"body": "4", "owner": "5", "bodies": ["7", "6"]}
    outcome = passed(compiled, "doing", "hand_over", form=form)
    assert outcome.assign == (Assign("party", 4), Assign("person", 5))
    assert [child.key for child in outcome.spawn] == ["parts"]
    assert outcome.data["bodies"] == [6, 7]
    assert outcome.target == "doing"
    assert outcome.moves == ()
    assert passed(compiled, "doing", "hand_over", form={}).assign == ()


def test_effects_set_literal_values(compiled: Compiled) -> None:
    outcome = passed(compiled, "doing", "escalate", SYSTEM, data={"late": False})
    assert outcome.changed == {"late": True, "amount": 5}


def test_a_clock_pauses_and_resumes(compiled: Compiled) -> None:
    running, paused = {"work": ClockState.RUNNING}, {"work": ClockState.PAUSED}
    assert moves(passed(compiled, "doing", "pause", clocks=running)) == {("work", "pause")}
    assert moves(passed(compiled, "paused", "resume", clocks=paused)) == {("work", "resume")}


def test_a_new_round_begins_after_a_stop(compiled: Compiled) -> None:
    stopped = {"work": ClockState.STOPPED}
    assert ("work", "start") in moves(passed(compiled, "done", "again", clocks=stopped))


def test_entering_the_same_state_again_asks_the_deadlines_condition_anew(
    compiled: Compiled,
) -> None:
    outcome = passed(
        compiled, "new", "triage", form={"urgency": "urgent"}, clocks={"first": ClockState.RUNNING}
    )
    assert moves(outcome) == {("first", "stop"), ("fast", "start")}


def test_a_date_starts_and_moves_its_clock(compiled: Compiled) -> None:
    first = passed(compiled, "new", "date", form={"day": "2026-03-05"})
    assert first.moves == ()
    entered = passed(compiled, "new", "state", data=first.data)
    assert ClockMove("own", "start", "2026-03-05") in entered.moves
    stayed = passed(compiled, "doing", "date", form={"day": "2026-03-06"})
    assert stayed.moves == (ClockMove("own", "start", "2026-03-06"),)
    moved = passed(
        compiled,
        "doing",
        "date",
        form={"day": "2026-03-07"},
        data={"day": "2026-03-06"},
        clocks={"own": ClockState.RUNNING},
    )
    assert moved.moves == (ClockMove("own", "extend", "2026-03-07"),)
    paused = passed(
        compiled,
        "paused",
        "date",
        form={"day": "2026-03-08"},
        clocks={"own": ClockState.PAUSED},
    )
    assert paused.moves == (ClockMove("own", "extend", "2026-03-08"),)
    same = passed(
        compiled,
        "doing",
        "date",
        form={"day": "2026-03-06"},
        data={"day": "2026-03-06"},
        clocks={"own": ClockState.RUNNING},
    )
    assert same.moves == ()


def test_a_case_is_opened_by_its_form(compiled: Compiled) -> None:
    outcome = opening(
        compiled, actor=RESIDENT, facts=nothing, form={"text": " 漏水 ", "urgency": "urgent"}
    )
    assert isinstance(outcome, Outcome)
    assert (outcome.event, outcome.source, outcome.target) == (OPENING, None, "new")
    assert outcome.data == {"text": "漏水", "urgency": "urgent"}
    assert moves(outcome) == {("fast", "start")}
    assert outcome.visible_to == ("Secretary",)
    assert [notice.key for notice in outcome.notices] == ["told"]


def test_an_opening_is_refused_without_right_or_form(compiled: Compiled) -> None:
    refused = opening(compiled, actor=STAFF, facts=nothing, form={})
    assert isinstance(refused, Refused)
    assert refused.reasons[0].text.zh == "只有社区书记、诉求人可以登记“事项”"
    empty = opening(compiled, actor=SYSTEM, facts=nothing, form={"text": " "})
    assert isinstance(empty, Refused)
    assert (empty.reasons[0].code, empty.reasons[0].field) == ("form", "text")
    child = compile_(Workflow.model_validate({**MATTER, "openers": []}))
    refused = opening(child, actor=SECRETARY, facts=nothing, form={"text": "x"})
    assert isinstance(refused, Refused)
    assert refused.reasons[0].text.zh == "此类事项只由系统产生"


def test_choices_tell_every_button_with_the_reasons_of_grey_ones(compiled: Compiled) -> None:
    actor = Actor("user", 1, "", frozenset({"Secretary"}), frozenset({Relation.PARTY}))
    found = {
        choice.transition.key: choice
        for choice in choices(
            compiled, "doing", actor=actor, facts=lambda n: Fact(value=False), data={}
        )
    }
    assert list(found) == [
        "finish", "report", "hand_over", "pause", "withdraw", "escalate", "date", "pay",
    ]  # fmt: skip
    assert not found["finish"].allowed
    assert [r.text.zh for r in found["finish"].reasons] == ["须子事项全部结束（尚未满足）"]
    assert found["pay"].allowed  # its condition is about what its own form fills
    assert found["withdraw"].reasons[0].code == "who"
    assert (
        choices(compiled, "done", actor=STAFF, facts=nothing, data={})[0].transition.key == "again"
    )


def test_facts_are_asked_once_and_only_where_needed(compiled: Compiled) -> None:
    asked: list[str] = []

    def look(name: str) -> Fact:
        asked.append(name)
        return Fact(value=False)

    actor = Actor("user", 1, "", frozenset({"Secretary"}), frozenset({Relation.PARTY}))
    press(compiled, "doing", "finish", actor, facts=look, form={"result": "fixed"})
    assert asked == ["children.all_closed"]
    asked.clear()
    choices(compiled, "doing", actor=STAFF, facts=look, data={})
    assert asked == []


@pytest.mark.parametrize(
    "change",
    [
        {"start": "nowhere"},
        {"transitions": [{"key": "a", "label": "a", "from": "new", "to": "nowhere"}]},
        {"transitions": [{"key": "a", "label": "a", "from": "old"}]},
        {"transitions": [{"key": "a", "label": "a", "from": "new", "form": [{"field": "x"}]}]},
    ],
)
def test_a_spec_with_names_that_lead_nowhere_is_not_compiled(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such state or field"):
        compile_(Workflow.model_validate({**MATTER, **change}))


def test_the_library_behind_is_given_no_callbacks_at_all(compiled: Compiled) -> None:
    """A text among them would be imported and called, whatever it names."""
    machine: Machine = compiled.machine
    assert machine.models == []
    assert not any(event.startswith("to_") for event in machine.events)
    for event in machine.events.values():
        for transition in (t for found in event.transitions.values() for t in found):
            callbacks = (transition.prepare, transition.conditions, transition.before)
            assert [*callbacks, transition.after] == [[], [], [], []]
    for state in machine.states.values():
        assert (state.on_enter, state.on_exit) == ([], [])


@pytest.mark.parametrize("key", ["trigger", "state", "to", "save", "model_attribute", "get_state"])
def test_any_identifier_may_be_an_event_and_a_state(key: str) -> None:
    spec = {
        "key": key,
        "label": "x",
        "start": "a",
        "states": [{"key": "a", "label": "a"}, {"key": key, "label": "b", "kind": "done"}],
        "transitions": [{"key": key, "label": "x", "from": "a", "to": key, "roles": ["Secretary"]}],
    }
    assert passed(compile_(Workflow.model_validate(spec)), "a", key).target == key


def test_a_decision_is_quick_and_logs_nothing(
    compiled: Compiled, caplog: pytest.LogCaptureFixture
) -> None:
    clocks: Mapping[str, ClockState] = {"first": ClockState.RUNNING}
    with caplog.at_level(logging.INFO):
        begin = stopwatch.process_time()
        for _ in range(2_000):
            press(compiled, "new", "state", clocks=clocks, data={"text": "x"})
        took = (stopwatch.process_time() - begin) / 2_000
    assert took < 200e-6  # 25 µs on an idle machine
    assert not caplog.records
