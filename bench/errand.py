"""The work of the step bench: a case goes through ten states, each step stops one deadline,
starts the next and tells the assignee."""

from __future__ import annotations

from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.models import PlaceKind, Staff
from app.permissions import Role
from app.services import actors, cases, definitions, drafts, edge, places
from app.services.actors import SYSTEM, Viewer
from app.services.cases import Opening
from app.workflows.spec import Workflow
from bench.times import NOW

STATES = 10
EVENTS = tuple(f"go{n}" for n in range(1, STATES))


def spec() -> Workflow:
    def label(text: str) -> dict[str, str]:
        return {"zh": text, "en": text}

    return Workflow.model_validate(
        {
            "key": "errand",
            "label": label("跑腿"),
            "start": "s0",
            "openers": [Role.COMMITTEE_STAFF],
            "states": [{"key": f"s{n}", "label": label(f"第{n}步")} for n in range(STATES - 1)]
            + [{"key": f"s{STATES - 1}", "label": label("完成"), "kind": "done"}],
            "transitions": [
                {
                    "key": event,
                    "label": label(f"到第{n}步"),
                    "from": f"s{n - 1}",
                    "to": f"s{n}",
                    "roles": [Role.COMMITTEE_STAFF],
                    "form": [{"field": "note"}],
                    "notify": ["moved"],
                }
                for n, event in enumerate(EVENTS, 1)
            ],
            "fields": [{"key": "note", "label": label("记录"), "type": "long_text"}],
            "deadlines": [
                {
                    "key": f"d{n}",
                    "label": label(f"时限{n}"),
                    "start": f"s{n}",
                    "stop": f"s{n + 1}",
                    "within": "24 hours",
                    "levels": [{"at": "80 %", "notify": ["moved"]}],
                }
                for n in range(STATES - 1)
            ],
            "notices": [
                {
                    "key": "moved",
                    "to": "assignee",
                    "subject": {"zh": "{number} {state}", "en": "{number} {state}"},
                    "body": {"zh": "{title}：{state}，{due}", "en": "{title}: {state}, {due}"},
                }
            ],
        }
    )


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the errands are, who presses and who is told."""

    place_id: int
    actor: Viewer
    assignee_id: int


def lay(session: Session) -> Ground:
    """Publish the workflow and settle the people; flushes."""
    definitions.publish(session, drafts.store(session, spec()), actor=SYSTEM, now=NOW)
    above = None
    for kind in (PlaceKind.DISTRICT, PlaceKind.SUBDISTRICT, PlaceKind.COMMUNITY, PlaceKind.GRID):
        above = places.add(session, kind, kind.value, above)
    assert above is not None
    role = session.query(RoleRow).filter_by(name=Role.COMMITTEE_STAFF.value).one()
    users = []
    for name in ("presser", "told"):
        user = User(
            username=name,
            first_name="一",
            last_name="甲",
            email=f"{name}@bench.invalid",
            active=True,
            password="-",
        )
        user.roles = [role]
        session.add(user)
        session.flush()
        today = edge.today(NOW)
        session.add(Staff(user_id=user.id, place_id=above.id, since=today))
        users.append(user)
    session.flush()
    actor = actors.viewer(session, users[0], today=edge.today(NOW))
    return Ground(above.id, actor, users[1].id)


def begin(session: Session, ground: Ground, count: int) -> list[int]:
    """``count`` errands in their first state."""
    return [
        cases.open_case(
            session,
            Opening("errand", f"第 {n} 件", ground.place_id, assignee_id=ground.assignee_id),
            actor=ground.actor,
            now=NOW,
        ).id
        for n in range(count)
    ]
