"""A consultation's roll and its figures: frozen weights, and the boundaries by name."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, RefusedError
from app.models import Ownership, RollHead, RollUnit, RuleSet, Voice
from app.services import consultations
from tests.cast import Cast
from tests.estate import Estate


@pytest.fixture
def estate(session: Session, cast: Cast, now: datetime) -> Estate:
    made = Estate(session, cast, now)
    made.publish()
    return made


class Statements:
    """Counts what is sent to the database."""

    def __init__(self, session: Session) -> None:
        self.connection, self.count = session.connection(), 0

    def __enter__(self) -> Statements:
        sa.event.listen(self.connection, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *error: object) -> None:
        sa.event.remove(self.connection, "before_cursor_execute", self._seen)

    def _seen(self, *given: object) -> None:
        self.count += 1


# --- the roll -------------------------------------------------------------------------------------


def test_1199_households_are_frozen_with_few_statements(estate):
    estate.units(1199)
    estate.open()
    estate.propose()
    with Statements(estate.session) as sent:
        estate.fire("open_voting")
    assert sent.count <= 30
    assert estate.session.query(RollUnit).count() == 1199
    told = estate.session.query(m.Event).filter_by(event="open_voting").one().data["effects"]
    assert told["roll.freeze"]["text"]["zh"] == "名册锁定：1199 户、1199 人、106471.20 平方米"


def test_only_units_within_the_scope_are_on_the_roll(estate):
    inside = estate.units(3, place="entrance")
    estate.units(2, place="entrance2")
    estate.start(place="entrance")
    assert {row.unit_id for row in estate.session.query(RollUnit)} == {u.id for u in inside}


def test_the_developer_co_owners_and_several_units_are_folded_on_the_roll(estate):
    estate.units(30, owners=[estate.developer()], area="100.00")
    estate.units(2, owners=[estate.owner("甲"), estate.owner("乙")])
    estate.units(3, owners=[estate.owner("丙")])
    estate.units(2)
    estate.units(1, owners=[])
    estate.start()
    heads = {row.owners: row.area for row in estate.session.query(RollHead)}
    assert len(heads) == 1 + 1 + 1 + 2 + 1
    assert heads["developer"] == Decimal("3000.00")
    assert estate.fact("roll.units").value == 38


def test_changes_after_the_freeze_do_not_touch_the_round(estate):
    units = estate.units(3)
    estate.start()
    estate.all_say(units[:2], "agree")
    before = estate.counted()
    units[0].area = Decimal("500.00")
    estate.session.query(Ownership).filter_by(unit_id=units[1].id).delete()
    estate.units(5)
    estate.session.query(RuleSet).filter_by(key="ordinary").update({"approval": 2})
    estate.session.flush()
    assert estate.counted() == before
    assert estate.fact("roll.units").value == 3


def test_a_roll_without_units_is_not_frozen(estate):
    estate.open()
    estate.propose()
    with pytest.raises(RefusedError, match="No units are on record"):
        estate.fire("open_voting")
    assert estate.consultation.frozen_at is None


def test_the_voting_does_not_open_without_a_scheme_and_says_why(estate):
    estate.units(1)
    estate.open()
    with pytest.raises(RefusedError, match="there is no scheme yet"):
        estate.fire("open_voting")


def test_facts_before_the_roll_is_frozen_say_so(estate):
    estate.units(2)
    estate.open()
    assert estate.fact("roll.units").value == 2
    assert estate.fact("roll.frozen").value is False
    for name in ("consent.passed", "consent.participation", "consent.approval_area"):
        found = estate.fact(name)
        assert not found.value
        assert found.detail.zh == "名册尚未锁定"


@pytest.mark.parametrize("rule_set", [None, "", "nonsense"])
def test_opening_without_a_known_rule_set_names_the_field(estate, rule_set):
    with pytest.raises(InvalidError) as refused:
        estate.open(rule_set)
    assert refused.value.problems[0].field == "rule_set"


def test_the_scope_must_lie_within_the_place_of_the_case(estate):
    far = estate.cast.places["far_compound"].id
    with pytest.raises(InvalidError) as refused:
        estate.open(scope_id=far)
    assert refused.value.problems[0].field == "scope_id"


# --- the boundaries by name -----------------------------------------------------------------------


@pytest.mark.parametrize(("votes", "enough"), [(800, True), (799, False)])
def test_of_1199_households_two_thirds_are_800(estate, votes, enough):
    units = estate.units(1199)
    estate.start("special")
    estate.poll(units[:votes], "agree")
    assert estate.counted().passed is enough
    found = estate.fact("consent.participation_heads")
    assert found.value == Fraction(votes, 1199)
    assert found.detail.zh == (
        "800 / 1199 ≥ 2/3：达到" if enough else "799 / 1199 < 2/3：未达到，至少需要 800"
    )
    assert estate.fact("consent.passed").value is enough


def test_exactly_one_half_is_not_enough_and_one_more_is(estate):
    units = estate.units(12)
    estate.start("ordinary")
    estate.all_say(units[:4], "agree")
    estate.all_say(units[4:8], "disagree")
    assert not estate.counted().approval
    estate.says(units[8], "agree")
    assert estate.counted().passed


def test_exactly_three_quarters_is_enough_for_a_special_matter(estate):
    units = estate.units(4)
    estate.start("special")
    estate.all_say(units[:3], "agree")
    estate.says(units[3], "disagree")
    assert estate.counted().passed


def test_the_developer_counts_once_by_head_and_with_all_its_area(estate):
    estate.units(30, owners=[estate.developer()], area="100.00")
    others = estate.units(2, area="100.00")
    estate.start("ordinary")
    estate.all_say(others, "agree")
    figures = estate.counted()
    assert figures.participation_heads.passed
    assert figures.participation_area.share == Fraction(2, 32)
    assert not figures.passed


def test_every_vote_changed_still_counts_once(estate):
    units = estate.units(3)
    estate.start()
    for voice in ("disagree", "abstain", "agree"):
        estate.all_say(units, voice)
    figures = estate.counted()
    assert figures.approval_heads.numerator == figures.approval_heads.denominator == 3


# --- against an independent recount ---------------------------------------------------------------

visits = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(list(Voice)), st.booleans()), max_size=25
)


@given(visits)
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_the_count_equals_a_recount_from_the_diary_of_visits(estate, diary):
    with estate.session.begin_nested() as undo:
        owner = estate.owner()
        units = estate.units(4, area="50.25") + estate.units(2, owners=[owner], area="80.10")
        estate.start("local_opinion")
        said: dict[str, str] = {}
        for index, voice, household in diary:
            reason = "条件" if voice is Voice.CONDITION else ""
            whose = "东间" if household else ""
            estate.says(units[index], voice.value, reason=reason, household=whose)
            if not household and voice.value not in ("away", "refused"):
                said["mine" if index >= 4 else str(index)] = voice.value
        weights = {str(i): 5025 for i in range(4)} | {"mine": 16020}
        yes = [who for who, voice in said.items() if voice in ("agree", "condition")]
        figures = estate.counted()
        assert [(f.numerator, f.denominator) for f in figures.figures().values()] == [
            (sum(weights[who] for who in said), 36120),
            (len(said), 5),
            (sum(weights[who] for who in yes), sum(weights[who] for who in said)),
            (len(yes), len(said)),
        ]
        estate.fire("close_voting")
        recount = consultations.recount(estate.session, estate.case_id)
        assert recount.equal
        assert recount.counted == figures
        undo.rollback()
