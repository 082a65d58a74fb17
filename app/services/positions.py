"""What each party says about an item: versions on the record, nothing ever overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError, Problem
from app.models import Stance
from app.services import cases, floor
from app.services.actors import Viewer
from app.services.attendance import Bench
from app.services.quorum import STANCES
from app.services.room import Spoken


@dataclass(frozen=True, slots=True)
class Statement:
    """A party's position to be recorded. ``seen`` is the id of the position that the person had
    before their eyes (0: none); None when it doesn't matter."""

    item_id: int
    party_id: int
    stance: Stance
    seat_id: int
    reason: str = ""
    seen: int | None = None


def record_position(
    session: Session, meeting_id: int, said: Statement, *, actor: Viewer, now: datetime
) -> bool:
    """Record what a party says about an item, as a new version; False when it is what it said
    last. Raises InvalidError (who speaks, a reason is missing), ConflictError (somebody else
    recorded something meanwhile)."""
    found = floor.enter(session, meeting_id, actor)
    item = floor.item_of(found, said.item_id)
    floor.still_open(item)
    bench = floor.bench_of(found, said.party_id)
    speaker = next((seat for seat in bench.there if seat.id == said.seat_id), None)
    if speaker is None:
        text = {
            "zh": f"请选择为“{bench.name}”签到在场的发言人。",
            "en": f"Choose who speaks: somebody who is checked in for “{bench.name}”.",
        }
        raise InvalidError(Problem(text, "seat"))
    needs = said.stance is not Stance.AGREE
    reason = floor.read(said.reason, "reason", least=int(needs), most=2000)
    latest = item.newest.get(bench.id)
    if latest and (latest.stance, latest.reason, latest.spoken_by) == (
        said.stance,
        reason,
        speaker.name,
    ):
        return False
    if said.seen is not None and said.seen != (latest.id if latest else 0):
        raise _overtaken(bench, latest)
    values = {
        "item_id": item.id,
        "party_id": bench.id,
        "stance": said.stance,
        "reason": reason,
        "spoken_by": speaker.name,
    }
    word = STANCES[said.stance]
    zh, en = (f"：{reason}", f": {reason}") if reason else ("", "")
    record = floor.told(
        f"{item.title} — {bench.name}：{word.zh}（{speaker.name}）{zh}",
        f"{item.title} — {bench.name}: {word.en} ({speaker.name}){en}",
        **{**values, "stance": said.stance.value, "seat": speaker.id},
    )
    cases.fire(session, meeting_id, floor.RECORD_POSITION, actor=actor, now=now, record=record)
    if latest is not None:
        older = sa.update(m.Position).where(m.Position.id == latest.id).values(latest=False)
        session.execute(older)
    session.execute(
        sa.insert(m.Position).values(**values, recorded_by_id=actor.user_id, at=now, latest=True)
    )
    return True


def _overtaken(bench: Bench, latest: Spoken | None) -> ConflictError:
    by = latest.recorded_by if latest else ""
    return ConflictError(
        Problem(
            {
                "zh": f"{by}刚刚记下了“{bench.name}”的另一个表态，请看过后再记。",
                "en": f"{by} has just recorded another position of “{bench.name}”: look at it "
                "first.",
            }
        )
    )
