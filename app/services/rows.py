"""Cases and their events as rows: one statement to read a case for a step, one to write it.

Plain SQL through SQLAlchemy Core: a step is round trips and a commit, so it loads nothing that it
doesn't need and writes what it must in as few statements as there are kinds of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import JSON
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, MissingError, Problem
from app.models import EventKind
from app.services import chain, direct, statement
from app.services.actors import Viewer
from app.services.calendars import VERSION
from app.services.providers import CaseRow
from app.services.scope import visible

_case = m.Case.__table__
_event = m.Event.__table__
PLAIN = [
    name for name in CaseRow._fields if name not in ("place_name", "clocks", "people", "calendar")
]

_CLOCK = (
    "id",
    "key",
    "round",
    "status",
    "log",
    "due_at",
    "breached_at",
    "started_at",
    "next_level",
    "provisional",
)
_clock = m.Clock.__table__
_object: list[Any] = []
for _name in _CLOCK:
    _object += [sa.literal_column(f"'{_name}'"), _clock.c[_name]]
_clocks = (
    sa.select(
        sa.func.coalesce(
            sa.func.jsonb_agg(sa.func.jsonb_build_object(*_object)),
            sa.literal_column("'[]'::jsonb"),
        )
    )
    .where(_clock.c.case_id == _case.c.id)
    .correlate(_case)
    .scalar_subquery()
)

_place, _user = m.Place.__table__, User.__table__
_people = (
    sa.select(sa.func.jsonb_object_agg(_user.c.id, _user.c.email))
    .where(_user.c.active.is_(True), _user.c.id.in_((_case.c.assignee_id, _case.c.creator_id)))
    .correlate(_case)
    .scalar_subquery()
)

_HEAD = PLAIN.index("head")
_INSTANTS = tuple(PLAIN.index(name) for name in ("opened_at", "closed_at", "due_at"))


def _packed() -> sa.ColumnElement[Any]:
    """All of it as one JSON value: to unpack thirty columns takes the driver longer."""
    columns: list[Any] = [_case.c[name] for name in PLAIN]
    columns[_HEAD] = sa.func.encode(_case.c.head, sa.literal_column("'hex'"))
    return sa.func.json_build_array(*columns, _place.c.name, _clocks, _people, VERSION, type_=JSON)


_ALL = sa.select(_packed().label("row")).join(_place, _place.c.id == _case.c.place_id)
_SELECT = _ALL.where(_case.c.id == sa.bindparam("case_id", required=False))
_MANY = _ALL.where(_case.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))))
_twin = _case.alias()
# Whoever waited for the lock gets the case as it is now, but everything else, the clocks too, as it
# was when the statement began; the second seq is of that time and tells.
_LOCKED = _SELECT.add_columns(
    sa.select(_twin.c.seq)
    .where(_twin.c.id == _case.c.id)
    .correlate(_case)
    .scalar_subquery()
    .label("seen")
).with_for_update(of=_case)


def load(session: Session, case_id: int, actor: Viewer, *, lock: bool = False) -> CaseRow:
    """The case with its clocks, as far as ``actor`` may see it.

    Raises MissingError when it isn't there or not visible. With ``lock`` no other step of this
    case runs until the transaction ends.
    """
    text, values = _query(actor, lock=lock)
    values = {**values, "case_id": case_id}
    if lock:
        row = direct.run(session, text, values).fetchone()
    else:
        # a page's: where its statements are counted, this one shall count too
        row = session.connection().exec_driver_sql(text, values).fetchone()
    if row is None:
        raise MissingError(
            Problem(
                {
                    "zh": "没有这个事项，或者它不在您的管辖范围内。",
                    "en": "There is no such case, or it lies outside your scope.",
                }
            )
        )
    case = _read(row[0])
    if lock and row[1] != case.seq:
        again = session.connection().execute(_SELECT, {"case_id": case_id})
        return _read(again.scalar_one())
    return case


def locked(session: Session, ids: Sequence[int]) -> dict[int, CaseRow]:
    """Cases whose rows this transaction has locked in an earlier statement, by id."""
    found = session.connection().execute(_MANY, {"ids": list(ids)})
    return {case.id: case for case in map(_read, found.scalars())}


def _read(packed: list[Any]) -> CaseRow:
    *values, place_name, clocks, people, calendar = packed
    values[_HEAD] = bytes.fromhex(values[_HEAD])
    for index in _INSTANTS:
        if values[index] is not None:
            values[index] = datetime.fromisoformat(values[index]).astimezone(UTC)
    return CaseRow(
        **dict(zip(PLAIN, values, strict=True)),
        place_name=place_name,
        clocks=tuple(clocks),
        people=people or {},
        calendar=calendar,
    )


@lru_cache(maxsize=1024)
def _query(actor: Viewer, *, lock: bool) -> tuple[str, dict[str, Any]]:
    """Kept by viewer: to build the scope takes longer than to run it."""
    query = _LOCKED if lock else _SELECT
    if not actor.everywhere:
        query = query.where(visible(actor, m.Case))
    return direct.compiled(query)


def next_number(session: Session, leg: str, now: datetime) -> str:
    """A number that nobody else has: a letter for the leg, the year, and a running figure."""
    figure = session.scalar(sa.text("SELECT nextval('case_number')"))
    return f"{_LETTERS.get(leg, 'S')}{now.year}-{figure:06d}"


_LETTERS = {"grievance": "G", "meeting": "M", "consultation": "C"}


def insert_case(session: Session, values: dict[str, Any]) -> int:
    query = insert(_case).values(values).returning(_case.c.id)
    return int(session.connection().execute(query).scalar_one())


def move(  # noqa: PLR0913  a step has that many parts
    session: Session,
    case: CaseRow,
    changes: Mapping[str, Any],
    event: Mapping[str, Any],
    *,
    fresh: Sequence[Mapping[str, Any]] = (),
    changed: Sequence[Mapping[str, Any]] = (),
    notices: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the case's new values, the event that says why, and what comes with it (fresh and
    changed clocks, notices), in one statement.

    Raises ConflictError when somebody else moved the case since it was loaded.
    """
    written = statement.write(
        session,
        (case.id, case.row_version),
        changes,
        _sealed(case, event),
        fresh=fresh,
        changed=changed,
        notices=notices,
    )
    if not written:
        raise conflict(session, case.id)


