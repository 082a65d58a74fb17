"""Properties of the engine and the checker, against oracles that share no code with them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.workflows import files
from app.workflows.check import check
from app.workflows.conditions import evaluate, holds
from app.workflows.engine import Actor, ClockState, Fact, Outcome, Refused, compile_, opening, plan
from app.workflows.faults import Fault
from app.workflows.spec import Condition, Relation, StateKind, Transition, Workflow
from app.workflows.terms import All, AnyOf, Not, Test
from tests import strategies

QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

EVENTS = ["go", "back", "state", "stop", "trigger", "nonsense"]
STAFF = frozenset({"Secretary", "CommitteeStaff"})
ANYBODY = Actor("user", 7, "甲", STAFF, frozenset(Relation))
actors = st.one_of(
    st.just(ANYBODY),
    st.builds(
        lambda roles, relations: Actor("user", 8, "乙", frozenset(roles), frozenset(relations)),
        st.lists(st.sampled_from(["Secretary", "CommitteeStaff", "GridWorker"]), max_size=2),
        st.lists(st.sampled_from(list(Relation)), max_size=2),
    ),
    st.just(Actor("resident", roles=frozenset({"Resident"}))),
    st.just(Actor("system", roles=frozenset({"System"}))),
)
GOOD = {
    "n": ["3", "0.5", "三"],
    "flag": ["true", "no"],
    "kind": ["a", "b"],
    "words": ["ab", "三"],
    "due": ["2026-03-05", "2026-04-30"],
    "owner": ["12"],
}
WRONG = {"n": "x", "flag": "perhaps", "kind": "z", "words": "", "due": "2026-02-30", "owner": "-1"}
situations = st.fixed_dictionaries(
    {
        "children.count": st.integers(0, 5),
        "attachments.count": st.integers(0, 3),
        "children.all_closed": st.booleans(),
        "assignee.set": st.booleans(),
    }
)


@st.composite
def forms_of(draw: st.DrawFn, asked: list[str]) -> dict[str, str]:
    """What somebody types: mostly right, sometimes wrong, sometimes what wasn't asked."""
    form = {name: draw(st.sampled_from(GOOD[name])) for name in asked}
    if draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from(sorted(WRONG)))
        form[name] = WRONG[name]
    return form


def truth(condition: Condition, values: dict[str, Any]) -> bool:
    """The oracle: what the condition means, written down once more."""
    if isinstance(condition, All):
        return False not in [truth(part, values) for part in condition.all]
    if isinstance(condition, AnyOf):
        return True in [truth(part, values) for part in condition.any]
    if isinstance(condition, Not):
        return not truth(condition.negated, values)
    assert isinstance(condition, Test)
    have, want = values[condition.fact], condition.value
    if condition.fact in strategies.NUMBERS:
        number = None if have is None else Fraction(str(have))
        limit = Fraction(str(want))
        if condition.op == "ne":
            return number != limit
        if number is None:
            return False
        return {
            "eq": number == limit,
            "lt": number < limit,
            "le": number <= limit,
            "gt": number > limit,
            "ge": number >= limit,
        }[condition.op.value]
    if condition.op == "in":
        assert isinstance(want, tuple)
        return have in want
    if condition.op == "contains":
        return have is not None and str(want) in have
    return (have == want) is (condition.op == "eq")


@settings(QUICK, max_examples=400)
@given(
    condition=strategies.sound_conditions.map(
        lambda when: (
            Transition.model_validate({"key": "x", "label": "x", "from": "a", "when": when}).when
        )
    ),
    values=st.fixed_dictionaries(
        {
            **dict.fromkeys(strategies.NUMBERS, st.sampled_from([None, 0, 2, 3, Decimal("0.5")])),
            **dict.fromkeys(strategies.FLAGS, st.sampled_from([None, True, False])),
            **dict.fromkeys(strategies.TEXTS, st.sampled_from([None, "a", "b", "ab", "三"])),
        }
    ),
)
def test_a_condition_means_what_the_oracle_says(
    condition: Condition, values: dict[str, Any]
) -> None:
    expected = truth(condition, values)
    assert holds(condition, lambda name: Fact(values[name])) is expected
    assert evaluate(condition, lambda name: Fact(values[name])).passed is expected


