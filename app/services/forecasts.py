"""What a move to another version would do, case by case; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import campaigns, definitions, rows, tidings, transfers
from app.services.actors import Viewer
from app.services.providers import CaseRow
from app.services.scope import visible
from app.services.tidings import Words
from app.services.transfers import Terms
from app.workflows.transfer import Fate, Turned

TRIED = 2_000
"""Cases that are looked at while somebody waits; the job goes through all."""
LISTED = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A clock of a case; ``look``: it turns late, is late no more, or neither."""

    label: Words
    fate: Fate
    reason: Words
    before: datetime | None
    after: datetime | None
    look: str
    at_once: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of a case; ``refused`` says why it stays as it is."""

    case_id: int
    number: str
    title: str
    version: Words
    source: Words
    target: Words | None
    refused: Words | None
    lost: tuple[Words, ...]
    clocks: tuple[Line, ...]

    @property
    def late(self) -> bool:
        return any(line.look == "late" for line in self.clocks)

    @property
    def weight(self) -> int:
        """What somebody should look at comes first."""
        if self.refused:
            return 0
        return 1 if self.late else 2 if self.lost else 3


@dataclass(slots=True)
class Preview:
    """``running`` counts all; the other figures are of those that were ``looked`` at. ``listed``
    are those of them that the viewer may see, ``hidden`` how many others there are."""

    running: int
    looked: int = 0
    moved: int = 0
    refused: int = 0
    lossy: int = 0
    late: int = 0
    relieved: int = 0
    at_once: int = 0
    parted: int = 0
    """Cases with open parts that the new version knows nothing of."""
    fates: Counter[Fate] = field(default_factory=Counter)
    listed: list[Forecast] = field(default_factory=list)
    hidden: int = 0

    @property
    def cut(self) -> bool:
        return self.looked < self.running

    def count(self, found: Forecast) -> None:
        self.looked += 1
        self.refused += found.refused is not None
        self.moved += found.refused is None
        self.lossy += bool(found.lost)
        self.late += found.late
        self.relieved += any(line.look == "relieved" for line in found.clocks)
        self.at_once += sum(line.at_once for line in found.clocks)
        self.fates.update(line.fate for line in found.clocks)


def preview(
    session: Session,
    terms: Terms,
    workflow_id: int,
    *,
    viewer: Viewer,
    now: datetime,
    most: int | None = TRIED,
) -> Preview:
    """What would become of the first ``most`` running cases (None: of all)."""
    found = Preview(campaigns.running(session, workflow_id, list(terms.mapping), now))
    after, listed = 0, []
    while ids := campaigns.ahead(session, terms, workflow_id, now, after):
        if most is not None and found.looked >= most:
            break
        seen = set(
            session.scalars(sa.select(m.Case.id).where(m.Case.id.in_(ids), visible(viewer, m.Case)))
        )
        cases = rows.locked(session, ids)
        found.parted += _parted(session, terms, ids)
        for case_id in ids:
            one = _forecast(session, terms, cases[case_id], now)
            found.count(one)
            found.hidden += case_id not in seen
            if case_id in seen:
                listed.append(one)
        after, listed = ids[-1], sorted(listed, key=lambda one: one.weight)[:LISTED]
    found.listed = listed
    return found


def _parted(session: Session, terms: Terms, ids: Sequence[int]) -> int:
    known = definitions.compiled(session, terms.target_id).children.keys()
    query = sa.select(sa.func.count(m.Case.parent_id.distinct())).where(
        m.Case.parent_id.in_(ids), m.Case.closed_at.is_(None), m.Case.child_key.not_in(known)
    )
    return session.scalar(query) or 0


def _forecast(session: Session, terms: Terms, case: CaseRow, now: datetime) -> Forecast:
    before = definitions.compiled(session, case.version_id)
    refused = transfers.idle_for(session, case, terms)
    weighed = None if refused else transfers.weigh(session, terms, case, now)
    if weighed is not None and weighed.carried.refused is not None:
        refused = weighed.carried.refused.both()
    target = None
    lost: tuple[Words, ...] = ()
    if weighed is not None and weighed.carried.target is not None:
        after = definitions.compiled(session, terms.target_id)
        target = after.states[weighed.carried.target].label.both()
        lost = tuple(tidings.lost(before.fields, case.data, weighed.carried.lost))
    return Forecast(
        case.id,
        case.number,
        case.title,
        dict(terms.names[case.version_id]),
        before.states[case.state].label.both(),
        target,
        refused,
        lost,
        () if weighed is None else tuple(_line(turned, now) for turned in weighed.clocks),
    )


def _line(turned: Turned, now: datetime) -> Line:
    look = "late" if tidings.turns_late(turned, now) else ""
    look = "relieved" if tidings.is_relieved(turned, now) else look
    stopped = turned.tick.fate == "stop"
    return Line(
        tidings.label(turned),
        turned.tick.fate,
        turned.tick.reason.both(),
        tidings.due(turned.before),
        None if stopped else tidings.due(turned.row),
        look,
        turned.at_once,
        turned.row["status"] == "paused",
    )
