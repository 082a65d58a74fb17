"""All cases of a migration gone through, one by one: by a worker as a job, or by a command.

Each case is committed by itself together with how far it is, so that nobody waits for it longer
than for a button that a colleague presses, and a worker that dies leaves nothing to do twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import JobOutcome, Migration, MoveOutcome
from app.services import campaigns, deliveries, kinds, returns, transfers
from app.services.actors import Viewer
from app.services.kinds import Ending, Step, Work
from app.services.transfers import Result

Act = Callable[[Session, int, Viewer, datetime], Result]
_OUTCOMES = {
    MoveOutcome.MOVED: JobOutcome.DONE,
    MoveOutcome.LEFT: JobOutcome.SAME,
    MoveOutcome.REFUSED: JobOutcome.FAILED,
}
_migrated = m.Migrated.__table__


def moving(session: Session, made: Migration, after: int = 0) -> tuple[Iterator[int], Act]:
    """The cases that are still to be moved, by id from ``after`` on, and what moves one. The
    session may be committed in between."""
    terms, workflow_id, at = campaigns.kept(session, made), made.workflow_id, made.at

    def ids() -> Iterator[int]:
        last = after
        while page := campaigns.ahead(session, terms, workflow_id, at, last):
            yield from page
            last = page[-1]

    def act(session: Session, case_id: int, actor: Viewer, now: datetime) -> Result:
        return transfers.move(session, terms, case_id, actor=actor, now=now)

    return ids(), act


def returning(session: Session, made: Migration, after: int = 0) -> tuple[Iterator[int], Act]:
    """The same for the cases that are to be put back."""
    migration_id = made.id

    def ids() -> Iterator[int]:
        last = after
        while page := _moved(session, migration_id, last):
            yield from page
            last = page[-1]

    def act(session: Session, case_id: int, actor: Viewer, now: datetime) -> Result:
        return returns.restore(session, migration_id, case_id, actor=actor, now=now)

    return ids(), act


def _moved(session: Session, migration_id: int, after: int) -> list[int]:
    query = sa.select(_migrated.c.case_id).where(
        _migrated.c.migration_id == migration_id,
        _migrated.c.undo.is_(False),
        _migrated.c.outcome == MoveOutcome.MOVED,
        _migrated.c.case_id > after,
    )
    return list(session.scalars(query.order_by(_migrated.c.case_id).limit(100)))


@kinds.kind(campaigns.MOVE, {"zh": "事项转版", "en": "Move cases to another version"}, every=0)
def _move(work: Work) -> Generator[Step, None, Ending]:
    made = work.session.get_one(Migration, work.parameters["migration"])
    ids, act = moving(work.session, made, int(work.cursor.get("after", 0)))
    counts = yield from _each(work, ids, act, made.running)
    return Ending(
        {
            "zh": f"已转 {counts['moved']} 个，其中 {counts['late']} 个因此超期；"
            f"未能转 {counts['refused']} 个；无需转 {counts['left']} 个。",
            "en": f"{counts['moved']} moved, {counts['late']} of them overdue by it; "
            f"{counts['refused']} could not be moved; {counts['left']} had no need to.",
        },
        dict(counts),
    )


@kinds.kind(campaigns.RESTORE, {"zh": "撤销转版", "en": "Undo a move of cases"}, every=0)
def _restore(work: Work) -> Generator[Step, None, Ending]:
    made = work.session.get_one(Migration, work.parameters["migration"])
    total = campaigns.tallies(work.session, [made.id])[made.id].get((False, MoveOutcome.MOVED), 0)
    ids, act = returning(work.session, made, int(work.cursor.get("after", 0)))
    counts = yield from _each(work, ids, act, total)
    return Ending(
        {
            "zh": f"已恢复 {counts['moved']} 个；{counts['refused']} 个转版后办理过，保持现状。",
            "en": f"{counts['moved']} are as they were; something was done with "
            f"{counts['refused']} since, and they stay as they are.",
        },
        dict(counts),
    )


def _each(
    work: Work, ids: Iterator[int], act: Act, total: int
) -> Generator[Step, None, dict[str, int]]:
    counts = {"moved": 0, "left": 0, "refused": 0, "late": 0, **work.cursor.get("counts", {})}
    done = work.done
    for case_id in ids:
        found = act(work.session, case_id, work.owner, deliveries.instant(work.session))
        done += 1
        counts[found.outcome] += 1
        counts["late"] += found.late
        late = found.late and found.outcome is MoveOutcome.MOVED
        work.tell(
            case_id,
            JobOutcome.NOTED if late else _OUTCOMES[found.outcome],
            # who may not see cases learns no more of them than their numbers
            name=f"{found.number} {found.title}" if work.owner.everywhere else found.number,
            text=found.text,
        )
        yield Step(done, {"after": case_id, "counts": dict(counts)}, max(total, done))
    return counts
