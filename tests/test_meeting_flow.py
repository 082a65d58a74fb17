"""A four-party meeting from the call to the follow-ups that outlive it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import models as m
from app.errors import ConflictError, InvalidError, MissingError, RefusedError
from app.models import DecisionRule, Stance
from app.services import agenda, cases, changes, meetings, minutes, quorum
from app.services.guests import candidates
from app.services.invitations import Invited, Topic, convene
from tests.assembly import DUE, FOUR, Assembly


@pytest.fixture
def assembly(session, cast, now) -> Assembly:
    return Assembly(session, cast, now)


def events(assembly: Assembly) -> list[str]:
    rows = assembly.session.scalars(
        sa.select(m.Event.event).where(m.Event.case_id == assembly.meeting_id).order_by(m.Event.seq)
    )
    return list(rows)


def why_not(assembly: Assembly, event: str, who: str = "facilitator") -> str:
    """Why the button is grey, in Chinese; empty when it isn't."""
    viewer = assembly.cast.viewer(who)
    shown = cases.choices(assembly.session, assembly.meeting_id, actor=viewer, now=assembly.later())
    choice = next(c for c in shown.choices if c.transition.key == event)
    return "；".join(reason.text.zh for reason in choice.reasons)


# --- calling ------------------------------------------------------------------------------------


def test_the_four_parties_of_the_place_are_proposed_with_their_staff(assembly, cast, now):
    found = candidates(
        assembly.session, cast.viewer("facilitator"), cast.places["cuiwei"].id, now=now
    )
    usual = [party.name for party in found if party.usual]
    assert usual == [cast.parties[key].name for key in FOUR]
    assert [guest.name for guest in found[3].guests] == ["吴业"]
    assert found[-1].name == "自来水公司"


def test_the_same_call_sent_twice_is_one_meeting(assembly, cast):
    first = assembly.call()
    again = convene(
        assembly.session,
        assembly.plan(),
        actor=cast.viewer("facilitator"),
        now=assembly.later(),
    )
    assert (again.id, again.fresh) == (first, False)
    assert events(assembly) == ["open"]


def test_a_party_of_another_community_is_not_invited(assembly, cast):
    parties = (*assembly.plan().parties, Invited(cast.parties["hongmian_property"].id))
    with pytest.raises(InvalidError) as refused:
        assembly.call(parties=parties)
    assert refused.value.problems[0].field == "parties"


def test_a_meeting_is_not_called_in_somebody_elses_community(assembly):
    with pytest.raises(InvalidError) as refused:
        assembly.call("outsider")
    assert refused.value.problems[0].field == "place"


def test_property_staff_may_not_call_a_meeting(assembly):
    with pytest.raises(RefusedError):
        assembly.call("property")


def test_a_quorum_of_more_parties_than_invited_is_refused_at_the_field(assembly):
    with pytest.raises(InvalidError) as refused:
        assembly.call(quorum_parties=5)
    assert refused.value.problems[0].field == "quorum_parties"


def test_a_case_opened_without_a_plan_gets_the_four_parties(assembly, cast, now):
    opening = cases.Opening("meeting", "临时碰头会", cast.places["cuiwei"].id, {"kind": "talk"})
    opened = cases.open_case(assembly.session, opening, actor=cast.viewer("facilitator"), now=now)
    assembly.meeting_id = opened.id
    found = assembly.room()
    assert [bench.name for bench in found.benches] == [cast.parties[key].name for key in FOUR]
    assert found.rules.parties == 4


def test_a_meeting_may_be_put_at_another_time_and_another_party_invited(assembly, cast):
    assembly.call()
    actor, water = cast.viewer("facilitator"), cast.parties["water"].id
    at = assembly.now + timedelta(days=5)
    told = {"actor": actor, "now": assembly.later()}
    assert changes.reschedule(assembly.session, assembly.meeting_id, at, "物业会议室", **told)
    assert not changes.reschedule(assembly.session, assembly.meeting_id, at, "物业会议室", **told)
    assert changes.invite(assembly.session, assembly.meeting_id, water, **told)
    assert not changes.invite(assembly.session, assembly.meeting_id, water, **told)
    found = assembly.room()
    assert (found.scheduled_at, found.room) == (at, "物业会议室")
    assert found.benches[-1].name == "自来水公司"
    assert found.rules.parties == 5
    assert events(assembly) == ["open", "reschedule", "invite"]


