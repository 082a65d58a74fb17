"""What a test expects, and what is said when something else comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.workflows import files, proof
from app.workflows.check import check
from app.workflows.engine import compile_
from app.workflows.trials import WorkflowTest
from tests.test_plays import LIBRARY, played, repair


def test_a_play_that_is_kept_is_a_test_that_passes() -> None:
    compiled = repair()
    play = played(
        {"open": "Resident"},
        {"wait": "next"},
        {"press": "give", "as": "CommitteeStaff"},
        {"press": "give", "as": "Secretary", "form": {"who": "GridWorker", "bodies": [1, 2]}},
        {"end": "parts", "every": True},
        compiled=compiled,
    )
    test = WorkflowTest.model_validate(
        {"key": "kept", "label": "留下的", "moves": proof.kept(play.scenes)}
    )
    expected = [move.expect and move.expect.model_dump(mode="json") for move in test.moves]
    assert expected == [
        {"state": "new", "told": ["came"]},
        {"told": ["soon"]},
        {"refused": "只有社区书记可以“交给”"},
        {"state": "work", "told": ["given"]},
        {"state": "done"},
    ]
    found = proof.run(compiled, test)
    assert found.failure is None
    assert found.scenes == proof.run(compiled, test).scenes


@pytest.mark.parametrize(
    ("expect", "text"),
    [
        ({"state": "work"}, "状态应为“办理”（work），实为“新”（new）"),
        ({"refused": True}, "应被拒绝，却做成了"),
        ({"told": []}, "应发出通知：（无），实为：“来了”（came）"),
        ({"overdue": ["answer"]}, "超期的时限应为：“答复”（answer），实为：（无）"),
    ],
)
def test_a_test_says_what_should_have_been_and_what_was(expect: dict[str, Any], text: str) -> None:
    moves = [{"open": "Resident", "expect": expect}]
    test = WorkflowTest.model_validate({"key": "t", "label": "测", "moves": moves})
    failure = proof.run(repair(), test).failure
    assert failure is not None
    assert (failure.move, failure.text.zh) == (0, text)


def test_a_refusal_that_nobody_expects_fails_with_its_reason() -> None:
    for expect, text in (
        ({}, "不应被拒绝，却被拒绝：只有社区书记、诉求人可以登记“报修”"),
        (
            {"refused": "网格员"},
            "拒绝的原因中应有“网格员”，实为：只有社区书记、诉求人可以登记“报修”",
        ),
    ):
        moves = [{"open": "GridWorker", "expect": expect}]
        test = WorkflowTest.model_validate({"key": "t", "label": "测", "moves": moves})
        failure = proof.run(repair(), test).failure
        assert failure is not None
        assert failure.text.zh == text


def test_the_example_of_the_documentation_passes() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "workflows.md").read_text("utf-8")
    parts = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    file = next(p for p in parts if p.startswith("format: 1"))
    tests = next(p for p in parts if p.startswith("tests:"))
    assert check(files.read(file + tests)) == []


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_the_library_proves_itself(key: str) -> None:
    proofs = proof.run_all(compile_(LIBRARY[key]))
    assert len(proofs) >= 2
    assert [(p.test.key, p.failure) for p in proofs if p.failure] == []
    moves = [move for p in proofs for move in p.test.moves]
    assert any(move.expect and move.expect.refused for move in moves)
    assert sum(move.expect is not None for move in moves) >= len(moves) // 2
