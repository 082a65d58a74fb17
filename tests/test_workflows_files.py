"""Workflow files: read strictly, refused with line and path, written so that people can read."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from app.errors import InvalidError
from app.workflows import files
from app.workflows.spec import Workflow

GOOD = """\
# a comment
key: matter
label: {zh: 事项, en: Matter}
start: new
fields:
  - {key: amount, label: 金额, type: number}
states:
  - {key: new, label: 新}
  - key: done
    label: 完成
    kind: done
transitions:
  - key: finish
    label: {zh: 完成, en: Finish}
    from: new
    to: done
    roles: [Secretary]
    when:
      all:
        - {fact: field.amount, op: gt, value: 0.5}
        - not: {fact: children.all_closed, value: false}
deadlines:
  - key: all
    label: 时限
    start: new
    within: 5 working days
    levels:
      - {at: 80 %}
"""


def refused(text: str | bytes) -> list[tuple[int, str, str, str]]:
    with pytest.raises(files.FileError) as caught:
        files.read(text, "matter.yaml")
    faults = caught.value.faults
    return [(f.line, f.path, f.text.zh, f.text.en) for f in faults]


def test_a_file_is_read_with_its_short_forms() -> None:
    spec = files.read(GOOD)
    assert spec.transitions[0].source == ("new",)
    assert str(spec.deadlines[0].within) == "5 working days"
    assert spec.label.en == "Matter"
    assert files.read(GOOD.encode("utf-8-sig")) == spec
    assert files.read(files.write(spec)) == spec


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "text"),
    [
        ("kind: done", "kind: finished", 11, "states[1].kind", "open, waiting, done, cancelled"),
        ("to: done", "too: done", 16, "transitions[0].too", "no such entry"),
        ("op: gt", "op: greater", 20, "transitions[0].when.all[0].op", "eq, ne, lt"),
        ("{fact: field.a", "{fct: field.a", 20, "transitions[0].when.all[0].fact", "missing"),
        ("not: {", "nor: {", 21, "transitions[0].when.all[1].fact", "missing"),
        ("within: 5 working days", "within: 5 wd", 26, "deadlines[0].within", "5 working days"),
        ("at: 80 %", "at: 80", 28, "deadlines[0].levels[0].at", "50 %"),
        ("key: new", "key: 1st", 8, "states[0].key", "letters, digits"),
        ("start: new\nf", "f", 2, "start", "missing"),
        ("label: 完成", "label: ''", 10, "states[1].label", "empty"),
        ("roles: [Secretary]", "roles: Secretary", 17, "transitions[0].roles", "a list"),
        ("label: 时限", "label: [时限]", 24, "deadlines[0].label", "a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_line_and_path(
    old: str, new: str, line: int, path: str, text: str
) -> None:
    assert old in GOOD
    faults = refused(GOOD.replace(old, new, 1))
    found = [fault for fault in faults if fault[1] == path]
    assert found, faults
    assert found[0][0] == line
    assert text in found[0][3]
    assert found[0][2]


def test_one_mistake_is_told_once() -> None:
    for old, new in (("kind: done", "kind: x"), ("op: gt", "op: x"), ("80 %", "800")):
        assert len(refused(GOOD.replace(old, new, 1))) == 1


def test_every_mistake_is_told_in_the_files_order() -> None:
    text = GOOD.replace("kind: done", "kind: x").replace("op: gt", "op: x").replace("80 %", "800")
    assert [line for line, *_ in refused(text)] == [11, 20, 28]


def test_the_error_speaks_both_languages_and_names_the_file() -> None:
    with pytest.raises(InvalidError) as caught:
        files.read(GOOD.replace("kind: done", "kind: x"), "matter.yaml")
    (problem,) = caught.value.problems
    assert problem.text["zh"].startswith("matter.yaml 第 11 行，states[1].kind：“x” 不可用")
    assert problem.text["en"].startswith("matter.yaml, line 11, states[1].kind: “x” is not one of")
    assert problem.field == "states[1].kind"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("- a\n- b\n", 1, "mapping"),
        ("a: 1\nb: [1, 2\n", 3, "not valid YAML"),
        ("a: 1\n  b: 2\n", 2, "not valid YAML"),
        ("a: 1\nb: &x 2\n", 2, "anchors"),
        ("a: 1\nb: *x\n", 2, "anchors"),
        ("a: !!python/object/apply:os.system [id]\n", 1, "tags"),
        ("a: 1\nb: !secret x\n", 2, "tags"),
        ("a: 1\n\na: 2\n", 3, "twice"),
        ("a: {b: 1, b: 2}\n", 1, "twice"),
        ("? [a]\n: 1\n", 1, "text"),
        ("a: 1\n---\nb: 2\n", 2, "one workflow"),
        ("a: " + "[" * 200 + "]" * 200, 1, "nested"),
        ("a: [" + "1," * 60_000 + "]", 1, "nested"),
        ("a: 1\nb: \x01\n", 2, "not allowed"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("a" * 1_000_001, 1, "1 MB"),
    ],
)
def test_what_no_workflow_file_needs_is_refused(text: Any, line: int, words: str) -> None:
    (fault,) = refused(text)[:1]
    assert fault[0] == line
    assert words in fault[3]


def test_only_null_true_false_and_whole_numbers_are_more_than_text() -> None:
    text = """\
