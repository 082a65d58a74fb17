"""The checker: a sound workflow passes, and each fault is found where it is."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from app.workflows import files
from app.workflows.check import Finding, check
from app.workflows.spec import Workflow
from tests.matters import PART, SOUND, add, put, step


def findings(
    change: Callable[[dict[str, Any]], object] | None = None,
    *,
    part: Callable[[dict[str, Any]], object] | None = None,
    **options: Any,
) -> list[Finding]:
    spec, other = deepcopy(SOUND), deepcopy(PART)
    if change:
        change(spec)
    if part:
        part(other)
    known = {"part": Workflow.model_validate(other)}
    return check(Workflow.model_validate(spec), known=known, **options)


def test_a_sound_workflow_has_no_findings() -> None:
    assert findings() == []


ERRORS = [
    ("start_missing", "start", put("start", "nowhere")),
    ("dangling_target", "transitions[0].to", put("transitions[0].to", "doign")),
    ("dangling_source", "transitions[0].from", put("transitions[0].from", ["new", "old"])),
    ("unreachable", "states[5]", add("states", {"key": "island", "label": "岛"})),
    (
        "dead_end",
        "states[5]",
        lambda spec: (
            spec["states"].append({"key": "pit", "label": "坑"}),
            spec["transitions"].append(step("fall", "doing", "pit")),
            put("transitions[4].from", ["new", "doing", "waiting"])(spec),
        ),
    ),
    (
        "no_end",
        "states",
        lambda spec: [put(f"states[{i}].kind", "open")(spec) for i in range(5)],
    ),
    ("exit_from_end", "transitions[6].from", add("transitions", step("again", "done", "new"))),
    (
        "same_event_twice",
        "transitions[6].from",
        add("transitions", step("finish", "doing", "gone")),
    ),
    ("duplicate_key", "states[5]", add("states", {"key": "new", "label": "又"})),
    ("duplicate_key", "fields[6]", add("fields", {"key": "text", "label": "又"})),
    (
        "duplicate_key",
        "transitions[3].form[1]",
        add("transitions[3].form", {"field": "text"}),
    ),
    (
        "same_effect",
        "transitions[6]",
        add("transitions", step("also", "doing", "done", form=[{"field": "text"}])),
    ),
    ("unknown_leg", "leg", put("leg", "party")),
    ("unknown_role", "transitions[0].roles", put("transitions[0].roles", ["Secretery"])),
    ("unknown_role", "openers[0]", put("openers", ["Mayor"])),
    ("unknown_role", "states[0].visible_to", put("states[0].visible_to", ["Mayor"])),
    ("unknown_role", "notices[0].to[0]", put("notices[0].to", ["role:Mayor"])),
    ("unknown_field", "transitions[3].form[0].field", put("transitions[3].form", [{"field": "x"}])),
    ("unknown_field", "intake[1].field", add("intake", {"field": "x"})),
    ("unknown_field", "deadlines[1].until", put("deadlines[1].until", "date")),
    ("unknown_field", "children[0].carry", put("children[0].carry", ["kin"])),
    (
        "unknown_field",
        "transitions[0].effects[1].set",
        add("transitions[0].effects", {"set": {"x": 1}}),
    ),
    ("no_options", "fields[0].options", put("fields[0].options", [])),
    (
        "unknown_fact",
        "transitions[1].when.fact",
        put("transitions[1].when", {"fact": "field.amuont", "op": "ge", "value": 1}),
    ),
    (
        "unknown_fact",
        "transitions[1].when.all[0].not.fact",
        put("transitions[1].when", {"all": [{"not": {"fact": "quorum.met"}}]}),
    ),
    (
        "unknown_fact",
        "deadlines[0].when.fact",
        put("deadlines[0].when", {"fact": "deadline.none.met"}),
    ),
    (
        "bad_operator",
        "transitions[1].when.op",
        put("transitions[1].when", {"fact": "children.all_closed", "op": "ge", "value": 1}),
    ),
    (
        "bad_value",
        "transitions[1].when.value",
        put("transitions[1].when", {"fact": "field.kind", "value": "z"}),
    ),
    (
        "bad_value",
        "transitions[1].when.value",
        put("transitions[1].when", {"fact": "field.kind", "op": "in", "value": "a"}),
    ),
    (
        "bad_value",
        "transitions[1].when.value",
        put("transitions[1].when", {"fact": "field.amount", "op": "lt", "value": "much"}),
    ),
    (
        "bad_value",
        "transitions[0].effects[1].set.kind",
        add("transitions[0].effects", {"set": {"kind": "z"}}),
    ),
    (
        "unknown_effect",
        "transitions[0].effects[0].run",
        put("transitions[0].effects", [{"run": "os.system"}]),
    ),
    (
        "unknown_effect",
        "transitions[0].effects[0].run",
        put("transitions[0].effects", [{"run": "roll.freeze"}]),
    ),
    (
        "unknown_assignee",
        "transitions[0].effects[0].assign",
        put("transitions[0].effects", [{"assign": "field.text"}]),
    ),
    ("unknown_notice", "transitions[0].notify", put("transitions[0].notify", ["tell"])),
    ("unknown_notice", "notify[0]", put("notify", ["tell"])),
    ("unknown_child", "transitions[1].spawn", put("transitions[1].spawn", ["part"])),
    ("unknown_event", "deadlines[0].levels[2].fire", put("deadlines[0].levels[2].fire", "hunt")),
    ("unknown_event", "children[0].when_all_closed", put("children[0].when_all_closed", "x")),
    ("unknown_channel", "notices[0].channels[0]", put("notices[0].channels", ["pigeon"])),
    ("unknown_role", "notices[0].to[0]", put("notices[0].to", ["above:Resident"])),
    ("unknown_recipient", "notices[0].to[0]", put("notices[0].to", ["everybody"])),
    ("unknown_recipient", "notices[0].to[0]", put("notices[0].to", ["field.text"])),
    ("unknown_placeholder", "notices[0].body.zh", put("notices[0].body", "{tilte}")),
    ("unknown_placeholder", "notices[0].body.en", put("notices[0].body", {"zh": "x", "en": "{x}"})),
    ("bad_template", "notices[0].subject.zh", put("notices[0].subject", "{title")),
    ("unknown_state", "deadlines[0].stop", put("deadlines[0].stop", ["closed"])),
    ("unknown_source", "children[0].per", put("children[0].per", "field.text")),
    ("unknown_source", "children[0].per", put("children[0].per", "decisions")),
    ("unknown_workflow", "children[0].workflow", put("children[0].workflow", "prat")),
    (
        "field_too_early",
        "transitions[0].when",
        put("transitions[0].when", {"fact": "field.text", "value": "x"}),
    ),
    (
        "field_too_early",
        "transitions[0].spawn",
        lambda spec: (
            put("transitions[0].spawn", ["parts"])(spec),
            put("transitions[0].form", [{"field": "day"}, {"field": "owner"}])(spec),
        ),
    ),
    (
        "field_too_early",
        "transitions[0].effects[0]",
        lambda spec: (
            put("transitions[0].form", [{"field": "amount"}, {"field": "day"}])(spec),
            put("transitions[0].effects", [{"assign": "field.owner"}])(spec),
        ),
    ),
    ("field_too_early", "deadlines[1].until", put("deadlines[1].start", ["new"])),
    (
        "field_too_early",
        "notify",
        lambda spec: (put("notify", ["told"])(spec), put("notices[0].to", ["field.owner"])(spec)),
    ),
    ("never_runs", "deadlines[0].start", put("deadlines[0].start", ["done"])),
    ("never_runs", "deadlines[0].start", put("deadlines[0].pause", ["new", "doing", "waiting"])),
    ("clock_conflict", "deadlines[0].stop", put("deadlines[0].stop", ["new"])),
    ("not_a_date", "deadlines[1].until", put("deadlines[1].until", "amount")),
    (
        "level_order",
        "deadlines[0].levels[1].at",
        put(
            "deadlines[0].levels",
            [{"at": "80 %", "fire": "chase"}, {"at": "50 %", "fire": "chase"}],
        ),
    ),
    (
        "level_order",
        "deadlines[0].levels[1].at",
        put("deadlines[0].levels", [{"at": "breach + 2 days", "fire": "chase"}, {"at": "breach"}]),
    ),
    ("not_for_system", "deadlines[0].levels[2].fire", put("deadlines[0].levels[2].fire", "finish")),
    ("not_for_system", "children[0].when_all_closed", put("transitions[2].roles", ["Secretary"])),
    (
        "system_cannot_fill",
        "children[0].when_all_closed",
        put("transitions[2].form", [{"field": "text", "required": True}]),
    ),
    ("never_possible", "deadlines[0].levels[2].fire", put("deadlines[0].stop", ["doing"])),
    (
        "never_possible",
        "children[0].when_all_closed",
        put("transitions[2].from", ["new"]),
    ),
]


@pytest.mark.parametrize(("code", "path", "change"), ERRORS)
def test_each_fault_is_found_at_its_place(code: str, path: str, change: Any) -> None:
    found = [f for f in findings(change) if f.code == code and f.path == path]
    assert found, [(f.code, f.path) for f in findings(change)]
    assert found[0].level == "error"
    assert found[0].text.zh
    assert found[0].text.en
    assert found[0].suggestion.zh
    assert found[0].suggestion.en


CHILD_ERRORS = [
    ("longer_than_parent", put("deadlines[0].within", "6 working days")),
    ("longer_than_parent", put("deadlines[0].within", "10 days")),
    ("longer_than_parent", put("deadlines[0].within", "36 working hours")),
    ("child_refuses", put("intake", [])),
    ("child_differs", put("fields[0].options[0].key", "b")),
    ("child_differs", lambda part: put("fields[0].type", "text")(part)),
    (
        "child_needs",
        lambda part: (
            part["fields"].append({"key": "more", "label": "多"}),
            part["intake"].append({"field": "more", "required": True}),
        ),
    ),
]


@pytest.mark.parametrize(("code", "change"), CHILD_ERRORS)
def test_a_child_that_does_not_fit_its_parent_is_an_error(code: str, change: Any) -> None:
    assert code in {f.code for f in findings(part=change) if f.level == "error"}


@pytest.mark.parametrize("within", ["5 working days", "4 days", "35 working hours", "100 hours"])
def test_a_child_that_may_end_in_time_passes(within: str) -> None:
    assert findings(part=put("deadlines[0].within", within)) == []


WARNINGS = [
    ("start_is_end", put("start", "done")),
    ("step_in_end", add("transitions", step("note", "done", None, form=[{"field": "text"}]))),
    ("cannot_see", put("states[0].visible_to", ["GridWorker"])),
    (
        "never_fired",
        add("transitions", {"key": "alone", "label": "x", "from": "new", "to": "gone"}),
    ),
    ("idle_options", put("fields[5].options", [{"key": "a", "label": "甲"}])),
    ("unused", add("fields", {"key": "idle", "label": "闲"})),
    ("unused", add("notices", {"key": "idle", "to": "party", "subject": "x", "body": "x"})),
    ("no_levels", put("deadlines[0].levels", [])),
    ("idle_level", put("deadlines[0].levels", [{"at": "breach"}])),
    ("same_level", add("deadlines[1].levels", {"at": "breach", "notify": ["told"]})),
    ("start_in_end", put("deadlines[0].start", ["new", "done"])),
    (
        "field_maybe_empty",
        put("transitions[4].when", {"fact": "field.amount", "op": "gt", "value": 0}),
    ),
]


@pytest.mark.parametrize(("code", "change"), WARNINGS)
def test_smells_are_warnings(code: str, change: Any) -> None:
    assert {f.level for f in findings(change) if f.code == code} == {"warning"}


def test_a_suggestion_names_what_was_probably_meant() -> None:
    (finding,) = [f for f in findings(ERRORS[1][2]) if f.code == "dangling_target"]
    assert finding.suggestion.zh == "是不是“doing”？"
    assert finding.suggestion.en == "Did you mean “doing”?"
    assert "“开始”（begin）" in finding.text.zh


def test_a_field_that_every_way_asks_for_is_taken_as_filled() -> None:
    def change(spec: dict[str, Any]) -> None:
        put("transitions[3].when", {"fact": "field.amount", "op": "gt", "value": 0})(spec)

    assert findings(change) == []

    def short_cut(spec: dict[str, Any]) -> None:
        change(spec)
        spec["transitions"].append(step("skip", "new", "doing"))

    assert {f.code for f in findings(short_cut)} == {"field_maybe_empty"}


@pytest.mark.parametrize(
    "more",
    [
        {"when": {"fact": "children.count", "op": "gt", "value": 0}},
        {"form": [{"field": "text"}, {"field": "kind"}]},
        {"roles": ["CommitteeStaff"]},
        {"relations": ["assignee"]},
        {"effects": [{"assign": "nobody"}]},
        {"to": "waiting"},
    ],
)
def test_two_buttons_that_differ_in_anything_are_two_buttons(more: dict[str, Any]) -> None:
    other = step("also", "doing", "done", form=[{"field": "text"}]) | more
    assert "same_effect" not in {f.code for f in findings(add("transitions", other))}


def test_a_step_written_twice_is_told_once() -> None:
    twice = step("finish", "doing", "done", form=[{"field": "text", "required": True}])
    assert {f.code for f in findings(add("transitions", twice))} == {"same_event_twice"}


def test_stays_that_a_leg_fires_are_no_doubled_buttons() -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["transitions"] += [step("check_in", "doing", None), step("speak", "doing", None)]

    assert findings(change) == []


def test_a_dangling_transition_is_not_told_a_second_time_as_a_dead_end() -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["states"].append({"key": "pit", "label": "坑"})
        spec["transitions"] += [step("fall", "doing", "pit"), step("out", "pit", "nowhere")]
        put("transitions[4].from", ["new", "doing", "waiting"])(spec)

    assert {f.code for f in findings(change)} == {"dangling_target"}


def test_a_role_that_nobody_holds_somewhere_is_named_with_the_places() -> None:
    vacant = {"Secretary": ["幸福社区", "和平社区"]}
    (finding,) = findings(holders=lambda role: vacant.get(role, []))
    assert (finding.level, finding.code) == ("warning", "no_holder")
    assert finding.path == "openers[0]"
    assert "2 个社区没有“社区书记”：幸福社区, 和平社区" in finding.text.zh


def test_nothing_is_said_of_children_when_no_workflows_are_known() -> None:
    spec = Workflow.model_validate(SOUND)
    assert check(spec) == []
    assert check(spec, known={}) == []


def test_errors_come_before_warnings() -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["fields"].append({"key": "idle", "label": "闲"})
        spec["states"].append({"key": "island", "label": "岛"})

    assert [f.level for f in findings(change)] == ["error", "warning"]


def test_a_finding_leads_to_its_line_in_the_file() -> None:
    text = files.write(Workflow.model_validate({**SOUND, "start": "nowhere"}))
    (finding,) = [f for f in check(files.read(text)) if f.code == "start_missing"]
    assert text.splitlines()[files.line(text, finding.path) - 1] == "start: nowhere"
