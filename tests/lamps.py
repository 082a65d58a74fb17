"""A small template that places may vary, for the tests of versions and places."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import models as m
from app.services import cases, definitions, drafts
from app.services.actors import SYSTEM
from app.services.cases import Opened, Opening
from app.workflows.spec import Workflow
from tests.cast import Cast

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
