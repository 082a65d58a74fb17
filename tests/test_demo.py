"""The demo and the load: made by the services, whole, and true to the stories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

import config
from app import models as m
from app.errors import RefusedError
from app.extensions import db
from app.factory import create_app
from app.permissions import Role
from app.services import (
    actors,
    audit,
    calendars,
    cases,
    chain,
    consultations,
    deadlines,
    demo,
    edge,
    opinions,
    schemes,
    timers,
)
from app.services.demo import town
from app.services.opinions import Visit
from app.transaction import unit_of_work
from app.workflows.clocks import Entry
from tests.conftest import NOW, build_empty
from tests.servers import Servers


@pytest.fixture(scope="module")
def flask(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app on a database that holds the demo, as of NOW, and a few hundred cases of load."""
    folder = tmp_path_factory.mktemp("town")
    base = config.load({"SIFANG_VAR": str(folder), "SECRET_KEY": "town-" * 8})
    base = replace(base, redis_url=servers.redis_url, testing=True)

    def fill(address: str) -> None:
        settings = replace(base, database_url=address)
        build_empty(settings)
        flask = create_app(settings)
        with flask.app_context():
            with unit_of_work(db.session()) as session:
                demo.seed(session, NOW, settings.files_dir)
                demo.load(session, communities=2, cases=300, now=NOW)
            db.session.remove()
            db.engine.dispose()

    flask = create_app(replace(base, database_url=servers.copy("town", fill)))
    yield flask
    with flask.app_context():
        db.engine.dispose()


@pytest.fixture
def session(flask: Flask) -> Iterator[Session]:
    with flask.app_context():
        yield db.session()
        db.session.rollback()
        db.session.remove()


def one(session: Session, title: str) -> m.Case:
    query = sa.select(m.Case).where(m.Case.title.contains(title)).order_by(m.Case.id).limit(1)
    found = session.scalar(query)
    assert found is not None, title
    return found


def who(session: Session, login: str) -> actors.Viewer:
    user = session.scalar(sa.select(actors.User).where(actors.User.username == login))
    return actors.viewer(session, user, today=edge.today(NOW))


def events(session: Session, case: m.Case, kind: str = "") -> list[m.Event]:
    query = sa.select(m.Event).where(m.Event.case_id == case.id).order_by(m.Event.seq)
    return [event for event in session.scalars(query) if kind in ("", event.event)]


def test_every_history_holds_together(session: Session) -> None:
    assert list(islice(audit.verify(session), 5)) == []


def test_it_is_made_once(session: Session, tmp_path: Path) -> None:
    before = session.scalar(sa.select(sa.func.count()).select_from(m.Case))
    assert demo.seed(session, NOW, tmp_path) == {}
    assert session.scalar(sa.select(sa.func.count()).select_from(m.Case)) == before


def test_the_nine_roles_can_log_in(session: Session) -> None:
    logins = {login.login: login for login in demo.logins(session)}
    users = {u.username: u for u in session.scalars(sa.select(actors.User)) if u.username in logins}
    assert set(users) == set(logins)
    assert {role.name for user in users.values() for role in user.roles} == {r.value for r in Role}
    assert check_password_hash(users["shuji"].password, town.PASSWORD)
    assert logins["shuji"].role["zh"] == "社区书记"
    assert logins["shuji"].place == "榆荫社区"


def test_nobody_in_it_is_real(session: Session) -> None:
    assert session.scalar(sa.select(sa.func.bool_and(m.Person.demo))) is True
    assert session.scalar(sa.select(sa.func.bool_and(m.Owner.demo))) is True
    assert session.scalar(sa.select(sa.func.bool_and(m.Case.demo))) is True
    for column in (m.Person.phone, m.Owner.phone, m.Grievance.phone):
        phones = set(session.scalars(sa.select(column).where(column != "")))
        assert all(len(phone) == 11 and phone.startswith("100") for phone in phones)


