"""What every recording in a meeting begins with: the meeting, locked, and what it is about.

The events of EVENTS are stay-transitions of the workflow: they say who may record what, in which
states. Texts are read here too: trimmed, of bounded length, free of control characters.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy.orm import Session

from app.errors import ConflictError, InvalidError, MissingError, Problem
from app.services import edge, room, rows
from app.services.actors import Viewer
from app.services.attendance import Bench, Seat
from app.services.providers import own
from app.services.room import Item, Room

CHECK_IN, CHECK_OUT = "check_in", "check_out"
ADD_ITEM, ADJOURN_ITEM = "add_item", "adjourn_item"
RECORD_POSITION, DECIDE = "record_position", "decide"
RESCHEDULE, INVITE = "reschedule", "invite"
EVENTS = (
    RESCHEDULE,
    INVITE,
    CHECK_IN,
    CHECK_OUT,
    ADD_ITEM,
    RECORD_POSITION,
    ADJOURN_ITEM,
    DECIDE,
)
own("meeting", *EVENTS)

LONGEST = 5000


def enter(session: Session, meeting_id: int, actor: Viewer) -> Room:
    """The meeting, locked: two people at two devices write one after the other."""
    return room.load(session, rows.load(session, meeting_id, actor, lock=True), actor)


def seat_of(found: Room, seat_id: int) -> Seat:
    seat = found.seat(seat_id)
    if seat is None:
        text = {"zh": "这个会议没有这个人。", "en": "This meeting has no such person."}
        raise MissingError(Problem(text, "seat"))
    return seat


def bench_of(found: Room, party_id: int) -> Bench:
    bench = next((bench for bench in found.benches if bench.id == party_id), None)
    if bench is None:
        text = {"zh": "请选择受邀的一方。", "en": "Choose one of the invited parties."}
        raise InvalidError(Problem(text, "party"))
    return bench


def item_of(found: Room, item_id: int) -> Item:
    item = found.item(item_id)
    if item is None:
        text = {"zh": "这个会议没有这个议题。", "en": "This meeting has no such item."}
        raise MissingError(Problem(text, "item"))
    return item


def still_open(item: Item) -> None:
    if item.decision is not None:
        by, at = item.decision.decided_by, edge.shown(item.decision.decided_at)
        text = {
            "zh": f"“{item.title}”已由{by}于 {at} 记下决议，不能再改。",
            "en": f"“{item.title}” was decided (recorded by {by}, {at}) and can't be changed.",
        }
        raise ConflictError(Problem(text))
    if item.adjourned_at is not None:
        text = {
            "zh": f"“{item.title}”已延期再议：{item.adjourned_why}",
            "en": f"“{item.title}” was put off: {item.adjourned_why}",
        }
        raise ConflictError(Problem(text))


def told(zh: str, en: str, **rest: Any) -> dict[str, Any]:
    """What an event keeps of a recording: a line for the history, and the bare facts."""
    return {"text": {"zh": zh, "en": en}, **rest}


def read(value: str, field: str, *, least: int = 1, most: int = LONGEST, called: str = "") -> str:
    """The text as it is kept. Raises InvalidError that names ``field``, with the words of
    ``called`` where the form calls it otherwise."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    zh, en = _CALLED[called or field]
    if len(text) < least:
        raise InvalidError(Problem({"zh": f"请填写{zh}。", "en": f"Give {en}."}, field))
    if len(text) > most:
        problem = {
            "zh": f"{zh}最多 {most} 个字，现有 {len(text)} 个。",
            "en": f"{en.capitalize()} may have {most} characters, now it has {len(text)}.",
        }
        raise InvalidError(Problem(problem, field))
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        problem = {
            "zh": f"{zh}含有不能保存的控制字符。",
            "en": f"{en.capitalize()} holds control characters that can't be kept.",
        }
        raise InvalidError(Problem(problem, field))
    return text


_CALLED = {
    "basis": ("规则依据", "the basis of the rule"),
    "room": ("地点", "the room"),
    "name": ("姓名", "the name"),
    "title": ("标题", "the title"),
    "topic": ("议题", "the item"),
    "text": ("内容", "the text"),
    "why": ("延期的原因", "the reason"),
    "reason": ("理由", "the reason"),
}
