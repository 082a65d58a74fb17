"""Everyday matters of the last three months in every community: what the figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services.demo.days import Days
from app.services.demo.stage import Beat, Matter, Stage
from app.services.demo.town import COMMUNITIES

OLDEST = 58
"""Working days back to the first of them."""
STEP = {"yuyin": 3, "xinglin": 5, "wangchao": 4, "shiqiao": 6}
"""Working days from one matter to the next."""
STARS = (5, 4, 5, 5, 3, 5, 4, 2, 5)
LATE, TARDY, GIVEN = 7, 11, 3
"""Every so manieth is resolved late, is answered late, is given to the property company."""
SUBJECTS = (
    ("lift", "电梯按键不灵", "二层按键按几次才亮。"),
    ("leak", "楼道顶棚渗水", "下雨后楼道顶棚有水渍。"),
    ("sanitation", "垃圾桶没有及时清运", "垃圾满了两天，有异味。"),
    ("parking", "消防通道停车", "晚上有车停在消防通道上。"),
    ("noise", "楼上装修时间太早", "早上七点就开始敲墙。"),
    ("water", "水龙头出水发黄", "早上放水，头几分钟是黄的。"),
    ("facilities", "单元门关不严", "闭门器坏了，风大时来回撞。"),
    ("neighbours", "楼道堆放杂物", "邻居的纸箱占了半边楼道。"),
    ("other", "想了解居住证怎么办理", "老家亲戚来住，不知道要带什么材料。"),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One matter: which number of which community, and on which working day."""

    community: str
    number: int
    back: int

    def login(self, name: str) -> str:
        place = list(COMMUNITIES).index(self.community) + 1
        return name if place == 1 else f"{name}{place}"

    @property
    def late(self) -> bool:
        return self.number % LATE == LATE - 1

    @property
    def tardy(self) -> bool:
        return self.number % TARDY == TARDY - 1


def play(stage: Stage, days: Days) -> None:
    for community, step in STEP.items():
        backs = range(OLDEST, -1, -step)
        for number, back in enumerate(backs):
            _matter(stage, days, _Plan(community, number, back))


def _matter(stage: Stage, days: Days, plan: _Plan) -> None:
    estates = COMMUNITIES[plan.community][1]
    estate = estates[plan.number % len(estates)]
    building = 1 + plan.number * 3 % estate.buildings
    category, title, text = SUBJECTS[plan.number * 4 % len(SUBJECTS)]
    spot = f"{building}号楼{1 + plan.number % estate.entrances}单元"
    matter = Matter(
        f"{plan.community}/{estate.key}/{building}",
        f"{spot}{title}" if category != "other" else title,
        text,
        category,
        address=spot,
        source=("web", "phone", "chat", "visit")[plan.number % 4],
        by="" if plan.number % 4 == 0 else plan.login("juwei"),
    )
    begin = days.at(plan.back, "09:05") + timedelta(minutes=plan.number * 23 % 240)
    stage.tell(matter, begin, _beats(stage, days, plan, begin))


def _beats(stage: Stage, days: Days, plan: _Plan, begin: datetime) -> list[Beat]:
    """What happens after the end of the demo is left out: the newest are still open."""

    def on(after: int, clock: str) -> datetime:
        """That many working days after it began; of what lies ahead the day doesn't matter."""
        if after > plan.back:
            return stage.end + timedelta(days=after)
        return days.at(plan.back - after, clock) + timedelta(minutes=plan.number % 30)

    juwei, shuji = plan.login("juwei"), plan.login("shuji")
    reply = on(2, "10:00") if plan.tardy else begin + timedelta(minutes=35)
    beats = [
        Beat(begin + timedelta(minutes=8), juwei, "accept"),
        Beat(reply, shuji, "reply", {"reply": "收到，我们安排人员到场查看。"}),
    ]
    done = on(8, "15:00") if plan.late else on(3, "15:00")
    beats += _handled(stage, plan, reply, done, plan.number % GIVEN == 0)
    result = {"result_kind": "fixed", "result": "已到场处理，现场恢复正常。"}
    told = done + timedelta(days=1)
    beats += [
        Beat(done, juwei, "report_result", result),
        Beat(told, juwei, "call_back", {"callback": "satisfied"}),
        Beat(told + timedelta(minutes=10), shuji, "close"),
    ]
    if plan.number % 4 != 1:
        stars = {"stars": STARS[plan.number % len(STARS)]}
        beats.append(Beat(told + timedelta(hours=5), "resident", "rate", stars))
    return beats


def _handled(stage: Stage, plan: _Plan, reply: datetime, done: datetime, given: bool) -> list[Beat]:
    """Who does it: the community itself, or the property company by a part of its own."""
    if not given:
        return [Beat(reply + timedelta(minutes=50), plan.login("juwei"), "take_on")]
    party, wuye = f"{plan.community}/property", plan.login("wuye")
    sent = reply + timedelta(minutes=20)
    form = {"bodies": stage.bodies(party), "instruction": "请三个工作日内处理并回报。"}
    taken = sent + timedelta(hours=26 if plan.number % 9 == 0 else 1)
    handed = done - timedelta(hours=3)
    return [
        Beat(sent, plan.login("shuji"), "assign", form),
        Beat(taken, wuye, "take_on", of=party),
        Beat(handed, plan.login("juwei"), "report_for", {"result": "已维修。"}, of=party),
        Beat(handed + timedelta(hours=2), plan.login("juwei"), "accept_result", of=party),
    ]
