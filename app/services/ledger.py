"""Events that change nothing else of their cases, for many cases at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import chain
from app.services.providers import CaseRow

_case = m.Case.__table__
_event = m.Event.__table__
_HEAD = (
    sa.update(_case)
    .where(_case.c.id == sa.bindparam("case_id"))
    .values(seq=sa.bindparam("new_seq"), head=sa.bindparam("new_head"))
)


def append(session: Session, told: Sequence[tuple[CaseRow, Mapping[str, Any]]]) -> None:
    """Chain the events to their cases, in the given order; two statements.

    The caller holds the locks of the cases. They keep their row version: what people see of them
    is as true as before, so no page goes stale.
    """
    heads: dict[int, CaseRow] = {}
    records = []
    for case, event in told:
        last = heads.get(case.id, case)
        record = {**event, "case_id": case.id, "seq": last.seq + 1, "before": last.head}
        record["hash"] = chain.seal(record, last.head)
        heads[case.id] = replace(case, seq=record["seq"], head=record["hash"])
        records.append(record)
    if not records:
        return
    connection = session.connection()
    connection.execute(sa.insert(_event), records)
    connection.execute(
        _HEAD,
        [{"case_id": c.id, "new_seq": c.seq, "new_head": c.head} for c in heads.values()],
    )
