"""The count, against an independent recount written another way, and at its boundaries."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import Voice
from app.services import tally
from app.services.tally import Ballot, Rule, Threshold

TWO_THIRDS = Threshold(2, 3, True)
MORE_THAN_HALF = Threshold(1, 2, False)
THREE_QUARTERS = Threshold(3, 4, True)
AGREE = frozenset({"agree"})
ORDINARY = Rule(TWO_THIRDS, MORE_THAN_HALF, AGREE)
SPECIAL = Rule(TWO_THIRDS, THREE_QUARTERS, AGREE)

voices = st.sampled_from([None, *(str(voice) for voice in Voice)])
ballots = st.lists(st.builds(Ballot, st.integers(1, 10**6), voices), max_size=60)
fractions = st.integers(1, 12).flatmap(
    lambda whole: st.builds(Threshold, st.integers(0, whole), st.just(whole), st.booleans())
)
rules = st.builds(
    Rule,
    fractions,
    fractions,
    st.frozensets(st.sampled_from(["agree", "condition"]), min_size=1),
)


def alike(count: int, voice: str | None, cents: int = 100) -> list[Ballot]:
    return [Ballot(cents, voice)] * count


# --- against a recount by hand -------------------------------------------------------------------


def by_hand(given: list[Ballot], rule: Rule) -> dict[str, tuple[int, int, bool]]:
    """The same question asked per figure, by filtering lists and dividing exact fractions."""
    took_part = [b for b in given if b.voice and b.voice not in ("away", "refused")]
    agreed = [b for b in took_part if b.voice in rule.approving]

    def one(some: list[Ballot], of: list[Ballot], area: bool, wanted: Threshold) -> tuple:
        top, bottom = (
            (sum(b.cents for b in some), sum(b.cents for b in of)) if area else (len(some), len(of))
        )
        if not of:
            return top, bottom, False
        gap = Fraction(top, bottom) - Fraction(wanted.part, wanted.whole)
        return top, bottom, gap > 0 or (gap == 0 and wanted.inclusive)

    return {
        "participation_area": one(took_part, given, True, rule.participation),
        "participation_heads": one(took_part, given, False, rule.participation),
        "approval_area": one(agreed, took_part, True, rule.approval),
        "approval_heads": one(agreed, took_part, False, rule.approval),
    }


@given(ballots, rules)
def test_every_figure_equals_a_recount_by_hand(given: list[Ballot], rule: Rule) -> None:
    counted = tally.count(given, rule)
    assert {
        name: (figure.numerator, figure.denominator, figure.passed)
        for name, figure in counted.figures().items()
    } == by_hand(given, rule)
    assert counted.passed is all(passed for _, _, passed in by_hand(given, rule).values())


@given(ballots, rules, st.randoms(use_true_random=False))
def test_the_order_of_ballots_changes_nothing(given: list[Ballot], rule: Rule, random) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)
    assert tally.count(shuffled, rule) == tally.count(given, rule)


@given(ballots, rules)
def test_ballots_summed_up_by_voice_count_the_same(given: list[Ballot], rule: Rule) -> None:
    sums = [
        Ballot(sum(b.cents for b in alike), voice, len(alike))
        for voice in {b.voice for b in given}
        if (alike := [b for b in given if b.voice == voice])
    ]
    assert tally.count(sums, rule) == tally.count(given, rule)


@given(ballots, rules, st.data())
def test_one_more_agreement_never_hurts(given: list[Ballot], rule: Rule, data) -> None:
    if not given or "agree" not in rule.approving:
        return
    before = tally.count(given, rule)
    index = data.draw(st.integers(0, len(given) - 1))
    after = tally.count(
        [Ballot(b.cents, "agree") if i == index else b for i, b in enumerate(given)], rule
    )
    for name, figure in after.figures().items():
        was = before.figures()[name]
        assert figure.passed or not was.passed
        assert (figure.share or 0) >= (was.share or 0)


@given(ballots, rules, st.data())
def test_a_vote_withdrawn_into_silence_never_helps_participation(given, rule, data) -> None:
    if not given:
        return
    index = data.draw(st.integers(0, len(given) - 1))
    silent = [Ballot(b.cents, None) if i == index else b for i, b in enumerate(given)]
    before, after = tally.count(given, rule), tally.count(silent, rule)
    assert after.participation_heads.numerator <= before.participation_heads.numerator
    assert before.participation or not after.participation


@given(st.lists(st.sampled_from([None, "away", "refused"]), max_size=30), rules)
def test_nobody_taking_part_is_never_a_pass(silent: list[str | None], rule: Rule) -> None:
    counted = tally.count([Ballot(100, voice) for voice in silent], rule)
    assert not counted.passed
    assert counted.approval_heads.share is None


@given(st.integers(1, 10**9), fractions)
def test_the_least_numerator_is_the_first_that_passes(denominator: int, wanted: Threshold) -> None:
    least = wanted.least(denominator)
    assert wanted.met(least, denominator)
    assert least == 0 or not wanted.met(least - 1, denominator)


@given(ballots, rules)
def test_a_count_survives_being_frozen_and_read_back(given: list[Ballot], rule: Rule) -> None:
    counted = tally.count(given, rule)
    assert tally.tally(counted.record()) == counted


# --- the boundaries by name ----------------------------------------------------------------------


def test_of_1199_households_800_are_two_thirds() -> None:
    figure = tally.count(alike(800, "agree") + alike(399, None), SPECIAL).participation_heads
    assert figure.passed
    assert figure.text["zh"] == "800 / 1199 ≥ 2/3：达到"
    assert figure.text["en"] == "800 / 1199 ≥ 2/3: reached"


def test_of_1199_households_799_are_not_two_thirds() -> None:
    counted = tally.count(alike(799, "agree") + alike(400, None), SPECIAL)
    assert not counted.participation_heads.passed
    assert not counted.passed
    assert counted.participation_heads.missing == 1
    assert counted.participation_heads.text["zh"] == "799 / 1199 < 2/3：未达到，至少需要 800"


def test_exactly_two_thirds_is_enough_to_take_part() -> None:
    assert tally.count(alike(2, "agree") + alike(1, None), ORDINARY).participation


def test_exactly_one_half_is_not_enough_for_an_ordinary_matter() -> None:
    counted = tally.count(alike(5, "agree") + alike(5, "disagree"), ORDINARY)
    assert not counted.approval_heads.passed
    assert not counted.approval_area.passed
    assert counted.approval_heads.text["zh"] == "5 / 10 ≤ 1/2：未达到，至少需要 6"


def test_one_more_than_half_is_enough_for_an_ordinary_matter() -> None:
    assert tally.count(alike(6, "agree") + alike(5, "disagree"), ORDINARY).passed


def test_exactly_three_quarters_is_enough_for_a_special_matter() -> None:
    assert tally.count(alike(3, "agree") + alike(1, "disagree"), SPECIAL).passed


def test_one_below_three_quarters_is_not_enough_for_a_special_matter() -> None:
    assert not tally.count(alike(749, "agree") + alike(251, "disagree"), SPECIAL).passed


def test_a_hundredth_of_a_square_metre_decides() -> None:
    enough = [Ballot(20000, "agree"), Ballot(10000, None)]
    assert tally.count(enough, ORDINARY).participation_area.passed
    short = [Ballot(19999, "agree"), Ballot(10001, None)]
    assert not tally.count(short, ORDINARY).participation_area.passed


def test_both_area_and_heads_must_hold() -> None:
    one_large_owner = [Ballot(90000, "agree"), *alike(2, "disagree")]
    counted = tally.count(one_large_owner, ORDINARY)
    assert counted.approval_area.passed
    assert not counted.approval_heads.passed
    assert not counted.passed


def test_silence_is_not_a_yes() -> None:
    counted = tally.count(alike(60, "agree") + alike(40, None), ORDINARY)
    assert counted.approval_heads.share == 1
    assert not counted.participation
    assert not counted.passed


def test_nobody_home_and_no_answer_are_neither_votes_nor_taking_part() -> None:
    counted = tally.count(alike(6, "agree") + alike(3, "away") + alike(1, "refused"), ORDINARY)
    assert counted.participation_heads.numerator == 6
    assert counted.approval_heads.denominator == 6


def test_an_abstention_takes_part_and_does_not_approve() -> None:
    counted = tally.count(alike(2, "agree") + alike(2, "abstain"), ORDINARY)
    assert counted.participation_heads.numerator == 4
    assert counted.approval_heads.numerator == 2
    assert not counted.passed


def test_agreement_on_a_condition_takes_part_but_approves_only_where_the_rule_lists_it() -> None:
    given = alike(2, "agree") + alike(2, "condition")
    assert not tally.count(given, ORDINARY).passed
    lenient = Rule(TWO_THIRDS, MORE_THAN_HALF, frozenset({"agree", "condition"}))
    assert tally.count(given, lenient).passed


def test_an_empty_roll_is_not_a_pass() -> None:
    counted = tally.count([], ORDINARY)
    assert not counted.passed
    assert counted.participation_area.share is None
    assert "没有可计算的基数" in counted.participation_area.text["zh"]


def test_a_rule_without_a_quorum_still_needs_somebody_to_take_part() -> None:
    rule = Rule(Threshold(0, 1, True), Threshold(0, 1, True), AGREE)
    assert not tally.count(alike(10, None), rule).passed


def test_the_large_areas_of_a_whole_subdistrict_stay_exact() -> None:
    cents = 10**14
    given = [Ballot(2 * cents, "agree"), Ballot(cents + 1, None)]
    assert not tally.count(given, ORDINARY).participation_area.passed


# --- areas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "cents"), [("88.80", 8880), ("0.01", 1), ("1000000", 100000000), ("66.6", 6660)]
)
def test_areas_are_whole_hundredths(area: str, cents: int) -> None:
    assert tally.cents(Decimal(area)) == cents


def test_a_finer_area_is_refused_and_not_rounded() -> None:
    with pytest.raises(ValueError, match="finer than two decimal places"):
        tally.cents(Decimal("88.805"))


def test_an_area_is_shown_as_written() -> None:
    assert tally.square_metres(5332145) == "53321.45"
    assert tally.square_metres(1) == "0.01"


def test_every_voice_is_either_a_vote_or_no_taking_part() -> None:
    assert set(Voice) - tally.VOTES == {Voice.AWAY, Voice.REFUSED}
