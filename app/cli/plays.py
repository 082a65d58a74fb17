"""``sifang workflows test``: run the tests that a workflow keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.exchange import meant
from app.cli.output import answering, as_json, say, text
from app.errors import InvalidError, Problem
from app.workflows import proof
from app.workflows.engine import Compiled, compile_
from app.workflows.play import unplayable
from app.workflows.proof import Proof
from app.workflows.spec import Workflow


@click.command("test")
@click.argument("workflow")
@click.option("--only", default="", help="The key of one test.")
@as_json
@answering
def test(workflow: str, *, only: str, json_: bool) -> None:
    """Run the tests of WORKFLOW: a file (no database needed), KEY (its draft) or KEY@3.

    Exits with 1 when one fails.
    """
    compiled = _compiled(meant(workflow if _told(workflow) else f"{workflow}:draft"))
    proofs = [p for p in proof.run_all(compiled) if only in ("", p.test.key)]
    if only and not proofs:
        words = {"zh": f"没有测试“{only}”。", "en": f"There is no test “{only}”."}
        raise InvalidError(Problem(words, "--only"))
    report = [_report(found) for found in proofs]
    say(report, _lines(report), json_=json_)
    if any(found.failure for found in proofs):
        raise SystemExit(1)


def _told(workflow: str) -> bool:
    """Whether it says which version is meant, or is a file."""
    return ":" in workflow or "@" in workflow or Path(workflow).is_file()


def _compiled(spec: Workflow) -> Compiled:
    try:
        compiled = compile_(spec)
        wrong = unplayable(compiled)
    except ValueError as error:
        wrong = str(error)
    if wrong:
        words = {
            "zh": f"流程有错误，先用 sifang workflows check 检查：{wrong}",
            "en": f"The workflow has errors, see sifang workflows check: {wrong}",
        }
        raise InvalidError(Problem(words))
    return compiled


def _report(found: Proof) -> dict[str, Any]:
    failure = found.failure
    report: dict[str, Any] = {
        "key": found.test.key,
        "label": found.test.label.both(),
        "moves": len(found.test.moves),
        "passed": failure is None,
    }
    if failure is not None:
        report |= {"move": failure.move + 1, "text": failure.text.both()}
    return report


def _lines(report: list[dict[str, Any]]) -> list[str]:
    if not report:
        return [text({"zh": "没有测试。", "en": "There are no tests."})]
    lines = []
    for item in report:
        sign = "✓" if item["passed"] else "✗"
        lines.append(f"{sign} {item['key']}: {text(item['label'])}")
        if not item["passed"]:
            step = text({"zh": f"第 {item['move']} 步", "en": f"step {item['move']}"})
            lines.append(f"    {step}: {text(item['text'])}")
    return lines
