"""``sifang workflows``: versions, rolling back, retiring, places; answers, exit codes, JSON."""

from __future__ import annotations

import json

import pytest

from app import models as m
from app.cli.workflows import workflows
from app.services import variations
from app.services.publications import Made
from app.workflows import files
from app.workflows.variation import Changes
from tests import lamps


@pytest.fixture
def run(app, session):
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(workflows, [str(word) for word in words])


@pytest.fixture
def row(session, cast, now):
    lamps.publish(session, now)
    return lamps.publish(session, now, lamps.renamed("新登记"))


@pytest.fixture
def varied(session, cast, now, row):
    wish = Changes.model_validate({"labels": {"states.reported": {"zh": "等待派工"}}})
    who, place = cast.viewer("secretary"), cast.places["cuiwei"]
    variations.save(session, row, place, wish, expected=0, actor=who, now=now)
    variations.publish(session, row, place, expected=1, made=Made(row, who, now))
    return place


def answer(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_versions_are_listed_with_the_one_in_force_marked(run, row):
    data = answer(run("versions", "lamp", "--json"))
    assert [(d["name"], d["in_force"], d["running"]) for d in data] == [
        ("2", True, 0),
        ("1", False, 0),
    ]
    assert len(data[0]["checksum"]) == 64
    assert run("versions", "lamp").output.startswith("* 2\t")


def test_an_earlier_version_is_rolled_back_to(run, row, session):
    data = answer(run("rollback", "lamp", 1, "--note", "zurück", "--json"))
    assert data == {"key": "lamp", "version": 1, "retired_at": None}
    assert row.current.number == 1
    assert session.query(m.Publication).order_by(m.Publication.id.desc()).first().note == "zurück"
    again = run("rollback", "lamp", 1)
    assert again.exit_code == 1
    assert "第 1 版正在生效" in again.output
    assert run("rollback", "lamp", 7).exit_code == 1
    assert run("rollback", "lamp", 0).exit_code == 2
    assert run("rollback", "nowhere", 1).exit_code == 1


def test_a_workflow_is_retired_and_brought_back(run, row):
    assert answer(run("retire", "lamp", "--json"))["version"] is None
    listed = {item["key"]: item for item in answer(run("list", "--json"))}
    assert listed["lamp"]["version"] is None
    assert listed["lamp"]["retired_at"]
    assert run("retire", "lamp").exit_code == 1
    assert run("export", "lamp").exit_code == 1
    assert answer(run("revive", "lamp", "--json"))["version"] == 2
    assert run("revive", "lamp").exit_code == 1


def test_what_others_bring_forth_is_not_retired_and_the_reason_is_said(run):
    refused = run("retire", "duty", "--json")
    assert refused.exit_code == 1
    assert "brings forth" in json.loads(refused.output)["problems"][0]["text"]["en"]


def test_places_and_their_versions_are_listed_exported_and_compared(run, varied, row):
    (place,) = answer(run("places", "lamp", "--json"))
    name = f"1@{varied.id}"
    assert (place["name"], place["version"], place["based_on"]) == ("翠微社区", name, 2)
    assert place["problems"] == []
    (own,) = answer(run("versions", "lamp", "--place", varied.id, "--json"))
    assert (own["name"], own["in_force"], own["based_on"]) == (name, True, 2)
    spec = files.read(run("export", "lamp", "--version", name).output)
    assert spec.states[0].label.zh == "等待派工"
    (change,) = answer(run("diff", "lamp", f"lamp@{name}", "--json"))
    assert (change["part"], change["key"], change["what"]) == ("states", "reported", "label")


def test_a_place_that_cannot_follow_makes_the_command_fail_on_request(
    run, varied, row, session, now
):
    assert run("places", "lamp", "--exit-code").exit_code == 0
    lamps.publish(session, now, lamps.spec(vary=None))
    told = run("places", "lamp", "--exit-code")
    assert told.exit_code == 1
    assert told.output.startswith("! ")
    assert run("places", "lamp").exit_code == 0


@pytest.mark.parametrize("name", ["9", "x", "2@99999", "draft@1"])
def test_a_version_that_is_not_there_is_named(run, row, name):
    result = run("export", "lamp", "--version", name)
    assert result.exit_code == 1
    assert name in result.output


def test_an_import_over_a_draft_that_changed_meanwhile_is_refused(
    run, row, tmp_path, monkeypatch, session, now
):
    """Between the comparison and the answer somebody else saved."""
    path = tmp_path / "lamp.yaml"
    path.write_text(files.write(lamps.renamed("第三")), "utf-8")

    def meanwhile(*, json_):
        row.draft_version += 1
        session.commit()

    session.commit()
    monkeypatch.setattr("app.cli.exchange._ask", meanwhile)
    result = run("import", path)
    assert result.exit_code == 1
    assert "草稿" in result.output
    assert row.states[0].label_zh == "新登记"
