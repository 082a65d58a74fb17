"""Facts that every case has; the legs register their own beside these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app import models as m
from app.services.providers import FACTS, Step, fact
from app.workflows import clocks
from app.workflows.clocks import Entry
from app.workflows.engine import Fact
from app.workflows.spec import Label

Lookup = Callable[[str], Fact]


def lookup(step: Step) -> Lookup:
    """The facts of one step: each computed when first asked for, and then kept."""
    known: dict[str, Fact] = {}

    def get(name: str) -> Fact:
        if name not in known:
            known[name] = _find(step, name)
        return known[name]

    return get


def _find(step: Step, name: str) -> Fact:
    if name in FACTS:
        return FACTS[name](step)
    family, _, rest = name.partition(".")
    key, _, word = rest.rpartition(".")
    if family == "deadline":
        return _deadline(step, key, word)
    if family == "children":
        return _children(step, key, word)
    raise LookupError(f"fact {name} has a name and no code")


def _deadline(step: Step, key: str, word: str) -> Fact:
    rounds = [clock for clock in step.case.clocks if clock["key"] == key]
    if not rounds:
        return Fact(value=False)
    clock = max(rounds, key=lambda c: int(c["round"]))
    late = clock["breached_at"] is not None
    if word in ("asked", "extendable", "extensions"):
        return _extension(step, key, word, clock)
    if word == "running":
        return Fact(clock["status"] != "stopped")
    return Fact(late if word == "breached" else clock["status"] == "stopped" and not late)


def _extension(step: Step, key: str, word: str, clock: dict[str, Any]) -> Fact:
    log = [Entry.read(kept) for kept in clock["log"]]
    count, asked = clocks.extensions(log), clocks.asked(log)
    if word == "extensions":
        return Fact(count)
    if word == "asked":
        return Fact(asked)
    rule = next((d.extension for d in step.spec.deadlines if d.key == key), None)
    if rule is None or clock["status"] == "stopped":
        return Fact(value=False)
    words = Label(
        zh=f"已延期 {count} 次，最多 {rule.most} 次" + ("；上一次申请还没有答复" if asked else ""),
        en=f"extended {count} of at most {rule.most} times"
        + ("; the last request is not decided yet" if asked else ""),
    )
    return Fact(count < rule.most and not asked, words)


def _children(step: Step, key: str, word: str) -> Fact:
    case = m.Case
    of_key = [case.parent_id == step.case.id, *([case.child_key == key] if key else [])]
    total, still_open, done = step.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(case.closed_at.is_(None)),
            sa.func.count().filter(case.state_kind == "done"),
        ).where(*of_key)
    ).one()
    values = {
        "all_closed": still_open == 0,
        "all_done": done == total,
        "count": total,
        "open": still_open,
    }
    return Fact(values[word])


@fact("children.all_closed")
def _all_closed(step: Step) -> Fact:
    return _children(step, "", "all_closed")


@fact("children.count")
def _count(step: Step) -> Fact:
    return _children(step, "", "count")


@fact("attachments.count")
def _attachments(step: Step) -> Fact:
    query = sa.select(sa.func.count()).where(m.Attachment.case_id == step.case.id)
    return Fact(step.session.scalar(query))


@fact("assignee.set")
def _assignee(step: Step) -> Fact:
    return Fact(step.case.assignee_id is not None)


@fact("party.set")
def _party(step: Step) -> Fact:
    return Fact(step.case.party_id is not None)


@fact("case.places")
def _places(step: Step) -> Fact:
    spot = sa.select(m.Place.path).where(m.Place.id == step.case.place_id).scalar_subquery()
    names = step.session.scalars(
        sa.select(m.Place.name)
        .where(sa.func.starts_with(spot, m.Place.path))
        .order_by(sa.func.length(m.Place.path))
    )
    return Fact(" / ".join(names))


@fact("case.reopened")
def _reopened(step: Step) -> Fact:
    return Fact(step.case.reopened)