def test_the_compound_has_1199_households_of_which_150_odd_share_a_flat(session: Session) -> None:
    compound = session.scalar(sa.select(m.Place.path).where(m.Place.name == "榆荫里"))
    units = session.execute(
        sa.select(m.Unit.households)
        .join(m.Place, m.Place.id == m.Unit.place_id)
        .where(m.Place.path.startswith(str(compound)))
    ).scalars()
    households = list(units)
    assert sum(households) == 1199
    assert sum(count for count in households if count > 1) == 156


def test_the_rewiring_climbed_to_all_of_them(session: Session) -> None:
    case = one(session, "榆荫里楼内线路改造")
    row = session.get_one(m.Consultation, case.id)
    assert case.state == "notice"
    assert row.result is not None
    figures = row.result["figures"]
    for name in ("participation", "approval"):
        for kind in ("area", "heads"):
            figure = figures[f"{name}_{kind}"]
            assert figure["numerator"] == figure["denominator"] > 0
    assert row.result["rule"]["key"] == "special"
    assert consultations.recount(session, case.id).equal
    talks = [e for e in events(session, case, "comment") if "次协商" in e.data["form"]["note"]]
    assert len(talks) > 20
    first = session.execute(
        sa.select(m.Opinion.voice, sa.func.count())
        .where(m.Opinion.consultation_id == case.id, m.Opinion.round == 1, m.Opinion.counts)
        .group_by(m.Opinion.voice)
    )
    said = {voice.value: count for voice, count in first}
    assert said["disagree"] > 100, "the first scheme was not agreed upon"


def test_a_visit_of_the_demo_is_recorded_as_the_service_records_one(session: Session) -> None:
    case = one(session, "步道")
    seen = session.scalars(
        sa.select(m.Opinion.unit_id).where(m.Opinion.consultation_id == case.id)
    ).all()
    unit = session.scalar(
        sa.select(m.RollUnit.unit_id).where(
            m.RollUnit.consultation_id == case.id, m.RollUnit.unit_id.not_in(seen)
        )
    )
    scheme = schemes.current(session, case.id)
    assert unit is not None
    assert scheme is not None
    demo_event = events(session, case, "record_opinion")[-1]
    visit = Visit(unit, "agree", scheme_id=scheme.id)
    done = opinions.record(session, case.id, visit, actor=who(session, "wangge"), now=NOW)
    session.expire_all()
    real = events(session, case, "record_opinion")[-1]
    assert real.data["record"]["opinion"] == done.id
    assert shape(real) == shape(demo_event)
    mine = session.get_one(m.Opinion, done.id)
    other = session.get_one(m.Opinion, demo_event.data["record"]["opinion"])
    for name in ("round", "scheme_id", "counts", "latest", "visited_by_id", "household"):
        assert getattr(mine, name) == getattr(other, name)


def shape(event: m.Event) -> Any:
    def of(value: Any) -> Any:
        return {k: of(v) for k, v in value.items()} if isinstance(value, dict) else type(value)

    plain = (event.kind, event.event, event.label, event.source, event.target, event.target_label)
    return plain, event.actor_kind, of(event.data)


def test_each_entrance_of_the_courtyard_has_come_somewhere_else(session: Session) -> None:
    whole = one(session, "七号大院")
    states = session.scalars(sa.select(m.Case.state).where(m.Case.parent_id == whole.id)).all()
    assert sorted(states) == ["agreed", "agreed", "counting", "draft", "failed", "open"]
    assert whole.state == "by_entrance"


