"""The registered names: told to people in both languages, and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.permissions import Role
from app.workflows import files, registry
from app.workflows.check import check
from app.workflows.entries import DuplicateError, Entry, ValueType, label, table
from app.workflows.spec import FieldType, Workflow

DOCUMENT = (Path(__file__).parent.parent / "docs" / "workflows.md").read_text("utf-8")
HAN = re.compile(r"[\u4e00-\u9fff]")
TABLES = {
    "facts": registry.FACTS,
    "effects": registry.EFFECTS,
    "sources": registry.SOURCES,
    "legs": registry.LEGS,
    "channels": registry.CHANNELS,
    "recipients": registry.RECIPIENTS,
}
SPEC = Workflow.model_validate(
    {
        "key": "w",
        "label": "w",
        "leg": "meeting",
        "start": "s",
        "states": [{"key": "s", "label": "s"}],
        "fields": [
            {
                "key": type_.value,
                "label": {"zh": "字段", "en": "Field"},
                "type": type_,
                "options": [{"key": "a", "label": "甲"}],
            }
            for type_ in FieldType
        ],
        "deadlines": [{"key": "d", "label": "时限", "start": "s", "within": "1 day"}],
        "children": [{"key": "c", "label": "子项", "workflow": "x", "per": "decisions"}],
    }
)


@pytest.mark.parametrize("name", [name for entries in TABLES.values() for name in entries])
def test_every_name_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


def test_every_family_and_placeholder_is_documented() -> None:
    assert all(f"`{family}`" in DOCUMENT for family in registry.FAMILIES)
    assert all(f"`{{{name}}}`" in DOCUMENT for name in registry.TEMPLATES)


def test_every_field_type_is_documented() -> None:
    assert all(type_.value in DOCUMENT for type_ in FieldType)


def test_the_document_names_no_fact_that_is_gone() -> None:
    facts = DOCUMENT.split("## Facts")[1].split("## Effects")[0]
    named = {line.split("`")[1] for line in facts.splitlines() if line.startswith("| `")}
    assert named == set(registry.FACTS) | set(registry.FAMILIES)


@pytest.mark.parametrize(
    "entry",
    [entry for entries in (*TABLES.values(), registry.TEMPLATES) for entry in entries.values()],
)
def test_every_name_has_a_label_and_help_in_both_languages(entry: Entry) -> None:
    for text in (entry.label, entry.help):
        assert text.zh
        assert text.en
        assert text.zh != text.en
        assert not HAN.search(text.en)


def test_the_example_in_the_document_is_a_workflow_without_findings() -> None:
    from_fence = DOCUMENT.split("```yaml\n")[1].split("```")[0]
    spec = files.read(from_fence, "workflows.md")
    assert [finding.text.en for finding in check(spec)] == []


def test_a_name_registered_twice_is_refused() -> None:
    entry = Entry("a", label("甲", "A"), label("甲", "A"))
    with pytest.raises(DuplicateError):
        table([entry, entry])


def test_every_role_has_its_name_and_the_pseudo_roles_too() -> None:
    assert set(registry.ROLES) == {role.value for role in Role} | {"Resident", "System"}


@pytest.mark.parametrize(
    ("name", "type_", "zh"),
    [
        ("field.number", ValueType.NUMBER, "字段"),
        ("field.date", ValueType.MOMENT, "字段"),
        ("field.choice", ValueType.ONE, "字段"),
        ("field.parties", ValueType.SEVERAL, "字段"),
        ("field.phone", ValueType.TEXT, "字段"),
        ("field.yes_no", ValueType.YES_NO, "字段"),
        ("deadline.d.met", ValueType.YES_NO, "“时限”按时完成"),
        ("children.c.open", ValueType.NUMBER, "“子项”未结束数"),
        ("children.all_closed", ValueType.YES_NO, "子事项全部结束"),
        ("quorum.met", ValueType.YES_NO, "达到法定人数"),
    ],
)
def test_a_fact_is_found_with_its_type_and_label(name: str, type_: ValueType, zh: str) -> None:
    fact = registry.fact(name, SPEC)
    assert fact is not None
    assert (fact.type, fact.label.zh) == (type_, zh)


@pytest.mark.parametrize(
    "name",
    [
        "field.none",
        "deadline.x.met",
        "deadline.d.none",
        "children.x.count",
        "children.c.met",
        "consent.passed",  # of another leg
        "os.system",
        "",
        "field.",
    ],
)
def test_what_is_no_fact_of_the_spec_is_not_found(name: str) -> None:
    assert registry.fact(name, SPEC) is None
