"""Rule sets: the presets of article 278, and files with faults."""

from __future__ import annotations

import pytest

from app.errors import InvalidError
from app.models import RuleSet
from app.services import rules, tally


def test_loading_the_rule_sets_again_writes_nothing(session):
    assert rules.load(session) == 0


def test_a_statutory_rule_set_is_put_back_and_a_local_one_is_left_to_the_community(session):
    session.query(RuleSet).filter_by(key="special").update({"approval": 1, "approval_over": 2})
    session.query(RuleSet).filter_by(key="local_opinion").update({"approval": 1})
    session.expire_all()
    assert rules.load(session) == 1
    thresholds = {row.key: (row.approval, row.approval_over) for row in session.query(RuleSet)}
    assert thresholds["special"] == (3, 4)
    assert thresholds["local_opinion"] == (1, 3)


def test_the_presets_of_article_278_are_exact(session):
    found = {row.key: tally.rule(rules.frozen(row)) for row in session.query(RuleSet)}
    assert found["ordinary"].participation == tally.Threshold(2, 3, inclusive=True)
    assert found["ordinary"].approval == tally.Threshold(1, 2, inclusive=False)
    assert found["special"].participation == tally.Threshold(2, 3, inclusive=True)
    assert found["special"].approval == tally.Threshold(3, 4, inclusive=True)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("key: [", "rule.yaml:1"),
        ("key: 1x", "key"),
        ("participation: {share: 3/2, inclusive: true}", "participation.share"),
        ("participation: {share: 1/0, inclusive: true}", "participation.share"),
        ("approving: [away]", "approving"),
        ("approving: []", "approving"),
        ("colour: red", "colour"),
        ("- a", "/"),
    ],
)
def test_a_rule_set_file_with_a_fault_names_the_file_and_the_place(text, where):
    with pytest.raises(InvalidError) as refused:
        rules.read(text, "rule.yaml")
    assert any("rule.yaml" in p.field and where in p.field for p in refused.value.problems)