def test_convening_tells_everybody_on_the_list_who_has_a_login(assembly, cast):
    assembly.call()
    assembly.fire("convene")
    told = assembly.session.scalars(
        sa.select(m.Notice.user_id).where(
            m.Notice.case_id == assembly.meeting_id,
            m.Notice.key == "invitation",
            m.Notice.channel == "inapp",
        )
    )
    expected = {cast.users[name].id for name in ("secretary", "staff", "council", "property")}
    assert sorted(told) == sorted(expected)


# --- coming and going ---------------------------------------------------------------------------


def test_the_meeting_opens_only_with_a_quorum_and_says_who_is_missing(assembly):
    assembly.call()
    assembly.fire("convene")
    for party in ("party_org", "committee", "council"):
        assembly.enters(assembly.seats(party)[0])
    with pytest.raises(RefusedError) as refused:
        assembly.fire("open_session")
    text = refused.value.problems[0].text
    assert "未到会：翠微物业公司" in text["zh"]
    assert "missing: 翠微物业公司" in text["en"]
    assert "翠微物业公司" in why_not(assembly, "open_session")
    assembly.enters(assembly.seats("property")[1])
    assert why_not(assembly, "open_session") == ""
    assembly.fire("open_session")


def test_checking_somebody_in_twice_is_once(assembly):
    assembly.call()
    assembly.fire("convene")
    seat = assembly.seats("council")[0]
    assert assembly.enters(seat)
    assert not assembly.enters(seat)
    assert events(assembly).count("check_in") == 1


def test_who_leaves_and_comes_back_has_two_stays_on_the_record(assembly):
    assembly.call()
    assembly.fire("convene")
    seat = assembly.seats("council")[0]
    assembly.enters(seat)
    assembly.leaves(seat)
    assert not assembly.leaves(seat)
    assembly.enters(seat)
    seat = assembly.seats("council")[0]
    assert seat.present
    assert len(seat.stays) == 2
    assert seat.stays[0][1] < seat.stays[1][0]


def test_who_leaves_may_take_the_quorum_along(assembly):
    assembly.begin()
    for seat in assembly.seats("property"):
        assembly.leaves(seat)
    found = assembly.room()
    assert found.quorum.heads.met
    assert found.quorum.parties.absent == ("翠微物业公司",)


def test_a_substitute_brings_the_party_but_is_no_head(assembly, cast):
    assembly.call()
    assembly.fire("convene")
    arrived = {"actor": cast.viewer("facilitator"), "now": assembly.later()}
    party = cast.parties["property"].id
    assert meetings.arrive(assembly.session, assembly.meeting_id, party, " 小吴 ", **arrived)
    assert not meetings.arrive(assembly.session, assembly.meeting_id, party, "小吴", **arrived)
    found = assembly.room()
    assert found.quorum.parties.have == 1
    assert (found.quorum.heads.have, found.quorum.heads.total) == (0, 8)


def test_nobody_checks_in_before_the_meeting_is_called(assembly):
    assembly.call()
    with pytest.raises(RefusedError):
        assembly.enters(assembly.seats("council")[0])


# --- positions ----------------------------------------------------------------------------------


def test_a_position_names_who_spoke_and_who_recorded_it(assembly, cast):
    assembly.begin()
    assembly.says("property", "reservation", "费用由谁承担要先谈")
    spoken = assembly.item().newest[cast.parties["property"].id]
    assert (spoken.stance, spoken.reason) == (Stance.RESERVATION, "费用由谁承担要先谈")
    assert (spoken.spoken_by, spoken.recorded_by) == ("吴业", "祝持人")
    event = assembly.session.scalars(
        sa.select(m.Event).where(m.Event.event == "record_position")
    ).one()
    assert "翠微物业公司：有保留地同意（吴业）" in event.data["record"]["text"]["zh"]


