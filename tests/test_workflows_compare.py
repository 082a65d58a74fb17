"""Two versions compared: every difference is listed, said in both languages and drawn."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given

from app.workflows import contrast, files, sheet
from app.workflows.compare import Change, compare
from app.workflows.spec import Workflow
from tests import strategies
from tests.matters import SOUND, add, put, step
from tests.test_workflows_properties import QUICK


def changed(*changes: Any) -> Workflow:
    spec = deepcopy(SOUND)
    for change in changes:
        change(spec)
    return Workflow.model_validate(spec)


OLD = changed()


def differences(*changes: Any) -> list[tuple[str, str, str, str]]:
    return [(c.kind, c.part, c.key, c.what) for c in compare(OLD, changed(*changes))]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put("label", "别的"), ("changed", "workflow", "matter", "label")),
        (put("start", "doing"), ("changed", "workflow", "matter", "start")),
        (add("states", {"key": "x", "label": "x"}), ("added", "states", "x", "")),
        (lambda s: s["states"].pop(), ("removed", "states", "gone", "")),
        (put("states[1].kind", "waiting"), ("changed", "states", "doing", "kind")),
        (put("transitions[0].to", "waiting"), ("changed", "transitions", "begin", "to")),
        (put("transitions[0].roles", ["Staff"]), ("changed", "transitions", "begin", "roles")),
        (put("fields[5].max_length", 9), ("changed", "fields", "text", "max_length")),
        (put("deadlines[0].within", "6 working days"), ("changed", "deadlines", "all", "within")),
        (put("deadlines[0].levels", []), ("changed", "deadlines", "all", "levels")),
        (put("notices[0].body", "x"), ("changed", "notices", "told", "body")),
        (put("children[0].carry", []), ("changed", "children", "parts", "carry")),
        (lambda s: s["fields"].reverse(), ("changed", "fields", "", "order")),
    ],
)  # fmt: skip
def test_a_difference_is_named(change: Any, told: tuple[str, ...]) -> None:
    assert differences(change) == [told]


def test_a_change_says_from_what_to_what() -> None:
    (one,) = compare(OLD, changed(put("deadlines[0].within", "6 working days")))
    assert one.text.zh == "时限“总时限”（all）的时长：由 5 个工作日 改为 6 个工作日"
    assert one.text.en == (
        "deadline “总时限” (all): time changed from 5 working days to 6 working days"
    )
    assert (one.before, one.after) == ("5 working days", "6 working days")


def test_of_two_steps_with_one_key_the_one_that_leaves_the_same_state_is_meant() -> None:
    two = add("transitions", step("finish", "waiting", "gone"))
    before, after = changed(two), changed(two, put("transitions[6].to", "done"))
    (one,) = compare(before, after)
    assert (one.key, one.what, one.before, one.after) == ("finish", "to", "gone", "done")


def test_one_is_not_yes() -> None:
    def asking(value: Any) -> Workflow:
        return changed(put("transitions[1].when", {"fact": "children.count", "value": value}))

    assert [c.what for c in compare(asking(True), asking(1))] == ["when"]


def kinds(changes: tuple[Change, ...], kind: str) -> list[tuple[str, str]]:
    return sorted((c.part, c.key) for c in changes if c.kind == kind)


@QUICK
@given(before=strategies.any_specs, after=strategies.any_specs)
def test_nothing_is_different_exactly_between_equals(before: Workflow, after: Workflow) -> None:
    there, back = compare(before, after), compare(after, before)
    assert bool(there) is (files.checksum(before) != files.checksum(after))
    assert compare(before, files.read(files.write(before))) == ()
    assert kinds(there, "added") == kinds(back, "removed")
    assert kinds(there, "removed") == kinds(back, "added")
    assert all(change.text.zh and change.text.en for change in there)


# --- as a picture ---------------------------------------------------------------------------------


def looks(svg: str, name: str) -> list[str]:
    return re.findall(rf'class="{name}[^"]*is-(added|removed|changed)', svg)


def test_what_came_and_went_is_drawn_together() -> None:
    after = changed(
        add("states", {"key": "x", "label": "新状态"}),
        add("transitions", step("go", "doing", "x")),
        add("transitions", step("end", "x", "done")),
        put("transitions[0].confirm", "确定吗？"),
        lambda spec: spec["states"].pop(2),
        lambda spec: [spec["transitions"].pop(1), spec["transitions"].pop(1)],
        put("states[0].label", "起点"),
    )
    svg = contrast.draw(OLD, after, "zh")
    ElementTree.fromstring(sheet.alone(svg).encode())
    assert "新状态" in svg
    assert "等待" in svg
    assert sorted(looks(svg, "picture-state")) == ["added", "changed", "removed"]
    marks = contrast.marks(OLD, after)
    assert marks.arrows["doing", "x"].looks == ("added",)
    assert marks.arrows["doing", "waiting"].looks == ("removed",)
    assert marks.arrows["new", "doing"].looks == ("changed",)
    assert ("doing", "done") not in marks.arrows


def test_between_equals_nothing_is_marked() -> None:
    marks = contrast.marks(OLD, changed())
    assert (marks.states, marks.arrows) == ({}, {})
    assert contrast.merged(OLD, changed()) == OLD


@QUICK
@given(before=strategies.any_specs, after=strategies.any_specs)
def test_any_two_workflows_can_be_drawn_together(before: Workflow, after: Workflow) -> None:
    root = ElementTree.fromstring(contrast.draw(before, after, "en").encode())
    drawn = {each.get("data-state") for each in root.iter() if each.get("data-state")}
    assert drawn == {state.key for state in (*before.states, *after.states)}
