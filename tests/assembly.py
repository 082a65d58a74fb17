"""Builders for meetings: four parties of Cuiwei, two heads each, and an agenda."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.models import Stance
from app.services import cases, decisions, meetings, positions, room, rows
from app.services.attendance import Seat
from app.services.decisions import Motion
from app.services.guests import Guest
from app.services.invitations import Invited, Plan, Topic, convene
from app.services.positions import Statement
from app.services.room import Item, Room
from tests.cast import Cast

FOUR = ("party_org", "committee", "council", "property")
LOGINS = {
    "party_org": "secretary",
    "committee": "staff",
    "council": "council",
    "property": "property",
}
DUE = date(2027, 1, 31)


@dataclass
class Assembly:
    session: Session
    cast: Cast
    now: datetime
    meeting_id: int = 0
    clock: int = field(default=0)

    def later(self) -> datetime:
        self.clock += 1
        return self.now + timedelta(minutes=self.clock)

    def plan(self, **changes: Any) -> Plan:
        """Four parties with their login and one member without; two items."""
        parties = tuple(
            Invited(
                self.cast.parties[key].id,
                (
                    Guest(self.cast.viewer(LOGINS[key]).name, self.cast.users[LOGINS[key]].id),
                    Guest(f"{self.cast.parties[key].name}代表"),
                ),
            )
            for key in FOUR
        )
        plan = Plan(
            title="电动车充电桩协调会",
            place_id=self.cast.places["cuiwei"].id,
            scheduled_at=self.now + timedelta(days=2),
            parties=parties,
            topics=(Topic("加装充电桩", "南里没有充电桩，居民飞线充电"), Topic("垃圾分类桶站")),
            room="社区议事厅",
            form={"kind": "joint"},
        )
        return replace(plan, **changes)

    def call(self, who: str = "facilitator", **changes: Any) -> int:
        made = convene(
            self.session, self.plan(**changes), actor=self.cast.viewer(who), now=self.later()
        )
        self.meeting_id = made.id
        return made.id

    def fire(self, event: str, who: str = "facilitator", **form: Any) -> cases.Fired:
        return cases.fire(
            self.session,
            self.meeting_id,
            event,
            actor=self.cast.viewer(who),
            now=self.later(),
            form=form,
        )

    def begin(self, **changes: Any) -> None:
        """Called, everybody there, in session."""
        self.call(**changes)
        self.fire("convene")
        for bench in self.room().benches:
            for seat in bench.seats:
                self.enters(seat)
        self.fire("open_session")

    def room(self, who: str = "facilitator") -> Room:
        viewer = self.cast.viewer(who)
        self.session.expire_all()
        return room.load(self.session, rows.load(self.session, self.meeting_id, viewer), viewer)

    def item(self, position: int = 1) -> Item:
        return self.room().items[position - 1]

    def seats(self, party: str) -> tuple[Seat, ...]:
        benches = self.room().benches
        return next(b.seats for b in benches if b.id == self.cast.parties[party].id)

    def enters(self, seat: Seat, who: str = "facilitator") -> bool:
        viewer = self.cast.viewer(who)
        return meetings.check_in(
            self.session, self.meeting_id, seat.id, actor=viewer, now=self.later()
        )

    def leaves(self, seat: Seat, who: str = "facilitator") -> bool:
        viewer = self.cast.viewer(who)
        return meetings.check_out(
            self.session, self.meeting_id, seat.id, actor=viewer, now=self.later()
        )

    def says(self, party: str, stance: str, reason: str = "", **more: Any) -> bool:
        said = Statement(
            item_id=more.pop("item_id", None) or self.item(more.pop("item", 1)).id,
            party_id=self.cast.parties[party].id,
            stance=Stance(stance),
            seat_id=more.pop("seat_id", None) or self.seats(party)[0].id,
            reason=reason,
            seen=more.pop("seen", None),
        )
        viewer = self.cast.viewer(more.pop("who", "facilitator"))
        return positions.record_position(
            self.session, self.meeting_id, said, actor=viewer, now=self.later()
        )

    def all_agree(self, item: int = 1) -> None:
        for party in FOUR:
            self.says(party, "agree", item=item)

    def decides(self, text: str = "物业负责安装十个充电桩", item: int = 1, **more: Any) -> bool:
        who = self.cast.viewer(more.pop("who", "facilitator"))
        values = {
            "item_id": self.item(item).id,
            "text": text,
            "owner_party_id": self.cast.parties["property"].id,
            "due_on": DUE,
            **more,
        }
        return decisions.decide(
            self.session, self.meeting_id, Motion(**values), actor=who, now=self.later()
        )
