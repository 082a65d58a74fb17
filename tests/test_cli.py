"""The console command: answers, exit codes, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from app import models as m
from app.cli.audit import audit
from app.cli.cases import case
from app.cli.users import users
from app.cli.workflows import workflows
from app.services import cases
from app.services.cases import Opening
from app.workflows import files

SMALL = """
key: lamp
label: {zh: 路灯报修, en: Broken lamp}
start: reported
openers: [CommitteeStaff]
states:
  - {key: reported, label: {zh: 已登记, en: Reported}}
  - {key: mended, label: {zh: 已修好, en: Mended}, kind: done}
transitions:
  - key: mend
    label: {zh: 修好了, en: Mended}
    from: reported
    to: mended
    roles: [PropertyStaff, CommitteeStaff]
"""

Run = Callable[..., Result]


@pytest.fixture
def run(app: Any, session: Any) -> Run:
    runner = app.test_cli_runner()
    return lambda command, *words: runner.invoke(command, [str(word) for word in words])


@pytest.fixture
def lamp(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.yaml"
    path.write_text(SMALL, "utf-8")
    return path


def test_a_sound_file_passes_the_check(run, lamp):
    answer = run(workflows, "check", lamp)
    assert answer.exit_code == 0, answer.output
    assert "error" not in answer.output


def test_every_shipped_workflow_passes_the_check(run):
    folder = Path(files.__file__).parent / "library"
    answer = run(workflows, "check", *sorted(folder.glob("*.yaml")))
    assert answer.exit_code == 0, answer.output


def test_a_file_with_a_broken_line_names_line_and_path_and_exits_with_1(run, lamp):
    lamp.write_text(SMALL.replace("kind: done", "kind: finished"), "utf-8")
    answer = run(workflows, "check", lamp)
    assert answer.exit_code == 1
    assert f"{lamp}:8" in answer.output
    assert "states" in answer.output
    assert "kind" in answer.output


def test_a_dangling_target_is_an_error_with_a_suggestion(run, lamp):
    lamp.write_text(SMALL.replace("to: mended", "to: mendet"), "utf-8")
    answer = run(workflows, "check", "--json", lamp)
    assert answer.exit_code == 1
    found = json.loads(answer.output)
    assert any(item["level"] == "error" and "mendet" in item["text"]["en"] for item in found)
    assert all(item["suggestion"]["zh"] for item in found if item["code"] != "format")


def test_a_file_that_is_no_text_is_refused_without_a_traceback(run, lamp):
    lamp.write_bytes(b"\xff\xfe\x00key")
    answer = run(workflows, "check", lamp)
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output


def test_a_missing_file_is_a_wrong_call(run, tmp_path):
    assert run(workflows, "check", tmp_path / "nothing.yaml").exit_code == 2


def test_import_publish_export_gives_the_same_workflow_back(run, lamp, tmp_path):
    assert run(workflows, "import", lamp).exit_code == 0
    published = run(workflows, "publish", "lamp", "--note", "first", "--json")
    assert json.loads(published.output)["version"] == 1
    target = tmp_path / "back.yaml"
    assert run(workflows, "export", "lamp", "--output", target).exit_code == 0
    assert files.read(target.read_bytes()) == files.read(SMALL)


def test_importing_two_files_of_which_one_is_faulty_stores_neither(run, lamp, tmp_path, session):
    bad = tmp_path / "bad.yaml"
    bad.write_text("key: [", "utf-8")
    answer = run(workflows, "import", lamp, bad)
    assert answer.exit_code == 1
    assert session.query(m.Workflow).filter_by(key="lamp").count() == 0


def test_publishing_a_faulty_draft_is_refused_with_its_findings(run, lamp):
    lamp.write_text(SMALL.replace("to: mended", "to: mendet"), "utf-8")
    run(workflows, "import", lamp)
    answer = run(workflows, "publish", "lamp")
    assert answer.exit_code == 1
    assert "mendet" in answer.output


def test_exporting_what_is_not_there_says_so(run):
    answer = run(workflows, "export", "nowhere")
    assert answer.exit_code == 1
    assert "nowhere" in answer.output


def test_a_script_moves_a_case_in_somebodys_name(run, lamp, cast, session, now):
    run(workflows, "import", "--publish", lamp)
    opening = Opening("lamp", "2号楼前路灯不亮", cast.places["compound"].id)
    opened = cases.open_case(session, opening, actor=cast.viewer("staff"), now=now)
    answer = run(case, "fire", opened.number, "mend", "--as", "staff", "--json")
    assert json.loads(answer.output)["to"] == "mended"
    event = session.query(m.Event).filter_by(case_id=opened.id, event="mend").one()
    assert event.actor_name == "居小委"


def test_a_refused_step_says_why_and_exits_with_1(run, lamp, cast, session, now):
    run(workflows, "import", "--publish", lamp)
    opening = Opening("lamp", "2号楼前路灯不亮", cast.places["compound"].id)
    opened = cases.open_case(session, opening, actor=cast.viewer("staff"), now=now)
    answer = run(case, "fire", opened.number, "mend", "--as", "secretary")
    assert answer.exit_code == 1
    assert "物业人员" in answer.output


@pytest.mark.parametrize("form", ["[]", "no json", '"text"'])
def test_a_form_that_is_no_object_is_refused_by_name(run, form):
    answer = run(case, "fire", "G2026-000000", "mend", "--form", form)
    assert answer.exit_code == 1
    assert "--form" in answer.output


def test_a_number_that_is_not_there_is_named(run):
    answer = run(case, "fire", "G1999-000000", "mend")
    assert answer.exit_code == 1
    assert "G1999-000000" in answer.output


def test_a_login_is_created_with_role_and_place_and_listed(run, cast, session):
    answer = run(
        users,
        "create",
        "newcomer",
        "--role",
        "GridWorker",
        "--family-name",
        "新",
        "--given-name",
        "来的",
        "--email",
        "new@example.org",
        "--place",
        cast.places["grid"].id,
        "--password",
        "a-long-password",
    )
    assert answer.exit_code == 0, answer.output
    listed = json.loads(run(users, "list", "--json").output)
    assert {
        "login": "newcomer",
        "name": "新来的",
        "active": True,
        "roles": ["GridWorker"],
    } in listed
    staff = session.query(m.Staff).join(m.Staff.user).filter_by(username="newcomer").one()
    assert staff.place_id == cast.places["grid"].id


def test_a_short_password_and_a_taken_name_are_refused(run):
    words = ("--role", "Admin", "--family-name", "张", "--given-name", "三", "--email", "a@b.cn")
    assert run(users, "create", "other", *words, "--password", "short").exit_code == 1
    answer = run(users, "create", "admin", *words, "--password", "a-long-password")
    assert answer.exit_code == 1
    assert "admin" in answer.output


def test_the_history_is_whole(run, lamp, cast, session, now):
    run(workflows, "import", "--publish", lamp)
    opening = Opening("lamp", "2号楼前路灯不亮", cast.places["compound"].id)
    cases.open_case(session, opening, actor=cast.viewer("staff"), now=now)
    assert run(audit, "verify").exit_code == 0