def allowed(transition: Any, actor: Actor) -> bool:
    """The oracle of who may press."""
    staff = [role for role in transition.roles if role not in ("Resident", "System")]
    if actor.kind == "resident":
        return "Resident" in transition.roles
    if actor.kind == "system":
        return "System" in transition.roles or (not transition.roles and not transition.relations)
    if not staff and not transition.relations:
        return False
    by_role = not staff or any(role in actor.roles for role in staff)
    related = any(relation in actor.relations for relation in transition.relations)
    return by_role and (related or not transition.relations)


def apply(clocks: dict[str, ClockState], outcome: Outcome) -> None:
    """Book the moves, each of which must make sense where the clock stands."""
    for move in outcome.moves:
        now = clocks.get(move.key, ClockState.STOPPED)
        if move.action == "start":
            assert now == ClockState.STOPPED
            clocks[move.key] = ClockState.RUNNING
        elif move.action == "stop":
            assert now != ClockState.STOPPED
            clocks[move.key] = ClockState.STOPPED
        elif move.action == "pause":
            assert now == ClockState.RUNNING
            clocks[move.key] = ClockState.PAUSED
        elif move.action == "resume":
            assert now == ClockState.PAUSED
            clocks[move.key] = ClockState.RUNNING
        else:
            assert move.action == "extend"
            assert now != ClockState.STOPPED


def values_of(spec: Workflow, data: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, **{f"field.{field.key}": data.get(field.key) for field in spec.fields}}


@QUICK
@given(spec=strategies.sound_specs(), chance=st.data())
def test_no_sequence_of_events_leaves_the_spec_or_passes_a_false_condition(
    spec: Workflow, chance: st.DataObject
) -> None:
    compiled = compile_(spec)
    asked = [item.field for item in spec.intake]
    form = {name: GOOD[name][0] for name in asked}
    first = opening(compiled, actor=Actor("system"), facts=lambda name: Fact(1), form=form)
    assert isinstance(first, Outcome)
    assert first.target == "s0"
    state, data, clocks = first.target, first.data, dict[str, ClockState]()
    apply(clocks, first)
    for _ in range(8):
        event = chance.draw(st.sampled_from([*compiled.leaving[state], *EVENTS]))
        known = compiled.leaving[state].get(event)
        form = chance.draw(forms_of([item.field for item in known.form] if known else []))
        actor, facts = chance.draw(actors), chance.draw(situations)
        before = dict(data)
        outcome = plan(
            compiled,
            state,
            event,
            actor=actor,
            facts=lambda name, facts=facts: Fact(facts[name]),
            data=data,
            form=form,
            clocks=clocks,
        )
        assert data == before
        if isinstance(outcome, Refused):
            refused_rightly(spec, outcome, (state, event, actor, form, {**facts}, data))
            continue
        passed_rightly(spec, outcome, (state, event, actor, form, {**facts}, data))
        apply(clocks, outcome)
        state, data = outcome.target, outcome.data
        if next(s for s in spec.states if s.key == state).kind in ENDS:
            assert outcome.ended
            assert set(clocks.values()) <= {ClockState.STOPPED}


ENDS = (StateKind.DONE, StateKind.CANCELLED)
Press = tuple[str, str, Actor, dict[str, str], dict[str, Any], dict[str, Any]]


def passed_rightly(spec: Workflow, outcome: Outcome, press: Press) -> None:
    state, event, actor, form, facts, data = press
    transition = outcome.transition
    assert transition in spec.transitions
    assert transition.key == event
    assert state in spec.sources(transition)
    assert outcome.target == (transition.target or state)
    assert allowed(transition, actor)
    assert {item.field for item in transition.form if item.required} <= set(form)
    assert set(form) <= {item.field for item in transition.form}
    if transition.when is not None:
        filled = {**data, **{key: outcome.changed[key] for key in form}}
        undone = {key for effect in transition.effects for key in effect.set or {}} & set(form)
        if not undone:  # what an effect overwrote can't be seen any more
            assert truth(transition.when, values_of(spec, filled, facts))