key: no
label: {zh: 2026-03-05, en: 1e3}
start: on
states: [{key: on, label: yes}, {key: null_, label: '1', kind: done}]
transitions:
  - {key: y, label: 0x1F, from: on, to: null_, roles: [Secretary],
     when: {fact: a, op: in, value: [1, -2, true, null, '3', 1.50, 1:30]}}
"""
    spec = files.read(text)
    assert (spec.key, spec.start, spec.label.zh, spec.label.en) == ("no", "on", "2026-03-05", "1e3")
    assert spec.transitions[0].label.zh == "0x1F"
    test: Any = spec.transitions[0].when
    assert test.value == (1, -2, True, None, "3", "1.50", "1:30")
    assert files.read(files.write(spec)) == spec


@pytest.mark.parametrize("value", [True, False, 0, 1, None, "1", "true", "0.5"])
def test_a_literal_keeps_its_type(value: Any) -> None:
    plain = yaml.safe_load(GOOD)
    plain["transitions"][0]["when"] = {"fact": "a", "value": value}
    back: Any = files.read(files.write(files.parse(plain, "x"))).transitions[0].when
    assert (back.value, type(back.value)) == (value, type(value))


def test_what_is_written_is_yaml_for_every_reader() -> None:
    spec = files.read(GOOD.replace("key: matter", "key: yes"))
    plain = yaml.safe_load(files.write(spec))
    assert plain["key"] == "yes"
    assert plain["transitions"][0]["from"] == "new"
    assert plain["deadlines"][0]["levels"] == [{"at": "80 %"}]
    assert "kind: open" not in files.write(spec)


def test_rows_of_a_draft_are_read_with_paths_and_no_lines() -> None:
    document = yaml.safe_load(GOOD)
    assert files.parse(document, "草稿") == files.read(GOOD)
    document["states"][1]["kind"] = "x"
    with pytest.raises(files.FileError) as caught:
        files.parse(document, "草稿")
    (fault,) = caught.value.faults
    assert (fault.line, fault.path) == (0, "states[1].kind")
    assert caught.value.problems[0].text["zh"].startswith("草稿，states[1].kind：")


@pytest.mark.parametrize(
    ("path", "line"),
    [("start", 4), ("states[1].kind", 11), ("states[1].nothing", 9), ("zzz", 2), ("", 2)],
)
def test_a_path_leads_to_its_line_or_the_nearest_one(path: str, line: int) -> None:
    assert files.line(GOOD, path) == line
    assert files.line("a: [", path) == 1


def test_the_checksum_is_of_what_is_said_not_of_how() -> None:
    spec = files.read(GOOD)
    assert files.checksum(files.read(GOOD.replace("# a comment\n", ""))) == files.checksum(spec)
    assert files.checksum(files.read(files.write(spec))) == files.checksum(spec)
    assert files.checksum(files.read(GOOD.replace("0.5", "0.6"))) != files.checksum(spec)


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = files.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load(GOOD))
    chinese = GOOD.replace("key: new", "key: 新").replace("from: new", "from: 新")
    validator.validate(yaml.safe_load(chinese))
    for spec in files.library().values():
        validator.validate(yaml.safe_load(files.write(spec)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: done", "kind: finished"),
        ("5 working days", "5 wd"),
        ("80 %", "180 %"),
        ("start: new\nf", "f"),
        ("to: done", "too: done"),
        ("op: gt", "op: greater"),
        ("key: new", "key: a-b"),
        ("key: new", "key: 1st"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    validator = jsonschema.Draft202012Validator(files.schema())
    assert not validator.is_valid(yaml.safe_load(GOOD.replace(old, new, 1)))


def test_a_file_of_the_largest_size_is_read_in_a_moment() -> None:
    notice = "  - {key: n%d, to: party, subject: 通知, body: '%s'}\n"
    many = "notices:\n" + "".join(notice % (i, "x" * 400) for i in range(2_000))
    spec = files.read(GOOD + many)
    assert isinstance(spec, Workflow)
    assert len(spec.notices) == 2_000
