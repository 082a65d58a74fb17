"""A play and a real case in PostgreSQL, moved side by side: state, data, clocks, history and
notices are the same after every step."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import channels
from app import models as m
from app.workflows.spec import FieldSpec, FieldType
from app.workflows.trials import Move
from tests.cast import Cast
from tests.twins import Pair, move


@pytest.fixture(autouse=True)
def mail() -> Iterator[None]:
    channels.use("smtp://127.0.0.1:1", "sifang@example.org")
    yield
    channels.use(None, "")


def test_a_grievance_goes_its_way_alike(session: Session, cast: Cast) -> None:
    pair = Pair(
        session,
        cast,
        "grievance",
        move(open="CommitteeStaff", form={"category": "lift", "description": "电梯停运"}),
    )
    for step in (
        {"wait": "next"},
        {"press": "reply", "as": "GridWorker", "form": {"reply": "不行"}},
        {"press": "accept", "as": "GridWorker"},
        {"press": "reply", "as": "Secretary", "form": {"reply": "已联系维保"}},
        {
            "press": "assign",
            "as": "CommitteeStaff",
            "form": {"bodies": [1, 2], "instruction": "修"},
        },
        {"wait": "3 working days"},
        {"end": "duties"},
        {"end": "duties", "how": "cancelled"},
        {"press": "take_on", "as": "GridWorker"},
        {
            "press": "ask_extension",
            "as": "GridWorker",
            "form": {"extension_days": 3, "extension_reason": "等配件"},
        },
        {"press": "grant_extension", "as": "Secretary"},
        {"wait": "next"},
        {"press": "suspend", "as": "Secretary", "form": {"wait_reason": "等雨停"}},
        {"wait": "9 days"},
        {"press": "resume", "as": "CommitteeStaff"},
        {"press": "remind", "as": "Resident", "form": {"reminder": "还没有修"}},
        {"wait": "12 working days"},
        {
            "press": "report_result",
            "as": "GridWorker",
            "form": {"result_kind": "fixed", "result": "修好了"},
        },
        {"press": "call_back", "as": "GridWorker", "form": {"callback": "satisfied"}},
        {"press": "close", "as": "Secretary"},
        {"press": "ask_reopen", "as": "Resident", "form": {"reopen_reason": "又坏了"}},
        {"press": "grant_reopen", "as": "Secretary"},
        {"press": "reply", "as": "Secretary", "form": {"reply": "再来"}},
        {"wait": "30 days"},
    ):
        pair.take(move(**step))
    assert pair.play.stage.reopened == 1


def test_a_follow_up_goes_its_way_alike(session: Session, cast: Cast) -> None:
    form = {
        "decision": "装充电桩",
        "owner": "PropertyStaff",
        "owner_party": 1,
        "due_date": "2026-03-20",
    }
    first = move(open="System", party=1, assignee="PropertyStaff", form=form)
    pair = Pair(session, cast, "followup", first)
    for step in (
        {"press": "start", "as": "PropertyStaff"},
        {"press": "start", "as": "Facilitator"},
        {"wait": "next"},
        {
            "press": "set_due_date",
            "as": "Facilitator",
            "form": {"due_date": "2026-04-03", "extend_reason": "到货晚"},
        },
        {
            "press": "set_owner",
            "as": "Secretary",
            "form": {"owner": "CouncilMember", "owner_party": 2},
        },
        {"wait": "60 days"},
        {"press": "report", "as": "CouncilMember", "form": {"result": "好了"}},
        {"wait": "next"},
        {"press": "send_back", "as": "Secretary", "form": {"flaw": "一个不通电"}},
        {"press": "report", "as": "CouncilMember", "form": {"result": "都通了"}},
        {"press": "verify", "as": "Facilitator"},
    ):
        pair.take(move(**step))
    assert pair.play.stage.ended


@pytest.mark.parametrize("seed", range(6))
def test_wherever_a_case_wanders_the_play_goes_along(
    session: Session, cast: Cast, seed: int
) -> None:
    chance = random.Random(seed)
    form = {
        "category": "leak",
        "description": "漏雨",
        "urgency": chance.choice(["normal", "urgent"]),
    }
    pair = Pair(session, cast, "grievance", move(open="CommitteeStaff", form=form))
    roles = [
        "Secretary",
        "CommitteeStaff",
        "GridWorker",
        "Subdistrict",
        "Resident",
    ]
    for _ in range(25):
        pair.take(_wandering(pair, chance, chance.choice(roles)))
    assert session.get_one(m.Case, pair.id).state == pair.play.stage.state


def _wandering(pair: Pair, chance: random.Random, role: str) -> Move:
    play = pair.play
    if any(not kid.ended for kid in play.stage.kids) and chance.random() < 0.3:
        return move(end="duties", how=chance.choice(["done", "cancelled"]))
    if chance.random() < 0.35:
        span = chance.choice(["next", "2 hours", "1 working day", "4 days"])
        if span != "next" or any(row["next_at"] for row in play.stage.rows):
            return move(wait=span)
    buttons = [c.transition for c in play.choices(play.actor(role)) if c.allowed]
    if not buttons:
        return move(wait="1 hour")
    button = chance.choice(buttons)
    values = {
        item.field: _guess(play.compiled.fields[item.field], chance)
        for item in button.form
        if item.required or chance.random() < 0.5
    }
    values = {key: value for key, value in values.items() if value is not None}
    return move(press=button.key, form=values, **{"as": role})


def _guess(field: FieldSpec, chance: random.Random) -> Any:
    kinds: dict[FieldType, Any] = {
        FieldType.TEXT: "文字",
        FieldType.LONG_TEXT: "一段文字",
        FieldType.NUMBER: chance.choice([1, 3, 9]),
        FieldType.DATE: "2026-06-01",
        FieldType.YES_NO: True,
        FieldType.PARTIES: tuple(chance.sample([1, 2, 3], 2)),
        FieldType.RATING: chance.randint(1, 5),
    }
    if field.options:
        return chance.choice(field.options).key
    return kinds.get(field.type)