def _sealed(case: CaseRow, event: Mapping[str, Any]) -> dict[str, Any]:
    record = {**event, "case_id": case.id, "seq": case.seq + 1}
    return {**record, "before": case.head, "hash": chain.seal(record, case.head)}


def record(  # noqa: PLR0913  an event has that many parts
    *,
    kind: EventKind,
    event: str,
    label: dict[str, str],
    places: tuple[str, str, dict[str, str]],
    actor: Viewer,
    now: datetime,
    data: dict[str, Any],
) -> dict[str, Any]:
    """An event as a row to be sealed; ``places`` are source, target and the target's label."""
    source, target, target_label = places
    return {
        "at": now,
        "kind": kind,
        "event": event,
        "label": label,
        "source": source,
        "target": target,
        "target_label": target_label,
        "actor_kind": actor.kind,
        "actor_id": actor.user_id,
        "actor_name": actor.name,
        "data": data,
    }


def conflict(session: Session, case_id: int) -> ConflictError:
    """What to tell the one who came second: who did what, and when."""
    last = session.execute(
        sa.select(_event.c.actor_name, _event.c.label)
        .where(_event.c.case_id == case_id)
        .order_by(_event.c.seq.desc())
        .limit(1)
    ).one_or_none()
    name = last.actor_name if last else ""
    label = last.label if last else {}
    return ConflictError(
        Problem(
            {
                "zh": f"{name}刚刚做了“{label.get('zh', '')}”，您看到的页面已经过时。"
                "请看过最新情况后再操作。",
                "en": f"{name} has just done “{label.get('en') or label.get('zh', '')}”: the page "
                "you see is out of date. Look at the case as it is now, then go on.",
            }
        )
    )
