"""What a move to another version did to a case: as it is kept with the event, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.services import edge
from app.workflows import rounds
from app.workflows.spec import FieldSpec, FieldType
from app.workflows.transfer import Fate, Turned

Words = dict[str, str]
LONGEST = 60
"""Of a value that is quoted; all of it stays in the event."""
_QUOTED = frozenset(
    {
        FieldType.TEXT,
        FieldType.LONG_TEXT,
        FieldType.NUMBER,
        FieldType.MONEY,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.CHOICE,
        FieldType.CHOICES,
    }
)
"""Values that may be read by all who see the case; of the others only the name is said."""

_DONE: dict[Fate, Words] = {
    "keep": {"zh": "保留原期限 {after}", "en": "keeps its time, due {after}"},
    "restart": {
        "zh": "重新计时，由 {before} 改为 {after}",
        "en": "begins anew, due {after} instead of {before}",
    },
    "shift": {
        "zh": "按新时限从原起点计算，由 {before} 改为 {after}",
        "en": "counted anew from its start, due {after} instead of {before}",
    },
    "stop": {"zh": "停止计时：{reason}", "en": "stops: {reason}"},
    "start": {"zh": "开始计时，{after} 到期", "en": "begins, due {after}"},
}
_PAUSED: dict[Fate, Words] = {
    "keep": {"zh": "保留原期限，现在暂停", "en": "keeps its time; it is paused"},
    "restart": {"zh": "重新计时，现在暂停", "en": "begins anew; it is paused"},
    "shift": {
        "zh": "按新时限从原起点计算，现在暂停",
        "en": "counted anew from its start; it is paused",
    },
    "start": {"zh": "开始计时，现在暂停", "en": "begins; it is paused"},
}
_OPEN = {"zh": "暂停中", "en": "paused"}


def due(row: Mapping[str, Any] | None) -> datetime | None:
    return None if row is None else rounds.instant(row["due_at"])


def turns_late(turned: Turned, now: datetime) -> bool:
    """It is overdue by the move, and wasn't before."""
    if turned.tick.fate == "stop" or _was_late(turned, now):
        return False
    after = due(turned.row)
    return after is not None and after <= now


def is_relieved(turned: Turned, now: datetime) -> bool:
    """It was overdue, and no longer is."""
    if turned.tick.fate == "stop" or not _was_late(turned, now):
        return False
    after = due(turned.row)
    return after is None or after > now


def _was_late(turned: Turned, now: datetime) -> bool:
    if turned.before is None:
        return False
    before = due(turned.before)
    return turned.before["breached_at"] is not None or (before is not None and before <= now)


def label(turned: Turned) -> Words:
    """What the deadline is called, in the new version where that knows it."""
    found: Words = turned.row.get("label") or {"zh": turned.tick.key, "en": turned.tick.key}
    return found


def entry(turned: Turned) -> dict[str, Any]:
    """A clock in the event's record."""
    before, after = due(turned.before), due(turned.row)
    stopped = turned.tick.fate == "stop"
    return {
        "key": turned.tick.key,
        "action": turned.tick.fate,
        "round": turned.row["round"],
        "before": before and before.isoformat(),
        "after": None if stopped or after is None else after.isoformat(),
        "reason": turned.tick.reason.both(),
    }


def lost(
    fields: Mapping[str, FieldSpec], data: Mapping[str, Any], keys: Iterable[str]
) -> list[Words]:
    """The values that the new version doesn't take, each with the name of its field."""
    order = {key: index for index, key in enumerate(fields)}
    ordered = sorted(keys, key=lambda key: order.get(key, len(order)))
    return [_quoted(fields.get(key), key, data.get(key)) for key in ordered]


def _quoted(field: FieldSpec | None, key: str, value: Any) -> Words:
    if field is None:
        return {"zh": key, "en": key}
    if field.type not in _QUOTED or value is None:
        return field.label.both()
    options = {option.key: option.label for option in field.options}
    chosen = value if isinstance(value, list | tuple) else [value]
    found = {}
    for language, colon, comma in (("zh", "：", "、"), ("en", ": ", ", ")):
        texts = [options[v].text(language) if v in options else str(v) for v in chosen]
        quoted = comma.join(texts)
        short = quoted if len(quoted) <= LONGEST else f"{quoted[:LONGEST]}…"
        found[language] = f"{field.label.text(language)}{colon}{short}"
    return found


def of_clock(turned: Turned) -> Words:
    """``“Work” begins anew, due 2026-11-23 10:30 instead of …``."""
    before = edge.shown(due(turned.before))
    after = "" if turned.tick.fate == "stop" else edge.shown(due(turned.row))
    found = {}
    said = _DONE[turned.tick.fate] if after else _PAUSED.get(turned.tick.fate, _DONE["stop"])
    for language, (left, right) in {"zh": ("“", "”"), "en": ("“", "” ")}.items():
        words = said[language].format(
            before=before or _OPEN[language],
            after=after or _OPEN[language],
            reason=turned.tick.reason.text(language),
        )
        name = label(turned).get(language) or label(turned)["zh"]
        found[language] = f"{left}{name}{right}{words}"
    return found


def summary(clocks: Sequence[Turned], missing: Sequence[Words] = ()) -> Words:
    """What changes but the state: clocks that don't just go on, and values left behind."""
    parts = [of_clock(turned) for turned in clocks if not _goes_on(turned)]
    if missing:
        parts.append(
            {
                "zh": f"新版没有的内容：{'、'.join(w['zh'] for w in missing)}",
                "en": f"Not in the new version: {', '.join(w['en'] for w in missing)}",
            }
        )
    return {"zh": "；".join(p["zh"] for p in parts), "en": "; ".join(p["en"] for p in parts)}


def _goes_on(turned: Turned) -> bool:
    return (
        turned.tick.fate == "keep"
        and turned.tick.turn is None
        and turned.before is not None
        and due(turned.before) == due(turned.row)
    )


def told(reason: str, clocks: Sequence[Turned], missing: Sequence[Words]) -> Words:
    """For the history of the case: why, and what changed by it."""
    rest = summary(clocks, missing)
    return {
        "zh": f"原因：{reason}" + (f"。{rest['zh']}" if rest["zh"] else ""),
        "en": f"Reason: {reason}" + (f". {rest['en']}" if rest["en"] else ""),
    }
