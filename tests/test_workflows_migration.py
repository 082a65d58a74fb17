"""A plan for running cases: every state is mapped or said to be open, nothing vanishes unsaid."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.workflows.migration import carry, propose
from app.workflows.spec import Workflow
from tests import strategies
from tests.matters import SOUND, add, put
from tests.test_workflows_properties import QUICK


def changed(*changes: Any) -> Workflow:
    spec = deepcopy(SOUND)
    for change in changes:
        change(spec)
    return Workflow.model_validate(spec)


OLD = changed()


def renamed(old: str, new: str) -> Workflow:
    text = OLD.model_dump_json(by_alias=True).replace(f'"{old}"', f'"{new}"')
    text = text.replace(f'"kind":"{new}"', f'"kind":"{old}"')
    return Workflow.model_validate_json(text)


def moved(after: Workflow, **data: Any) -> Any:
    mapping = {key: found.target for key, found in propose(OLD, after).items()}
    return carry((OLD, after), mapping, state="doing", data=data)


def test_a_state_with_the_same_key_is_proposed_first() -> None:
    found = propose(OLD, changed(put("states[1].label", "别的")))
    assert (found["doing"].target, found["doing"].reason.en) == ("doing", "the same key")


def test_a_state_that_only_got_another_key_is_found_by_its_label() -> None:
    found = propose(OLD, renamed("doing", "working"))
    assert (found["doing"].target, found["doing"].reason.en) == ("working", "the same label")


def test_a_state_with_another_key_and_label_is_found_by_its_steps() -> None:
    after = renamed("waiting", "pending")
    states = [
        s.model_copy(update={"label": s.label.model_copy(update={"zh": "挂起"})})
        if s.key == "pending"
        else s
        for s in after.states
    ]
    found = propose(OLD, after.model_copy(update={"states": tuple(states)}))
    assert found["waiting"].target == "pending"
    assert "most alike" in found["waiting"].reason.en


def test_an_end_is_never_mapped_to_a_state_that_is_no_end() -> None:
    found = propose(OLD, changed(put("states[3].kind", "open")))
    assert found["done"].target is None


def test_a_case_whose_state_has_no_counterpart_is_refused_with_the_reason() -> None:
    found = carry((OLD, OLD), {"doing": None}, state="doing", data={})
    assert found.refused is not None
    assert "办理" in found.refused.zh


def test_values_that_the_new_version_does_not_take_are_named() -> None:
    after = changed(
        put("fields[0].options", [{"key": "b", "label": "乙"}]),
        put("fields[1].type", "text"),
        lambda spec: spec["fields"].pop(5),
        add("fields", {"key": "more", "label": "多"}),
    )
    found = moved(after, kind="a", amount="3", day="2026-05-06", text="x")
    assert found.data == {"day": "2026-05-06"}
    assert {key: reason.en for key, reason in found.lost.items()} == {
        "kind": "the option is gone",
        "amount": "the field has another type",
        "text": "the field is gone",
    }


@QUICK
@given(
    before=strategies.any_specs,
    after=strategies.any_specs,
    data=st.dictionaries(strategies.letters, st.one_of(st.none(), st.just("a"), st.just(3))),
)
def test_nothing_of_a_case_vanishes_unsaid(
    before: Workflow, after: Workflow, data: dict[str, Any]
) -> None:
    plan = propose(before, after)
    states = {state.key: state for state in after.states}
    assert set(plan) == {state.key for state in before.states}
    mapping = {key: found.target for key, found in plan.items()}
    for state in before.states:
        target = mapping[state.key]
        assert target is None or target in states
        found = carry((before, after), mapping, state=state.key, data=data)
        assert (found.target is None) is (found.refused is not None)
        assert {**found.data} == {k: v for k, v in data.items() if k not in found.lost}


@QUICK
@given(spec=strategies.any_specs)
def test_to_an_equal_version_every_case_goes_as_it_is(spec: Workflow) -> None:
    if len({state.key for state in spec.states}) == len(spec.states):
        assert {k: p.target for k, p in propose(spec, spec).items()} == {
            state.key: state.key for state in spec.states
        }
