"""Quorum and the rule for decisions, against a second, naive reckoning."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.meeting import DecisionRule, Stance, Voices
from app.services.quorum import Head, Rules, judge, quorum

FOUR = {1: "党支部", 2: "居委会", 3: "议事会", 4: "物业公司"}
HALF = Fraction(1, 2)
CONSENSUS = Rules(parties=4, heads=HALF)


def heads(*present: int, absent: tuple[int, ...] = ()) -> list[Head]:
    """One head each: of the ``present`` parties, then of the ``absent`` ones."""
    return [
        *(Head(party, f"{FOUR[party]}代表{n}", True) for n, party in enumerate(present)),
        *(Head(party, f"{FOUR[party]}缺席{n}", False) for n, party in enumerate(absent)),
    ]


def everybody(stance: Stance = Stance.AGREE) -> dict[int, Stance]:
    return dict.fromkeys(FOUR, stance)


class TestQuorum:
    def test_all_four_parties_with_half_of_the_heads_make_a_quorum(self):
        found = quorum(CONSENSUS, FOUR, heads(1, 2, 3, 4, absent=(1, 2, 3, 4)))
        assert found.met
        assert (found.heads.have, found.heads.need, found.heads.total) == (4, 4, 8)

    def test_one_head_below_half_is_none_by_head_though_every_party_is_there(self):
        found = quorum(CONSENSUS, FOUR, heads(1, 2, 3, 4, absent=(1, 2, 3, 4, 4)))
        assert found.parties.met
        assert not found.heads.met
        assert "还差 1 人" in found.detail.zh
        assert "物业公司缺席3" in found.detail.zh
        assert "1 more needed" in found.detail.en

    def test_enough_heads_do_not_make_up_for_a_missing_party(self):
        found = quorum(CONSENSUS, FOUR, heads(1, 1, 2, 2, 3, 3, absent=(4,)))
        assert found.heads.met
        assert not found.parties.met
        assert found.parties.absent == ("物业公司",)
        assert "未到会：物业公司" in found.detail.zh
        assert "missing: 物业公司" in found.detail.en

    def test_half_of_five_is_three_because_nothing_is_rounded_down(self):
        found = quorum(Rules(0, HALF), FOUR, heads(1, 2, absent=(1, 2, 3)))
        assert (found.heads.need, found.heads.met) == (3, False)

    def test_two_thirds_of_six_is_exactly_four(self):
        found = quorum(Rules(0, Fraction(2, 3)), FOUR, heads(1, 2, 3, 4, absent=(1, 2)))
        assert (found.heads.need, found.heads.met) == (4, True)

    def test_a_meeting_without_anybody_invited_has_no_quorum_by_head(self):
        assert not quorum(Rules(0, HALF), FOUR, []).heads.met

    def test_a_rule_that_asks_for_nobody_is_met_by_nobody(self):
        assert quorum(Rules(0, Fraction(0)), FOUR, []).met

    def test_more_parties_than_invited_can_never_be_reached_and_it_says_so(self):
        found = quorum(Rules(5, HALF), FOUR, heads(1, 2, 3, 4))
        assert not found.met
        assert "无法达到" in found.detail.zh

    def test_heads_of_a_party_that_is_not_invited_count_for_nothing(self):
        found = quorum(Rules(1, HALF), {1: "党支部"}, heads(2, 2, absent=(1,)))
        assert (found.heads.have, found.heads.total, found.parties.have) == (0, 1, 0)

    def test_a_substitute_brings_the_party_but_no_head(self):
        room = [
            *heads(1, 2, 3, absent=(4, 4, 4)),
            Head(4, "代会的小吴", present=True, counted=False),
        ]
        found = quorum(Rules(4, Fraction(2, 3)), FOUR, room)
        assert found.parties.met
        assert (found.heads.have, found.heads.total, found.heads.met) == (3, 6, False)

    def test_names_of_hundreds_of_absent_people_are_cut_to_what_a_label_holds(self):
        found = quorum(CONSENSUS, FOUR, heads(absent=(1, 2, 3, 4) * 200))
        assert len(found.detail.zh) <= 2000


class TestDecision:
    def verdict(self, rules: Rules, stated: dict[int, Stance], *present: int):
        found = quorum(rules, FOUR, heads(*(present or FOUR)))
        return judge(rules, FOUR, found, stated)

    def test_four_times_yes_is_consensus(self):
        assert self.verdict(CONSENSUS, everybody()).allowed

    def test_a_reservation_does_not_block_consensus(self):
        assert self.verdict(CONSENSUS, everybody() | {4: Stance.RESERVATION}).allowed

    def test_standing_aside_does_not_block_consensus(self):
        assert self.verdict(CONSENSUS, everybody(Stance.ASIDE) | {1: Stance.AGREE}).allowed

    def test_four_times_aside_is_no_decision_because_nobody_agrees(self):
        found = self.verdict(CONSENSUS, everybody(Stance.ASIDE))
        assert [point.code for point in found.points] == ["nobody"]

    def test_silence_is_no_consent_and_the_silent_party_is_named(self):
        stated = everybody()
        del stated[4]
        found = self.verdict(CONSENSUS, stated)
        assert [(point.code, point.party) for point in found.points] == [("silent", 4)]
        assert "物业公司尚未表态" in found.detail.zh
        assert "物业公司 has not spoken yet" in found.detail.en

    def test_one_party_that_disagrees_blocks_consensus_and_is_named(self):
        found = self.verdict(CONSENSUS, everybody() | {3: Stance.DISAGREE})
        assert [(point.code, point.party) for point in found.points] == [("dissent", 3)]
        assert "议事会不同意" in found.detail.zh

    def test_without_a_quorum_nothing_is_decided_however_united(self):
        found = self.verdict(CONSENSUS, everybody(), 1, 2, 3)
        assert [point.code for point in found.points] == ["quorum_parties"]

    def test_a_majority_overrules_one_that_was_heard(self):
        rules = Rules(4, HALF, DecisionRule.MAJORITY)
        assert self.verdict(rules, everybody() | {4: Stance.DISAGREE}).allowed

    def test_a_majority_does_not_overrule_one_that_was_not_heard(self):
        rules = Rules(4, HALF, DecisionRule.MAJORITY)
        stated = everybody()
        del stated[4]
        assert not self.verdict(rules, stated).allowed

    def test_two_of_four_are_no_majority(self):
        rules = Rules(4, HALF, DecisionRule.MAJORITY)
        found = self.verdict(rules, everybody() | {3: Stance.ASIDE, 4: Stance.DISAGREE})
        assert [point.code for point in found.points] == ["minority"]

    def test_where_only_present_parties_are_asked_an_absent_one_does_not_block(self):
        rules = Rules(3, HALF, voices=Voices.PRESENT)
        stated = {1: Stance.AGREE, 2: Stance.AGREE, 3: Stance.AGREE}
        assert self.verdict(rules, stated, 1, 2, 3).allowed

    def test_a_party_that_disagreed_and_walked_out_still_counts(self):
        rules = Rules(3, HALF, voices=Voices.PRESENT)
        found = self.verdict(rules, everybody() | {4: Stance.DISAGREE}, 1, 2, 3)
        assert [point.party for point in found.points] == [4]


stances = st.sampled_from(list(Stance))
rooms = st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.booleans()), max_size=14)
shares = st.builds(
    lambda over, of: Fraction(min(over, of), of), st.integers(0, 7), st.integers(1, 7)
)


@st.composite
def meetings(draw: st.DrawFn):
    parties = draw(st.sets(st.integers(1, 6), max_size=6))
    rules = Rules(
        draw(st.integers(0, 6)),
        draw(shares),
        draw(st.sampled_from(list(DecisionRule))),
        draw(st.sampled_from(list(Voices))),
    )
    stated = draw(st.dictionaries(st.sampled_from(sorted(parties) or [1]), stances, max_size=6))
    room = draw(rooms)
    return rules, parties, room, {p: s for p, s in stated.items() if p in parties}


def seated(room: list[tuple[int, bool, bool]]) -> list[Head]:
    return [Head(party, f"人{n}", *rest) for n, (party, *rest) in enumerate(room)]


def naive_quorum(rules: Rules, parties: set[int], room: list[tuple[int, bool, bool]]) -> bool:
    """The same question, counted one by one and compared by cross-multiplication."""
    there, here, invited = set(), 0, 0
    for party, present, counted in room:
        if party not in parties:
            continue
        invited += counted
        if present:
            here += counted
            there.add(party)
    enough_heads = here * rules.heads.denominator >= rules.heads.numerator * invited
    if invited == 0 and rules.heads.numerator > 0:
        enough_heads = False
    return len(there) >= rules.parties and enough_heads


def naive_decision(
    rules: Rules, parties: set[int], room: list[tuple[int, bool, bool]], stated: dict[int, Stance]
) -> bool:
    asked = 0
    yes = no = 0
    for party in parties:
        here = any(p == party and present for p, present, _ in room)
        word = stated.get(party)
        if rules.voices is Voices.PRESENT and not here and word is None:
            continue
        asked += 1
        if word is None:
            return False
        yes += word.value in ("agree", "reservation")
        no += word.value == "disagree"
    if not naive_quorum(rules, parties, room) or yes == 0:
        return False
    return no == 0 if rules.decision is DecisionRule.CONSENSUS else yes > asked - yes


@given(meetings())
@settings(max_examples=400, deadline=None)
def test_quorum_and_decision_agree_with_a_naive_recount(meeting):
    rules, parties, room, stated = meeting
    names = {party: f"方{party}" for party in sorted(parties)}
    found = quorum(rules, names, seated(room))
    assert found.met is naive_quorum(rules, parties, room)
    verdict = judge(rules, names, found, stated)
    assert verdict.allowed is naive_decision(rules, parties, room, stated)
    assert verdict.detail.zh
    assert verdict.detail.en


@given(meetings(), st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_silencing_a_voice_never_makes_a_decision_possible_where_all_invited_are_asked(
    meeting, silenced
):
    rules, parties, room, stated = meeting
    rules = Rules(rules.parties, rules.heads, rules.decision, Voices.INVITED)
    names = {party: f"方{party}" for party in sorted(parties)}
    found = quorum(rules, names, seated(room))
    without = {party: stance for party, stance in stated.items() if party != silenced}
    if silenced in parties:
        assert not judge(rules, names, found, without).allowed


@pytest.mark.parametrize("missing", sorted(FOUR))
def test_who_is_missing_is_named_in_both_languages(missing):
    found = quorum(CONSENSUS, FOUR, heads(*(party for party in FOUR if party != missing)))
    assert FOUR[missing] in found.parties.detail.zh
    assert FOUR[missing] in found.parties.detail.en