def test_the_storm_left_49_leaks_on_two_books(session: Session) -> None:
    leaks = session.scalars(
        sa.select(m.Case).where(m.Case.title.startswith("台风漏雨"), m.Case.leg == "grievance")
    ).all()
    assert len(leaks) == 49
    for leak in leaks:
        attempts = events(session, leak, "record_attempt")
        assert attempts[0].data["form"]["attempt"].startswith("应急处置"), "measures at once"
    bodies = session.execute(
        sa.select(m.Case.parent_id, sa.func.count(sa.distinct(m.Case.party_id)))
        .where(m.Case.parent_id.in_([leak.id for leak in leaks]))
        .group_by(m.Case.parent_id)
    )
    assert {count for _, count in bodies} == {2}, "community and property company"
    states = {leak.state for leak in leaks}
    assert {"rated", "assigned", "suspended"} <= states


def test_the_fence_was_answered_within_ten_minutes(session: Session) -> None:
    fence = one(session, "4号楼旁围栏")
    answer = events(session, fence, "reply")[0]
    assert answer.at - fence.opened_at <= timedelta(minutes=10)
    assert answer.actor_name == who(session, "shuji").name
    handed = events(session, fence, "assign")[0]
    assert edge.today(handed.at) == edge.today(fence.opened_at)
    assert fence.state == "rated"


def test_the_bench_got_five_stars_in_under_a_week(session: Session) -> None:
    bench = one(session, "休闲长椅")
    assert session.get_one(m.Grievance, bench.id).stars == 5
    assert bench.closed_at is not None
    assert bench.closed_at - bench.opened_at < timedelta(days=9)
    done = events(session, bench, "report_result")[0]
    assert done.at - bench.opened_at < timedelta(days=7)


def test_the_water_pressure_took_five_attempts_and_a_found_leak(session: Session) -> None:
    water = one(session, "水压忽高忽低")
    attempts = events(session, water, "record_attempt")
    assert len(attempts) == 5
    assert attempts[-1].at - attempts[0].at <= timedelta(days=3)
    parties = session.scalars(sa.select(m.Case.party_id).where(m.Case.parent_id == water.id))
    assert len(set(parties)) == 3
    assert water.data["result_kind"] == "fixed"


def test_no_cause_found_closes_nothing(session: Session) -> None:
    noise = one(session, "电钻扰民")
    form = {"result_kind": "no_cause", "result": "没有查到。"}
    with pytest.raises(RefusedError):
        cases.fire(
            session, noise.id, "report_result", actor=who(session, "wangge"), now=NOW, form=form
        )


def test_the_chargers_are_decided_with_reservations_and_under_way(session: Session) -> None:
    held = one(session, "充电等议题")
    assert held.state == "following"
    decided = session.scalars(
        sa.select(m.Decision)
        .join(m.AgendaItem, m.AgendaItem.id == m.Decision.item_id)
        .where(m.AgendaItem.meeting_id == held.id)
    ).all()
    assert len(decided) == 2
    stances = {p["stance"] for p in decided[0].basis["positions"]}
    assert stances == {"agree", "reservation"}
    states = session.scalars(sa.select(m.Case.state).where(m.Case.parent_id == held.id)).all()
    assert sorted(states) == ["in_progress", "verified"]


def test_a_newcomer_sees_a_deadline_fire_within_three_minutes(session: Session) -> None:
    burst = one(session, "管道爆裂")
    clock = session.scalar(sa.select(m.Clock).where(m.Clock.case_id == burst.id))
    assert clock is not None
    assert clock.next_at is not None
    assert timedelta(minutes=2) <= clock.next_at - NOW <= timedelta(minutes=3)
    assert deadlines.sweep(session, NOW).due == 0, "nothing else is left over from the past"
    assert deadlines.sweep(session, clock.next_at).notices > 0
    told = session.scalars(
        sa.select(m.Notice.user_id).where(
            m.Notice.case_id == burst.id, m.Notice.key == "reply_late", m.Notice.read_at.is_(None)
        )
    )
    assert who(session, "shuji").user_id in set(told)