@pytest.mark.parametrize("stance", ["reservation", "aside", "disagree"])
def test_everything_but_agreement_needs_a_reason(assembly, stance):
    assembly.begin()
    with pytest.raises(InvalidError) as refused:
        assembly.says("property", stance, "   ")
    assert refused.value.problems[0].field == "reason"
    assert assembly.item().spoken == ()


def test_nobody_speaks_for_a_party_who_is_not_checked_in_for_it(assembly):
    assembly.begin()
    gone = assembly.seats("property")[0]
    assembly.leaves(gone)
    for seat in (gone, assembly.seats("council")[0]):
        with pytest.raises(InvalidError) as refused:
            assembly.says("property", "agree", seat_id=seat.id)
        assert refused.value.problems[0].field == "seat"


def test_the_same_position_twice_is_one_and_a_new_one_supersedes(assembly, cast):
    assembly.begin()
    assert assembly.says("property", "disagree", "没有电容量")
    assert not assembly.says("property", "disagree", "没有电容量")
    assert assembly.says("property", "agree")
    versions = assembly.item().spoken
    assert [(v.stance, v.latest) for v in versions] == [
        (Stance.DISAGREE, False),
        (Stance.AGREE, True),
    ]
    assert events(assembly).count("record_position") == 2


def test_of_two_who_record_at_once_the_second_is_told(assembly):
    assembly.begin()
    assembly.says("property", "agree", seen=0)
    with pytest.raises(ConflictError) as refused:
        assembly.says("property", "disagree", "不同意", seen=0)
    assert "祝持人" in refused.value.problems[0].text["zh"]
    assert [v.stance for v in assembly.item().spoken] == [Stance.AGREE]


def test_a_council_member_sees_positions_and_records_none(assembly):
    assembly.begin()
    assembly.says("council", "agree")
    assert assembly.room("council").items[0].newest
    with pytest.raises(RefusedError) as refused:
        assembly.says("council", "aside", "再议", who="council")
    assert refused.value.data["codes"] == ["who"]


def test_somebody_of_another_community_neither_sees_nor_records(assembly):
    assembly.begin()
    item, seat = assembly.item().id, assembly.seats("property")[0]
    for person in ("outsider", "outsider_property"):
        with pytest.raises(MissingError):
            assembly.room(person)
        with pytest.raises(MissingError):
            assembly.says("property", "agree", item_id=item, seat_id=seat.id, who=person)
        with pytest.raises(MissingError):
            assembly.leaves(seat, who=person)


def test_the_bare_button_of_a_recording_records_nothing(assembly):
    assembly.begin()
    with pytest.raises(InvalidError):
        assembly.fire("record_position")
    with pytest.raises(InvalidError):
        assembly.fire("decide")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE position SET stance = 'agree', latest = false",
        "UPDATE position SET reason = 'x'",
        "DELETE FROM position",
        "TRUNCATE position CASCADE",
        "UPDATE decision SET text = 'x'",
        "DELETE FROM decision",
    ],
)
def test_the_database_refuses_to_rewrite_what_was_said_and_decided(assembly, statement):
    assembly.begin()
    assembly.says("property", "reservation", "费用")
    for party in ("party_org", "committee", "council"):
        assembly.says(party, "agree")
    assembly.decides()
    with pytest.raises(DBAPIError, match="append-only"), assembly.session.begin_nested():
        assembly.session.execute(sa.text(statement))


# --- decisions ----------------------------------------------------------------------------------


def test_a_decision_waits_for_every_party_and_names_the_silent_one(assembly):
    assembly.begin()
    for party in ("party_org", "committee", "council"):
        assembly.says(party, "agree")
    with pytest.raises(RefusedError) as refused:
        assembly.decides()
    assert [p.text["zh"] for p in refused.value.problems] == ["翠微物业公司尚未表态"]
    assert "decide" not in events(assembly)


def test_a_party_that_disagrees_blocks_consensus_until_it_changes_its_mind(assembly):
    assembly.begin()
    assembly.all_agree()
    assembly.says("property", "disagree", "没有电容量")
    with pytest.raises(RefusedError) as refused:
        assembly.decides()
    assert refused.value.problems[0].text["en"] == "翠微物业公司 disagrees"
    assembly.says("property", "reservation", "先增容")
    assert assembly.decides()


