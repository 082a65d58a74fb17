"""The chargers meeting: four parties, a decision with reservations, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from app import models as m
from app.models import DecisionRule, Stance, Voices
from app.services import decisions, edge, meetings, positions, room, rows
from app.services.decisions import Motion
from app.services.demo import names
from app.services.demo.days import Days
from app.services.demo.stage import Stage
from app.services.guests import Guest
from app.services.invitations import Invited, Plan, Topic, convene
from app.services.positions import Statement
from app.services.room import Room

CHAIR = "zhuchi"
LAST = 22
"""After this hour nobody calls people together any more on the same day."""
SEATS = (
    ("org", "shuji", "社区党委委员"),
    ("committee", "juwei", "居委会副主任"),
    ("council", "yishi", "议事会召集人"),
    ("property", "wuye", "物业工程主管"),
)
BASIS = "榆荫社区居民议事规则（演示）第六条"

CHARGERS, WASTE, GAS = 0, 1, 2
TOPICS = (
    Topic("榆荫里电动自行车充电桩缺口", "全区二百余辆电动车，只有一处充电点，飞线充电屡禁不止。"),
    Topic("垃圾分类桶站撤并", "西门桶站离窗户近，是否并到北门。"),
    Topic("沿街商户瓶装气安全", "三家商户仍在使用瓶装气。"),
)
POSITIONS = (
    (CHARGERS, "org", Stance.AGREE, ""),
    (CHARGERS, "committee", Stance.AGREE, "先装三处，按使用情况再增加。"),
    (CHARGERS, "council", Stance.DISAGREE, "选址不能贴着一层住户的窗户。"),
    (CHARGERS, "property", Stance.RESERVATION, "电费由使用人承担，物业负责日常巡查。"),
    (CHARGERS, "council", Stance.RESERVATION, "同意北门、东门和自行车棚三处，离窗八米以上。"),
    (WASTE, "org", Stance.AGREE, ""),
    (WASTE, "committee", Stance.AGREE, ""),
    (WASTE, "council", Stance.DISAGREE, "北门住户还没有征求意见。"),
    (GAS, "org", Stance.AGREE, ""),
    (GAS, "committee", Stance.AGREE, ""),
    (GAS, "council", Stance.AGREE, ""),
    (GAS, "property", Stance.ASIDE, "商户不归物业管理，配合检查。"),
)
"""In the order in which they were stated; who speaks again has changed their mind."""
DECISIONS = (
    (
        CHARGERS,
        "在北门、东门和自行车棚安装充电桩三处共三十个端口，离住户窗户八米以上。",
        "property",
    ),
    (GAS, "本月内对三家商户联合检查一次，督促改用电或管道气。", "committee"),
)
MINUTES = (
    "四方到齐。充电桩：先装三处共三十个端口，议事会对选址的意见已采纳。"
    "垃圾分类桶站撤并：议事会不同意，待征求北门住户意见后再议。瓶装气：联合检查。"
)


def play(stage: Stage, days: Days) -> None:
    held = _Meeting(stage, days.at(11, "09:30"))
    stage.at(days.at(14, "10:00"), held.call)
    stage.at(days.at(14, "10:20"), held.invite)
    stage.at(days.at(11, "09:20"), held.gather)
    stage.at(days.at(11, "09:35"), held.debate)
    stage.at(days.at(11, "11:10"), held.decide)
    stage.at(days.at(11, "11:30"), held.end)
    stage.at(days.at(10, "15:00"), held.publish)
    _carried_out(stage, days, held)
    _next(stage, days)
    _today(stage, days)


class _Meeting:
    """One meeting being held."""

    def __init__(self, stage: Stage, begins: datetime) -> None:
        self.stage, self.begins, self.id = stage, begins, 0

    def call(self) -> None:
        self.id = _convene(self.stage, "榆荫里电动车充电等议题四方联席会", self.begins, TOPICS)

    def invite(self) -> None:
        self.stage.press(self.id, CHAIR, "convene")

    def gather(self) -> None:
        """All come but one of the property company, who sends somebody else."""
        stage, chair = self.stage, self.stage.who(CHAIR)
        for bench in self.room().benches:
            for seat in bench.seats:
                if not seat.name.startswith(names.full(7003)):
                    meetings.check_in(stage.session, self.id, seat.id, actor=chair, now=stage.now)
        party = stage.town.parties["yuyin/property"]
        meetings.arrive(stage.session, self.id, party, names.full(7010), actor=chair, now=stage.now)
        stage.press(self.id, CHAIR, "open_session")

    def debate(self) -> None:
        stage, chair = self.stage, self.stage.who(CHAIR)
        for minute, (topic, party, stance, reason) in enumerate(POSITIONS):
            found = self.room()
            party_id = stage.town.parties[f"yuyin/{party}"]
            bench = next(bench for bench in found.benches if bench.id == party_id)
            said = Statement(found.items[topic].id, party_id, stance, bench.there[0].id, reason)
            at = stage.now + timedelta(minutes=4 * minute)
            positions.record_position(stage.session, self.id, said, actor=chair, now=at)

    def decide(self) -> None:
        stage, chair = self.stage, self.stage.who(CHAIR)
        for minute, (topic, text, party) in enumerate(DECISIONS):
            motion = Motion(
                self.room().items[topic].id,
                text,
                stage.town.parties[f"yuyin/{party}"],
                edge.today(stage.now) + timedelta(days=21 + 14 * minute),
            )
            at = stage.now + timedelta(minutes=minute)
            decisions.decide(stage.session, self.id, motion, actor=chair, now=at)
        meetings.adjourn_item(
            stage.session,
            self.id,
            self.room().items[WASTE].id,
            "北门住户还没有征求意见，下次会议再议。",
            actor=chair,
            now=stage.now + timedelta(minutes=5),
        )

    def end(self) -> None:
        self.stage.press(self.id, CHAIR, "close")

    def publish(self) -> None:
        self.stage.press(self.id, CHAIR, "publish_minutes", minutes=MINUTES)

    def room(self) -> Room:
        session, chair = self.stage.session, self.stage.who(CHAIR)
        return room.load(session, rows.load(session, self.id, chair), chair)


def _convene(stage: Stage, title: str, begins: datetime, topics: tuple[Topic, ...]) -> int:
    parties = tuple(
        Invited(
            stage.town.parties[f"yuyin/{key}"],
            (
                Guest(stage.who(login).name, stage.who(login).user_id),
                Guest(f"{names.full(7000 + number)}（{title_}）"),
            ),
        )
        for number, (key, login, title_) in enumerate(SEATS)
    )
    plan = Plan(
        title=title,
        place_id=stage.town.place("yuyin"),
        scheduled_at=begins,
        parties=parties,
        topics=topics,
        room="社区议事厅",
        quorum_heads=Fraction(1, 2),
        decision=DecisionRule.CONSENSUS,
        voices=Voices.INVITED,
        basis=BASIS,
        form={"kind": "joint"},
    )
    return convene(stage.session, plan, actor=stage.who(CHAIR), now=stage.now).id


def _carried_out(stage: Stage, days: Days, held: _Meeting) -> None:
    """The chargers come step by step; the shops were looked at and it was verified."""

    def press(text: str, login: str, event: str, **form: Any) -> None:
        query = sa.select(m.Case.id).where(m.Case.parent_id == held.id, m.Case.title.contains(text))
        stage.press(stage.session.execute(query).scalar_one(), login, event, **form)

    stage.at(days.at(9, "10:00"), lambda: press("充电桩", "wuye", "start"))
    for back, progress, percent in (
        (8, "与供电所现场确定三处接电点。", "20"),
        (5, "北门十个端口已安装并通电。", "40"),
        (2, "自行车棚十个端口安装完成，等待验收通电。", "70"),
    ):
        stage.at(
            days.at(back, "16:00"),
            lambda progress=progress, percent=percent: press(  # type: ignore[misc]
                "充电桩", "wuye", "note_progress", progress=progress, percent=percent
            ),
        )
    stage.at(days.at(8, "09:00"), lambda: press("瓶装气", "juwei", "start"))
    done = "三家商户已检查，两家改用电，一家接入管道气。"
    stage.at(days.at(4, "11:00"), lambda: press("瓶装气", "juwei", "report", result=done))
    stage.at(days.at(3, "10:00"), lambda: press("瓶装气", CHAIR, "verify"))


def _next(stage: Stage, days: Days) -> None:
    """The next meeting is called and waits for the newcomer: it opens with what is not done."""
    begins = edge.instant(datetime.combine(days.coming(1), datetime.min.time()).replace(hour=14))

    def call() -> None:
        waste = sa.select(m.AgendaItem.id).where(m.AgendaItem.title == TOPICS[WASTE].title)
        topics = (
            Topic(
                TOPICS[WASTE].title,
                "上次延期的议题：北门住户意见已征求。",
                earlier_id=stage.session.execute(waste).scalar_one(),
            ),
            Topic("楼道堆物清理", "元旦前集中清理一次。"),
        )
        meeting = _convene(stage, "榆荫社区月度四方联席会", begins, topics)
        stage.press(meeting, CHAIR, "convene")

    stage.at(days.at(1, "15:00"), call)


def _today(stage: Stage, days: Days) -> None:
    """A short one on site, later today: what the facilitator's home begins with."""
    local = edge.local(stage.end)
    begins = stage.end - timedelta(minutes=local.minute, seconds=local.second)
    begins += timedelta(hours=1 if local.hour < LAST else 13) - timedelta(
        microseconds=local.microsecond
    )
    topic = Topic("东门门禁维修", "东门门禁刷卡无反应，商定维修和临时值守。")

    def call() -> None:
        meeting = _convene(stage, "榆荫里东门门禁现场会", begins, (topic,))
        stage.press(meeting, CHAIR, "convene")

    stage.at(days.ago(hours=3), call)
