"""Random workflows and mappings: whatever a move does to a case, its undoing undoes all of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app import models as m
from app.errors import SifangError
from app.models import MoveOutcome
from app.services import (
    audit,
    campaigns,
    cases,
    deadlines,
    definitions,
    passages,
    returns,
    transfers,
)
from app.services.cases import Opening
from app.services.migrations import Plan
from app.workflows import transfer
from app.workflows.spec import Level, Workflow
from tests import strategies
from tests.cast import Cast

RANDOM = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
)
EVENTS = ["go", "back", "state", "stop", "trigger"]
VALUES = {"n": "3", "flag": "true", "kind": "a", "words": "东门", "due": "2026-12-01"}


def published(session: Session, specs: tuple[Workflow, Workflow], now: datetime) -> m.Workflow:
    """Both as versions, as they are: whether they are sensible is not asked here."""
    row = m.Workflow(key="random", label_zh="随机")
    session.add(row)
    session.flush()
    for number, spec in enumerate(specs, 1):
        kept = spec.model_copy(update={"key": row.key})
        version = m.WorkflowVersion(
            workflow_id=row.id,
            number=number,
            spec=kept.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            checksum=str(number),
            published_at=now,
        )
        session.add(version)
        session.flush()
        if number == 1:
            row.current_id = version.id
    session.flush()
    return row


def attempt(session: Session, act: Any) -> Any:
    """None: the rules say no."""
    try:
        with session.begin_nested():
            return act()
    except SifangError:
        return None


def begun(session: Session, cast: Cast, row: m.Workflow, now: datetime, draw: Any) -> int | None:
    """A case that has gone some random way; None: it could not even begin."""
    actor = cast.viewer("secretary")
    values = {**VALUES, "owner": cast.users["secretary"].id}
    assert row.current_id is not None
    version = definitions.compiled(session, row.current_id)
    form = {item.field: values[item.field] for item in version.spec.intake}
    opening = Opening(row.key, "随机事项", cast.places["compound"].id, form=form)
    opened = attempt(session, lambda: cases.open_case(session, opening, actor=actor, now=now))
    if opened is None:
        return None
    for hours in draw(st.lists(st.integers(0, 40), max_size=4)):
        now += timedelta(hours=hours)
        case = session.get_one(m.Case, opened.id, populate_existing=True)
        event = draw(st.sampled_from(EVENTS))
        step = version.leaving[case.state].get(event)
        filled = {} if step is None else {i.field: values[i.field] for i in step.form}
        attempt(
            session,
            lambda event=event, filled=filled, now=now: cases.fire(
                session, opened.id, event, actor=actor, now=now, form=filled
            ),
        )
    return opened.id


@RANDOM
@given(before=strategies.sound_specs(), after=strategies.sound_specs(), chance=st.data())
def test_undone_a_move_leaves_no_trace_but_in_the_history(
    session: Session, cast: Cast, now: datetime, before: Workflow, after: Workflow, chance: Any
) -> None:
    look = session.begin_nested()
    try:
        found, left = _there_and_back(session, cast, now, (before, after), chance.draw)
        assert left == found
    finally:
        look.rollback()
        definitions._compiled.clear()  # the versions are gone again


def _there_and_back(
    session: Session, cast: Cast, now: datetime, specs: tuple[Workflow, Workflow], draw: Any
) -> tuple[Any, Any]:
    """The case as it was before the move, and after what came of it was undone."""
    row, admin = published(session, specs, now), cast.viewer("admin")
    case_id = begun(session, cast, row, now, draw)
    if case_id is None:
        return None, None
    goals = [None, *(s.key for s in specs[1].states if not s.kind.ended)]
    mapping = {s.key: draw(st.sampled_from(goals)) for s in specs[0].states if not s.kind.ended}
    rule = draw(st.sampled_from(["keep", "restart", "shift"]))
    at = now + timedelta(hours=draw(st.integers(160, 400)))
    plan = Plan(row.id, "2", {"1": mapping}, rule, "随机")
    made = attempt(session, lambda: campaigns.record(session, plan, actor=admin, now=at))
    if made is None:
        assert not any(mapping.values())
        return None, None
    kept = transfers.snapshot(session, case_id)
    ids, act = passages.moving(session, made)
    found = {i: act(session, i, admin, at) for i in ids}
    if case_id not in found or found[case_id].outcome is not MoveOutcome.MOVED:
        return kept, transfers.snapshot(session, case_id)
    _consistent(session, case_id, made)
    result = returns.restore(session, made.id, case_id, actor=admin, now=at)
    assert result.outcome is MoveOutcome.MOVED
    assert [f for f in audit.verify(session) if f.number == result.number] == []
    return kept, transfers.snapshot(session, case_id)


def _consistent(session: Session, case_id: int, made: m.Migration) -> None:
    """The case stands in a running state of its version with no value that has no field, and none
    but known clocks run; a sweep of what came due by it breaks nothing."""
    case = session.get_one(m.Case, case_id, populate_existing=True)
    compiled = definitions.compiled(session, made.target_id)
    assert case.version_id == made.target_id
    assert not compiled.states[case.state].kind.ended
    assert case.data.keys() <= compiled.fields.keys()
    running = session.scalars(
        sa.select(m.Clock).where(m.Clock.case_id == case_id, m.Clock.status != "stopped")
    ).all()
    assert {clock.key for clock in running} <= compiled.deadlines.keys()
    assert len({clock.key for clock in running}) == len(running)
    due = [clock.due_at for clock in running if clock.due_at]
    assert case.due_at == min(due, default=None)
    look = session.begin_nested()
    deadlines.sweep(session, made.at + timedelta(days=3))
    look.rollback()


levels = st.lists(
    st.one_of(
        st.integers(1, 99).map(lambda n: f"{n} %"),
        st.just("breach"),
        st.integers(1, 9).map(lambda n: f"breach + {n} hours"),
    ).map(lambda at: Level.model_validate({"at": at, "notify": ["told"]})),
    max_size=5,
    unique_by=lambda level: level.at,
).map(lambda found: sorted(found, key=transfer.order))


@settings(deadline=None, derandomize=True)
@given(old=levels, new=levels, chance=st.data())
def test_no_level_that_fired_fires_again_and_none_after_it_is_left_out(
    old: list[Level], new: list[Level], chance: Any
) -> None:
    fired = chance.draw(st.integers(0, len(old)))
    passed = transfer.passed(old, new, fired)
    told = {level.at for level in old[:fired]}
    assert told.isdisjoint(level.at for level in new[passed:])
    last = max((transfer.order(level) for level in old[:fired]), default=None)
    assert all(last is not None and transfer.order(level) <= last for level in new[:passed])
    assert transfer.passed(old, old, fired) == fired
