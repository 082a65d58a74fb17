"""Running cases moved to another version: state, data, clocks, history; and back again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import models as m
from app.cli.workflows import workflows
from app.errors import ConflictError, InvalidError, RefusedError
from app.models import MoveOutcome
from app.services import (
    audit,
    campaigns,
    cases,
    deadlines,
    forecasts,
    migrations,
    passages,
    transfers,
)
from app.services.actors import SYSTEM
from app.services.migrations import Plan
from app.workflows.clocks import Entry
from tests import migrants


@pytest.fixture
def workflow(session, now) -> m.Workflow:
    return migrants.publish(session, now, migrants.FIRST)


@pytest.fixture
def begin(session, cast, now, workflow):
    """Begins a case on the first version."""

    def begin_(*events: str, at: datetime = now, **form: Any) -> int:
        place = cast.places["compound"].id
        return migrants.begin(session, place, at, cast.viewer("secretary"), events, **form)

    return begin_


@pytest.fixture
def migrate(session, cast, now, workflow):
    """Publishes the second version and moves all cases there; what became of each, by id."""

    def migrate_(rule="shift", *, at: datetime = now, **mapping: str | None):
        migrants.publish(session, now, migrants.second())
        plan = migrants.plan(workflow, rule, **mapping)
        made = campaigns.record(session, plan, actor=cast.viewer("admin"), now=at)
        ids, act = passages.moving(session, made)
        return made, {i: act(session, i, cast.viewer("admin"), at) for i in ids}

    return migrate_


def undo(session, cast, made, at):
    campaigns.undo(session, made, actor=cast.viewer("admin"), now=at)
    ids, act = passages.returning(session, made)
    return {i: act(session, i, cast.viewer("admin"), at) for i in ids}


def case_of(session, case_id: int) -> m.Case:
    return session.get_one(m.Case, case_id, populate_existing=True)


def number_of(session, case: m.Case) -> int:
    return session.get_one(m.WorkflowVersion, case.version_id).number


def clocks_of(session, case_id: int) -> dict[tuple[str, int], m.Clock]:
    query = sa.select(m.Clock).filter_by(case_id=case_id)
    rows = session.scalars(query.execution_options(populate_existing=True))
    return {(row.key, row.round): row for row in rows}


def newest(session, case_id: int) -> m.Event:
    query = sa.select(m.Event).filter_by(case_id=case_id).order_by(m.Event.seq.desc())
    return session.scalars(query.limit(1)).one()


class TestCase:
    def test_state_data_and_version_are_the_new_ones(self, session, begin, migrate):
        case_id = begin("begin", where="东门", kind="lamp", cost="300")
        before = case_of(session, case_id).row_version
        _, found = migrate()
        case = case_of(session, case_id)
        assert found[case_id].outcome is MoveOutcome.MOVED
        assert (case.state, case.state_label["zh"]) == ("working", "维修中")
        assert number_of(session, case) == 2
        assert case.data == {"where": "东门"}
        assert case.row_version == before + 1

    def test_the_event_says_all_and_keeps_what_was_lost(self, session, begin, migrate):
        case_id = begin("begin", where="东门", kind="lamp", cost="300")
        made, _ = migrate()
        event = newest(session, case_id)
        assert (event.kind, event.source, event.target) == ("migrated", "doing", "working")
        assert event.label["zh"] == "从流程第 1 版转到第 2 版"
        assert event.data["lost"] == {"kind": "lamp", "cost": "300"}
        assert event.data["migration"] == made.id
        text = event.data["record"]["text"]
        assert text["zh"].startswith("原因：新办法施行。")
        for part in ("维修期限", "由 2026-11-29 10:30 改为 2026-11-25 10:30", "类别：路灯"):
            assert part in text["zh"]
        assert "Not in the new version: Kind: Lamp, Cost: 300" in text["en"]
        kept = session.scalars(sa.select(m.Migrated).filter_by(case_id=case_id)).one()
        assert text["zh"] == f"原因：新办法施行。{kept.text['zh']}"
        assert list(audit.verify(session)) == []

    def test_who_still_sees_the_old_page_is_told(self, session, cast, begin, migrate, now):
        case_id = begin()
        seen = case_of(session, case_id).row_version
        migrate()
        with pytest.raises(ConflictError) as refused:
            cases.fire(
                session, case_id, "begin", actor=cast.viewer("secretary"), now=now, expected=seen
            )
        assert "转到第 2 版" in refused.value.problems[0].text["zh"]

    def test_it_goes_on_by_the_new_version(self, session, cast, begin, migrate, now):
        case_id = begin("begin")
        migrate()
        fired = cases.fire(session, case_id, "finish", actor=cast.viewer("secretary"), now=now)
        assert fired.target == "done"

    def test_ended_cases_and_those_on_the_target_are_left(self, session, begin, migrate, cast, now):
        over, late = begin("withdraw"), begin()
        row = session.scalars(sa.select(m.Workflow).filter_by(key="repair")).one()
        migrants.publish(session, now, migrants.second())
        there = migrants.begin(session, cast.places["compound"].id, now, cast.viewer("secretary"))
        made = campaigns.record(session, migrants.plan(row), actor=SYSTEM, now=now)
        ids, act = passages.moving(session, made)
        cases.fire(session, late, "withdraw", actor=cast.viewer("secretary"), now=now)
        found = {i: act(session, i, SYSTEM, now) for i in ids}
        assert there not in found
        assert {found[i].outcome for i in (over, late)} == {MoveOutcome.LEFT}
        assert number_of(session, case_of(session, late)) == 1

    def test_a_state_without_a_new_one_is_reported(self, session, begin, migrate):
        case_id = begin("begin", "rest")
        made, found = migrate(resting=None)
        assert found[case_id].outcome is MoveOutcome.REFUSED
        assert "等配件" in found[case_id].text["zh"]
        kept = session.scalars(sa.select(m.Migrated).filter_by(migration_id=made.id)).one()
        assert (kept.outcome, kept.before) == (MoveOutcome.REFUSED, {})
        assert newest(session, case_id).kind == "moved"


class TestClocks:
    @pytest.mark.parametrize(("rule", "due"), [("keep", 10), ("shift", 6), ("restart", 7)])
    def test_the_rule_that_was_chosen(self, session, begin, migrate, now, rule, due):
        case_id = begin("begin")
        migrate(rule, at=now + timedelta(days=1))
        rows = clocks_of(session, case_id)
        last = rows["all", 2 if rule == "restart" else 1]
        assert last.due_at == now + timedelta(days=due)
        assert case_of(session, case_id).due_at == min(
            r.due_at for r in rows.values() if r.status != "stopped"
        )
        if rule == "restart":
            assert rows["all", 1].status == "stopped"

    def test_one_that_is_gone_stops_and_a_new_one_begins(self, session, begin, migrate, now):
        case_id = begin()
        other = begin("begin")
        migrate()
        assert clocks_of(session, case_id)["first", 1].status == "stopped"
        assert ("visit", 1) not in clocks_of(session, case_id)
        assert clocks_of(session, other)["visit", 1].due_at == now + timedelta(days=2)

    def test_a_pause_goes_on(self, session, cast, begin, migrate, now):
        case_id = begin("begin", "rest")
        migrate(at=now + timedelta(days=1))
        assert clocks_of(session, case_id)["all", 1].status == "paused"
        later = now + timedelta(days=3)
        cases.fire(session, case_id, "go_on", actor=cast.viewer("secretary"), now=later)
        assert clocks_of(session, case_id)["all", 1].due_at == now + timedelta(days=9)

    def test_another_state_pauses_or_lets_go_on(self, session, begin, migrate, now):
        one, other = begin("begin"), begin("begin", "rest")
        migrate(doing="resting", resting="working")
        assert clocks_of(session, one)["all", 1].status == "paused"
        assert clocks_of(session, other)["all", 1].status == "running"

    def test_levels_that_fired_stay_fired_and_none_ahead_is_left_out(
        self, session, begin, migrate, now
    ):
        case_id = begin("begin")
        at = now + timedelta(days=5)
        deadlines.sweep(session, at)
        assert clocks_of(session, case_id)["all", 1].next_level == 1
        told = notices(session)
        migrate(at=at)
        clock = clocks_of(session, case_id)["all", 1]
        assert (clock.next_level, clock.next_at) == (1, now + timedelta(days=6))
        deadlines.sweep(session, at)
        assert notices(session) == told, "half of the time is told once"
        deadlines.sweep(session, now + timedelta(days=6))
        assert notices(session) == told + 1

    def test_a_level_in_the_place_of_one_that_was_told_is_told_too(
        self, session, cast, begin, workflow, now
    ):
        case_id = begin("begin")
        at = now + timedelta(days=10)
        deadlines.sweep(session, at)
        assert clocks_of(session, case_id)["all", 1].next_level == 2
        told = notices(session)
        spec = migrants.second()
        spec["deadlines"][0]["levels"] = [
            {"at": "breach", "notify": ["told"]},
            {"at": "breach + 6 days", "notify": ["told"]},
        ]
        migrants.publish(session, now, spec)
        made = campaigns.record(session, migrants.plan(workflow), actor=SYSTEM, now=at)
        ids, act = passages.moving(session, made)
        assert [act(session, i, SYSTEM, at).outcome for i in ids] == [MoveOutcome.MOVED]
        assert clocks_of(session, case_id)["all", 1].next_level == 1
        deadlines.sweep(session, at)
        assert notices(session) == told
        deadlines.sweep(session, now + timedelta(days=12))
        assert notices(session) == told + 1

    def test_what_turns_late_by_it_is_said_at_once_and_once(self, session, begin, migrate, now):
        case_id = begin("begin")
        at = now + timedelta(days=7)
        deadlines.sweep(session, at)
        told = notices(session)
        _, found = migrate(at=at)
        assert found[case_id].late
        deadlines.sweep(session, at)
        assert notices(session) == told + 1
        assert clocks_of(session, case_id)["all", 1].breached_at == now + timedelta(days=6)

    def test_keeping_the_time_outlives_a_recount(self, session, begin, migrate, now):
        case_id = begin("begin")
        migrate("keep")
        clock = clocks_of(session, case_id)["all", 1]
        assert [Entry.read(kept).what for kept in clock.log] == ["start", "vary"]
        assert clock.log[-1]["within"] == "10 days"


def notices(session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(m.Notice))


class TestUndo:
    @pytest.mark.parametrize("rule", ["keep", "restart", "shift"])
    def test_all_is_as_it_was(self, session, cast, begin, migrate, now, rule):
        ids = [begin(), begin("begin", kind="lamp"), begin("begin", "rest", cost="3")]
        before = {i: transfers.snapshot(session, i) for i in ids}
        made, _ = migrate(rule, at=now + timedelta(days=7))
        assert all(transfers.snapshot(session, i) != before[i] for i in ids)
        found = undo(session, cast, made, now + timedelta(days=7, hours=23))
        assert {one.outcome for one in found.values()} == {MoveOutcome.MOVED}
        assert {i: transfers.snapshot(session, i) for i in ids} == before
        event = newest(session, ids[1])
        assert (event.kind, event.event, event.target) == ("migrated", "restore", "doing")
        assert list(audit.verify(session)) == []

    def test_where_something_was_done_since_it_stays(self, session, cast, begin, migrate, now):
        case_id = begin("begin")
        made, _ = migrate()
        cases.fire(session, case_id, "rest", actor=cast.viewer("secretary"), now=now)
        found = undo(session, cast, made, now)
        assert found[case_id].outcome is MoveOutcome.REFUSED
        assert "等配件" in found[case_id].text["zh"]
        assert number_of(session, case_of(session, case_id)) == 2

    def test_only_for_a_day_and_only_once(self, session, cast, begin, migrate, now):
        begin()
        made, _ = migrate()
        with pytest.raises(RefusedError):
            undo(session, cast, made, now + timedelta(hours=24, seconds=1))
        undo(session, cast, made, now + timedelta(hours=24))
        with pytest.raises(RefusedError):
            undo(session, cast, made, now)


def test_says_who_waits_for_parts_that_are_unknown_then(session, cast, begin, workflow, now):
    parent, child = begin(), begin()
    session.execute(
        sa.update(m.Case).where(m.Case.id == child).values(parent_id=parent, child_key="parts")
    )
    migrants.publish(session, now, migrants.second())
    terms = migrations.terms(session, migrants.plan(workflow))
    found = forecasts.preview(session, terms, workflow.id, viewer=SYSTEM, now=now)
    assert (found.parted, found.moved, found.cut) == (1, 2, False)
    few = forecasts.preview(session, terms, workflow.id, viewer=SYSTEM, now=now, most=0)
    assert (few.cut, few.looked, few.running) == (True, 0, 2)


class TestPlan:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"reason": " "}, "reason"),
            ({"reason": "长" * 501}, "reason"),
            ({"target": "9"}, "to"),
            ({"mapping": {}}, "from"),
            ({"mapping": {"2": {}}}, "from"),
            ({"mapping": {"7": {"new": "new"}}}, "from"),
            ({"mapping": {"1": {"new": "done"}}}, "map-1-new"),
            ({"mapping": {"1": {"new": "nowhere"}}}, "map-1-new"),
            ({"mapping": {"1": {"never": "new"}}}, "map-1-never"),
            ({"mapping": {"1": {"new": None}}}, "mapping"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_place(self, session, workflow, now, change, field):
        migrants.publish(session, now, migrants.second())
        plan = {"target": "2", "mapping": {"1": {"new": "new"}}, "reason": "新办法", **change}
        with pytest.raises(InvalidError) as refused:
            migrations.terms(session, Plan(workflow.id, rule="keep", **plan))
        assert refused.value.problems[0].field == field

    def test_what_runs_is_counted_by_version_and_state(self, session, begin, workflow, now):
        begin()
        begin("begin")
        begin("withdraw")
        migrants.publish(session, now, migrants.second())
        found = migrations.standings(session, workflow.id)
        assert [(s.version.name, dict(s.states)) for s in found] == [
            ("2", {}),
            ("1", {"new": 1, "doing": 1}),
        ]

    def test_one_at_a_time(self, session, cast, begin, workflow, now):
        begin()
        migrants.publish(session, now, migrants.second())
        admin = cast.viewer("admin")
        owner = cast.users["admin"].id
        plan = migrants.plan(workflow)
        campaigns.start(session, plan, actor=admin, owner_id=owner, now=now)
        with pytest.raises(RefusedError) as refused:
            campaigns.start(session, plan, actor=admin, owner_id=owner, now=now)
        assert "being moved" in refused.value.problems[0].text["en"]

    def test_nor_while_the_command_line_moves_cases(self, session, cast, begin, workflow, now):
        begin()
        migrants.publish(session, now, migrants.second())
        admin, plan = cast.viewer("admin"), migrants.plan(workflow)
        with campaigns.by_hand(session, workflow.id):
            with pytest.raises(RefusedError) as refused:
                campaigns.start(session, plan, actor=admin, owner_id=admin.user_id, now=now)
            assert "command line" in refused.value.problems[0].text["en"]
        assert campaigns.record(session, plan, actor=admin, now=now).running == 1


@pytest.mark.parametrize(
    "change",
    [
        sa.update(m.Migration).values(reason="别的"),
        sa.update(m.Migration).values(mapping={}),
        sa.update(m.Migrated).values(text={"zh": "别的"}),
        sa.delete(m.Migrated),
        sa.delete(m.Migration),
    ],
)
def test_the_database_refuses_to_change_what_was_done(session, begin, migrate, change):
    begin()
    migrate()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(change)


class TestCommand:
    @pytest.fixture
    def run(self, app: Any, session: Any) -> Any:
        runner = app.test_cli_runner()
        return lambda *words: runner.invoke(workflows, [str(word) for word in words])

    @pytest.fixture
    def ids(self, session, begin, now) -> list[int]:
        found = [begin(), begin("begin", kind="lamp"), begin("begin", "rest")]
        migrants.publish(session, now, migrants.second())
        session.commit()
        return found

    def test_is_tried_first(self, run, session, ids):
        answer = run("migrate", "repair", "--reason", "新办法", "--dry-run")
        assert answer.exit_code == 0, answer.output
        assert "可转 3 个" in answer.output
        assert "维修中 → 维修中" in answer.output
        data = json.loads(run("migrate", "repair", "--reason", "x", "--dry-run", "--json").output)
        assert (data["running"], data["moved"], data["clocks"]["shift"]) == (3, 3, 3)
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Migration)) == 0

    def test_moves_lists_and_undoes(self, run, session, ids):
        words = ("--from", "1", "--to", "2", "--map", "resting=", "--clocks", "keep")
        answer = run("migrate", "repair", *words, "--reason", "新办法", "--yes", "--json")
        assert answer.exit_code == 1, "a case stays"
        data = json.loads(answer.stdout)
        assert (data["moved"], data["refused"]) == (2, 1)
        past = json.loads(run("migrations", "repair", "--json").output)
        assert [(one["id"], one["moved"]) for one in past] == [(data["migration"], 2)]
        assert run("undo-migration", data["migration"], "--yes").exit_code == 0
        assert {number_of(session, case_of(session, i)) for i in ids} == {1}
        again = run("undo-migration", data["migration"], "--yes")
        assert (again.exit_code, "撤销过" in again.output) == (1, True)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--to", "9"), "没有版本“9”"),
            (("--from", "2"), "请选择要转出的版本"),
            (("--from", "8"), "请选择要转出的版本"),
            (("--map", "doing"), "旧状态=新状态"),
            (("--map", "never=new"), "没有这些在办状态：never"),
            (("--map", "new=done"), "是终点"),
            (("--map", "new=nowhere"), "没有状态“nowhere”"),
            (("--json",), "--yes"),
        ],
    )
    def test_says_what_is_wrong(self, run, ids, words, said):
        answer = run("migrate", "repair", "--reason", "新办法", *words)
        assert answer.exit_code == 1
        assert said in answer.output

    def test_without_a_yes_nothing_is_done(self, run, session, ids):
        answer = run("migrate", "repair", "--reason", "新办法")
        assert answer.exit_code == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Migration)) == 0
