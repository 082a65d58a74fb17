"""Whatever the workflow and whatever is done: a play never raises, and is the same each time."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.workflows import proof
from app.workflows.check import check
from app.workflows.engine import Compiled, compile_
from app.workflows.play import Play, unplayable
from app.workflows.registry import ROLES
from app.workflows.scenes import Scene
from app.workflows.spec import Workflow
from app.workflows.trials import Move, WorkflowTest
from tests.strategies import any_specs, durations, sound_specs

roles = st.sampled_from(list(ROLES))
values: st.SearchStrategy[Any] = st.one_of(
    st.integers(-3, 9),
    st.booleans(),
    st.sampled_from(["a", "b", "2026-03-09", "Secretary", "x" * 40, ""]),
    st.lists(st.integers(1, 3), max_size=3),
)


def walks(spec: Workflow) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Moves of every kind, most of which the workflow knows."""
    events = st.sampled_from([*sorted({t.key for t in spec.transitions}), "nothing"])
    fields = [field.key for field in spec.fields]
    forms = st.dictionaries(st.sampled_from([*fields, "stranger"]), values, max_size=3)
    facts = st.sampled_from(["attachments.count", "case.places", "quorum.met", "decisions", "zz"])
    children = st.sampled_from([*(child.key for child in spec.children), "kid"])
    one = st.one_of(
        st.builds(lambda role, form: {"open": role, "form": form}, roles, forms),
        st.builds(
            lambda event, role, form: {"press": event, "as": role, "form": form},
            events,
            roles,
            forms,
        ),
        st.builds(lambda event: {"press": event}, events),
        st.builds(lambda name, value: {"set": {name: value}}, facts, values),
        durations(most=40).map(lambda span: {"wait": span}),
        st.just({"wait": "next"}),
        st.builds(lambda key, every: {"end": key, "every": every}, children, st.booleans()),
    )
    openers = st.sampled_from([*spec.openers, "System"])
    first = st.builds(lambda role, form: {"open": role, "form": form}, openers, forms)
    return st.builds(lambda begin, rest: [begin, *rest], first, st.lists(one, max_size=12))


def played(compiled: Compiled, moves: list[dict[str, Any]]) -> tuple[Scene, ...]:
    return Play(compiled, budget=200_000).replay(Move.model_validate(m) for m in moves)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_play_of_a_sound_workflow_is_the_same_each_time(data: st.DataObject) -> None:
    spec = data.draw(sound_specs())
    moves = data.draw(walks(spec))
    first = played(compile_(spec), moves)
    assert first == played(compile_(spec), moves)
    for scene in first:
        assert bool(scene.refused) is not bool(scene.history) or scene.move.kind in ("wait", "set")
        assert not (scene.refused and scene.notices)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_kept_of_a_play_passes_as_a_test(data: st.DataObject) -> None:
    compiled = compile_(data.draw(sound_specs()))
    moves = data.draw(walks(compiled.spec))
    kept = proof.kept(played(compiled, moves))
    test = WorkflowTest.model_validate({"key": "t", "label": "测", "moves": kept})
    assert proof.run(compiled, test).failure is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_a_workflow_says_a_play_of_it_never_raises(data: st.DataObject) -> None:
    spec = data.draw(any_specs)
    moves = data.draw(walks(spec))
    try:
        compiled = compile_(spec)
    except ValueError:
        return
    if unplayable(compiled) is None:
        assert [scene.move.kind for scene in played(compiled, moves)] == [
            Move.model_validate(each).kind for each in moves
        ]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_checker_takes_any_tests_of_any_workflow(data: st.DataObject) -> None:
    spec = data.draw(st.one_of(any_specs, sound_specs()))
    moves = data.draw(walks(spec))
    tests = [{"key": "t", "label": "测", "moves": moves}]
    document = {**spec.model_dump(mode="json", by_alias=True), "tests": tests}
    found = check(Workflow.model_validate(document))
    assert {finding.level for finding in found} <= {"error", "warning"}
