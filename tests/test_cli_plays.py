"""``sifang workflows test``: files without a database, drafts and versions with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.orm import Session

from app import models as m
from app.cli.workflows import workflows
from app.workflows import files


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def run(runner: FlaskCliRunner, *words: str) -> tuple[int, Any]:
    answer = runner.invoke(workflows, ["test", "--json", *words])
    return answer.exit_code, json.loads(answer.output)


def duty(folder: Path, **changes: str) -> str:
    """The library's file, with its texts changed."""
    text = files.write(files.library()["duty"])
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "duty.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_file_whose_tests_pass_exits_with_0(runner: FlaskCliRunner, tmp_path: Path) -> None:
    code, found = run(runner, duty(tmp_path))
    assert code == 0
    tests = files.library()["duty"].tests
    assert [item["key"] for item in found] == [test.key for test in tests]
    assert all(item["passed"] for item in found)


def test_a_failing_test_exits_with_1_and_says_where(runner: FlaskCliRunner, tmp_path: Path) -> None:
    path = duty(tmp_path, **{"expect: {state: taken}": "expect: {state: closed}"})
    code, found = run(runner, path, "--only", "done")
    assert code == 1
    assert [(item["passed"], item["move"]) for item in found] == [(False, 2)]
    assert "状态应为" in found[0]["text"]["zh"]
    answer = runner.invoke(workflows, ["test", path])
    assert answer.exit_code == 1
    assert "✗ done" in answer.output
    assert "第 2 步: 状态应为“已办结”（closed），实为“办理中”（taken）" in answer.output


def test_a_key_is_its_draft_and_a_version_what_was_published(
    runner: FlaskCliRunner, session: Session
) -> None:
    row = session.scalars(sa.select(m.Workflow).where(m.Workflow.key == "duty")).one()
    row.tests[0].moves = [{"open": "GridWorker"}]
    session.commit()
    code, found = run(runner, "duty")
    assert (code, found[0]["passed"]) == (1, False)
    code, found = run(runner, "duty@1")
    assert (code, found[0]["passed"]) == (0, True)


def test_what_is_not_there_is_told(runner: FlaskCliRunner, tmp_path: Path) -> None:
    assert run(runner, "nothing")[0] == 1
    code, found = run(runner, duty(tmp_path), "--only", "gone")
    assert code == 1
    assert found["problems"][0]["text"]["zh"] == "没有测试“gone”。"
    broken = duty(tmp_path, **{"start: assigned": "start: nowhere"})
    assert "先用 sifang workflows check" in run(runner, broken)[1]["problems"][0]["text"]["zh"]
