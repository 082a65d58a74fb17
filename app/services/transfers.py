"""One case moved to another version of its workflow: weighed, and written with an event.

What a person reads of it (the preview, the history, the job) is made of the same ``Weighed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import EventKind, MoveOutcome
from app.services import calendars, definitions, edge, facts, rows, tidings, timers
from app.services.actors import SYSTEM, Viewer
from app.services.providers import CaseRow, Step
from app.workflows import migration, rounds, steps, transfer
from app.workflows.index import Look
from app.workflows.migration import Carried
from app.workflows.rounds import At
from app.workflows.transfer import Place, Rule, Turned

_case, _clock = m.Case.__table__, m.Clock.__table__
KEPT = ("version_id", "state", "state_label", "state_kind", "restricted_to", "data", "due_at")
"""Columns of a case that a move changes and its undoing puts back."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a migration does, as plain values. ``mapping`` is by id of the version that a case comes
    from, ``names`` in words of all versions. ``path``: of the place that the target is for."""

    migration_id: int
    target_id: int
    mapping: Mapping[int, Mapping[str, str | None]]
    names: Mapping[int, Mapping[str, str]]
    rule: Rule
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What would become of a case; ``due_at`` is the nearest due time afterwards."""

    carried: Carried
    clocks: tuple[Turned, ...] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case. ``late``: it is overdue by this; ``text`` says in both languages what
    was done, or why nothing was."""

    case_id: int
    number: str
    title: str
    outcome: MoveOutcome
    text: dict[str, str]
    late: bool = False


def weigh(session: Session, terms: Terms, case: CaseRow, now: datetime) -> Weighed:
    """What the move would do to the case, which is on one of the terms' versions."""
    before = definitions.compiled(session, case.version_id)
    after = definitions.compiled(session, terms.target_id)
    carried = migration.carry(
        (before.spec, after.spec), terms.mapping[case.version_id], state=case.state, data=case.data
    )
    if carried.target is None:
        return Weighed(carried)
    data = dict(carried.data)
    step = Step(session, after.spec, case, SYSTEM, now, data)
    decide = steps.deciding(Look(after, facts.lookup(step), data, {}))
    place = Place(before.deadlines, after.deadlines, case.state, after.states[carried.target])
    last = rounds.newest(case.clocks)
    at = At(now, calendars.of(session, case), edge.timezone())
    found = tuple(
        transfer.turned(place, last, tick, at)
        for tick in transfer.ticks(place, timers.states(case), terms.rule, data, decide)
    )
    present = {**last, **{turned.row["key"]: turned.row for turned in found}}
    return Weighed(carried, found, rounds.nearest(present.values()))


def move(session: Session, terms: Terms, case_id: int, *, actor: Viewer, now: datetime) -> Result:
    """Move the case, which is locked until the transaction ends; flushes. What can't be moved is
    left as it is, and the result says why; either is kept as a row of ``Migrated``."""
    case = rows.load(session, case_id, SYSTEM, lock=True)
    idle = idle_for(session, case, terms)
    if idle is not None:
        return _kept(session, terms, case, MoveOutcome.LEFT, idle, now)
    weighed = weigh(session, terms, case, now)
    if weighed.carried.refused is not None:
        refused = weighed.carried.refused.both()
        return _kept(session, terms, case, MoveOutcome.REFUSED, refused, now)
    before = snapshot(session, case.id)
    _write(session, terms, case, weighed, before, actor, now)
    fields = definitions.compiled(session, case.version_id).fields
    missing = tidings.lost(fields, case.data, weighed.carried.lost)
    text = tidings.summary(weighed.clocks, missing)
    late = any(tidings.turns_late(turned, now) for turned in weighed.clocks)
    session.add(
        m.Migrated(
            migration_id=terms.migration_id,
            case_id=case.id,
            outcome=MoveOutcome.MOVED,
            seq=case.seq + 1,
            before=before,
            text=text,
            at=now,
        )
    )
    session.flush()
    return Result(case.id, case.number, case.title, MoveOutcome.MOVED, text, late)


