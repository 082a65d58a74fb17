"""Three consultations: the rewiring of 1,199 households, a footpath, and the pipes of a courtyard
with one plan per entrance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from app import models as m
from app.services import cases, schemes
from app.services.cases import Opening
from app.services.demo import canvass, homes
from app.services.demo.canvass import Call
from app.services.demo.days import Days
from app.services.demo.homes import Home
from app.services.demo.stage import Stage
from app.services.schemes import Draft

ROUND_ONE = Draft(
    "楼内线路改造方案（第一版）",
    "更换入户线和楼内干线，户表移至一层；公共部分照明等用电由各户平摊。",
)
ROUND_TWO = Draft(
    "楼内线路改造方案（第二版）：公共部分两路开关、分别计费",
    "更换入户线和楼内干线，户表移至一层；合住房的公共部分装两个开关、分别接入两家户表，"
    "谁用谁开、各计各费；楼道照明由物业承担。",
    seen=1,
)
TALKS = (
    "{0}号楼合住户座谈：公共厨房、过道的电费怎么分谈不拢。",
    "与{0}号楼两家合住户上门核对用电，提出分表的想法。",
    "请供电所技术员到{0}号楼现场讲解两路开关的接法。",
    "{0}号楼楼前说明会，公布第二版方案，当场答疑。",
    "{0}号楼最后几户夜间走访，约定施工时间。",
)
AGAINST = ("合住的公共部分电费没法平摊。", "担心施工弄坏装修。", "户表移位不方便。")
TERMS = ("合住公共部分要能分开计费。", "施工不能超过两天。")


def play(stage: Stage, days: Days) -> None:
    places = stage.town.tree.spots

    def doors(compound: str, floors: int) -> list[tuple[Any, int, int]]:
        entrances = [
            spot
            for key, spot in places.items()
            if key.startswith(f"{compound}/") and key.count("/") == compound.count("/") + 2
        ]
        return list(homes.flats(entrances, floors, 2))

    # two flats less: the archway under the last building
    main = homes.settle(stage.session, doors("yuyin/main", 5)[2:], homes.FULL, first=0)
    east = homes.settle(stage.session, doors("yuyin/east", 6), homes.Mixture(), first=2000)
    court = homes.settle(stage.session, doors("xinglin/court", 6), homes.COURT, first=3000)
    _Rewiring(stage, days, main).play()
    _Footpath(stage, days, east).play()
    _Pipes(stage, days, court).play()


class _Consultation:
    """One consultation and who runs it."""

    committee, secretary, visitor = "juwei", "shuji", "wangge"
    place = ""
    title = ""

    def __init__(self, stage: Stage, days: Days, units: Sequence[Home]) -> None:
        self.stage, self.days, self.units, self.id = stage, days, units, 0

    def open(self, rule_set: str, matter: str, background: str) -> None:
        opening = Opening(
            "consultation",
            self.title,
            self.stage.town.place(self.place),
            form={"matter": matter, "background": background},
            extra={"rule_set": rule_set},
        )
        stage = self.stage
        actor = stage.who(self.committee)
        self.id = cases.open_case(stage.session, opening, actor=actor, now=stage.now).id

    def propose(self, draft: Draft, case_id: int | None = None) -> None:
        stage = self.stage
        actor = stage.who(self.committee)
        schemes.add(stage.session, case_id or self.id, draft, actor=actor, now=stage.now)

    def press(self, who: str, event: str, **form: Any) -> None:
        self.stage.press(self.id, who, event, **form)

    def evening(self, calls: Sequence[tuple[Home, str, str]], case_id: int | None = None) -> None:
        """Door after door until nine in the evening; ``calls``: where, which voice, why."""
        every = timedelta(hours=3) / max(len(calls), 1)
        begin = self.stage.now - timedelta(hours=3)
        made: list[Call] = []
        for number, (home, voice, reason) in enumerate(calls):
            at = begin + every * number
            if home.households > 1 and voice in ("agree", "disagree"):
                made.append(Call(at, home.id, voice, "里间住户", reason))
            again = self._again() if voice in ("away", "refused") else None
            made.append(
                Call(at + timedelta(seconds=1), home.id, voice, reason=reason, next_visit=again)
            )
        canvass.visit(self.stage, case_id or self.id, self.visitor, made)

    def _again(self) -> date:
        return self.stage.now.date() + timedelta(days=3)


class _Rewiring(_Consultation):
    """More than twenty talks, a new scheme, and agreement that climbs to 100 %."""

    place = "yuyin/main"
    title = "榆荫里楼内线路改造"
    first, second = range(26, 20, -1), range(15, 4, -1)
    """Evenings of the two rounds, in working days before today."""

    def play(self) -> None:
        at, days = self.stage.at, self.days
        matter = "更换28栋楼的楼内线路，涉及1199户，其中150余户合住。"
        background = "线路老化跳闸频繁；合住户公共部分电费分摊意见不一。"
        at(days.at(36, "09:30"), partial(self.open, "special", matter, background))
        at(days.at(36, "10:30"), partial(self.propose, ROUND_ONE))
        at(days.at(35, "09:00"), partial(self.press, "juwei", "publish_scheme"))
        objection = {"objector": "合住户代表", "objection": "公共部分电费平摊不合理。"}
        at(days.at(33, "16:00"), partial(self.press, "juwei", "record_objection", **objection))
        until = days.coming(5).isoformat()
        at(days.at(27, "09:00"), partial(self.press, "juwei", "open_round", answer_by=until))
        for number, back in enumerate(self.first):
            at(days.at(back, "20:45"), partial(self._first_round, number))
        at(days.at(17, "10:00"), partial(self.propose, ROUND_TWO))
        for number, back in enumerate(self.second):
            at(days.at(back, "20:45"), partial(self._second_round, number))
        for number in range(23):
            text = TALKS[number % len(TALKS)].format(1 + number * 5 % 28)
            note = {"note": f"第{number + 1}次协商：{text}"}
            at(days.at(28 - number, "15:30"), partial(self.press, "juwei", "comment", **note))
        at(days.at(4, "09:30"), partial(self.press, "juwei", "close_round"))
        at(days.at(4, "10:30"), partial(self.press, "shuji", "declare_passed"))

    def _first_round(self, evening: int) -> None:
        part = [h for n, h in enumerate(self.units) if n % len(self.first) == evening]
        self.evening([self._first_voice(n, home) for n, home in enumerate(part)])

    def _first_voice(self, number: int, home: Home) -> tuple[Home, str, str]:
        if home.households > 1 and number % 4:
            return home, "disagree", AGAINST[0]
        kind = number * 7 % 20
        if kind < 13:
            return home, "agree", ""
        if kind < 15:
            return home, "condition", TERMS[number % len(TERMS)]
        if kind < 17:
            return home, "disagree", AGAINST[number % len(AGAINST)]
        return (home, "away", "") if kind < 19 else (home, "refused", "")

    def _second_round(self, evening: int) -> None:
        """Every door again; who was out or had a condition is asked once more the next evening."""
        count = len(self.second) - 1
        part = [h for n, h in enumerate(self.units) if n % count == evening]
        again = [h for n, h in enumerate(self.units) if n % count == evening - 1 and self._late(n)]
        numbers = {home.id: n for n, home in enumerate(self.units)}
        calls = [
            (home, *(("away", "") if self._late(numbers[home.id]) else ("agree", "")))
            for home in part
        ]
        self.evening([*calls, *((home, "agree", "") for home in again)])

    def _late(self, number: int) -> bool:
        return number % 13 == 5


class _Footpath(_Consultation):
    """A neglected strip is to become a path; the round is open, and some doors are left."""

    place = "yuyin/east"
    title = "榆荫东里闲置绿化带改建步道"

    def play(self) -> None:
        at, days = self.stage.at, self.days
        matter = "把东里南侧长期荒芜的绿化带改成散步道，种两排玉兰。"
        draft = Draft("步道方案", "一米五宽透水砖步道，两侧补种玉兰，装六盏矮灯。")
        at(days.at(12, "09:30"), partial(self.open, "ordinary", matter, ""))
        at(days.at(12, "10:00"), partial(self.propose, draft))
        at(days.at(12, "10:30"), partial(self.press, "juwei", "publish_scheme"))
        until = days.coming(6).isoformat()
        at(days.at(4, "09:00"), partial(self.press, "juwei", "open_round", answer_by=until))
        for number, back in enumerate((4, 3, 2, 1)):
            at(days.at(back, "20:30"), partial(self._evening, number))

    def _evening(self, number: int) -> None:
        part = [h for n, h in enumerate(self.units) if n % 6 == number]
        said = {
            3: ("away", ""),
            11: ("condition", "灯不要太亮。"),
            16: ("disagree", "怕遛狗的多。"),
        }
        self.evening([(home, *said.get(n, ("agree", ""))) for n, home in enumerate(part)])


PLANS = (
    "立管走厨房外墙，每户一个截门。",
    "立管走卫生间，一层住户多出的管段由改造费承担。",
    "保留原井水管作绿化用水，新管另走楼道。",
    "先换总管，分户管等住户装修时再接。",
    "立管走楼道，检修口统一留在公共部分。",
    "立管走厨房，老人户由志愿者帮忙腾挪家具。",
)


class _Pipes(_Consultation):
    """Decades of well water; each entrance works out and votes on a plan of its own."""

    committee, secretary, visitor = "juwei2", "shuji2", "wangge2"
    place = "xinglin/court"
    title = "七号大院自来水管线改造"

    def play(self) -> None:
        at, days = self.stage.at, self.days
        matter = "大院接通市政自来水，逐单元改造上下水管线。"
        background = "大院用了几十年井水；成立了院党支部和院委会，已开三次现场会讲政策和流程。"
        at(days.at(22, "09:30"), partial(self.open, "special", matter, background))
        for number, back in enumerate((21, 20, 19), 1):
            note = {"note": f"第{number}次现场会：讲政策、讲流程，征集各单元的难处。"}
            at(days.at(back, "16:00"), partial(self.press, "juwei2", "comment", **note))
        at(days.at(18, "10:00"), partial(self.press, "juwei2", "split"))
        for number, step in enumerate(self._entrances()):
            at(days.at(16 - number, "10:00"), step)

    def _entrances(self) -> Iterator[Any]:
        """What each entrance has come to: agreed, agreed, asking, failed, drafting, counting."""
        ends = ("agreed", "agreed", "open", "failed", "draft", "counting")
        for number, end in enumerate(ends):
            yield partial(self._entrance, number, end)

    def _entrance(self, number: int, end: str) -> None:
        spot = self.stage.town.tree.spots[f"xinglin/court/{number // 2 + 1}/{number % 2 + 1}"]
        query = sa.select(m.Case.id).where(m.Case.parent_id == self.id, m.Case.place_id == spot.id)
        case_id = self.stage.session.execute(query).scalar_one()
        home = [home for home in self.units if home.place == spot.id]
        self.propose(Draft(f"{spot.name}方案", PLANS[number]), case_id)
        if end == "draft":
            return
        until = self.days.coming(3).isoformat()
        self.stage.press(case_id, "juwei2", "open_round", answer_by=until)
        self._later(6, partial(self._vote, case_id, home, end))
        if end == "open":
            return
        self._later(30, partial(self.stage.press, case_id, "juwei2", "close_round"))
        if end == "agreed":
            self._later(31, partial(self.stage.press, case_id, "juwei2", "declare_agreed"))
        if end == "failed":
            more = {"next_step": "两户对立管位置有意见，院委会再上门商量。"}
            failed = partial(self.stage.press, case_id, "juwei2", "declare_failed", **more)
            self._later(31, failed)

    def _vote(self, case_id: int, home: Sequence[Home], end: str) -> None:
        asked = home[:8] if end == "open" else home
        against = 5 if end == "failed" else 0
        self.evening(
            [
                (h, *(("disagree", "立管不能穿我家厨房。") if n < against else ("agree", "")))
                for n, h in enumerate(asked)
            ],
            case_id,
        )

    def _later(self, hours: int, act: Any) -> None:
        self.stage.at(self.stage.now + timedelta(hours=hours), act)
