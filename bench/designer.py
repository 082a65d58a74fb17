"""The checker on a workflow as large as anybody draws: 200 states and 600 transitions."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.extensions import db
from app.services import definitions
from app.workflows.check import check
from app.workflows.spec import Workflow
from bench.cluster import Cluster, application

ROLES = ("Secretary", "CommitteeStaff", "GridWorker", "Subdistrict")
STATES, STEPS = 200, 600
FIELDS, DEADLINES, NOTICES = 60, 40, 60


@dataclass(frozen=True, slots=True)
class Found:
    """Processor seconds: of the checker alone, of the same where every step has conditions
    (``asking``), and of all that a page asks for (``whole``: the published workflows, who holds
    which role where). ``findings`` are those of the workflow."""

    check: float
    asking: float
    whole: float
    findings: int


def workflow(states: int = STATES, steps: int = STEPS, *, asking: bool = False) -> Workflow:
    """A workflow that makes sense: a main way with branches back, ahead and to three ends, forms,
    conditions on what was filled in before, deadlines with levels, notices. ``asking``: every step
    has three conditions on fields of its own choice, so that cases get stuck in many ways."""
    dice = random.Random(1)
    keys = [f"s{n:03}" for n in range(states - 3)]
    ends = [("done", "done"), ("archived", "done"), ("withdrawn", "cancelled")]
    return Workflow.model_validate(
        {
            "key": "large",
            "label": {"zh": "大流程", "en": "Large"},
            "start": keys[0],
            "openers": ["Secretary"],
            "intake": [{"field": "f00", "required": True}],
            "fields": [_field(n) for n in range(FIELDS)],
            "states": [
                *({"key": k, "label": {"zh": f"状态{k}", "en": f"State {k}"}} for k in keys),
                *({"key": k, "label": {"zh": k, "en": k}, "kind": kind} for k, kind in ends),
            ],
            "transitions": [_step(n, keys, dice, asking) for n in range(steps)],
            "deadlines": [_deadline(n, keys, dice) for n in range(DEADLINES)],
            "notices": [_notice(n) for n in range(NOTICES)],
        }
    )


def _field(number: int) -> dict[str, Any]:
    kind = ("number", "yes_no", "text")[number % 3]
    return {
        "key": f"f{number:02}",
        "label": {"zh": f"栏{number}", "en": f"F{number}"},
        "type": kind,
    }


def _step(number: int, keys: list[str], dice: random.Random, asking: bool) -> dict[str, Any]:
    """The first of them are the main way; then each begins anywhere."""
    last = len(keys) - 1
    at = number if number <= last else dice.randrange(len(keys))
    if number <= last:
        target = keys[at + 1] if at < last else "done"
    else:
        target = dice.choice([*keys[max(at - 8, 0) : at + 8], "archived", "withdrawn"])
    found: dict[str, Any] = {
        "key": f"t{number:03}",
        "label": {"zh": f"按钮{number}", "en": f"Button {number}"},
        "from": [keys[at]],
        "to": target,
        "roles": dice.sample(ROLES, 2),
        "form": [{"field": f"f{number % FIELDS:02}", "required": number % 2 == 0}],
        "notify": [f"n{number % NOTICES:02}"],
    }
    if asking:
        found["when"] = _conditions(number, dice)
    elif number > last and number % 4 == 0:
        found["when"] = {
            "any": [
                {"fact": "field.f00", "op": "ge", "value": number % 7},
                {"fact": "field.f01", "op": "eq", "value": True},
                {"not": {"fact": "children.all_closed"}},
            ]
        }
    return found


def _conditions(number: int, dice: random.Random) -> dict[str, Any]:
    amount, flag, words = (f"field.f{3 * dice.randrange(FIELDS // 3) + n:02}" for n in range(3))
    return {
        "all": [
            {"fact": amount, "op": "ge", "value": number % 9},
            {
                "any": [
                    {"fact": flag, "op": "eq", "value": number % 2 == 0},
                    {"fact": words, "op": "contains", "value": "x"},
                ]
            },
        ]
    }


def _deadline(number: int, keys: list[str], dice: random.Random) -> dict[str, Any]:
    at = dice.randrange(len(keys) - 10)
    return {
        "key": f"d{number:02}",
        "label": {"zh": f"时限{number}", "en": f"Deadline {number}"},
        "start": [keys[at]],
        "stop": [keys[at + 5]],
        "pause": [keys[at + 2]],
        "within": f"{number % 5 + 1} working days",
        "levels": [
            {"at": "80 %", "notify": ["n00"]},
            {"at": "breach", "notify": ["n01"]},
            {"at": "breach + 1 working day", "notify": ["n02"]},
        ],
    }


def _notice(number: int) -> dict[str, Any]:
    return {
        "key": f"n{number:02}",
        "to": ["assignee", f"role:{ROLES[number % len(ROLES)]}"],
        "subject": {"zh": "{number} 的消息", "en": "About {number}"},
        "body": {"zh": "{title} 已到“{state}”。", "en": "{title} is in “{state}”."},
    }


def measure(cluster: Cluster, rounds: int) -> Found:
    """Medians of so many rounds, beside the workflows that ship."""
    spec, asking = workflow(), workflow(asking=True)
    with application(cluster, "designer"):
        session = db.session()
        known = {**definitions.published(session), spec.key: spec}
        return Found(
            check=_median(rounds, lambda: check(spec, known=known)),
            asking=_median(rounds, lambda: check(asking, known=known)),
            whole=_median(rounds, lambda: definitions.findings(session, spec)),
            findings=len(definitions.findings(session, spec)),
        )


def _median(rounds: int, work: Callable[[], object]) -> float:
    work()
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return statistics.median(found)
