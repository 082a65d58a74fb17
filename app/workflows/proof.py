"""Running the tests that a workflow keeps: each is played, and what came is held against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.workflows.calendar import Calendar
from app.workflows.engine import Compiled
from app.workflows.play import PLENTY, Play
from app.workflows.scenes import Scene
from app.workflows.spec import Label, Notice
from app.workflows.trials import Expect, Move, WorkflowTest

_FILLED = re.compile(r"\{\w*\}")
ENOUGH = 300_000
"""For all tests of a workflow together, in about microseconds."""


@dataclass(frozen=True, slots=True)
class Failure:
    """``move`` counts from 0."""

    move: int
    text: Label


@dataclass(frozen=True, slots=True)
class Proof:
    """What has come of a test, up to the first thing that is not as it should be."""

    test: WorkflowTest
    scenes: tuple[Scene, ...]
    failure: Failure | None
    left: int


def run(
    compiled: Compiled,
    test: WorkflowTest,
    *,
    calendar: Calendar | None = None,
    budget: int = PLENTY,
) -> Proof:
    play = Play(compiled, begins=test.begins, calendar=calendar, budget=budget)
    failure: Failure | None = None
    for index, move in enumerate(test.moves):
        wrong = _wrong(compiled, play.take(move), move.expect or Expect())
        if wrong is not None:
            failure = Failure(index, wrong)
            break
    return Proof(test, tuple(play.scenes), failure, play.left)


def run_all(compiled: Compiled, *, budget: int = ENOUGH) -> tuple[Proof, ...]:
    """Every test of the workflow, within ``budget`` together."""
    proofs: list[Proof] = []
    for test in compiled.spec.tests:
        proofs.append(run(compiled, test, budget=budget))
        budget = proofs[-1].left
    return tuple(proofs)


def expected(scene: Scene) -> Expect:
    """What a test would say of this scene: proposed when a play is kept."""
    if scene.refused:
        return Expect(refused=scene.refused[0].text.zh[:200])
    state = scene.state if any(h.kind in ("opened", "moved") for h in scene.history) else None
    quiet = scene.move.kind in ("set", "end")
    told = None if quiet and not scene.told else scene.told
    return Expect(state=state, told=told, overdue=scene.overdue or None)


def kept(scenes: Iterable[Scene]) -> tuple[Move, ...]:
    """The moves of a play with what is expected of each: what came of it."""
    return tuple(scene.move.model_copy(update={"expect": expected(scene)}) for scene in scenes)


# --- what is wrong ------------------------------------------------------------------------------


def _wrong(compiled: Compiled, scene: Scene, expect: Expect) -> Label | None:
    refused = _refused(scene, expect)
    if refused is not None or scene.refused:
        return refused
    states = {key: state.label for key, state in compiled.states.items()}
    if expect.state is not None and expect.state != scene.state:
        wanted, came = (_named(states, key) for key in (expect.state, scene.state))
        return _say(
            f"状态应为{wanted.zh}，实为{came.zh}",
            f"the state should be {wanted.text('en')} and is {came.text('en')}",
        )
    if expect.told is not None and set(expect.told) != set(scene.told):
        notices = {key: subject(notice) for key, notice in compiled.notices.items()}
        return _differ("应发出通知", "notices sent should be", notices, (expect.told, scene.told))
    if expect.overdue is not None and set(expect.overdue) != set(scene.overdue):
        rules = {key: deadline.label for key, deadline in compiled.deadlines.items()}
        pair = (expect.overdue, scene.overdue)
        return _differ("超期的时限应为", "overdue should be", rules, pair)
    return None


def _refused(scene: Scene, expect: Expect) -> Label | None:
    """What is wrong about the move being refused, or not."""
    why = _joined(reason.text for reason in scene.refused)
    if expect.refused is False or expect.refused == "":
        if not scene.refused:
            return None
        return _say(f"不应被拒绝，却被拒绝：{why.zh}", f"should not be refused: {why.text('en')}")
    if not scene.refused:
        return _say("应被拒绝，却做成了", "should be refused and was done")
    words = expect.refused
    if isinstance(words, str) and words not in why.zh and words not in why.text("en"):
        return _say(
            f"拒绝的原因中应有“{words}”，实为：{why.zh}",
            f"the reason should say “{words}” and says: {why.text('en')}",
        )
    return None


def _differ(
    zh: str, en: str, labels: Mapping[str, Label], pair: tuple[Iterable[str], Iterable[str]]
) -> Label:
    wanted, came = (_joined((_named(labels, key) for key in keys), empty=True) for keys in pair)
    return _say(
        f"{zh}：{wanted.zh}，实为：{came.zh}",
        f"{en}: {wanted.text('en')}; came: {came.text('en')}",
    )


def _named(labels: Mapping[str, Label], key: str) -> Label:
    label = labels.get(key)
    if label is None:
        return Label(zh=f"“{key}”" if key else "（未登记）", en=f"“{key}”" if key else "(not open)")
    return _say(f"“{label.zh}”（{key}）", f"“{label.text('en')}” ({key})")


def subject(notice: Notice) -> Label:
    """Without what only a case can fill in."""
    zh, en = (_FILLED.sub("", text).strip(" ：:") for text in notice.subject.both().values())
    return Label(zh=zh or notice.key, en=en)


def _joined(labels: Iterable[Label], *, empty: bool = False) -> Label:
    found = list(labels)
    if not found:
        return Label(zh="（无）", en="(nothing)") if empty else Label(zh="—")
    return _say("、".join(x.zh for x in found), ", ".join(x.text("en") for x in found))


def _say(zh: str, en: str) -> Label:
    return Label(zh=zh[:2000], en=en[:2000])
