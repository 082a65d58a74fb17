"""The storm: 49 leaks in one night, each on the books of community and property company."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.services.demo.days import Days
from app.services.demo.stage import Beat, Matter, Stage

LEAKS = 49
PROPERTY, COMMITTEE = "yuyin/property", "yuyin/committee"
NIGHT, DRY, LATER = 15, 12, 2
"""Working days ago: the storm, the first dry day, and the day when the scaffolds came."""
CLOSED, LATE, REPAIRED, WORKING = 28, 30, 42, 46
"""Below these numbers: closed; taken on long ago and overdue; with the repairers; handed in to be
checked. What is left still waits for the weather."""

SPOTS = ("顶层卧室屋顶", "外窗上沿", "阳台落水管", "厨房烟道口", "客厅外墙")
MEASURES = ("清扫积水、铺接水盆", "窗台堆沙袋", "屋面苫盖塑料布", "断开受潮线路、铺塑料布")


def play(stage: Stage, days: Days) -> list[Matter]:
    return [_leak(stage, days, index) for index in range(LEAKS)]


def _leak(stage: Stage, days: Days, index: int) -> Matter:
    building, entrance = 1 + index * 5 % 28, 1 + index % 4
    spot = f"{building}号楼{entrance}单元{5 - index % 2}0{1 + index % 2}"
    matter = Matter(
        f"yuyin/main/{building}",
        f"台风漏雨：{spot}",
        f"{SPOTS[index % len(SPOTS)]}漏雨，单元群里报来。",
        "leak",
        address=spot,
        source="chat",
        by=("wangge", "juwei")[index % 2],
        urgent=True,
    )
    night = days.at(NIGHT, "19:30") + timedelta(minutes=2 * index)
    beats = _night(days, night, index)
    if index < WORKING:
        back = DRY if index < LATE else LATER
        beats += _handed_out(stage, days.at(back, "09:00") + timedelta(minutes=index))
    if index < CLOSED:
        beats += _repaired(days.at(DRY - 1 - index % 3, "14:00") + timedelta(minutes=index))
        beats += _closed(days.at(DRY - 2 - index % 3, "09:00") + timedelta(minutes=index), index)
    elif REPAIRED <= index < WORKING:
        beats += _repaired(days.at(1, "15:30") + timedelta(minutes=index))
    return stage.tell(matter, night, beats)


def _night(days: Days, night: datetime, index: int) -> list[Beat]:
    """Emergency measures at once; lasting repair waits until after the rain."""

    def after(minutes: int) -> datetime:
        return night + timedelta(minutes=minutes)

    measure = MEASURES[index % len(MEASURES)]
    wait = {
        "wait_reason": "应急措施已到位，雨停、屋面干透后再做防水修补。",
        "wait_until": days.day(DRY if index < LATE else LATER).isoformat(),
    }
    return [
        Beat(after(6), "juwei", "accept"),
        Beat(after(40), "juwei", "set_urgency", {"urgency": "normal"}),
        Beat(
            after(44),
            ("shuji", "juwei")[index % 2],
            "reply",
            {"reply": "已登记，社区和物业各记一份。今晚先做应急处置，雨后统一修。"},
        ),
        Beat(after(48), "juwei", "suspend", wait),
        Beat(after(55), "wangge", "record_attempt", {"attempt": f"应急处置：{measure}。"}),
    ]


def _handed_out(stage: Stage, at: datetime) -> list[Beat]:
    """Dual registration: one duty for the property company, one for the committee."""
    task = {
        "bodies": stage.bodies(PROPERTY, COMMITTEE),
        "instruction": "双登记：物业修补防水，居委会逐户核对，双方都销号才算办结。",
    }
    return [
        Beat(at, "wangge", "resume"),
        Beat(at + timedelta(minutes=50), "juwei", "assign", task),
        Beat(at + timedelta(minutes=95), "wuye", "take_on", of=PROPERTY),
        Beat(at + timedelta(minutes=96), "juwei", "take_on", of=COMMITTEE),
    ]


def _repaired(at: datetime) -> list[Beat]:
    return [
        Beat(
            at,
            "wuye",
            "report",
            {"result": "屋面防水已修补，做淋水试验不再渗漏。"},
            of=PROPERTY,
            photo=("photos", "修补后"),
        )
    ]


def _closed(at: datetime, index: int) -> list[Beat]:
    def after(minutes: int) -> datetime:
        return at + timedelta(minutes=minutes)

    beats = [
        Beat(
            at,
            "juwei",
            "report",
            {"result": "已入户核对，住户确认不再漏雨。"},
            of=COMMITTEE,
            photo=("photos", "入户核对"),
        ),
        Beat(after(30), "wangge", "accept_result", of=PROPERTY),
        Beat(after(31), "wangge", "accept_result", of=COMMITTEE),
        Beat(
            after(60),
            "wangge",
            "report_result",
            {"result_kind": "fixed", "result": "双登记两边都已销号。"},
        ),
        Beat(after(300), "juwei", "call_back", {"callback": "satisfied"}),
        Beat(after(305), "shuji", "close"),
    ]
    if index % 3:
        beats.append(Beat(after(620), "resident", "rate", {"stars": 5 - index % 2}))
    return beats
