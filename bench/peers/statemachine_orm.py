"""python-statemachine on an object of SQLAlchemy's unit of work."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from rows import STEPS, Ground, both, due, entry, now, seal
from serve import serve
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from statemachine import State, StateMachine


class Base(DeclarativeBase):
    type_annotation_map = {
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        datetime: sa.DateTime(timezone=True),
    }


class Matter(Base):
    __tablename__ = "case"
    row_version = mapped_column(sa.Integer, nullable=False)
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    state_label: Mapped[dict[str, Any]]
    state_kind: Mapped[str]
    assignee_id: Mapped[int]
    data: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    seq: Mapped[int]
    head: Mapped[bytes]
    __mapper_args__ = {"version_id_col": row_version}


class Event(Base):
    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int]
    seq: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str]
    event: Mapped[str]
    label: Mapped[dict[str, Any]]
    source: Mapped[str]
    target: Mapped[str]
    target_label: Mapped[dict[str, Any]]
    actor_kind: Mapped[str]
    actor_id: Mapped[int]
    actor_name: Mapped[str]
    data: Mapped[dict[str, Any]]
    before: Mapped[bytes]
    hash: Mapped[bytes]


class Clock(Base):
    __tablename__ = "clock"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int]
    key: Mapped[str]
    label: Mapped[dict[str, Any]]
    status: Mapped[str]
    log: Mapped[list[Any]]
    started_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]


class Notice(Base):
    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int]
    user_id: Mapped[int]
    channel: Mapped[str]
    key: Mapped[str]
    subject: Mapped[dict[str, Any]]
    body: Mapped[dict[str, Any]]
    dedupe: Mapped[str]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime | None]


def machine() -> type[StateMachine]:
    states = [State(f"s{n}", initial=n == 0, final=n == STEPS) for n in range(STEPS + 1)]
    members: dict[str, Any] = {f"s{n}": state for n, state in enumerate(states)}
    for n in range(STEPS):
        members[f"go{n + 1}"] = states[n].to(states[n + 1])
    members["after_transition"] = after_transition
    return type("Errand", (StateMachine,), members)


def after_transition(self: Any, event: Any, source: Any, target: Any) -> None:
    write(self.session, self.actor, self.model, (str(event), source.id, target.id))


def write(
    session: Session, actor: tuple[int, str], case: Matter, move: tuple[str, str, str]
) -> None:
    event, source, target = move
    at, number = now(), int(target[1:])
    last = number == STEPS
    clock = session.scalars(
        sa.select(Clock).where(Clock.case_id == case.id, Clock.status == "running")
    ).one()
    clock.status, clock.stopped_at, clock.next_at = "stopped", at, None
    clock.log = [*clock.log, entry(at, "stop")]
    if not last:
        session.add(begun(case.id, number, at))
    label, before = both("完成" if last else f"第{number}步"), case.head
    case.changed_at, case.state_label = at, label
    case.state_kind = "done" if last else "open"
    case.closed_at, case.due_at = (at, None) if last else (None, due(at))
    case.seq += 1
    case.head = seal(before, case.id, case.seq, at.isoformat(), event, source, target)
    session.add(
        Event(
            case_id=case.id,
            seq=case.seq,
            at=at,
            kind="moved",
            event=event,
            label=both(f"到第{number}步"),
            source=source,
            target=target,
            target_label=label,
            actor_kind="user",
            actor_id=actor[0],
            actor_name=actor[1],
            data={"clocks": [{"key": source, "action": "stop"}]},
            before=before,
            hash=case.head,
        )
    )
    session.add(
        Notice(
            case_id=case.id,
            user_id=case.assignee_id,
            channel="inapp",
            key="moved",
            subject=both(f"{case.number} {label['zh']}"),
            body=both(f"{case.title}：{label['zh']}"),
            dedupe=f"{case.id}:{case.seq}:moved:{case.assignee_id}:inapp",
            created_at=at,
            next_at=at,
        )
    )


def begun(case_id: int, number: int, at: datetime) -> Clock:
    return Clock(
        case_id=case_id,
        key=f"d{number}",
        label=both(f"时限{number}"),
        status="running",
        log=[entry(at, "start")],
        started_at=at,
        due_at=due(at),
        next_at=at + timedelta(hours=19),
    )


def main(url: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    ground, errand = Ground(url), machine()

    def step(case_id: int, event: str) -> None:
        with Session(engine) as session:
            running = errand(
                session.get_one(Matter, case_id, with_for_update=True), state_field="state"
            )
            running.session, running.actor = session, ground.actor
            running.send(event)
            session.commit()

    serve(ground.begin, step)


if __name__ == "__main__":
    main(sys.argv[1])
