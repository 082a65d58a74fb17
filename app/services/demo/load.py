"""Load: so many communities and cases, with the history that the services would have written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from sqlalchemy.orm import Session

from app.services import chain, edge
from app.services.actors import hashed
from app.services.demo import bulk, names, records, wards
from app.services.demo.days import Days
from app.services.demo.gaps import TITLE
from app.services.demo.records import COLUMNS, Print, Record
from app.services.demo.stage import Beat, Matter, Stage
from app.services.demo.town import Town
from app.services.demo.wards import Ward
from app.services.search import bigrams

FILE = Path(__file__).parent / "stories" / "herd.yaml"
CHUNK = 4000
"""Cases that are written at a time."""
WEEKS, MINUTES = 48, 12
"""A past case lies up to so many weeks before its pattern, any case so many minutes."""
OPENED = ("0 08:05", "1 09:15", "1 15:20", "2 10:40", "3 14:10", "4 09:50", "6 16:05", "9 11:15")
"""When open cases began: working days back, time."""
ENDED = ("12 09:25", "14 14:35")
FORMS: dict[str, Mapping[str, Any]] = {
    "reply": {"reply": "收到，马上安排。"},
    "assign": {"instruction": "请三日内处理。"},
    "report_for": {"result": "已处理。"},
    "report_result": {"result_kind": "fixed", "result": "已处理完毕，现场核实。"},
    "call_back": {"callback": "satisfied"},
    "rate": {"stars": 5},
    "reject": {"reject_reason": "不属于社区管辖，已告知办理渠道。"},
    "withdraw": {"withdraw_reason": "已自行解决。"},
}
SUBJECTS = (
    "楼道灯不亮",
    "下水道堵塞",
    "电梯异响",
    "垃圾清运不及时",
    "邻居装修噪音",
    "消防通道停车",
    "门禁失灵",
    "屋顶渗水",
    "路面破损",
    "暖气不热",
    "树枝遮挡窗户",
    "楼道堆物",
)
SPOTS = (
    "门厅",
    "地下室",
    "三层平台",
    "北侧通道",
    "自行车棚",
    "东门岗亭",
    "中心花园",
    "配电间",
    "西侧围墙",
    "顶层走廊",
    "信报箱旁",
    "晾衣场",
    "水泵房",
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """``records``: the same done at several moments."""

    often: int
    past: bool
    records: tuple[Record, ...]

    @property
    def size(self) -> int:
        return len(self.records[0].rows["case"])


def load(
    session: Session, *, communities: int, cases: int, now: datetime, unfinished: int | None = None
) -> dict[str, Any]:
    """Write them in a district of their own; flushes. Children count as cases. ``unfinished`` of
    them are still open, one in twenty unless it is said; these come last."""
    made, town = wards.build(session, communities, edge.today(now))
    still = cases // 20 if unfinished is None else min(unfinished, cases)
    written = 0
    if cases:
        herd = _Herd(_patterns(session, town, made[0], now), made, now)
        for total, past in ((cases - still, True), (cases, False)):
            while written < total:
                written += herd.write(session, min(CHUNK, total - written), past=past)
    return {"communities": communities, "cases": written, "login": _login(session, made[0])}


def _login(session: Session, ward: Ward) -> str:
    user_id = ward.people["shuji"][0]
    query = sa.text("SELECT username FROM ab_user WHERE id = :id")
    return str(session.scalar(query, {"id": user_id}))


# --- patterns -------------------------------------------------------------------------------------


def _patterns(session: Session, town: Town, ward: Ward, now: datetime) -> list[Pattern]:
    days = Days(now)
    found = []
    for pattern in yaml.safe_load(FILE.read_text("utf-8")):
        moments = [
            days.at(int(b), c) for b, c in map(str.split, ENDED if pattern["past"] else OPENED)
        ]
        begins = [moment for moment in moments if moment < now - timedelta(hours=3)]
        kept = tuple(
            _record(session, Stage(session, town, Path(), now), pattern, ward, at) for at in begins
        )
        found.append(Pattern(pattern["often"], pattern["past"], kept))
    return found


def _record(
    session: Session, stage: Stage, pattern: Mapping[str, Any], ward: Ward, at: datetime
) -> Record:
    """Play it, read it back, and undo it."""
    undo = session.begin_nested()
    matter = Matter(f"{ward.key}/c0/1", TITLE, "情况见标题。", "facilities", source="chat")
    stage.tell(matter, at, [_beat(stage, at, text) for text in pattern["beats"]])
    stage.play()
    found = records.read(session, matter.id, ward)
    undo.rollback()
    return found


def _beat(stage: Stage, begin: datetime, text: str) -> Beat:
    minutes, who, event, *of = text.split()
    form = dict(FORMS.get(event, {}))
    if event == "assign":
        form["bodies"] = stage.bodies("property")
    at = begin + timedelta(minutes=int(minutes))
    return Beat(at, who, event, form, of=of[0].removeprefix("@") if of else "")


# --- the herd -------------------------------------------------------------------------------------


class _Herd:
    """Writes cases chunk by chunk; which pattern, where and when follows from their number."""

    def __init__(self, patterns: Sequence[Pattern], made: Sequence[Ward], now: datetime) -> None:
        self.patterns, self.wards, self.now = patterns, made, now
        self.turns = {
            past: [n for n, p in enumerate(patterns) for _ in range(p.often) if p.past is past]
            for past in (True, False)
        }
        self.number = 0
        self.print = lru_cache(maxsize=None)(self._print)
        self.people = [_people(ward) for ward in made]

    def write(self, session: Session, count: int, *, past: bool) -> int:
        """``count`` cases: where a pattern with a child doesn't fit in, another is taken."""
        chosen: list[tuple[int, Print]] = []
        total = 0
        while total < count:
            number, print_ = self._choose(count - total, past=past)
            chosen.append((number, print_))
            total += len(print_.titles)
        sources = _Numbers.reserve(session, total, sum(p.clocks for _, p in chosen))
        lines: dict[str, list[str]] = {name: [] for name in COLUMNS}
        for number, print_ in chosen:
            gaps = self._gaps(number, print_, sources)
            for case, seq, sealed, line in print_.events:
                after = chain.digest(sealed % gaps, gaps[f"b{case}_{seq - 1}"])
                gaps[f"b{case}_{seq}"], gaps[f"h{case}_{seq}"] = after, _hex(after)
                lines["event"].append(line % gaps)
            for name, line in print_.lines:
                lines[name].append(line % gaps)
        for name, found in lines.items():
            bulk.stream(session, name, COLUMNS[name], found)
        return total

    def _choose(self, room: int, *, past: bool) -> tuple[int, Print]:
        while True:
            self.number += 1
            number = self.number
            # the strides have no factor in common with what they choose from
            turns = self.turns[past]
            index = turns[number * 37 % len(turns)]
            pattern = self.patterns[index]
            if pattern.size <= room:
                weeks = number * 11 % WEEKS if past else 0
                record = number * 7 % len(pattern.records)
                return number, self.print(index, record, weeks, number * 5 % MINUTES)

    def _print(self, index: int, record: int, weeks: int, minutes: int) -> Print:
        shift = -timedelta(weeks=weeks, minutes=minutes)
        return self.patterns[index].records[record].print(shift, self.now)

    def _gaps(self, number: int, print_: Print, sources: _Numbers) -> dict[str, Any]:
        """What belongs into the gaps of one case."""
        turn, where = divmod(number, len(self.wards))
        houses = self.wards[where].houses
        spot = houses[turn % len(houses)]
        address = f"{spot.name}{1 + number % 4}单元"
        gaps = {
            **self.people[where],
            "pl": spot.id,
            "pn": spot.name,
            "title": f"{address}{SPOTS[turn * 7 % len(SPOTS)]}{SUBJECTS[turn % len(SUBJECTS)]}",
            "address": address,
            "reporter": names.full(number),
            "phone": names.phone(number),
        }
        for case, (prefix, title) in enumerate(print_.titles):
            case_id, figure = next(sources.cases), f"{prefix}-{next(sources.figures):06d}"
            found = bigrams(figure, title % gaps, *(() if case else (address, spot.name)))
            gaps[f"c{case}"], gaps[f"n{case}"] = case_id, figure
            gaps[f"w{case}"] = " ".join(f"'{pair}'" for pair in found)
            gaps[f"b{case}_0"], gaps[f"h{case}_0"] = b"", _hex(b"")
        gaps["token"] = hashed(f"load:{gaps['c0']}")
        for clock in range(print_.clocks):
            gaps[f"k{clock}"] = next(sources.clocks)
        return gaps


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Reserved ids of a chunk."""

    cases: Iterator[int]
    clocks: Iterator[int]
    figures: Iterator[int]

    @classmethod
    def reserve(cls, session: Session, cases: int, clocks: int) -> _Numbers:
        query = sa.text("SELECT nextval('case_number') FROM generate_series(1, :count)")
        return cls(
            iter(bulk.reserve(session, "case", cases)),
            iter(bulk.reserve(session, "clock", clocks)),
            iter(session.scalars(query, {"count": cases}).all()),
        )


def _hex(value: bytes) -> str:
    """As COPY reads bytes."""
    return f"\\\\x{value.hex()}"


def _people(ward: Ward) -> dict[str, Any]:
    """What is the same for all cases of a community."""
    found: dict[str, Any] = {}
    for key, (user_id, name) in ward.people.items():
        found |= {f"u_{key}": user_id, f"un_{key}": name}
    for key, (party_id, name) in ward.parties.items():
        found |= {f"p_{key}": party_id, f"pn_{key}": name}
    return found
