"""The resident's tracking link: what it opens, and a new one for a lost one."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ForbiddenError, MissingError, Problem
from app.models import EventKind
from app.permissions import Role
from app.services import definitions, rows, vault
from app.services.actors import Viewer, hashed, resident

GIVERS = frozenset({Role.SECRETARY, Role.COMMITTEE_STAFF})
"""Those who may give a resident a new link."""


def followed(session: Session, viewer: Viewer) -> int:
    """The case behind a tracking link; raises MissingError, the same for every wrong token."""
    found = session.scalar(sa.select(m.Case.id).where(m.Case.token == viewer.token))
    if found is None:
        raise MissingError(
            Problem(
                {
                    "zh": "这个查询链接不对，或者已经换成新的了。请核对链接，或联系社区。",
                    "en": "This link isn't right, or it was replaced. Check it or ask the "
                    "community.",
                }
            )
        )
    return int(found)


def path(case_id: int, kept: str) -> str:
    """A tracking address made of what the database keeps of the token, for messages: the token
    itself is known to nobody but the resident. A new link ends this one too."""
    return f"/r/t/{case_id}.{vault.signature(_proven(case_id, kept))}"


def _proven(case_id: int, kept: str) -> str:
    return f"track:{case_id}:{kept}"


def holder(session: Session, token: str) -> Viewer:
    """The resident who holds this token, or the link of a message; whether it opens anything is
    for ``followed`` to find out."""
    number, dot, signature = token.partition(".")
    if not (dot and number.isascii() and number.isdecimal() and len(number) < 19):
        return resident(token)
    kept = session.scalar(sa.select(m.Case.token).where(m.Case.id == int(number)))
    if not kept or not vault.is_ours(_proven(int(number), kept), signature):
        return resident(token)
    return Viewer(kind="resident", name="", roles=frozenset({"Resident"}), token=kept)


def renew(session: Session, case_id: int, *, actor: Viewer, now: datetime) -> str:
    """A new tracking link in place of a lost one: the old one stops working; flushes.

    Raises ForbiddenError for those who don't speak with residents.
    """
    case = rows.load(session, case_id, actor, lock=True)
    if not actor.roles & GIVERS:
        text = {
            "zh": "只有社区书记、居委会工作人员可以换新的查询链接。",
            "en": "Only the secretary and committee staff may replace the link.",
        }
        raise ForbiddenError(Problem(text))
    token = secrets.token_urlsafe(24)
    compiled = definitions.compiled(session, case.version_id)
    label = compiled.states[case.state].label
    event = rows.record(
        kind=EventKind.NOTED,
        event="link",
        label={"zh": "换新查询链接", "en": "Replace the tracking link"},
        places=(case.state, case.state, {"zh": label.zh, "en": label.text("en")}),
        actor=actor,
        now=now,
        data={},
    )
    rows.move(session, case, {"token": hashed(token)}, event)
    return token
