"""``sifang workflows check`` on a file with each fault."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskCliRunner

from app.cli.workflows import workflows
from tests.matters import PART, SOUND
from tests.test_workflows_check import ERRORS


def write(folder: Path, spec: dict[str, Any]) -> Path:
    path = folder / f"{spec['key']}.yaml"
    path.write_text(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False), "utf-8")
    return path


@pytest.fixture
def runner(app: Any) -> FlaskCliRunner:
    return app.test_cli_runner()


def asked(runner: FlaskCliRunner, *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    answer = runner.invoke(workflows, ["check", "--json", *map(str, paths)])
    return answer.exit_code, json.loads(answer.output)


def test_a_file_without_a_fault_exits_with_0(runner, tmp_path):
    code, found = asked(runner, write(tmp_path, SOUND), write(tmp_path, PART))
    assert (code, found) == (0, [])


@pytest.mark.parametrize(("fault", "path", "change"), ERRORS)
def test_a_file_with_this_fault_names_it_and_exits_with_1(runner, tmp_path, fault, path, change):
    spec = deepcopy(SOUND)
    change(spec)
    code, found = asked(runner, write(tmp_path, spec), write(tmp_path, PART))
    assert code == 1
    assert (fault, path) in {(item["code"], item["path"]) for item in found}
    assert all(item["file"] for item in found)
