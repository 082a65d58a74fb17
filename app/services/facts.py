"""Facts that every case has; the legs register their own beside these."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from app import models as m
from app.services.providers import FACTS, Step, fact
from app.workflows import rounds
from app.workflows.engine import Fact

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
    rows = (clock for clock in step.case.clocks if clock["key"] == key)
    rule = next((deadline for deadline in step.spec.deadlines if deadline.key == key), None)
    return rounds.fact(rule, max(rows, key=lambda row: int(row["round"]), default=None), word)


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
