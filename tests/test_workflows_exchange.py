"""Workflows in and out: YAML, JSON, pictures, the schema, and what an import would change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from click.testing import Result
from hypothesis import given

from app import models as m
from app.cli.workflows import workflows
from app.workflows import files
from app.workflows.spec import Workflow
from tests import strategies
from tests.test_cli import SMALL
from tests.test_workflows_properties import QUICK

Run = Callable[..., Result]


@pytest.fixture
def run(app: Any, session: Any) -> Run:
    runner = app.test_cli_runner()
    return lambda *words, **more: runner.invoke(workflows, [str(word) for word in words], **more)


@pytest.fixture
def lamp(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.yaml"
    path.write_text(SMALL, "utf-8")
    return path


def other(path: Path) -> Path:
    """The same file with another label of its first state."""
    changed = path.with_name("other.yaml")
    changed.write_text(SMALL.replace("zh: 已登记", "zh: 待修"), "utf-8")
    return changed


@QUICK
@given(spec=strategies.any_specs)
def test_json_gives_back_the_workflow_that_was_written(spec: Workflow) -> None:
    text = files.write_json(spec)
    assert files.read(text) == spec
    assert files.parse(json.loads(text), "x") == spec
    assert files.read(json.dumps(json.loads(text))) == spec
    assert files.checksum(files.read(text)) == files.checksum(spec)


@QUICK
@given(spec=strategies.any_specs)
def test_yaml_with_its_schema_gives_back_the_workflow_and_fits_the_schema(spec: Workflow) -> None:
    text = files.write(spec, schema="workflow.schema.json")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=workflow.schema.json"
    assert files.read(text) == spec
    VALID.validate(json.loads(files.write_json(spec)))


VALID = jsonschema.Draft202012Validator(files.schema())


def test_json_of_other_programs_is_read_with_its_escaped_signs() -> None:
    document = yaml.safe_load(SMALL)
    document["label"]["zh"] = "路灯💡"
    assert files.read(json.dumps(document)).label.zh == "路灯💡"
    assert files.read(json.dumps(document, separators=(",", ":"))).label.zh == "路灯💡"


@pytest.mark.parametrize(
    "text",
    [
        '{"key": "\\ud83d\\udca1", "key": "b"}',
        '{"\\ud83d\\udca1": ' + "[" * 100_000,
        '{"\\ud83d\\udca1": ' + "[" * 500 + "]" * 500 + "}",
        '{"a": "\\ud83d"',
    ],
)
def test_json_that_is_no_workflow_is_refused(text: str) -> None:
    with pytest.raises(files.FileError):
        files.read(text)


# --- the command line -----------------------------------------------------------------------------


def test_the_schema_is_printed_without_a_database(run, tmp_path):
    answer = run("schema", "--output", tmp_path / "s.json")
    assert answer.exit_code == 0, answer.output
    assert json.loads((tmp_path / "s.json").read_text("utf-8")) == files.schema()


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_is_exported_and_imported_again_changes_nothing(run, lamp, tmp_path, form):
    run("import", "--publish", lamp)
    back = tmp_path / f"back.{form}"
    assert run("export", "lamp", "--format", form, "--output", back).exit_code == 0
    assert files.load(back) == files.read(SMALL)
    answer = run("import", "--publish", "--json", back)
    (told,) = json.loads(answer.output)
    assert (told["new"], told["changes"], told["version"]) == (False, [], 1)


def test_pictures_are_exported(run, lamp):
    run("import", "--publish", lamp)
    assert run("export", "lamp", "--format", "mermaid").output.startswith("stateDiagram-v2")
    svg = run("export", "lamp", "--format", "svg").output
    assert "已登记" in svg
    ElementTree.fromstring(svg.encode())


def test_an_older_version_is_exported_by_its_number(run, lamp):
    run("import", "--publish", lamp)
    assert run("import", "--publish", "--yes", other(lamp)).exit_code == 0
    assert "待修" in run("export", "lamp").output
    assert "待修" not in run("export", "lamp", "--version", "1").output
    assert run("export", "lamp", "--version", "9").exit_code == 1


def test_an_import_shows_the_difference_and_asks(run, lamp, session):
    run("import", lamp)
    asked = run("import", other(lamp), input="n\n")
    assert asked.exit_code == 1
    assert "~ 状态“待修”（reported）的名称" in asked.output
    assert session.query(m.DraftState).filter_by(label_zh="待修").count() == 0
    assert run("import", other(lamp), input="y\n").exit_code == 0
    assert session.query(m.DraftState).filter_by(label_zh="待修").count() == 1


def test_a_dry_run_writes_nothing(run, lamp, session):
    answer = run("import", "--dry-run", lamp)
    assert answer.exit_code == 0
    assert "lamp: new" in answer.output
    assert session.query(m.Workflow).filter_by(key="lamp").count() == 0


def test_a_script_has_to_say_yes_before_a_draft_is_changed(run, lamp):
    run("import", lamp)
    refused = run("import", "--json", other(lamp))
    assert refused.exit_code == 1
    assert json.loads(refused.output)["problems"][0]["field"] == "--yes"
    (told,) = json.loads(run("import", "--json", "--yes", other(lamp)).output)
    assert [c["what"] for c in told["changes"]] == ["label"]


def test_two_versions_are_compared_in_words_as_json_and_as_a_picture(run, lamp):
    run("import", "--publish", lamp)
    run("import", "--yes", other(lamp))
    assert run("diff", "lamp", "lamp@1").output == ""
    assert "~ 状态“待修”（reported）的名称" in run("diff", "lamp@1", "lamp:draft").output
    (told,) = json.loads(run("diff", lamp, "lamp:draft", "--json").output)
    assert (told["before"]["zh"], told["after"]["zh"]) == ("已登记", "待修")
    assert "is-changed" in run("diff", "lamp", other(lamp), "--format", "svg").output


def test_the_exit_code_of_a_comparison_says_whether_anything_is_different(run, lamp):
    assert run("diff", lamp, lamp, "--exit-code").exit_code == 0
    assert run("diff", lamp, other(lamp), "--exit-code").exit_code == 1
    assert run("diff", lamp, other(lamp)).exit_code == 0


@pytest.mark.parametrize("name", ["nowhere", "lamp@x", "lamp@7", "nowhere:draft"])
def test_what_is_not_there_cannot_be_compared(run, lamp, name):
    run("import", "--publish", lamp)
    answer = run("diff", "lamp", name)
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output
