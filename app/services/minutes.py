"""The minutes: composed from what was recorded, with a reference that a printed copy is checked by.

The digest covers ids and the words that were recorded, nothing that may be renamed afterwards and
nothing that depends on the language or on who is looking.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.services.attendance import Seat
from app.services.room import Item, Room, Spoken


@dataclass(frozen=True, slots=True)
class Minutes:
    """``digest`` is the SHA-256 (hex) of ``content`` as canonical JSON."""

    content: dict[str, Any]
    digest: str

    @property
    def reference(self) -> str:
        """The digest's beginning in groups of four, as it is printed and read aloud."""
        short = self.digest[:16]
        return "-".join(short[i : i + 4] for i in range(0, len(short), 4))


def compose(found: Room) -> Minutes:
    """The minutes of a meeting as it stands."""
    content = {
        "meeting": found.case.id,
        "number": found.case.number,
        "title": found.case.title,
        "place": found.case.place_id,
        "scheduled_at": _instant(found.scheduled_at),
        "room": found.room,
        "rule": {
            "parties": found.rules.parties,
            "heads": str(found.rules.heads),
            "decision": found.rules.decision.value,
            "voices": found.rules.voices.value,
            "basis": found.basis,
        },
        "summary": found.case.data.get("minutes") or "",
        "parties": [
            {"party": bench.id, "heads": [_head(seat) for seat in bench.seats]}
            for bench in found.benches
        ],
        "items": [_item(item) for item in found.items],
    }
    return Minutes(content, digest(content))


def digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def _head(seat: Seat) -> dict[str, Any]:
    return {
        "name": seat.name,
        "substitute": seat.substitute,
        "stays": [[_instant(came), _instant(left)] for came, left in seat.stays],
    }


def _item(item: Item) -> dict[str, Any]:
    decision = item.decision
    return {
        "id": item.id,
        "position": item.position,
        "title": item.title,
        "text": item.text,
        "case": item.case.id if item.case else None,
        "positions": [_said(spoken) for spoken in item.spoken],
        "adjourned": [_instant(item.adjourned_at), item.adjourned_why],
        "decision": None
        if decision is None
        else {
            "id": decision.id,
            "text": decision.text,
            "owner_party": decision.owner_party_id,
            "owner": decision.owner_id,
            "due_on": decision.due_on.isoformat() if decision.due_on else None,
            "decided_at": _instant(decision.decided_at),
            "decided_by": decision.decided_by_id,
        },
    }


def _said(spoken: Spoken) -> dict[str, Any]:
    return {
        "id": spoken.id,
        "party": spoken.party_id,
        "stance": spoken.stance.value,
        "reason": spoken.reason,
        "spoken_by": spoken.spoken_by,
        "recorded_by": spoken.recorded_by_id,
        "at": _instant(spoken.at),
    }
