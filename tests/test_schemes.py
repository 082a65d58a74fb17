"""Schemes: a new version, and what becomes of the votes on the one before."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError
from app.models import Opinion
from app.services import boards, opinions, schemes
from tests.cast import Cast
from tests.estate import Estate


@pytest.fixture
def estate(session: Session, cast: Cast, now: datetime) -> Estate:
    made = Estate(session, cast, now)
    made.publish()
    return made


def stances(estate: Estate) -> dict[int, str]:
    scheme = schemes.current(estate.session, estate.case_id)
    flats = boards.flats(estate.session, estate.case_id, scheme.id if scheme else None)
    return {flat.unit_id: flat.stance for flat in flats}


def record(estate: Estate, visit: opinions.Visit, person: str = "staff") -> opinions.Recorded:
    return opinions.record(
        estate.session,
        estate.case_id,
        visit,
        actor=estate.cast.viewer(person),
        now=estate.later(),
    )


def test_votes_on_an_earlier_version_of_the_scheme_stay_on_record_and_no_longer_count(estate):
    (unit,) = estate.units(1)
    estate.start()
    estate.says(unit, "agree")
    estate.propose("改用三个开关")
    assert estate.counted().participation_heads.numerator == 0
    assert stances(estate) == {unit.id: "lapsed"}
    assert estate.session.get(m.Consultation, estate.case_id).round == 2
    estate.says(unit, "disagree")
    assert estate.counted().participation_heads.numerator == 1
    assert estate.session.query(Opinion).count() == 2


def test_a_vote_on_a_scheme_that_was_just_replaced_is_refused(estate):
    (unit,) = estate.units(1)
    estate.start()
    drawn = estate.visit(unit, "agree")
    estate.propose("改用三个开关")
    with pytest.raises(ConflictError):
        record(estate, drawn)


def test_a_scheme_added_twice_by_a_double_click_is_one_version(estate):
    estate.units(1)
    estate.open()
    draft = schemes.Draft("方案", "内容", 0)
    actor = estate.cast.viewer("staff")
    first = schemes.add(estate.session, estate.case_id, draft, actor=actor, now=estate.later())
    again = schemes.add(estate.session, estate.case_id, draft, actor=actor, now=estate.later())
    assert first.id == again.id
    with pytest.raises(ConflictError):
        schemes.add(
            estate.session,
            estate.case_id,
            schemes.Draft("另一个", "内容", 0),
            actor=actor,
            now=estate.later(),
        )


def test_a_scheme_needs_a_title_and_a_text(estate):
    estate.units(1)
    estate.open()
    with pytest.raises(InvalidError) as refused:
        schemes.add(
            estate.session,
            estate.case_id,
            schemes.Draft(" ", "字" * 20001),
            actor=estate.cast.viewer("staff"),
            now=estate.now,
        )
    assert [problem.field for problem in refused.value.problems] == ["title", "text"]
