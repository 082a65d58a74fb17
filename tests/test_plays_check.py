"""The tests of a workflow as the checker sees them: names, results, and bounded work."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from app.workflows import files
from app.workflows.check import Finding, check
from app.workflows.compare import compare
from app.workflows.spec import Workflow

SMALL: dict[str, Any] = {
    "key": "small",
    "label": "小",
    "start": "a",
    "openers": ["Secretary"],
    "states": [{"key": "a", "label": "甲"}, {"key": "b", "label": "乙", "kind": "done"}],
    "transitions": [
        {"key": "go", "label": "去", "from": "a", "to": "b", "roles": ["Secretary"]},
    ],
}
GOOD = [{"open": "Secretary"}, {"press": "go", "as": "Secretary", "expect": {"state": "b"}}]


def found(*moves: dict[str, Any], **more: Any) -> list[Finding]:
    test = {"key": "t", "label": {"zh": "测", "en": "Test"}, "moves": list(moves)}
    return check(Workflow.model_validate({**SMALL, "tests": [test], **more}))


def test_a_test_that_passes_is_no_finding() -> None:
    assert found(*GOOD) == []


def test_a_failing_test_is_an_error_that_says_what_and_where() -> None:
    finding = found({"open": "Secretary"}, {"press": "go", "as": "GridWorker"})[0]
    assert (finding.level, finding.code, finding.path) == (
        "error",
        "test_failed",
        "tests[0].moves[1]",
    )
    assert finding.text.zh == "测试“测”（t）第 2 步：不应被拒绝，却被拒绝：只有社区书记可以“去”"
    assert finding.text.en.startswith(
        "test “Test” (t), step 2: should not be refused: Only Secretary"
    )


@pytest.mark.parametrize(
    ("move", "path"),
    [
        ({"open": "Secretry"}, "open"),
        ({"press": "go", "as": "Nobody"}, "as"),
        ({"press": "gone"}, "press"),
        ({"open": "Secretary", "form": {"x": 1}}, "form"),
        ({"set": {"nothing": True}}, "set"),
        ({"set": {"quorum.met": True}}, "set"),
        ({"set": {"assignee.set": True}}, "set"),
        ({"end": "kids"}, "end"),
        ({"open": "Secretary", "expect": {"state": "c"}}, "expect.state"),
        ({"open": "Secretary", "expect": {"told": ["n"]}}, "expect.told"),
        ({"open": "Secretary", "expect": {"overdue": ["d"]}}, "expect.overdue"),
    ],
)
def test_a_name_that_is_gone_is_found_before_anything_is_played(
    move: dict[str, Any], path: str
) -> None:
    findings = found(move)
    assert [(f.code, f.path) for f in findings] == [
        ("unknown_in_test", f"tests[0].moves[0].{path}")
    ]
    assert findings[0].suggestion.zh


def test_one_key_for_two_tests_is_an_error() -> None:
    test = {"key": "t", "label": "测", "moves": GOOD}
    findings = check(Workflow.model_validate({**SMALL, "tests": [test, test]}))
    assert [f.path for f in findings] == ["tests[0].key", "tests[1].key"]


def test_nothing_is_played_of_a_workflow_that_has_errors() -> None:
    step = {**SMALL["transitions"][0], "to": "nowhere"}
    codes = {f.code for f in found({"open": "GridWorker"}, transitions=[step])}
    assert codes
    assert "test_failed" not in codes


def large(tests: int) -> Workflow:
    """200 states in a row, about 600 steps, 200 deadlines, and as many tests as may be."""
    keys = [f"s{n}" for n in range(200)]
    follow = list(pairwise(keys))
    steps = [
        {
            "key": f"go{n}x{far}",
            "label": "去",
            "from": a,
            "to": keys[n + far],
            "roles": ["Secretary"],
        }
        for n, (a, _b) in enumerate(follow)
        for far in (1, 2, 3)
        if n + far < len(keys)
    ]
    deadlines = [
        {"key": f"d{n}", "label": "限", "start": a, "stop": b, "within": "2 working days"}
        for n, (a, b) in enumerate(follow)
    ]
    moves = [{"open": "Secretary"}]
    moves += [{"press": f"go{n}x1", "as": "Secretary"} for n in range(18)] + [{"wait": "next"}]
    return Workflow.model_validate(
        {
            **SMALL,
            "start": "s0",
            "states": [
                {"key": k, "label": k, "kind": "done" if k == keys[-1] else "open"} for k in keys
            ],
            "transitions": steps,
            "deadlines": deadlines,
            "tests": [{"key": f"t{n}", "label": "测", "moves": moves} for n in range(tests)],
        }
    )


def test_tests_take_bounded_time_however_many_there_are() -> None:
    spec = large(50)
    begun = time.process_time()
    findings = check(spec)
    assert time.process_time() - begun < 3
    assert [f.code for f in findings if f.level == "error"] == ["tests_too_large"]
    few = [f for f in check(large(10)) if f.level == "error"]
    assert few == []


def test_a_file_can_not_hold_more_tests_than_are_ever_run() -> None:
    move = "{open: Secretary}"
    head = files.write(Workflow.model_validate(SMALL))
    test = "  - {key: t%d, label: 测, moves: [%s]}\n"
    for tests in (
        "".join(test % (n, move) for n in range(51)),
        test % (0, ", ".join([move] * 101)),
        "".join(test % (n, ", ".join([move] * 100)) for n in range(11)),
    ):
        with pytest.raises(files.FileError):
            files.read(f"{head}tests:\n{tests}")


def test_tests_are_written_read_and_compared() -> None:
    before = Workflow.model_validate(SMALL)
    test = {"key": "t", "label": "测", "moves": GOOD}
    after = Workflow.model_validate({**SMALL, "tests": [test]})
    assert files.read(files.write(after)) == after == files.read(files.write_json(after))
    assert [change.text.zh for change in compare(before, after)] == ["新增测试“测”（t）"]
    later = Workflow.model_validate({**SMALL, "tests": [{**test, "moves": GOOD[:1]}]})
    assert [change.what for change in compare(after, later)] == ["moves"]


@pytest.mark.parametrize(
    ("move", "text"),
    [
        ("{}", "open、press、set、wait、end 五者必须且只能给一个"),
        ("{open: Secretary, press: go}", "open、press、set、wait、end 五者必须且只能给一个"),
        ("{open: Secretary, as: Secretary}", "as 和 relations 只用于 press"),
        ("{press: go, party: 1}", "party 和 assignee 只用于 open"),
        ("{wait: next, form: {a: 1}}", "form 只用于 open 或 press"),
        ("{wait: soon}", "时长应写成：30 min"),
        ("{wait: 5}", "时长应写成：30 min"),
    ],
)
def test_what_is_no_move_is_told_in_words(move: str, text: str) -> None:
    head = files.write(Workflow.model_validate(SMALL))
    with pytest.raises(files.FileError) as caught:
        files.read(f"{head}tests:\n  - {{key: t, label: 测, moves: [{move}]}}\n")
    assert text in caught.value.problems[0].text["zh"]


def test_a_test_begins_at_a_time_that_there_is() -> None:
    for begins in ("2026-02-30 09:00", "tomorrow", "1999-01-01 09:00"):
        test = {"key": "t", "label": "测", "moves": GOOD, "begins": begins}
        with pytest.raises(files.FileError):
            files.parse({**SMALL, "tests": [test]}, "x")
