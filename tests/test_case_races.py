"""Several people at one case at the same moment, each on a connection of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, RefusedError
from app.services import cases, definitions, drafts, grievances, opinions
from app.services.actors import SYSTEM, resident
from app.services.cases import Opening
from app.services.grievances import Report
from app.workflows.spec import Workflow
from tests import cast as casting
from tests.conftest import NOW
from tests.estate import Estate
from tests.test_cases import CHILD, PARENT
from tests.test_meeting_races import at_once

TOGETHER = 4
ROUNDS = 5
"""A race that is lost once in a while is lost in one of these."""


@pytest.fixture(scope="module")
def engine(settings, servers, app) -> Iterator[sa.Engine]:
    """A database whose transactions are really committed."""
    url = servers.create_database(servers.name("crowds"), "template_sifang")
    engine = sa.create_engine(url, pool_size=TOGETHER + 1)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(engine, now) -> Iterator[Callable[[], Estate]]:
    """Each call is one more person at a desk of their own."""
    opened: list[Session] = []

    def sit(case_id: int = 0) -> Estate:
        session = Session(engine)
        opened.append(session)
        return Estate(session, casting.found(session), now, case_id=case_id)

    yield sit
    for session in opened:
        session.close()


def committed(estate: Estate, work: Callable[[Estate], Any]) -> Callable[[], Any]:
    def run() -> Any:
        try:
            result = work(estate)
            estate.session.commit()
        except BaseException:
            estate.session.rollback()
            raise
        return result

    return run


def together(desk, case_id: int, work: Callable[[Estate], Any], people: int = TOGETHER) -> list:
    return at_once([committed(desk(case_id), work) for _ in range(people)])


def events(estate: Estate, case_id: int, event: str) -> int:
    return estate.session.scalar(
        sa.select(sa.func.count()).where(m.Event.case_id == case_id, m.Event.event == event)
    )


@pytest.fixture(scope="module")
def published(engine) -> None:
    with Session(engine) as session:
        for spec in (CHILD, PARENT):
            row = drafts.store(session, Workflow.model_validate(spec))
            definitions.publish(session, row, actor=SYSTEM, now=NOW)
        Estate(session, casting.found(session), NOW).publish()
        session.commit()


def given(estate: Estate, *parties: str) -> tuple[int, tuple[int, ...]]:
    """A matter that was assigned to these; its id and those of its children."""
    cast, now = estate.cast, estate.now
    opening = Opening("matter", "围栏没有恢复", cast.places["compound"].id)
    opened = cases.open_case(estate.session, opening, actor=cast.viewer("staff"), now=now)
    fired = cases.fire(
        estate.session,
        opened.id,
        "assign",
        actor=cast.viewer("secretary"),
        now=now,
        form={"bodies": [cast.parties[name].id for name in parties]},
    )
    estate.session.commit()
    return opened.id, fired.children


@pytest.mark.parametrize("expected", [True, False], ids=["page", "script"])
def test_of_several_who_press_the_same_button_one_wins(desk, published, expected):
    estate = desk()
    for _ in range(ROUNDS):
        case_id, _children = given(estate, "property")
        version = estate.session.scalar(sa.select(m.Case.row_version).filter_by(id=case_id))
        estate.session.rollback()

        def press(one: Estate, case_id: int = case_id, version: int = version) -> Any:
            return cases.fire(
                one.session,
                case_id,
                "look",
                actor=one.cast.viewer("secretary"),
                now=one.now,
                expected=version if expected else None,
            )

        results = together(desk, case_id, press)
        assert sum(isinstance(one, cases.Fired) for one in results) == 1, results
        lost = [one for one in results if not isinstance(one, cases.Fired)]
        assert {type(one) for one in lost} <= {ConflictError, RefusedError}, results
        assert events(estate, case_id, "look") == 1
        estate.session.rollback()


def test_the_last_two_children_that_end_together_move_the_parent_once(desk, published):
    estate = desk()
    for _ in range(ROUNDS):
        parent, children = given(estate, "property", "committee")
        estate.session.rollback()
        results = at_once(
            [
                committed(
                    desk(),
                    lambda one, child=child: cases.fire(
                        one.session,
                        child,
                        "drop",
                        actor=one.cast.viewer("secretary"),
                        now=one.now,
                    ),
                )
                for child in children
            ]
        )
        assert all(isinstance(one, cases.Fired) for one in results), results
        assert estate.session.get_one(m.Case, parent).state == "done"
        assert events(estate, parent, "close") == 1
        estate.session.rollback()


def test_a_form_that_is_sent_by_several_hands_is_one_matter(desk, published):
    estate = desk()
    place = estate.cast.places["compound"].id
    report = Report(
        place_id=place,
        form={"category": "facilities", "description": "楼道灯不亮。"},
        extra={"reporter": "钱大妈", "phone": "13912345678"},
        token="t" * 32,
    )
    results = together(
        desk,
        0,
        lambda one: grievances.register(one.session, report, actor=resident(""), now=one.now),
    )
    assert sum(getattr(one, "fresh", False) for one in results) == 1, results
    assert len({one.id for one in results}) == 1


def voting(estate: Estate) -> int:
    case_id = estate.start("local_opinion")
    estate.session.commit()
    return case_id


def test_a_roll_that_several_freeze_is_frozen_once(desk, published):
    estate = desk()
    estate.units(6)
    estate.open("local_opinion")
    estate.propose()
    case_id = estate.case_id
    estate.session.commit()
    results = together(desk, case_id, lambda one: one.fire("open_voting"))
    assert sum(isinstance(one, cases.Fired) for one in results) == 1, results
    assert all(isinstance(one, cases.Fired | RefusedError) for one in results), results
    rows = sa.select(sa.func.count()).where(m.RollUnit.consultation_id == case_id)
    assert estate.session.scalar(rows) == 6


def test_a_result_that_several_freeze_is_frozen_once(desk, published):
    estate = desk()
    case_id = voting(estate)
    results = together(desk, case_id, lambda one: one.fire("close_voting"))
    assert sum(isinstance(one, cases.Fired) for one in results) == 1, results
    assert all(isinstance(one, cases.Fired | RefusedError) for one in results), results
    assert events(estate, case_id, "close_voting") == 1


def test_of_several_who_record_one_flat_one_wins_and_none_is_lost_unseen(desk, published):
    estate = desk()
    case_id = voting(estate)
    unit = estate.session.scalars(
        sa.select(m.Unit).join(m.RollUnit).where(m.RollUnit.consultation_id == case_id).limit(1)
    ).one()
    said = ("agree", "disagree", "abstain", "agree")
    desks = [desk(case_id) for _ in said]
    forms = [one.visit(unit, voice) for one, voice in zip(desks, said, strict=True)]
    for one in desks:
        one.session.rollback()

    def record(one: Estate, form: opinions.Visit) -> Any:
        actor = one.cast.viewer("staff")
        return opinions.record(one.session, case_id, form, actor=actor, now=one.now)

    results = at_once(
        [
            committed(one, lambda one, form=form: record(one, form))
            for one, form in zip(desks, forms, strict=True)
        ]
    )
    fresh = [one for one in results if isinstance(one, opinions.Recorded) and not one.replayed]
    assert len(fresh) == 1, results
    assert all(isinstance(one, opinions.Recorded | ConflictError) for one in results), results
    assert estate.session.query(m.Opinion).filter_by(unit_id=unit.id, latest=True).count() == 1


def test_a_vote_and_the_end_of_the_round_at_once_leave_a_result_that_counts_the_same_again(
    desk, published
):
    estate = desk()
    case_id = voting(estate)
    unit = estate.session.scalars(
        sa.select(m.Unit).join(m.RollUnit).where(m.RollUnit.consultation_id == case_id).limit(1)
    ).one()
    voter, closer = desk(case_id), desk(case_id)
    form = voter.visit(unit, "agree")
    voter.session.rollback()
    actor = voter.cast.viewer("staff")
    results = at_once(
        [
            committed(
                voter,
                lambda one: opinions.record(one.session, case_id, form, actor=actor, now=one.now),
            ),
            committed(closer, lambda one: one.fire("close_voting")),
        ]
    )
    assert isinstance(results[1], cases.Fired), results
    assert isinstance(results[0], opinions.Recorded | RefusedError), results
    frozen = estate.session.get_one(m.Consultation, case_id).result
    counted = isinstance(results[0], opinions.Recorded)
    assert ("agree" in str(frozen)) or not counted
