"""One step of a play: what the services write of it, kept on the stage instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.workflows import addressees, cast, engine, rounds, templates
from app.workflows.addressees import Sent
from app.workflows.engine import Compiled
from app.workflows.outcomes import Actor, Outcome, Refused
from app.workflows.scenes import Happening, Scenery, no
from app.workflows.spec import FieldType, Label, Notice, Transition
from app.workflows.stage import Stage
from app.workflows.terms import tests
from app.workflows.trials import FORMAT

_OPENED = Label(zh="登记", en="Register")


@dataclass(slots=True)
class Acting:
    """``history`` and ``notices`` are those of the present move. ``left`` bounds the work, in about
    microseconds."""

    stage: Stage
    scenery: Scenery
    left: int
    history: list[Happening] = field(default_factory=list)
    notices: list[Sent] = field(default_factory=list)
    price: int = 0

    def __post_init__(self) -> None:
        self.price = 20 + sum(
            5 + sum(3 for rule in (d.when, *(v.when for v in d.variants)) for _ in tests(rule))
            for d in self.compiled.spec.deadlines
        )

    @property
    def compiled(self) -> Compiled:
        return self.stage.compiled

    def pay(self, price: int) -> None:
        self.left -= price
        if self.left <= 0:
            raise no("演练的工作量过大", "the play takes too much work")

    def fire(
        self, event: str, actor: Actor, player: str, form: Mapping[str, Any]
    ) -> Refused | None:
        at = self.stage
        transition = self.compiled.leaving[at.state].get(event)
        self.pay(self.price + 2 * len(at.rows) + (_weight(transition) if transition else 0))
        outcome = engine.plan(
            self.compiled,
            at.state,
            event,
            actor=actor,
            facts=at.facts(form),
            data=at.data,
            form=form,
            clocks=rounds.states(at.rows),
        )
        if isinstance(outcome, Refused):
            return outcome
        self.follow(outcome, actor, player)
        return None

    def follow(self, outcome: Outcome, actor: Actor, player: str) -> None:
        """What the services write of a step, in their order."""
        at = self.stage
        self.pay(len(outcome.spawn) * (5 + len(at.kids) // 4))
        last = at.last()
        touched = rounds.turned(self.compiled.deadlines, last, outcome.moves, at.at)
        for row in touched.values():
            self.put(row)
        source, at.state, at.data = at.state, outcome.target, outcome.data
        at.reopened += outcome.runs.count("case.reopen")
        at.files += sum(
            len(value)
            for key, value in outcome.changed.items()
            if self.compiled.fields[key].type is FieldType.FILES and isinstance(value, list)
        )
        for assign in outcome.assign:
            if assign.to == "party":
                at.party = assign.id
            else:
                at.assignee = assign.id
        spawned = {child.key: at.spawned(child) for child in outcome.spawn}
        for fresh in spawned.values():
            at.kids += fresh
        label = outcome.transition.label if outcome.transition else _OPENED
        kind: Any = "opened" if not source else "noted" if source == at.state else "moved"
        self.note(
            kind,
            outcome.event,
            label,
            player,
            source=source,
            form=outcome.changed,
            runs=outcome.runs,
            spawned=tuple((key, len(fresh)) for key, fresh in spawned.items()),
        )
        self.tell(outcome.notices, actor, rounds.nearest({**last, **touched}.values()))

    def put(self, row: dict[str, Any]) -> None:
        """A clock's row in place of the one of the same round."""
        rows = self.stage.rows
        for index, known in enumerate(rows):
            if known["key"] == row["key"] and known["round"] == row["round"]:
                rows[index] = row
                return
        rows.append(row)

    def note(self, kind: Any, event: str, label: Label, by: str, **more: Any) -> None:
        at = self.stage
        found = {"source": at.state, "form": {}, **more}
        self.history.append(Happening(at.now, kind, event, label, by, target=at.state, **found))

    def tell(self, notices: Iterable[Notice], actor: Actor, due: datetime | None) -> None:
        at, scenery = self.stage, self.scenery
        names = templates.names(
            self.compiled.spec,
            at.state,
            number=scenery.number,
            title=scenery.title,
            place=scenery.place,
            due="" if due is None else f"{due.astimezone(at.zone):{FORMAT}}",
            actor=None if actor.kind == "system" else cast.titled(actor).both(),
            link=scenery.link,
        )
        for notice in notices:
            self.pay(15)
            to, silent = addressees.found(notice, at, actor)
            subject, body = (templates.render(t, names) for t in (notice.subject, notice.body))
            self.notices.append(Sent(notice.key, at.now, to, subject, body, silent))


def _weight(step: Transition) -> int:
    """What it costs to decide a step and to follow it, beside its notices."""
    parts = len(step.roles) + 3 * len(step.form) + 2 * len(step.effects) + len(step.notify)
    return parts + 5 * sum(1 for _ in tests(step.when))