def test_nothing_is_delivered_for_what_is_long_past(session: Session) -> None:
    kinds = session.execute(sa.select(m.Notice.channel, m.Notice.status).distinct()).all()
    assert kinds == [("inapp", m.NoticeStatus.SENT)]
    unread = session.scalars(sa.select(m.Notice.created_at).where(m.Notice.read_at.is_(None)))
    assert all(NOW - at <= timedelta(days=2) for at in unread)


def test_what_is_overdue_is_really_overdue(session: Session) -> None:
    late = session.scalars(
        sa.select(m.Clock).where(m.Clock.breached_at.is_not(None), m.Clock.status == "running")
    ).all()
    assert late
    assert all(clock.due_at is not None and clock.due_at <= NOW for clock in late)
    bins = one(session, "桶站异味")
    assert bins.data["escalated"] is True


# --- load ---------------------------------------------------------------------------------------


def generated(session: Session) -> list[m.Case]:
    root = session.scalar(sa.select(m.Place.path).where(m.Place.name.startswith("负载")))
    query = (
        sa.select(m.Case)
        .join(m.Place, m.Place.id == m.Case.place_id)
        .where(m.Place.path.startswith(str(root)))
        .order_by(m.Case.id)
    )
    return list(session.scalars(query))


def test_so_many_cases_as_asked_for_in_every_community(session: Session) -> None:
    made = generated(session)
    assert len(made) == 300
    assert len({case.number for case in made}) == 300
    assert len({case.place_id for case in made}) > 40
    assert {"rated", "archived", "assigned", "reported"} <= {case.state for case in made}


def test_generated_clocks_are_what_their_rule_and_log_amount_to(session: Session) -> None:
    ids = [case.id for case in generated(session)]
    specs = {v.id: v.spec for v in session.scalars(sa.select(m.WorkflowVersion))}
    assert specs
    calendar = calendars.current()
    assert calendar is not None
    for clock in session.scalars(sa.select(m.Clock).where(m.Clock.case_id.in_(ids))):
        shown = cases.choices(session, clock.case_id, actor=actors.SYSTEM, now=NOW)
        rule = timers.rule(shown.compiled.spec, clock.key)
        assert rule is not None
        log = [Entry.read(kept) for kept in clock.log]
        derived = timers.derive(
            rule, log, calendar, fired=clock.next_level, breached_at=clock.breached_at
        )
        for name, value in derived.items():
            assert getattr(clock, name) == value, (clock.id, name)
        assert clock.next_at is None or clock.next_at > NOW - timedelta(minutes=15)


def test_a_generated_history_says_what_a_real_one_says(session: Session) -> None:
    """Its events lead from state to state, and its last one ends where the case stands."""
    for case in generated(session)[:120]:
        told = events(session, case)
        assert [event.seq for event in told] == list(range(1, case.seq + 1))
        assert told[0].event == "open"
        assert told[-1].target == case.state
        assert told[-1].target_label == case.state_label
        assert told[-1].hash == case.head
        for before, after in pairwise(told):
            assert after.source == before.target
            assert after.at >= before.at
            assert after.before == before.hash
            assert after.hash == chain.seal(row(after), before.hash)
        if case.closed_at is not None:
            assert case.due_at is None
            assert case.closed_at == told[-1].at


def row(event: m.Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in chain.SEALED}


def test_people_of_a_generated_community_go_on_with_its_cases(session: Session) -> None:
    case = next(case for case in generated(session) if case.state == "reported")
    place = session.get_one(m.Place, case.place_id)
    user = next(
        user
        for user, path in session.execute(
            sa.select(actors.User, m.Place.path)
            .join(m.Staff, m.Staff.user_id == actors.User.id)
            .join(m.Place, m.Place.id == m.Staff.place_id)
        )
        if place.path.startswith(path) and user.username.endswith("-juwei")
    )
    viewer = actors.viewer(session, user, today=edge.today(NOW))
    fired = cases.fire(session, case.id, "accept", actor=viewer, now=NOW)
    assert fired.target == "accepted"
