"""``sifang workflows figures`` and ``outlook``: what a workflow has carried, what a draft means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click
from flask.cli import with_appcontext

from app import clock
from app.cli.exchange import row
from app.cli.output import answering, as_json, say
from app.errors import MissingError, Problem
from app.extensions import db
from app.models import Workflow, WorkflowVersion
from app.services import definitions, drafts, estimates, holders, traffic
from app.services.actors import SYSTEM
from app.services.estimates import Estimate
from app.services.holders import Held
from app.services.traffic import Question, Times, Traffic
from app.workflows.spec import Workflow as Spec

_HOUR = 3600


@click.command("figures")
@click.argument("key")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
@click.option("--version", "number", type=int, help="Only cases of that version.")
@click.option("--whole", is_flag=True, help="Read every case, however many there are.")
@as_json
@with_appcontext
@answering
def figures(key: str, *, days: int, number: int | None, whole: bool, json_: bool) -> None:
    """Say where the cases of workflow KEY are, how long steps take, and what nobody uses."""
    of = row(key)
    session = db.session()
    version = None if number is None else _version(of, number)
    asked = Question(of.id, days, version)
    found = traffic.count(session, SYSTEM, asked, clock.now(), whole=whole)
    shown = version or of.current_id
    spec = definitions.compiled(session, shown).spec if shown else None
    data = _data(key, found, spec)
    say(data, _lines(data), json_=json_)


def _version(of: Workflow, number: int) -> int:
    found = (
        db.session.query(WorkflowVersion.id)
        .filter_by(workflow_id=of.id, number=number, place_id=None)
        .scalar()
    )
    if found is None:
        words = {
            "zh": f"流程“{of.key}”没有第 {number} 版。",
            "en": f"Workflow “{of.key}” has no version {number}.",
        }
        raise MissingError(Problem(words))
    return int(found)


def _data(key: str, found: Traffic, spec: Spec | None) -> dict[str, Any]:
    ways = {(u.source, u.target, u.event) for u in found.steps}
    steps = sorted(found.steps, key=lambda used: -used.times.count)
    return {
        "key": key,
        "at": found.at.isoformat(),
        "days": found.days,
        "cases": found.cases,
        "read": found.read,
        "states": [
            {
                "state": state,
                "now": spot.now,
                "since": spot.since.isoformat() if spot.since else None,
                "came": spot.came,
                **_times(spot.stays),
            }
            for state, spot in found.spots.items()
        ],
        "steps": [
            {
                "from": used.source,
                "event": used.event,
                "to": used.target,
                "system": used.system,
                "deadline": used.deadline,
                **_times(used.times),
            }
            for used in steps
        ],
        "unused": _unused(spec, ways) if spec else [],
    }


def _unused(spec: Spec, ways: set[tuple[str, str, str]]) -> list[str]:
    """Events that no case used in any state."""
    used = {event for _source, _target, event in ways}
    return list(dict.fromkeys(t.key for t in spec.transitions if t.key not in used))


def _times(of: Times) -> dict[str, Any]:
    """How often, and hours."""
    return {"count": of.count, "median": _hours(of.median), "p90": _hours(of.p90)}


def _hours(took: timedelta | None) -> float | None:
    return None if took is None else round(took.total_seconds() / _HOUR, 2)


def _lines(data: dict[str, Any]) -> Iterator[str]:
    read = "" if data["read"] == data["cases"] else f" ({data['read']})"
    yield f"{data['key']}: {data['cases']}{read}, {data['days']} d"
    for state in data["states"]:
        since = (state["since"] or "-")[:16]
        yield f"{state['state']}\t{state['now']}\t{since}\t{state['came']}\t{_told(state)}"
    for step in data["steps"]:
        to = step["to"] if step["to"] != step["from"] else "="
        yield f"{step['from']}\t{step['event']}\t{to}\t{step['count']}\t{_told(step)}"
    for event in data["unused"]:
        yield f"-\t{event}\t0"


def _told(part: dict[str, Any]) -> str:
    if part["median"] is None:
        return "-"
    return f"{part['median']} h\t{part['p90']} h"


@click.command("outlook")
@click.argument("key")
@as_json
@with_appcontext
@answering
def outlook(key: str, *, json_: bool) -> None:
    """Say which past cases the draft's new deadlines of workflow KEY would have made overdue, and
    where nobody holds a role that it needs."""
    of, session, now = row(key), db.session(), clock.now()
    spec = drafts.spec(of)
    found = estimates.of(session, SYSTEM, of, spec, now)
    data = {
        "key": key,
        "sample": found.sample,
        "since": found.since.isoformat() if found.since else None,
        "deadlines": [_estimate(one) for one in found.deadlines],
        "roles": [_held(held) for held in holders.table(session, SYSTEM, spec, now)],
    }
    say(data, _outlook(data), json_=json_)


def _estimate(one: Estimate) -> dict[str, Any]:
    return {
        "deadline": one.key,
        "cases": one.cases,
        "overdue": one.overdue,
        "before": one.before,
        "unknown": one.unknown,
    }


def _held(held: Held) -> dict[str, Any]:
    return {
        "role": held.role,
        "here": held.here,
        "above": held.above,
        "nobody": list(held.vacant),
    }


def _outlook(data: dict[str, Any]) -> Iterator[str]:
    for one in data["deadlines"]:
        before = "" if one["before"] is None else f" ({one['before']})"
        yield f"{one['deadline']}\t{one['overdue']}{before} / {one['cases']}"
    for held in data["roles"]:
        nobody = f"\t- {', '.join(held['nobody'])}" if held["nobody"] else ""
        yield f"{held['role']}\t{held['here']} + {held['above']}{nobody}"
