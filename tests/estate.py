"""Builders for consultations: a workflow with every step of the leg, units, owners, visits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.models import Owner, OwnerKind, Ownership, Place, Unit
from app.services import cases, definitions, drafts, facts, opinions, schemes, standings
from app.services.actors import SYSTEM
from app.services.cases import Opening
from app.services.opinions import Recorded, Visit
from app.services.providers import Step
from app.services.schemes import Draft
from app.services.tally import Tally
from app.workflows.engine import Fact
from app.workflows.spec import Workflow
from tests.cast import Cast

_STAFF = ["Secretary", "CommitteeStaff", "GridWorker", "Facilitator"]
_STATES = [
    {"key": "preparing", "label": {"zh": "筹备"}},
    {"key": "collecting", "label": {"zh": "征求意见"}},
    {"key": "counted", "label": {"zh": "已计票"}},
    {"key": "decided", "label": {"zh": "已通过"}, "kind": "done"},
    {"key": "dropped", "label": {"zh": "已终止"}, "kind": "cancelled"},
]


def _step(key: str, source: Any, target: str | None, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "label": {"zh": key},
        "from": source,
        "to": target,
        "roles": _STAFF,
        **more,
    }


_STEPS = [
    _step("add_scheme", ["preparing", "collecting"], None),
    _step(
        "open_voting",
        "preparing",
        "collecting",
        when={"fact": "scheme.present"},
        effects=[{"run": "roll.freeze"}],
    ),
    _step("record_opinion", "collecting", None),
    _step("close_voting", "collecting", "counted", effects=[{"run": "result.freeze"}]),
    _step("decide", "counted", "decided", when={"fact": "consent.passed"}),
    _step("another_round", "counted", "collecting", effects=[{"run": "round.open"}]),
    _step("drop", "*", "dropped"),
]
PART: dict[str, Any] = {
    "key": "vote_part",
    "label": {"zh": "单元协商"},
    "leg": "consultation",
    "start": "preparing",
    "states": _STATES,
    "transitions": _STEPS,
}
WHOLE: dict[str, Any] = {
    "key": "vote",
    "label": {"zh": "改造协商"},
    "leg": "consultation",
    "start": "preparing",
    "openers": _STAFF,
    "states": [*_STATES, {"key": "parts", "label": {"zh": "分单元协商"}, "kind": "waiting"}],
    "transitions": [
        *_STEPS,
        _step("split", "preparing", "parts", spawn=["parts"]),
        _step(
            "parts_decided",
            "parts",
            "decided",
            when={"all": [{"fact": "children.parts.all_closed"}]},
            roles=["System"],
        ),
    ],
    "children": [
        {
            "key": "parts",
            "label": {"zh": "各单元"},
            "workflow": "vote_part",
            "per": "entrances",
            "when_all_closed": "parts_decided",
        }
    ],
}


@dataclass(slots=True)
class Estate:
    """A consultation in the making; ``person`` is who acts unless a call says otherwise."""

    session: Session
    cast: Cast
    now: datetime
    person: str = "staff"
    case_id: int = 0
    ticks: Any = field(default_factory=count)

    def later(self) -> datetime:
        return self.now + timedelta(minutes=next(self.ticks))

    @property
    def consultation(self) -> m.Consultation:
        return self.session.get_one(m.Consultation, self.case_id)

    def counted(self) -> Tally:
        """The four figures as they stand."""
        found = standings.standing(self.session, self.case_id).counted
        assert found is not None
        return found

    def fact(self, name: str) -> Fact:
        """A fact of the workflow, as a condition would see it now."""
        actor = self.cast.viewer("staff")
        shown = cases.choices(self.session, self.case_id, actor=actor, now=self.now)
        step = Step(self.session, shown.compiled.spec, shown.case, actor, self.now)
        return facts.lookup(step)(name)

    def publish(self) -> None:
        for spec in (PART, WHOLE):
            row = drafts.store(self.session, Workflow.model_validate(spec))
            definitions.publish(self.session, row, actor=SYSTEM, now=self.now)

    def owner(self, name: str = "业主", **columns: Any) -> Owner:
        owner = Owner(name=name, **columns)
        self.session.add(owner)
        self.session.flush()
        return owner

    def developer(self) -> Owner:
        return self.owner("翠微置业", kind=OwnerKind.DEVELOPER)

    def units(
        self,
        number: int,
        *,
        place: str = "entrance",
        area: str = "88.80",
        owners: Iterable[Owner] | None = None,
        **columns: Any,
    ) -> list[Unit]:
        """``number`` units with an owner each, or all of them with the same ``owners``."""
        where: Place = self.cast.places[place]
        taken = self.session.scalar(sa.select(sa.func.count()).where(Unit.place_id == where.id))
        first = taken or 0
        made = [
            Unit(
                place_id=where.id,
                label=f"{n // 4 + 1}{n % 4 + 1:02d}",
                floor=n // 4 + 1,
                area=Decimal(area),
                **columns,
            )
            for n in range(first, first + number)
        ]
        self.session.add_all(made)
        own = [[Owner(name=f"业主{u.label}")] for u in made] if owners is None else None
        for each in own or []:
            self.session.add_all(each)
        self.session.flush()
        shared = list(owners or [])
        self.session.add_all(
            Ownership(unit_id=unit.id, owner_id=owner.id)
            for n, unit in enumerate(made)
            for owner in (own[n] if own is not None else shared)
        )
        self.session.flush()
        return made

    def open(self, rule_set: str = "ordinary", *, place: str = "compound", **extra: Any) -> int:
        opening = Opening(
            "vote",
            "楼内电线改造",
            self.cast.places[place].id,
            extra={"rule_set": rule_set, **extra},
        )
        opened = cases.open_case(
            self.session, opening, actor=self.cast.viewer(self.person), now=self.later()
        )
        self.case_id = opened.id
        return opened.id

    def fire(self, event: str, *, case_id: int | None = None) -> Any:
        return cases.fire(
            self.session,
            case_id or self.case_id,
            event,
            actor=self.cast.viewer(self.person),
            now=self.later(),
        )

    def propose(self, title: str = "两路开关分别计费", *, case_id: int | None = None) -> m.Scheme:
        case_id = case_id or self.case_id
        before = schemes.current(self.session, case_id)
        draft = Draft(title, "共用部分装两个开关，分户计费。", before.version if before else 0)
        return schemes.add(
            self.session,
            case_id,
            draft,
            actor=self.cast.viewer(self.person),
            now=self.later(),
        )

    def start(self, rule_set: str = "ordinary", *, place: str = "compound") -> int:
        """Opened, with a scheme, the roll frozen."""
        self.open(rule_set, place=place)
        self.propose()
        self.fire("open_voting")
        return self.case_id

    def visit(self, unit: Unit, voice: str, **given: Any) -> Visit:
        """What the form would send that is drawn now."""
        case_id = given.pop("case_id", self.case_id)
        scheme = schemes.current(self.session, case_id)
        seen = self.session.scalar(
            sa.select(sa.func.max(m.Opinion.id))
            .join(m.RollUnit, m.RollUnit.head_id == m.Opinion.head_id)
            .where(m.RollUnit.unit_id == unit.id, m.RollUnit.consultation_id == case_id)
        )
        return Visit(
            unit.id,
            voice,
            seen=seen or 0,
            scheme_id=scheme.id if scheme else None,
            **given,
        )

    def says(self, unit: Unit, voice: str, **given: Any) -> Recorded:
        case_id = given.get("case_id", self.case_id)
        return opinions.record(
            self.session,
            case_id,
            self.visit(unit, voice, **given),
            actor=self.cast.viewer(self.person),
            now=self.later(),
        )

    def all_say(self, units: Iterable[Unit], voice: str) -> None:
        for unit in units:
            self.says(unit, voice)

    def poll(self, units: Iterable[Unit], voice: str) -> None:
        """Many first votes at once, straight into the table: for sizes, not for the way there."""
        scheme = schemes.current(self.session, self.case_id)
        roll = self.session.execute(
            sa.select(m.RollUnit.unit_id, m.RollUnit.head_id).where(
                m.RollUnit.consultation_id == self.case_id
            )
        )
        heads = {row.unit_id: row.head_id for row in roll}
        self.session.execute(
            sa.insert(m.Opinion),
            [
                {
                    "consultation_id": self.case_id,
                    "head_id": heads[unit.id],
                    "unit_id": unit.id,
                    "scheme_id": scheme.id if scheme else None,
                    "voice": m.Voice(voice),
                    "counts": True,
                    "latest": True,
                    "at": self.now,
                }
                for unit in units
            ],
        )