def test_where_the_rule_is_a_majority_dissent_is_heard_and_overruled(assembly):
    assembly.begin(decision=DecisionRule.MAJORITY)
    for party in ("party_org", "committee", "council"):
        assembly.says(party, "agree")
    with pytest.raises(RefusedError):
        assembly.decides()
    assembly.says("property", "disagree", "没有电容量")
    assert assembly.decides()
    assert assembly.item().decision.basis["positions"][-1]["reason"] == "没有电容量"


def test_no_decision_once_the_quorum_has_left_the_room(assembly):
    assembly.begin()
    assembly.all_agree()
    for seat in assembly.seats("property"):
        assembly.leaves(seat)
    with pytest.raises(RefusedError):
        assembly.decides()


def test_a_decision_is_frozen_with_all_it_takes_to_judge_it_again(assembly, cast):
    assembly.begin()
    assembly.all_agree()
    assembly.decides(owner_id=cast.users["property"].id)
    decision = assembly.item().decision
    assert (decision.owner_party, decision.owner, decision.due_on) == ("翠微物业公司", "吴业", DUE)
    basis = decision.basis
    rules = quorum.Rules(
        basis["rule"]["parties"],
        Fraction(basis["rule"]["heads"]),
        DecisionRule(basis["rule"]["decision"]),
        m.Voices(basis["rule"]["voices"]),
    )
    names = {party["id"]: party["name"] for party in basis["parties"]}
    found = quorum.quorum(rules, names, [quorum.Head(**head) for head in basis["heads"]])
    stated = {said["party"]: Stance(said["stance"]) for said in basis["positions"]}
    again = quorum.judge(rules, names, found, stated)
    assert again.allowed
    assert again.detail.both() == basis["explanation"]


def test_deciding_twice_is_once_and_otherwise_is_a_conflict(assembly):
    assembly.begin()
    assembly.all_agree()
    assert assembly.decides()
    assert not assembly.decides()
    with pytest.raises(ConflictError):
        assembly.decides("另一个决议")
    with pytest.raises(ConflictError):
        assembly.says("property", "disagree", "反悔了")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "长" * 5001}, "text"),
        ({"text": "含有\x00字符"}, "text"),
        ({"due_on": DUE.replace(year=2020)}, "due_on"),
        ({"due_on": DUE.replace(year=2199)}, "due_on"),
        ({"owner_party_id": 10**9}, "owner"),
        ({"owner_id": 10**6}, "owner"),
    ],
)
def test_a_decision_that_is_filled_in_wrongly_names_the_field(assembly, change, field):
    assembly.begin()
    assembly.all_agree()
    with pytest.raises(InvalidError) as refused:
        assembly.decides(**change)
    assert refused.value.problems[0].field == field


# --- after the meeting --------------------------------------------------------------------------


def test_an_item_is_put_off_with_a_reason_and_then_closed_for_positions(assembly, cast):
    assembly.begin()
    told = {"actor": cast.viewer("facilitator"), "now": assembly.later()}
    item = assembly.item(2)
    with pytest.raises(InvalidError) as refused:
        meetings.adjourn_item(assembly.session, assembly.meeting_id, item.id, " ", **told)
    assert refused.value.problems[0].field == "why"
    assert meetings.adjourn_item(assembly.session, assembly.meeting_id, item.id, "缺方案", **told)
    assert not meetings.adjourn_item(
        assembly.session, assembly.meeting_id, item.id, "缺方案", **told
    )
    with pytest.raises(ConflictError):
        assembly.says("property", "agree", item=2)


