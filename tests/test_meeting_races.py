"""Several people at several devices at once, on connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError
from app.services.invitations import convene
from tests import cast as casting
from tests.assembly import Assembly

TOGETHER = 4


@pytest.fixture(scope="module")
def engine(settings, servers, app) -> Iterator[sa.Engine]:
    """A database whose transactions are really committed."""
    url = servers.create_database(servers.name("rooms"), "template_sifang")
    engine = sa.create_engine(url, pool_size=TOGETHER + 1)
    yield engine
    engine.dispose()


@pytest.fixture
def hall(engine, now) -> Iterator[Callable[[], Assembly]]:
    """Opens the same meeting on another connection."""
    opened: list[Session] = []

    def enter(meeting_id: int = 0) -> Assembly:
        session = Session(engine)
        opened.append(session)
        return Assembly(session, casting.found(session), now, meeting_id)

    yield enter
    for session in opened:
        session.close()


def at_once(work: list[Callable[[], Any]]) -> list[Any]:
    """The results of all, begun at the same moment; an error is a result."""
    barrier, results = threading.Barrier(len(work)), [None] * len(work)

    def run(number: int) -> None:
        barrier.wait(10)
        try:
            results[number] = work[number]()
        except Exception as error:  # noqa: BLE001  told to the test
            results[number] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def begun(hall, title: str) -> Assembly:
    assembly = hall()
    assembly.begin(title=title)
    assembly.session.commit()
    return assembly


def committed(assembly: Assembly, work: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        try:
            result = work()
            assembly.session.commit()
        except BaseException:
            assembly.session.rollback()
            raise
        return result

    return run


def events(assembly: Assembly, event: str) -> int:
    query = sa.select(sa.func.count()).where(
        m.Event.case_id == assembly.meeting_id, m.Event.event == event
    )
    return assembly.session.scalar(query)


def test_one_call_clicked_by_several_hands_is_one_meeting(hall):
    halls = [hall() for _ in range(TOGETHER)]
    plan = halls[0].plan(title="同时召集")
    results = at_once(
        [
            committed(
                one,
                lambda one=one: convene(
                    one.session, plan, actor=one.cast.viewer("facilitator"), now=one.now
                ),
            )
            for one in halls
        ]
    )
    assert len({made.id for made in results}) == 1
    assert sorted(made.fresh for made in results) == [False] * (TOGETHER - 1) + [True]


def test_one_check_in_at_several_devices_is_one_event(hall):
    first = begun(hall, "同时签到")
    seat = first.seats("council")[0]
    first.leaves(seat)
    first.session.commit()
    before = events(first, "check_in")
    halls = [hall(first.meeting_id) for _ in range(TOGETHER)]
    results = at_once([committed(one, lambda one=one: one.enters(seat)) for one in halls])
    assert sorted(results) == [False] * (TOGETHER - 1) + [True]
    first.session.rollback()
    assert events(first, "check_in") == before + 1


def test_of_two_positions_recorded_at_once_one_wins_and_the_other_is_told(hall):
    first = begun(hall, "同时表态")
    item, seat = first.item().id, first.seats("property")[0].id
    words = (("agree", ""), ("disagree", "没有电容量"))
    halls = [hall(first.meeting_id) for _ in words]
    results = at_once(
        [
            committed(
                one,
                lambda one=one, said=said: one.says(
                    "property", *said, item_id=item, seat_id=seat, seen=0
                ),
            )
            for one, said in zip(halls, words, strict=True)
        ]
    )
    assert [r for r in results if r is True] == [True]
    assert [type(r) for r in results if r is not True] == [ConflictError]
    first.session.rollback()
    assert len(first.item().spoken) == 1
    assert events(first, "record_position") == 1


def test_a_decision_and_a_change_of_mind_at_once_never_both_hold(hall):
    first = begun(hall, "同时议决")
    first.all_agree()
    first.session.commit()
    halls = [hall(first.meeting_id) for _ in range(2)]
    item, seat = first.item().id, first.seats("property")[0].id
    results = at_once(
        [
            committed(halls[0], lambda: halls[0].decides(item_id=item)),
            committed(
                halls[1],
                lambda: halls[1].says("property", "disagree", "反悔", item_id=item, seat_id=seat),
            ),
        ]
    )
    assert sum(result is True for result in results) == 1, results
    first.session.rollback()
    decided = first.item().decision is not None
    assert len(first.item().spoken) == (4 if decided else 5)
