"""An evening from door to door: many visits at once, as ``opinions.record`` writes each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.models import EventKind, Opinion, RollUnit
from app.services import ledger, opinions, rows, schemes
from app.services.actors import Viewer
from app.services.demo import bulk
from app.services.demo.stage import Stage
from app.services.ledger import Told
from app.services.opinions import VOICES
from app.services.providers import CaseRow
from app.services.tally import VOTES
from app.workflows.spec import Label

_COLUMNS = (
    "id",
    "consultation_id",
    "head_id",
    "unit_id",
    "round",
    "scheme_id",
    "voice",
    "counts",
    "household",
    "reason",
    "next_visit",
    "visited_by_id",
    "at",
    "latest",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One door: what was said there. ``household`` names one of several in a shared flat."""

    at: datetime
    unit_id: int
    voice: str
    household: str = ""
    reason: str = ""
    next_visit: date | None = None

    @property
    def counts(self) -> bool:
        return self.voice in VOTES and not self.household


def visit(stage: Stage, case_id: int, login: str, calls: Iterable[Call]) -> None:
    """Record ``calls``, in the order of time; later votes of a head take the place of earlier."""
    session, actor = stage.session, stage.who(login)
    made = sorted(calls, key=lambda call: call.at)
    case = rows.load(session, case_id, actor, lock=True)
    consultation = opinions.open_round(session, case_id)
    scheme = schemes.current(session, case_id)
    units = {
        unit.unit_id: unit
        for unit in session.scalars(sa.select(RollUnit).where(RollUnit.consultation_id == case_id))
    }
    last = {units[call.unit_id].head_id: call for call in made if call.counts}
    session.execute(
        sa.update(Opinion)
        .where(Opinion.head_id.in_(last), Opinion.latest, Opinion.counts)
        .values(latest=False)
    )
    ids = bulk.reserve(session, "opinion", len(made))
    fixed = (consultation.round, scheme.id if scheme else None)
    bulk.copy(
        session,
        "opinion",
        _COLUMNS,
        (
            _row(case_id, opinion_id, call, units[call.unit_id], fixed, actor, last)
            for opinion_id, call in zip(ids, made, strict=True)
        ),
    )
    ledger.append(session, _events(stage, case, zip(ids, made, strict=True), units, actor))


def _row(  # noqa: PLR0913  a row has that many parts
    case_id: int,
    opinion_id: int,
    call: Call,
    unit: RollUnit,
    fixed: tuple[int, int | None],
    actor: Viewer,
    last: dict[int, Call],
) -> Sequence[Any]:
    latest = call.counts and last[unit.head_id] is call
    said = (call.voice, call.counts, call.household, call.reason, call.next_visit)
    return (
        *(opinion_id, case_id, unit.head_id, unit.unit_id, *fixed),
        *(*said, actor.user_id, call.at, latest),
    )


def _events(
    stage: Stage,
    case: CaseRow,
    made: Iterable[tuple[int, Call]],
    units: dict[int, RollUnit],
    actor: Viewer,
) -> list[Told]:
    label, state = stage.words(case, opinions.EVENT)
    return [
        Told.of(
            case,
            rows.record(
                kind=EventKind.NOTED,
                event=opinions.EVENT,
                label=_both(label),
                places=(case.state, case.state, _both(state)),
                actor=actor,
                now=call.at,
                data={"record": _told(opinion_id, call, units[call.unit_id])},
            ),
        )
        for opinion_id, call in made
    ]


def _told(opinion_id: int, call: Call, unit: RollUnit) -> dict[str, Any]:
    words = VOICES[call.voice]
    zh, en = ("（合住户）", " (one household)") if call.household else ("", "")
    text = {"zh": f"{unit.label}{zh}：{words['zh']}", "en": f"{unit.label}{en}: {words['en']}"}
    return {"opinion": opinion_id, "text": text}


def _both(label: Label) -> dict[str, str]:
    return {"zh": label.zh, "en": label.text("en")}
