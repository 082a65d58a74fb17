"""A case twice: played without a database, and real in PostgreSQL, compared after every move."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import models as m
from app.errors import SifangError
from app.services import calendars, cases, deadlines, definitions, edge
from app.services.actors import SYSTEM, Viewer, resident
from app.services.cases import Opening
from app.workflows import rounds
from app.workflows.play import Play
from app.workflows.registry import ROLES
from app.workflows.scenes import Scene, Scenery
from app.workflows.spec import FieldSpec, FieldType
from app.workflows.trials import MONDAY, Move
from tests.cast import Cast

PEOPLE = {
    "WorkflowAdmin": "designer",
    "Admin": "admin",
    "Secretary": "secretary",
    "CommitteeStaff": "staff",
    "GridWorker": "grid",
    "PropertyStaff": "property",
    "CouncilMember": "council",
    "Facilitator": "facilitator",
    "Subdistrict": "street",
}
PARTIES = {1: "property", 2: "council", 3: "party_org"}
MEMBERS = {1: ["property"], 2: ["council"], 3: ["secretary"]}
ENDS = {
    "done": [("report_for", {"result": "已办好"}), ("accept_result", {})],
    "cancelled": [("call_off", {"cancel_reason": "不办了"})],
}


class Pair:
    """One case twice."""

    def __init__(self, session: Session, cast: Cast, key: str, first: Move) -> None:
        self.session, self.cast, self.now = session, cast, _begin()
        place = cast.places["building"]
        people = {role: self.user(name) for role, name in PEOPLE.items()}
        opening = Opening(
            key=key,
            title="盼装长椅",
            place_id=place.id,
            form=self.real(key, first.form, people),
            extra={"source": "phone", "reporter": "钱大妈", "email": "qian@example.org"}
            if key == "grievance"
            else {},
            party_id=cast.parties[PARTIES[first.party]].id if first.party else None,
            assignee_id=people[first.assignee] if first.assignee else None,
            tracked=key == "grievance",
        )
        self.token = ""
        opened = cases.open_case(
            session, opening, actor=self.viewer(first.open or "System"), now=self.now
        )
        self.id, self.token = opened.id, opened.token or ""
        row = session.get_one(m.Case, opened.id)
        self.compiled = definitions.compiled(session, row.version_id)
        scenery = Scenery(row.number, row.title, place.name, edge.address(f"/cases/{row.id}"))
        self.people = people
        calendar = calendars.book(session).at(session, place.id)
        self.play = Play(self.compiled, calendar=calendar, scenery=scenery)
        self.seen = 0
        self.take(first)

    def user(self, name: str) -> int:
        return int(self.cast.users[name].id)

    def viewer(self, role: str) -> Viewer:
        if role == "System":
            return SYSTEM
        return resident(self.token) if role == "Resident" else self.cast.viewer(PEOPLE[role])

    def real(self, key: str, form: dict[str, Any], people: dict[str, int]) -> dict[str, Any]:
        """The values of a move as the real form has them: numbers of the database."""
        spec = definitions.published(self.session)[key]
        fields = {field.key: field for field in spec.fields}
        return {name: self._value(fields[name], value, people) for name, value in form.items()}

    def _value(self, field: FieldSpec, value: Any, people: dict[str, int]) -> Any:
        if field.type is FieldType.PERSON:
            return people[value]
        if field.type is FieldType.PARTY:
            return self.cast.parties[PARTIES[value]].id
        if field.type is FieldType.PARTIES:
            return sorted(self.cast.parties[PARTIES[item]].id for item in value)
        return value

    def take(self, move: Move) -> Scene:
        """Make the move in both, and compare."""
        scene = self.play.take(move)
        refused = self._really(move, scene)
        assert bool(scene.refused) == bool(refused), (scene.refused, refused)
        if scene.refused:
            assert {r.text.zh for r in scene.refused} == refused
        self.compare(scene)
        return scene

    def _really(self, move: Move, scene: Scene) -> set[str]:
        self.session.expire_all()
        if move.kind == "wait":
            for at in sorted({one.at for one in scene.history}):
                swept = deadlines.sweep(self.session, at)
                for clock_id in swept.alone:
                    deadlines.advance(self.session, clock_id, at)
            self.now = scene.at
        elif move.kind == "end":
            child = self.session.scalars(
                sa.select(m.Case)
                .where(m.Case.parent_id == self.id, m.Case.closed_at.is_(None))
                .order_by(m.Case.id)
            ).first()
            assert child is not None
            for event, form in ENDS[move.how]:
                self.fire(child.id, event, "CommitteeStaff", form)
        elif move.kind == "press":
            form = self.real(self.compiled.spec.key, move.form, self.people)
            try:
                with self.session.begin_nested():
                    self.fire(self.id, move.press or "", move.player or "System", form)
            except SifangError as error:
                return {problem.text["zh"] for problem in error.problems}
        return set()

    def fire(self, case_id: int, event: str, role: str, form: dict[str, Any]) -> None:
        actor = self.viewer(role)
        cases.fire(self.session, case_id, event, actor=actor, now=self.now, form=form, record={})

    # --- what is the same -----------------------------------------------------------------------

    def compare(self, scene: Scene) -> None:
        self.session.expire_all()
        row = self.session.get_one(m.Case, self.id)
        at = self.play.stage
        assert row.state == scene.state
        assert row.data == self.real(
            self.compiled.spec.key, _named(at.data, self.compiled.fields), self.people
        )
        assert row.due_at == rounds.nearest(at.last().values())
        assert row.reopened == at.reopened
        assert row.assignee_id == self._person(at.assignee)
        assert self.clocks() == [_clock(r) for r in sorted(at.rows, key=_order)]
        self.history(scene)
        assert self.notices() == self.expected(scene)

    def _person(self, number: int | None) -> int | None:
        return None if number is None else self.people[list(PEOPLE_ORDER)[number - 1]]

    def clocks(self) -> list[tuple[Any, ...]]:
        rows = self.session.scalars(sa.select(m.Clock).where(m.Clock.case_id == self.id))
        return [_clock(_plain(row)) for row in sorted(rows, key=lambda r: (r.key, r.round))]

    def history(self, scene: Scene) -> None:
        rows = self.session.scalars(
            sa.select(m.Event)
            .where(m.Event.case_id == self.id, m.Event.seq > self.seen)
            .order_by(m.Event.seq)
        ).all()
        self.seen += len(rows)
        real = [(e.kind.value, e.event, e.at, e.target, e.label["zh"]) for e in rows]
        mine = [
            (h.kind, h.event, h.at, h.target, h.label.zh)
            for h in scene.history
            if h.kind != "ended"
        ]
        assert real == mine

    def notices(self) -> list[tuple[str, ...]]:
        """Those of the last move, each with its reader, and then forgotten."""
        rows = self.session.execute(
            sa.select(m.Notice, User.username)
            .outerjoin(User, User.id == m.Notice.user_id)
            .where(m.Notice.case_id == self.id)
        ).all()
        found = sorted(
            (n.key, n.channel, name or "resident", n.subject["zh"], self._body(n.body["zh"]))
            for n, name in rows
        )
        for notice, _name in rows:
            self.session.delete(notice)
        self.session.flush()
        return found

    def _body(self, text: str) -> str:
        for role, name in PEOPLE.items():
            text = text.replace(self.cast.viewer(name).name, ROLES[role].zh)
        return text

    def expected(self, scene: Scene) -> list[tuple[str, ...]]:
        found: dict[tuple[str, str, str, int], tuple[str, ...]] = {}
        for index, sent in enumerate(scene.notices):
            for to in sent.to:
                for name in self._readers(to.who, scene):
                    for channel in to.channels:
                        if channel in ("inapp", "email"):
                            line = (sent.key, channel, name, sent.subject["zh"], sent.body["zh"])
                            found[sent.key, channel, name, index] = line
        return sorted(found.values())

    def _readers(self, who: str, scene: Scene) -> list[str]:
        kind, _, rest = who.partition(":")
        actor = PEOPLE.get(scene.move.player) if scene.move.kind == "press" else None
        if kind == "party":
            return [name for name in MEMBERS[int(rest)] if name != actor]
        if kind == "person":
            return [PEOPLE[list(PEOPLE_ORDER)[int(rest) - 1]]]
        return ["resident"] if who == "resident" else [PEOPLE[rest]]


PEOPLE_ORDER = [role for role in ROLES if role in PEOPLE]


def _begin() -> datetime:
    local = datetime.strptime(MONDAY, "%Y-%m-%d %H:%M").replace(tzinfo=edge.timezone())
    return edge.instant(local.replace(tzinfo=None))


def _named(data: dict[str, Any], fields: dict[str, FieldSpec]) -> dict[str, Any]:
    """People by their roles again."""
    found = dict(data)
    for key, value in data.items():
        if fields[key].type is FieldType.PERSON and value is not None:
            found[key] = PEOPLE_ORDER[value - 1]
    return found


def _order(row: Any) -> tuple[str, int]:
    return row["key"], row["round"]


def _plain(row: m.Clock) -> dict[str, Any]:
    names = ("key", "round", "status", "due_at", "next_at", "next_level", "breached_at", "log")
    return {name: getattr(row, name) for name in names}


def _clock(row: Any) -> tuple[Any, ...]:
    return (
        row["key"],
        row["round"],
        str(row["status"]),
        row["due_at"],
        row["next_at"],
        row["next_level"],
        row["breached_at"],
        [(entry["at"], entry["what"]) for entry in row["log"]],
    )


def move(**document: Any) -> Move:
    return Move.model_validate(document)