def test_the_meeting_closes_when_every_item_is_dealt_with_and_decisions_live_on(assembly, cast):
    assembly.begin()
    assembly.all_agree()
    assembly.decides(owner_id=cast.users["property"].id)
    assert "垃圾分类桶站" in why_not(assembly, "close")
    told = {"actor": cast.viewer("facilitator"), "now": assembly.later()}
    meetings.adjourn_item(
        assembly.session, assembly.meeting_id, assembly.item(2).id, "缺方案", **told
    )
    fired = assembly.fire("close")
    child = assembly.session.get_one(m.Case, fired.children[0])
    assert len(fired.children) == 1
    assert (child.title, child.party_id) == ("加装充电桩", cast.parties["property"].id)
    assert child.assignee_id == cast.users["property"].id
    assert child.data["due_date"] == DUE.isoformat()
    assert assembly.item().decision.followup.id == child.id


def test_a_follow_up_is_worked_off_verified_and_then_the_meeting_is_archived(assembly, cast):
    test_the_meeting_closes_when_every_item_is_dealt_with_and_decisions_live_on(assembly, cast)
    assembly.fire("publish_minutes", minutes="会议同意安装充电桩。")
    child = assembly.item().decision.followup.id
    for event, who, form in (
        ("start", "property", {}),
        ("note_progress", "property", {"progress": "已报供电公司增容", "percent": "40"}),
        ("report", "property", {"result": "十个充电桩已通电"}),
        ("verify", "facilitator", {}),
    ):
        cases.fire(
            assembly.session,
            child,
            event,
            actor=cast.viewer(who),
            now=assembly.later(),
            form=form,
        )
    assert assembly.room().case.state == "archived"
    assert assembly.item().decision.followup.closed
    found = agenda.proposals(assembly.session, cast.viewer("facilitator"), cast.places["cuiwei"].id)
    assert [proposal.title for proposal in found] == ["垃圾分类桶站"]


def test_the_next_meeting_opens_with_what_is_not_yet_done(assembly, cast):
    test_the_meeting_closes_when_every_item_is_dealt_with_and_decisions_live_on(assembly, cast)
    place, viewer = cast.places["cuiwei"].id, cast.viewer("facilitator")
    found = agenda.proposals(assembly.session, viewer, place)
    assert [proposal.title for proposal in found] == ["加装充电桩", "垃圾分类桶站"]
    assert "缺方案" in found[1].why.zh
    topics = tuple(Topic(p.title, p.text, p.case_id, p.earlier_id) for p in found)
    assembly.call(topics=topics, scheduled_at=assembly.now + timedelta(days=30))
    assert assembly.item(1).case.title == "加装充电桩"
    # what is taken up is not proposed again; what is still being done is
    again = agenda.proposals(assembly.session, viewer, place)
    assert [proposal.title for proposal in again] == ["加装充电桩"]
    assert agenda.proposals(assembly.session, cast.viewer("outsider"), place) == []


def test_the_same_item_added_twice_is_one(assembly, cast):
    assembly.call()
    told = {"actor": cast.viewer("staff"), "now": assembly.later()}
    topic = Topic("楼道堆物")
    first = meetings.add_item(assembly.session, assembly.meeting_id, topic, **told)
    assert meetings.add_item(assembly.session, assembly.meeting_id, topic, **told) == first
    assert [item.position for item in assembly.room().items] == [1, 2, 3]


def test_minutes_have_a_reference_that_changes_with_every_word(assembly):
    assembly.begin()
    assembly.says("property", "disagree", "没有电容量")
    before = minutes.compose(assembly.room())
    same = minutes.compose(assembly.room("council"))
    assert before.digest == same.digest == minutes.digest(before.content)
    assert before.reference == "-".join(before.digest[i : i + 4] for i in range(0, 16, 4))
    assembly.says("property", "agree")
    assert minutes.compose(assembly.room()).digest != before.digest


def test_a_meeting_whose_quorum_asks_for_nobody_may_open_at_once(assembly):
    assembly.call(quorum_parties=0, quorum_heads=Fraction(0))
    assembly.fire("convene")
    assert assembly.fire("open_session").target == "in_session"


def test_two_people_of_one_name_are_told_apart(assembly, cast):
    parties = list(assembly.plan().parties)
    council = parties[2]
    parties[2] = replace(
        council, guests=(*council.guests, replace(council.guests[0], user_id=None))
    )
    assembly.call(parties=tuple(parties))
    assert len(assembly.seats("council")) == 2