def idle_for(session: Session, case: CaseRow, terms: Terms) -> dict[str, str] | None:
    """Why there is nothing to do for the case; None: there is."""
    if case.closed_at is not None:
        return {"zh": "事项已经办结", "en": "it has ended meanwhile"}
    if case.version_id == terms.target_id:
        return {"zh": "已经在目标版本上", "en": "it is on that version already"}
    if case.version_id not in terms.mapping:
        return {"zh": "已经转到其他版本", "en": "it was moved to another version meanwhile"}
    if terms.path and not _below(session, case.place_id, terms.path):
        new = terms.names[terms.target_id]
        return {
            "zh": f"不在{new['zh']}适用的地点",
            "en": f"it is outside the place that {new['en']} is for",
        }
    return None


def _below(session: Session, place_id: int, path: str) -> bool:
    here = session.scalar(sa.select(m.Place.path).where(m.Place.id == place_id)) or ""
    return here.startswith(path)


def _kept(
    session: Session,
    terms: Terms,
    case: CaseRow,
    outcome: MoveOutcome,
    reason: dict[str, str],
    now: datetime,
) -> Result:
    session.add(
        m.Migrated(
            migration_id=terms.migration_id,
            case_id=case.id,
            outcome=outcome,
            text=reason,
            before={},
            at=now,
        )
    )
    session.flush()
    return Result(case.id, case.number, case.title, outcome, reason)


def snapshot(session: Session, case_id: int) -> dict[str, Any]:
    """The case as it can be put back: its KEPT columns, and all of its clocks."""
    clocks = (
        sa.select(
            sa.func.coalesce(
                sa.func.jsonb_agg(sa.func.to_jsonb(sa.literal_column("clock")).op("-")("case_id")),
                sa.literal_column("'[]'::jsonb"),
            )
        )
        .where(_clock.c.case_id == _case.c.id)
        .correlate(_case)
        .scalar_subquery()
    )
    pairs: list[Any] = []
    for name in KEPT:
        pairs += [sa.literal_column(f"'{name}'"), _case.c[name]]
    query = sa.select(sa.func.jsonb_build_object(*pairs), clocks).where(_case.c.id == case_id)
    kept, found = session.connection().execute(query).one()
    return {"case": kept, "clocks": sorted(found, key=lambda row: int(row["id"]))}


def _write(  # noqa: PLR0913  a step has that many parts
    session: Session,
    terms: Terms,
    case: CaseRow,
    weighed: Weighed,
    before: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
) -> None:
    after = definitions.compiled(session, terms.target_id)
    assert weighed.carried.target is not None
    state = after.states[weighed.carried.target]
    old, new = terms.names[case.version_id], terms.names[terms.target_id]
    fields = definitions.compiled(session, case.version_id).fields
    event = rows.record(
        kind=EventKind.MIGRATED,
        event="migrate",
        label={
            "zh": f"从流程{old['zh']}转到{new['zh']}",
            "en": f"Moved from {old['en']} to {new['en']} of the workflow",
        },
        places=(case.state, state.key, state.label.both()),
        actor=actor,
        now=now,
        data={
            "migration": terms.migration_id,
            "reason": terms.reason,
            "rule": terms.rule,
            "version": {"before": case.version_id, "after": terms.target_id},
            "lost": {key: case.data[key] for key in weighed.carried.lost},
            "clocks": [tidings.entry(turned) for turned in weighed.clocks],
            "record": {
                "text": tidings.told(
                    terms.reason,
                    weighed.clocks,
                    tidings.lost(fields, case.data, weighed.carried.lost),
                )
            },
        },
    )
    changes = {
        "version_id": terms.target_id,
        "state": state.key,
        "state_label": state.label.both(),
        "state_kind": state.kind.value,
        "restricted_to": list(state.visible_to) or None,
        "data": dict(weighed.carried.data),
        "due_at": weighed.due_at,
        "changed_at": now,
    }
    touched = [row for t in weighed.clocks for row in (t.ended, t.row) if row is not None]
    fresh = [row for row in touched if "id" not in row]
    changed = [row for row in touched if "id" in row]
    rows.move(session, case, changes, event, fresh=fresh, changed=changed)
    _rename(session, changed, before)


def _rename(session: Session, changed: list[dict[str, Any]], before: Mapping[str, Any]) -> None:
    """A clock is called what the new version calls its deadline."""
    known = {row["id"]: row["label"] for row in before["clocks"]}
    for row in changed:
        if "label" in row and row["label"] != known[row["id"]]:
            session.execute(
                sa.update(_clock).where(_clock.c.id == row["id"]).values(label=row["label"])
            )
