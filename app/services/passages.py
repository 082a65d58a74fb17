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
_MOVED = {
    "moved": {"zh": "已转 {} 个", "en": "{} moved"},
    "late": {"zh": "其中 {} 个因此超期", "en": "{} of them overdue by it"},
    "refused": {"zh": "{} 个未能转，原因见下", "en": "{} could not be moved: see below why"},
    "left": {"zh": "{} 个无需转", "en": "{} had no need to"},
}
_UNDONE = {
    "zh": "这次转版已经撤销，不再继续。",
    "en": "The move was undone: nothing more is moved.",
}
_RESTORED = {
    "moved": {"zh": "已恢复 {} 个", "en": "{} are as they were"},
    "refused": {
        "zh": "{} 个转版后办理过，保持现状",
        "en": "{} stay as they are: something was done with them since",
    },
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
    if made.undone_at is not None:
        return Ending(_UNDONE)
    ids, act = moving(work.session, made, int(work.cursor.get("after", 0)))
    counts = yield from _each(work, ids, act, made.running)
    return Ending(_told(counts, _MOVED), dict(counts))


@kinds.kind(campaigns.RESTORE, {"zh": "撤销转版", "en": "Undo a move of cases"}, every=0)
def _restore(work: Work) -> Generator[Step, None, Ending]:
    made = work.session.get_one(Migration, work.parameters["migration"])
    total = campaigns.tallies(work.session, [made.id])[made.id].get((False, MoveOutcome.MOVED), 0)
    ids, act = returning(work.session, made, int(work.cursor.get("after", 0)))
    counts = yield from _each(work, ids, act, total)
    return Ending(_told(counts, _RESTORED), dict(counts))


def _told(counts: dict[str, int], words: dict[str, dict[str, str]]) -> dict[str, str]:
    """The figures that there are; the first one in any case."""
    said = [key for index, key in enumerate(words) if counts[key] or index == 0]
    zh = "；".join(words[key]["zh"].format(counts[key]) for key in said)
    en = "; ".join(words[key]["en"].format(counts[key]) for key in said)
    return {"zh": f"{zh}。", "en": f"{en}."}


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
