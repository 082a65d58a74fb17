"""A small template that places may vary, for the tests of versions and places."""

from __future__ import annotations

import io
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import models as m
from app.services import cases, definitions, drafts, variations
from app.services.actors import SYSTEM
from app.services.cases import Opened, Opening
from app.services.publications import Made
from app.workflows.spec import Workflow
from app.workflows.variation import Changes
from tests.cast import Cast
from tests.visitor import Visitor

KEY = "lamp"
LAMP: dict[str, Any] = {
    "key": KEY,
    "label": {"zh": "路灯报修", "en": "Broken lamp"},
    "start": "reported",
    "openers": ["CommitteeStaff", "Secretary", "GridWorker"],
    "fields": [{"key": "spot", "label": {"zh": "位置", "en": "Where"}}],
    "intake": [{"field": "spot"}],
    "states": [
        {"key": "reported", "label": {"zh": "已登记", "en": "Reported"}},
        {"key": "mending", "label": {"zh": "维修中", "en": "Being mended"}},
        {"key": "mended", "label": {"zh": "已修好", "en": "Mended"}, "kind": "done"},
    ],
    "transitions": [
        {
            "key": "begin",
            "label": {"zh": "开始维修", "en": "Begin"},
            "from": "reported",
            "to": "mending",
            "roles": ["CommitteeStaff"],
        },
        {
            "key": "mend",
            "label": {"zh": "修好了", "en": "It is mended"},
            "from": "mending",
            "to": "mended",
            "roles": ["PropertyStaff", "CommitteeStaff"],
        },
    ],
    "deadlines": [
        {
            "key": "mend",
            "label": {"zh": "维修", "en": "Repair"},
            "start": ["reported"],
            "stop": ["mended"],
            "within": "3 working days",
        }
    ],
    "vary": {
        "labels": True,
        "roles": [{"transition": "begin", "among": ["CommitteeStaff", "GridWorker", "Secretary"]}],
        "times": [{"deadline": "mend", "least": "1 working day", "most": "5 working days"}],
    },
}


def spec(**changed: Any) -> Workflow:
    """The template with other top-level parts."""
    return Workflow.model_validate({**deepcopy(LAMP), **changed})


def publish(session: Session, now: datetime, workflow: Workflow | None = None) -> m.Workflow:
    """Store and publish; the workflow's row."""
    row = drafts.store(session, workflow or spec())
    definitions.publish(session, row, actor=SYSTEM, now=now)
    session.refresh(row)
    return row


def version(session: Session, row: m.Workflow, number: int) -> m.WorkflowVersion:
    return (
        session.query(m.WorkflowVersion)
        .filter_by(workflow_id=row.id, place_id=None, number=number)
        .one()
    )


def renamed(zh: str) -> Workflow:
    """The template with another word for its first state."""
    states = deepcopy(LAMP["states"])
    states[0]["label"] = {"zh": zh, "en": zh}
    return spec(states=states)


def open_case(
    session: Session, cast: Cast, now: datetime, place: str = "compound", by: str = "staff"
) -> Opened:
    opening = Opening(KEY, "路灯不亮", cast.places[place].id)
    return cases.open_case(session, opening, actor=cast.viewer(by), now=now)


WISH = {
    "labels": {"states.reported": {"zh": "等待派工"}},
    "roles": {"begin": ["GridWorker"]},
    "times": {"mend": "5 working days"},
}
"""What a community wants otherwise."""


class Ground:
    """The lamp template, and what the people of two communities do with it."""

    def __init__(self, session: Session, cast: Cast, now: datetime, row: m.Workflow) -> None:
        self.session, self.cast, self.now, self.row = session, cast, now, row

    def save(
        self,
        wish: Any = WISH,
        *,
        by: str = "secretary",
        place: str = "cuiwei",
        expected: int = 0,
    ) -> m.Variation:
        return variations.save(
            self.session,
            self.row,
            self.cast.places[place],
            Changes.model_validate(wish),
            expected=expected,
            actor=self.cast.viewer(by),
            now=self.now,
        )

    def made(self, by: str = "secretary", note: str = "") -> Made:
        return Made(self.row, self.cast.viewer(by), self.now + timedelta(hours=1), note)

    def publish(
        self, *, by: str = "secretary", place: str = "cuiwei", expected: int = 1
    ) -> m.WorkflowVersion:
        return variations.publish(
            self.session,
            self.row,
            self.cast.places[place],
            expected=expected,
            made=self.made(by),
        )

    def template(self, workflow: Workflow) -> m.Workflow:
        self.now += timedelta(days=1)
        return publish(self.session, self.now, workflow)

    def spec(self, place: str = "compound") -> Workflow:
        path = self.cast.places[place].path
        found = definitions.current(self.session, KEY, path)
        return definitions.compiled(self.session, found.version_id).spec

    def own(self, place: str = "cuiwei") -> m.Variation | None:
        self.session.expire_all()
        return variations.found(self.session, self.row.id, self.cast.places[place].id)


def word(spec: Workflow) -> str:
    """What the first state is called."""
    return spec.states[0].label.zh


def address(row: m.Workflow, rest: str = "") -> str:
    return f"/workflows/{row.id}{rest}"


def upload(visitor: Visitor, text: str, name: str = "lamp.yaml") -> TestResponse:
    data = {"file": (io.BytesIO(text.encode()), name)}
    return visitor.open("/workflows/import", method="POST", data=data)
