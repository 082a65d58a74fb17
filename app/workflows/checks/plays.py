"""The tests of a workflow: whether what they name is there, and whether they pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from app.workflows import proof, registry, stage
from app.workflows.checks.findings import Finding, error, named, nearby, say
from app.workflows.checks.graph import Graph
from app.workflows.engine import compile_
from app.workflows.spec import Workflow
from app.workflows.trials import Expect, Move

Known = Mapping[str, tuple[tuple[str, str], Collection[str]]]
"""What a move may name: the word for it, and the names that there are."""


def check(graph: Graph) -> Iterator[Finding]:
    """Names that lead nowhere."""
    spec = graph.spec
    if not spec.tests:
        return
    known = _known(spec)
    many = Counter(test.key for test in spec.tests)
    for i, test in enumerate(spec.tests):
        if many[test.key] > 1:
            text = say(f"测试 {test.key} 出现多次", f"there are several tests {test.key}")
            hint = say("每项测试用不同的标识。", "Give each a key of its own.")
            yield error("duplicate_key", f"tests[{i}].key", text, hint)
        for j, move in enumerate(test.moves):
            yield from _names(f"tests[{i}].moves[{j}]", move, known)


def _known(spec: Workflow) -> Known:
    return {
        "role": (("角色", "role"), registry.ROLES),
        "press": (("操作", "step"), {t.key: 0 for t in spec.transitions}),
        "field": (("字段", "field"), {f.key: 0 for f in spec.fields}),
        "end": (("子事项", "child"), {c.key: 0 for c in spec.children}),
        "state": (("状态", "state"), {s.key: 0 for s in spec.states}),
        "told": (("通知", "notice"), {n.key: 0 for n in spec.notices}),
        "overdue": (("时限", "deadline"), {d.key: 0 for d in spec.deadlines}),
        "set": (("事实", "fact"), _facts(spec)),
    }


def _facts(spec: Workflow) -> list[str]:
    legs = [n for n, f in registry.FACTS.items() if not f.legs or spec.leg in f.legs]
    return [name for name in (*legs, *registry.SOURCES) if not stage.derives(name)]


def _names(path: str, move: Move, known: Known) -> Iterator[Finding]:
    expect = move.expect or Expect()
    used: list[tuple[str, str, list[str | None]]] = [
        ("role", "open", [move.open]),
        ("role", "assignee", [move.assignee]),
        ("role", "as", [move.player or None]),
        ("press", "press", [move.press]),
        ("field", "form", list(move.form)),
        ("set", "set", list(move.set or {})),
        ("end", "end", [move.end]),
        ("state", "expect.state", [expect.state]),
        ("told", "expect.told", list(expect.told or ())),
        ("overdue", "expect.overdue", list(expect.overdue or ())),
    ]
    for kind, where, found in used:
        words, there = known[kind]
        for name in found:
            if name is not None and name not in there:
                at = f"{path}.{where}"
                text = say(f"{at}：没有名为 {name} 的{words[0]}", f"{at}: no {words[1]} {name}")
                yield error("unknown_in_test", at, text, nearby(name, there))


def prove(spec: Workflow) -> Iterator[Finding]:
    """Every test that fails. For workflows without other errors: of these a play would stumble."""
    if not spec.tests:
        return
    for index, found in enumerate(proof.run_all(compile_(spec))):
        if found.failure is None:
            continue
        if found.left <= 0:
            text = say("测试的工作量过大，没有全部运行", "the tests take too much work to be run")
            hint = say("删减或缩短测试。", "Have fewer tests, or shorter ones.")
            yield error("tests_too_large", f"tests[{index}]", text, hint)
            return
        at, name = found.failure.move, named(found.test)
        wrong = found.failure.text
        text = say(
            f"测试{name.zh}第 {at + 1} 步：{wrong.zh}",
            f"test {name.text('en')}, step {at + 1}: {wrong.text('en')}",
        )
        hint = say(
            "改正流程；如果流程有意改了，就改测试。",
            "Mend the workflow; or the test, when the change is meant.",
        )
        yield error("test_failed", f"tests[{index}].moves[{at}]", text, hint)
