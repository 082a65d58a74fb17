"""Decisions: taken only when the rule holds, frozen with everything that they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem, RefusedError
from app.services import cases, edge, floor
from app.services.actors import Viewer
from app.services.guests import candidates
from app.services.room import Decided, Item, Room

FURTHEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Motion:
    """A decision to be: its words, who sees to it (a party, or one of its people) by when."""

    item_id: int
    text: str
    owner_party_id: int
    due_on: date
    owner_id: int | None = None


def decide(
    session: Session, meeting_id: int, motion: Motion, *, actor: Viewer, now: datetime
) -> bool:
    """Freeze a decision with the rule, its inputs and the explanation; False when this very
    decision is there already. Raises RefusedError with each thing that is still open."""
    found = floor.enter(session, meeting_id, actor)
    item = floor.item_of(found, motion.item_id)
    text = floor.read(motion.text, "text")
    if item.decision is not None and _same(item.decision, motion, text):
        return False
    floor.still_open(item)
    _check_owner(session, found, motion, actor, now)
    if not item.verdict.allowed:
        raise RefusedError(
            *(Problem({"zh": p.text.zh, "en": p.text.en}) for p in item.verdict.points)
        )
    owner = {"owner_party_id": motion.owner_party_id, "owner_id": motion.owner_id}
    record = floor.told(
        f"{item.title}：{text}",
        f"{item.title}: {text}",
        item_id=item.id,
        due_on=motion.due_on.isoformat(),
        **owner,
    )
    cases.fire(session, meeting_id, floor.DECIDE, actor=actor, now=now, record=record)
    session.execute(
        sa.insert(m.Decision).values(
            item_id=item.id,
            text=text,
            due_on=motion.due_on,
            basis=basis(found, item),
            decided_at=now,
            decided_by_id=actor.user_id,
            **owner,
        )
    )
    return True


def _same(there: Decided, motion: Motion, text: str) -> bool:
    return (there.text, there.owner_party_id, there.owner_id, there.due_on) == (
        text,
        motion.owner_party_id,
        motion.owner_id,
        motion.due_on,
    )


def _check_owner(
    session: Session, found: Room, motion: Motion, actor: Viewer, now: datetime
) -> None:
    known = {p.id: p for p in candidates(session, actor, found.case.place_id, now=now)}
    party = known.get(motion.owner_party_id)
    problems = []
    if party is None or (
        motion.owner_id is not None
        and motion.owner_id not in {guest.user_id for guest in party.guests}
    ):
        text = {
            "zh": "请选择本地的责任方，或现在代表它的人。",
            "en": "Choose a party of this place, or somebody who acts for it now.",
        }
        problems.append(Problem(text, "owner"))
    today = edge.today(now)
    if not today <= motion.due_on <= today + FURTHEST:
        text = {
            "zh": f"完成期限须在今天（{today}）之后、十年以内。",
            "en": f"The due date must not lie before today ({today}) nor beyond ten years.",
        }
        problems.append(Problem(text, "due_on"))
    if problems:
        raise InvalidError(*problems)


def basis(found: Room, item: Item) -> dict[str, Any]:
    """All that a decision rests on, so that it can be judged again at any time."""
    rules, verdict = found.rules, item.verdict
    return {
        "rule": {
            "decision": rules.decision.value,
            "voices": rules.voices.value,
            "parties": rules.parties,
            "heads": str(rules.heads),
            "basis": found.basis,
        },
        "parties": [{"id": bench.id, "name": bench.name} for bench in found.benches],
        "heads": [
            {
                "party": seat.party_id,
                "name": seat.name,
                "present": seat.present,
                "counted": not seat.substitute,
            }
            for bench in found.benches
            for seat in bench.seats
        ],
        "positions": [
            {
                "id": spoken.id,
                "party": spoken.party_id,
                "stance": spoken.stance.value,
                "reason": spoken.reason,
                "spoken_by": spoken.spoken_by,
            }
            for spoken in item.newest.values()
        ],
        "quorum": found.quorum.detail.both(),
        "explanation": verdict.detail.both(),
    }