def refused_rightly(spec: Workflow, refused: Refused, press: Press) -> None:
    """A refusal has its reasons, and they are true."""
    state, event, actor, form, facts, data = press
    assert refused.reasons
    assert all(reason.text.zh and reason.text.en for reason in refused.reasons)
    (code,) = {reason.code for reason in refused.reasons}
    steps = [t for t in spec.transitions if t.key == event and state in spec.sources(t)]
    if code in ("unknown", "state"):
        assert not steps
    elif code == "who":
        assert not allowed(steps[0], actor)
    elif code == "form":
        asked = {item.field for item in steps[0].form}
        assert not set(form) <= asked or any(form[key] == WRONG[key] for key in form)
    elif not form:
        assert code == "condition"
        assert steps[0].when is not None
        assert not truth(steps[0].when, values_of(spec, data, facts))


@QUICK
@given(spec=strategies.any_specs, others=st.lists(strategies.any_specs, max_size=2))
def test_the_checker_never_crashes_and_is_never_silent_about_a_broken_graph(
    spec: Workflow, others: list[Workflow]
) -> None:
    findings = check(spec, known={o.key: o for o in others}, holders=lambda role: ["某社区"])
    for finding in findings:
        assert finding.text.zh
        assert finding.text.en
        assert finding.suggestion.zh
        assert finding.path
    if broken(spec):
        assert any(finding.level == "error" for finding in findings)


@QUICK
@given(spec=strategies.graphs())
def test_the_checker_finds_exactly_the_broken_graphs(spec: Workflow) -> None:
    errors = [finding for finding in check(spec) if finding.level == "error"]
    graph = {"dangling_target", "unreachable", "dead_end", "exit_from_end", "no_end"}
    assert {finding.code for finding in errors} - graph <= {"same_effect"}
    assert bool({finding.code for finding in errors} & graph) is (
        broken(spec) or unreachable(spec) or leaves_an_end(spec)
    )


def closure(spec: Workflow) -> dict[tuple[str, str], bool]:
    """Warshall: which state can be come to from which."""
    keys = list({state.key for state in spec.states})
    ends = {state.key for state in spec.states if state.kind.ended}
    way = {(a, b): a == b for a in keys for b in keys}
    for transition in spec.transitions:
        for key in keys:
            leaves = transition.source == "*" and key not in ends
            if (leaves or key in transition.source) and transition.target in keys:
                way[key, str(transition.target)] = True
    for middle in keys:
        for a in keys:
            for b in keys:
                way[a, b] = way[a, b] or (way[a, middle] and way[middle, b])
    return way


def broken(spec: Workflow) -> bool:
    """A transition that leads nowhere, or a state that is come to and has no way to an end."""
    keys = {state.key for state in spec.states}
    if any(t.target is not None and t.target not in keys for t in spec.transitions):
        return True
    if spec.start not in keys:
        return True
    way = closure(spec)
    ends = {state.key for state in spec.states if state.kind.ended}
    return any(way[spec.start, key] and not any(way[key, end] for end in ends) for key in keys)


def unreachable(spec: Workflow) -> bool:
    way = closure(spec)
    return any(not way[spec.start, state.key] for state in spec.states)


def leaves_an_end(spec: Workflow) -> bool:
    ends = {state.key for state in spec.states if state.kind.ended}
    return any(
        source in ends and transition.target not in (None, source)
        for transition in spec.transitions
        for source in transition.source
    )


@QUICK
@given(spec=strategies.any_specs)
def test_a_file_gives_back_the_spec_that_was_written(spec: Workflow) -> None:
    assert files.read(files.write(spec)) == spec
    assert Workflow.model_validate(spec.model_dump(mode="json")) == spec
    lean = spec.model_dump(mode="json", exclude_defaults=True)
    assert Workflow.model_validate(lean) == spec


@QUICK
@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_whatever_is_fed_to_the_reader_is_read_or_refused_with_a_line(text: str | bytes) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        files.read(text, "x.yaml")
    except files.FileError as error:
        faults = error.faults
    else:
        return
    assert faults
    assert all(fault.line >= 1 for fault in faults)
