"""Soundness: no step is dead, every way ends, nobody waits for ever; checked in bounded time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows import files
from app.workflows.check import Finding, check
from app.workflows.conditions import compare
from app.workflows.spec import Test, Workflow
from tests.matters import PART, SOUND, put, step
from tests.test_workflows_properties import QUICK

Change = Callable[[dict[str, Any]], object]


def findings(*changes: Change, known: dict[str, Workflow] | None = None) -> list[Finding]:
    spec = deepcopy(SOUND)
    for change in changes:
        change(spec)
    part = {"part": Workflow.model_validate(PART)} if known is None else known
    return check(Workflow.model_validate(spec), known=part)


def told(found: list[Finding]) -> set[tuple[str, str]]:
    return {(f.code, f.path) for f in found}


def asks(number: int, *tests: dict[str, Any]) -> Change:
    return put(f"transitions[{number}].when", {"all": list(tests)})


def asked(op: str, value: Any, fact: str = "field.amount") -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


NEVER = [
    asks(1, asked("gt", 5), asked("lt", 3)),
    asks(1, asked("gt", "0.5"), asked("le", "1/2")),
    asks(1, asked("eq", "a", "field.kind"), asked("ne", "a", "field.kind")),
    asks(1, asked("eq", "a", "field.kind"), {"not": asked("in", ["a"], "field.kind")}),
    asks(1, {"not": {"any": [asked("ge", 0), asked("lt", 0), asked("eq", None)]}}),
    asks(1, asked("lt", 0, "attachments.count")),
    asks(1, asked("gt", 0, "attachments.count"), asked("lt", 1, "attachments.count")),
    asks(1, asked("ge", 1, "children.parts.count"), asked("eq", 0, "children.parts.count")),
    asks(0, asked("ge", 1, "children.parts.count")),
    asks(0, {"fact": "deadline.own.running"}),
    asks(1, {"fact": "children.all_closed"}, {"not": {"fact": "children.all_closed"}}),
]


@pytest.mark.parametrize("change", NEVER)
def test_a_step_whose_condition_can_never_hold_is_an_error(change: Change) -> None:
    found = [f for f in findings(change) if f.code == "never_holds"]
    assert len(found) == 1, told(findings(change))
    assert found[0].level == "error"
    assert found[0].path.endswith(".when")


@pytest.mark.parametrize(
    "change",
    [
        asks(1, asked("gt", 3), asked("lt", 5)),
        asks(1, asked("ge", "1/2"), asked("le", "0.5")),
        asks(1, asked("ne", "a", "field.kind")),
        asks(1, {"any": [asked("gt", 5), asked("lt", 3)]}),
        asks(1, asked("gt", 0, "attachments.count"), asked("lt", 2, "attachments.count")),
        asks(3, asked("ge", 1, "children.parts.count")),
        asks(3, {"fact": "deadline.own.running"}, {"fact": "deadline.all.running"}),
        asks(3, {"not": {"fact": "deadline.all.breached"}}),
        asks(1, asked("contains", "a", "case.places"), asked("contains", "b", "case.places")),
    ],
)
def test_a_condition_that_may_hold_is_no_error(change: Change) -> None:
    assert "never_holds" not in {f.code for f in findings(change)}


def test_a_value_that_only_effects_write_is_none_but_theirs() -> None:
    def flag(value: Any) -> Change:
        def change(spec: dict[str, Any]) -> None:
            spec["fields"].append({"key": "flag", "label": "标记", "type": "number"})
            spec["transitions"][0]["effects"].append({"set": {"flag": 1}})
            spec["transitions"][1]["when"] = {"fact": "field.flag", "op": "eq", "value": value}

        return change

    assert "never_holds" not in {f.code for f in findings(flag(1))}
    assert ("never_holds", "transitions[1].when") in told(findings(flag(2)))


def test_a_state_behind_a_dead_step_cannot_be_reached() -> None:
    assert ("unreachable", "states[2]") in told(findings(NEVER[0]))


def test_a_state_that_only_dead_steps_leave_is_a_dead_end() -> None:
    def trap(spec: dict[str, Any]) -> None:
        spec["states"].append({"key": "pit", "label": "坑"})
        spec["transitions"].append(step("fall", "doing", "pit"))
        spec["transitions"].append(
            step("climb", "pit", "done", when={"all": [asked("gt", 5), asked("lt", 3)]})
        )
        put("transitions[4].from", ["new", "doing", "waiting"])(spec)

    assert ("dead_end", "states[5]") in told(findings(trap))


def narrow(spec: dict[str, Any]) -> None:
    """Three kinds; finishing takes one of two, and there is no other way out."""
    spec["fields"][0]["options"] = [{"key": k, "label": k} for k in "abc"]
    spec["intake"] = [{"field": "kind", "required": True}]
    spec["transitions"][4]["from"] = ["new"]
    spec["transitions"][3]["when"] = asked("in", ["a", "b"], "field.kind")


def test_a_value_for_which_there_is_no_way_on_is_an_error_that_names_it() -> None:
    part = deepcopy(PART)
    part["fields"][0]["options"] = [{"key": k, "label": k} for k in "abc"]
    found = findings(narrow, known={"part": Workflow.model_validate(part)})
    stuck = {f.path: f for f in found if f.code == "stuck"}
    assert set(stuck) == {"states[1]", "states[2]"}
    assert "“类别”（kind）为 c 时，事项会卡在状态“办理”（doing）" in stuck["states[1]"].text.zh
    assert "“类别” (kind) = c a case gets stuck in state “办理”" in stuck["states[1]"].text.en


def test_a_number_between_two_ways_is_found() -> None:
    def split(spec: dict[str, Any]) -> None:
        spec["transitions"][0]["form"][0]["required"] = True
        spec["transitions"][4]["from"] = ["new"]
        spec["transitions"][3]["when"] = asked("lt", 1000)
        spec["transitions"].append(step("large", "doing", "done", when=asked("gt", 1000)))

    (stuck,) = [f for f in findings(split) if f.code == "stuck" and f.path == "states[1]"]
    assert "为 1000 时" in stuck.text.zh


def test_a_value_that_can_be_filled_anew_is_no_trap() -> None:
    def mend(spec: dict[str, Any]) -> None:
        narrow(spec)
        spec["transitions"].append(step("sort", "doing", None, form=[{"field": "kind"}]))

    assert "stuck" not in {f.code for f in findings(mend)}


# --- parents and children -------------------------------------------------------------------------


def child(change: Change) -> dict[str, Workflow]:
    part = deepcopy(PART)
    change(part)
    return {"part": Workflow.model_validate(part)}


def test_workflows_that_bring_forth_each_other_are_an_error_with_the_circle() -> None:
    back = {"key": "again", "label": "又", "workflow": "matter", "per": "field.kind"}
    found = findings(known=child(put("children", [back])))
    (circle,) = [f for f in found if f.code == "child_circle"]
    assert circle.path == "children[0].workflow"
    assert "matter → part → matter" in circle.text.zh


def test_a_child_that_only_the_system_could_end_makes_both_wait() -> None:
    found = findings(known=child(lambda part: put("transitions[0].relations", [])(part)))
    (wait,) = [f for f in found if f.code == "waits_for_each_other"]
    assert (wait.level, wait.path) == ("error", "children[0].workflow")


def test_a_child_that_ends_by_its_own_deadline_is_waited_for() -> None:
    def change(part: dict[str, Any]) -> None:
        put("transitions[0].relations", [])(part)
        part["deadlines"][0]["levels"][0]["fire"] = "close"

    assert "waits_for_each_other" not in {f.code for f in findings(known=child(change))}


def test_children_that_can_only_be_cancelled_are_never_all_done() -> None:
    change = put("transitions[3].when", {"fact": "children.parts.all_done"})
    known = child(put("states[1].kind", "cancelled"))
    assert ("never_holds", "transitions[3].when") in told(findings(change, known=known))
    assert findings(change, known=child(lambda part: None)) == []


def test_waiting_for_children_of_which_there_may_be_none_is_a_warning() -> None:
    leave = put("transitions[4].from", ["new", "doing"])
    (wait,) = [f for f in findings(leave) if f.code == "waits_for_nobody"]
    assert (wait.level, wait.path) == ("warning", "states[2]")
    sure = put("transitions[1].form", [{"field": "bodies", "required": True}])
    assert "waits_for_nobody" not in {f.code for f in findings(leave, sure)}


@pytest.mark.parametrize(
    ("relation", "change"),
    [
        ("assignee", put("transitions[0].effects", [])),
        ("party", put("key", "matter")),
        ("creator", put("openers", ["Resident"])),
    ],
)
def test_a_step_for_somebody_whom_no_case_has_is_a_warning(relation: str, change: Change) -> None:
    own = put("transitions[3].relations", [relation])
    assert ("nobody_ever", "transitions[3].relations") in told(findings(change, own))


def test_a_step_for_the_assignee_is_fine_once_somebody_is_assigned() -> None:
    assert findings(put("transitions[3].relations", ["assignee"])) == []


def test_the_workflows_that_ship_are_sound() -> None:
    library = files.library()
    for spec in library.values():
        assert check(spec, known=library) == []


# --- against every run ----------------------------------------------------------------------------

STATES = ["s0", "s1", "s2", "s3"]
VALUES = ["a", "b", None]


@st.composite
def chosen(draw: st.DrawFn) -> Workflow:
    """Workflows in which one choice decides about the ways."""
    tests = st.builds(
        lambda op, value: {"fact": "field.k", "op": op, "value": value},
        st.sampled_from(["eq", "ne"]),
        st.sampled_from(["a", "b"]),
    )
    steps = [
        {
            **step(f"t{i}", draw(st.sampled_from(STATES)), draw(st.sampled_from([*STATES, "end"]))),
            "when": draw(st.none() | tests | tests.map(lambda t: {"not": t})),
            "form": draw(st.sampled_from([[], [], [{"field": "k", "required": True}]])),
        }
        for i in range(draw(st.integers(2, 7)))
    ]
    options = [{"key": "a", "label": "甲"}, {"key": "b", "label": "乙"}]
    return Workflow.model_validate(
        {
            "key": "g",
            "label": "图",
            "start": "s0",
            "openers": ["Secretary"],
            "fields": [{"key": "k", "label": "选", "type": "choice", "options": options}],
            "intake": draw(st.sampled_from([[], [{"field": "k"}]])),
            "states": [
                {"key": k, "label": k, "kind": "done" if k == "end" else "open"}
                for k in [*STATES, "end"]
            ],
            "transitions": steps,
        }
    )


def passes(condition: Any, value: Any) -> bool:
    if condition is None:
        return True
    if isinstance(condition, Test):
        return compare(condition, value)
    return not passes(condition.negated, value)


def runs(spec: Workflow) -> dict[tuple[str, Any], set[tuple[str, Any, int]]]:
    """Every situation that a case may come into, with the steps out of it."""
    waiting: list[tuple[str, Any]] = [("s0", v) for v in (VALUES if spec.intake else [None])]
    found: dict[tuple[str, Any], set[tuple[str, Any, int]]] = {}
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        found[at] = {
            (str(t.target), value, index)
            for index, t in enumerate(spec.transitions)
            if at[0] in t.source
            for value in (["a", "b"] if t.form else [at[1]])
            if passes(t.when, value)
        }
        waiting += [(state, value) for state, value, _ in found[at]]
    return found


@QUICK
@given(spec=chosen())
def test_what_is_called_dead_or_stuck_is_so_in_every_run(spec: Workflow) -> None:
    situations = runs(spec)
    taken = {index for ways in situations.values() for *_, index in ways}
    ending = {at for at in situations if at[0] == "end"}
    while True:
        more = {a for a, ways in situations.items() if {w[:2] for w in ways} & ending} - ending
        if not more:
            break
        ending |= more
    trapped = {state for state, value in situations if (state, value) not in ending}
    reached = {state for state, _ in situations}
    found = check(spec)
    for finding in found:
        number = int(finding.path.partition("[")[2].partition("]")[0] or 0)
        if finding.code == "never_holds":
            assert number not in taken
        elif finding.code == "stuck":
            assert spec.states[number].key in trapped
        elif finding.code == "unreachable":
            assert spec.states[number].key not in reached
    refilled = any(t.form for t in spec.transitions)
    told_of = {spec.states[int(f.path[7:-1])].key for f in found if f.code in ("stuck", "dead_end")}
    if not refilled:
        assert trapped <= told_of | {s.key for s in spec.states if s.key not in reached}


# --- bounded work ---------------------------------------------------------------------------------


def large(states: int, *, backwards: bool = False) -> Workflow:
    """A workflow of so many states and three times as many steps, with conditions and forms."""
    names = [f"s{i}" for i in range(states)]
    steps: list[dict[str, Any]] = []
    for i in range(states - 1):
        test = {"fact": f"field.f{i % 20}", "op": "ge", "value": i % 7}
        steps.append(step(f"on{i}", names[i], names[i + 1], form=[{"field": f"f{i % 20}"}]))
        steps.append(step(f"skip{i}", names[i], names[min(i + 2, states - 1)], when=test))
        steps.append(step(f"back{i}", names[i], names[max(0, i - 3)]))
    fields = [{"key": f"f{i}", "label": f"字段{i}", "type": "number"} for i in range(20)]
    document = {
        "key": "large",
        "label": "大",
        "start": "s0",
        "openers": ["Secretary"],
        "fields": fields,
        "intake": [{"field": field["key"], "required": True} for field in fields],
        "states": [
            {"key": n, "label": n, "kind": "done" if n == names[-1] else "open"} for n in names
        ],
        "transitions": steps[::-1] if backwards else steps,
        "deadlines": [
            {"key": f"d{i}", "label": f"时限{i}", "start": names[i], "within": "3 days"}
            for i in range(0, states - 1, 10)
        ],
    }
    return Workflow.model_validate(document)


def calls(spec: Workflow) -> int:
    """How many functions, ours and built-in ones, a check calls."""
    count = 0

    def counting(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        check(spec)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("backwards", [False, True])
def test_twice_the_workflow_is_little_more_than_twice_the_work(backwards: bool) -> None:
    small, twice = (calls(large(n, backwards=backwards)) for n in (100, 200))
    assert twice < 2_000_000
    assert twice < small * 5


def test_a_file_that_is_wrong_everywhere_costs_no_more_than_one_wrong_often() -> None:
    spec = large(200)
    steps = [t.model_copy(update={"target": f"nowhere{i}"}) for i, t in enumerate(spec.transitions)]
    found = check(spec.model_copy(update={"transitions": tuple(steps)}))
    assert len([f for f in found if f.level == "error"]) == 201
    assert found[200].code == "too_many"
