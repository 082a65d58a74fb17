"""A move to another version undone: the case as it was, if nothing has happened to it since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import EventKind, MoveOutcome
from app.services import edge, migrations, rows
from app.services.actors import SYSTEM, Viewer
from app.services.providers import CaseRow
from app.services.transfers import Result
from app.workflows import rounds

_clock, _event, _migrated = m.Clock.__table__, m.Event.__table__, m.Migrated.__table__


def restore(
    session: Session, migration_id: int, case_id: int, *, actor: Viewer, now: datetime
) -> Result:
    """Put version, state, data and clocks back; flushes. Not where something was done since: then
    the result says what. The undoing is an event of its own, and a row of ``Migrated``."""
    case = rows.load(session, case_id, SYSTEM, lock=True)
    kept = session.execute(
        sa.select(_migrated.c.seq, _migrated.c.before).where(
            _migrated.c.migration_id == migration_id,
            _migrated.c.case_id == case_id,
            _migrated.c.undo.is_(False),
        )
    ).one()
    if kept.seq != case.seq:
        reason = _since(session, case, kept.seq)
        return _noted(session, migration_id, case, MoveOutcome.REFUSED, reason, now)
    _write(session, migration_id, case, kept.before, actor, now)
    text = {"zh": "已恢复原状", "en": "as it was before"}
    return _noted(session, migration_id, case, MoveOutcome.MOVED, text, now)


def _since(session: Session, case: CaseRow, seq: int) -> dict[str, str]:
    """The first thing that happened after the move."""
    row = session.execute(
        sa.select(_event.c.label, _event.c.at).where(
            _event.c.case_id == case.id, _event.c.seq == seq + 1
        )
    ).one()
    zh, at = row.label.get("zh", ""), edge.shown(row.at)
    return {
        "zh": f"转版后已经办理过“{zh}”（{at}），不能恢复",
        "en": f"“{row.label.get('en') or zh}” was done since ({at}), so it stays as it is",
    }


def _noted(
    session: Session,
    migration_id: int,
    case: CaseRow,
    outcome: MoveOutcome,
    text: dict[str, str],
    now: datetime,
) -> Result:
    moved = outcome is MoveOutcome.MOVED
    session.add(
        m.Migrated(
            migration_id=migration_id,
            case_id=case.id,
            undo=True,
            outcome=outcome,
            seq=case.seq + 1 if moved else None,
            text=text,
            before={},
            at=now,
        )
    )
    session.flush()
    return Result(case.id, case.number, case.title, outcome, text)


def _write(
    session: Session,
    migration_id: int,
    case: CaseRow,
    before: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
) -> None:
    changes = dict(before["case"])
    changes["due_at"] = rounds.instant(changes["due_at"])
    known = migrations.versions(session, case.workflow_id).values()
    old = next(version for version in known if version.id == changes["version_id"]).words
    event = rows.record(
        kind=EventKind.MIGRATED,
        event="restore",
        label={
            "zh": f"撤销转版，回到流程{old['zh']}",
            "en": f"Back on {old['en']} of the workflow: the move was undone",
        },
        places=(case.state, changes["state"], changes["state_label"]),
        actor=actor,
        now=now,
        data={"migration": migration_id},
    )
    rows.move(session, case, {**changes, "changed_at": now}, event)
    _wind_back(session, case.id, before["clocks"])


def _wind_back(session: Session, case_id: int, clocks: list[dict[str, Any]]) -> None:
    """The clocks as they were, to the microsecond; those that the move began go."""
    ids = [row["id"] for row in clocks]
    session.execute(sa.delete(_clock).where(_clock.c.case_id == case_id, _clock.c.id.not_in(ids)))
    if clocks:
        session.connection().execute(
            _BACK, {"rows": json.dumps(clocks, ensure_ascii=False), "case_id": case_id}
        )


def _back() -> sa.TextClause:
    names = [column.name for column in _clock.columns if column.name not in ("id", "case_id")]
    sets = ", ".join(f'"{name}" = kept."{name}"' for name in names)
    return sa.text(
        f"UPDATE clock SET {sets} "  # noqa: S608  names of our own columns
        "FROM jsonb_populate_recordset(NULL::clock, CAST(:rows AS jsonb)) AS kept "
        "WHERE clock.id = kept.id AND clock.case_id = :case_id"
    )


_BACK = _back()
