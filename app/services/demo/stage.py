"""The demo is played, not painted: everybody presses their buttons in the order of time, and in
between the deadlines fire, through the same services as in service."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import attachments, cases, deadlines, definitions, grievances
from app.services.actors import Viewer, resident
from app.services.demo import names, pictures
from app.services.demo.town import Town
from app.services.grievances import Report
from app.services.providers import CaseRow
from app.workflows.spec import Label

Act = Callable[[], None]


@dataclass(slots=True)
class Matter:
    """A grievance of the demo: what is reported, and after that its case and tracking link.
    ``by`` is the login that registers it; none: the resident, on the public page."""

    place: str
    title: str
    text: str
    category: str
    address: str = ""
    source: str = "web"
    by: str = ""
    urgent: bool = False
    photo: str = ""
    id: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """Somebody presses a button. ``of`` names the party whose duty it is about; none: the matter
    itself. ``photo`` is put into the form's field of that name, as (field, name)."""

    at: datetime
    who: str
    event: str
    form: Mapping[str, Any] = field(default_factory=dict)
    of: str = ""
    photo: tuple[str, str] | None = None


@dataclass(slots=True)
class Stage:
    session: Session
    town: Town
    folder: Path
    end: datetime
    """Nothing is played after it."""
    now: datetime = field(init=False)
    _acts: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self.now = self.end

    def at(self, when: datetime, act: Act) -> None:
        """Have ``act`` done at that moment; what would lie after the end is left out."""
        if when <= self.end:
            self._count += 1
            heapq.heappush(self._acts, (when, self._count, act))

    def play(self) -> None:
        """Do everything in the order of time, the deadlines too."""
        while self._acts:
            when, _, act = heapq.heappop(self._acts)
            self._sweep(when)
            self.now = when
            act()
        self._sweep(self.end)
        self.now = self.end

    def _sweep(self, until: datetime) -> None:
        """Let the levels fire that came in between, each at its own moment."""
        clock = m.Clock.__table__
        first = sa.select(sa.func.min(clock.c.next_at)).where(clock.c.next_at <= until)
        while (moment := self.session.scalar(first)) is not None:
            swept = deadlines.sweep(self.session, moment)
            for clock_id in swept.alone:
                deadlines.advance(self.session, clock_id, moment)

    # --- what people do ---------------------------------------------------------------------

    def who(self, login: str) -> Viewer:
        return self.town.people[login]

    def press(self, case_id: int, who: str, event: str, **form: Any) -> None:
        cases.fire(self.session, case_id, event, actor=self.who(who), now=self.now, form=form)

    def report(self, matter: Matter) -> None:
        """A resident reports it, or staff registers it for one."""
        number = self._count + len(matter.title)
        extra = {"reporter": names.full(number), "phone": names.phone(number)}
        if matter.address:
            extra["address"] = matter.address
        if matter.by:
            extra["source"] = matter.source
        form = {"category": matter.category, "description": matter.text}
        if matter.urgent:
            form["urgency"] = "urgent"
        kept = pictures.keep(self.folder, number, matter.photo) if matter.photo else None
        report = Report(
            place_id=self.town.place(matter.place),
            title=matter.title,
            form=form,
            extra=extra,
            files=[("photos", kept)] if kept else [],
        )
        actor = self.who(matter.by) if matter.by else resident("")
        done = grievances.register(self.session, report, actor=actor, now=self.now)
        matter.id, matter.token = done.id, done.token

    def tell(self, matter: Matter, when: datetime, beats: Iterable[Beat] = ()) -> Matter:
        """Have a matter reported at ``when`` and handled by ``beats``."""
        self.at(when, lambda: self.report(matter))
        for beat in beats:
            self.at(beat.at, partial(self._beat, matter, beat))
        return matter

    def _beat(self, matter: Matter, beat: Beat) -> None:
        case_id = self.duty(matter.id, beat.of) if beat.of else matter.id
        actor = resident(matter.token) if beat.who == "resident" else self.who(beat.who)
        form = dict(beat.form)
        files = []
        if beat.photo is not None:
            name, title = beat.photo
            kept = pictures.keep(self.folder, case_id, title)
            (id_,) = attachments.reserve(self.session, 1)
            form[name] = [id_]
            files = [(id_, name, kept)]
        cases.fire(self.session, case_id, beat.event, actor=actor, now=self.now, form=form)
        attachments.attach(self.session, case_id, files, actor=actor, now=self.now)

    def duty(self, matter_id: int, party: str) -> int:
        """The part of a matter that was given to ``party``."""
        query = (
            sa.select(m.Case.id)
            .where(m.Case.parent_id == matter_id, m.Case.party_id == self.town.parties[party])
            .order_by(m.Case.id.desc())
            .limit(1)
        )
        return self.session.execute(query).scalar_one()

    def words(self, case: CaseRow, event: str) -> tuple[Label, Label]:
        """What the button ``event`` and the case's state are called in its version."""
        compiled = definitions.compiled(self.session, case.version_id)
        return compiled.leaving[case.state][event].label, compiled.states[case.state].label

    def bodies(self, *parties: str) -> list[int]:
        return [self.town.parties[party] for party in parties]
