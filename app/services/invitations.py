"""Calling a meeting: which parties and people are invited, under which rules, with what agenda."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.models import DecisionRule, Voices
from app.services import cases
from app.services.actors import SYSTEM, Viewer
from app.services.guests import Guest, candidates, named
from app.services.providers import Seed, Step, leg
from app.services.scope import places_below, visible

MOST_PARTIES = 40
MOST_GUESTS = 500
MOST_TOPICS = 60


@dataclass(frozen=True, slots=True)
class Invited:
    party_id: int
    guests: tuple[Guest, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """An agenda item to be. ``earlier_id``: the item of an earlier meeting that it takes up."""

    title: str
    text: str = ""
    case_id: int | None = None
    earlier_id: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A meeting to be. ``quorum_parties`` None: all that are invited."""

    title: str
    place_id: int
    scheduled_at: datetime
    parties: tuple[Invited, ...]
    topics: tuple[Topic, ...] = ()
    room: str = ""
    quorum_parties: int | None = None
    quorum_heads: Fraction = Fraction(1, 2)
    decision: DecisionRule = DecisionRule.CONSENSUS
    voices: Voices = Voices.INVITED
    basis: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the workflow's own opening form."""


@dataclass(frozen=True, slots=True)
class Convened:
    """``fresh`` is False when the same meeting was there already: a second click."""

    id: int
    fresh: bool


def convene(session: Session, plan: Plan, *, actor: Viewer, now: datetime) -> Convened:
    """Open the case of a meeting and write its rows; flushes.

    The same plan sent twice by the same person is one meeting. Raises InvalidError naming the
    field, RefusedError when it isn't this person's to open.
    """
    _check(session, plan, actor, now)
    # of two clicks at the same moment the second waits here and then finds the first one's meeting
    lock = sa.func.hashtextextended("meeting", plan.place_id)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
    there = session.scalar(
        sa.select(m.Case.id)
        .join(m.Meeting, m.Meeting.case_id == m.Case.id)
        .where(
            m.Case.place_id == plan.place_id,
            m.Case.creator_id == actor.user_id,
            m.Case.title == plan.title.strip(),
            m.Case.closed_at.is_(None),
            m.Meeting.scheduled_at == plan.scheduled_at,
            m.Meeting.room == plan.room,
        )
    )
    if there is not None:
        return Convened(there, fresh=False)
    opening = cases.Opening(
        key="meeting",
        title=plan.title,
        place_id=plan.place_id,
        form=plan.form,
        extra={"plan": plan},
        words=plan.room,
    )
    return Convened(cases.open_case(session, opening, actor=actor, now=now).id, fresh=True)


# --- what is refused ----------------------------------------------------------------------------


def _check(session: Session, plan: Plan, actor: Viewer, now: datetime) -> None:
    problems = [*_bad_place(session, plan, actor), *_bad_rules(plan)]
    if not problems:
        problems = [*_bad_parties(session, plan, actor, now), *_bad_topics(session, plan, actor)]
    if problems:
        raise InvalidError(*problems)


def _bad_place(session: Session, plan: Plan, actor: Viewer) -> list[Problem]:
    allowed = sa.true() if actor.everywhere else places_below(actor)
    if session.scalar(sa.select(m.Place.id).where(m.Place.id == plan.place_id, allowed)) is None:
        text = {
            "zh": "请选择您管辖范围内的地点。",
            "en": "Choose a place that lies within your scope.",
        }
        return [Problem(text, "place")]
    return []


def _bad_rules(plan: Plan) -> list[Problem]:
    problems = []
    count = len(plan.parties)
    if not 1 <= count <= MOST_PARTIES or len({p.party_id for p in plan.parties}) != count:
        text = {
            "zh": f"请选择 1 到 {MOST_PARTIES} 个参会方，每方一次。",
            "en": f"Choose 1 to {MOST_PARTIES} parties, each once.",
        }
        problems.append(Problem(text, "parties"))
    if plan.quorum_parties is not None and not 0 <= plan.quorum_parties <= count:
        text = {
            "zh": f"到会方数须在 0 到 {count}（受邀方数）之间。",
            "en": f"The quorum by party lies between 0 and {count}, the parties invited.",
        }
        problems.append(Problem(text, "quorum_parties"))
    if not 0 <= plan.quorum_heads <= 1:
        text = {
            "zh": "到会人数的比例须在 0 到 1 之间。",
            "en": "The share of heads lies between 0 and 1.",
        }
        problems.append(Problem(text, "quorum_heads"))
    return problems


def _bad_parties(session: Session, plan: Plan, actor: Viewer, now: datetime) -> list[Problem]:
    known = {party.id: party for party in candidates(session, actor, plan.place_id, now=now)}
    if sum(len(party.guests) for party in plan.parties) > MOST_GUESTS:
        text = {"zh": f"最多 {MOST_GUESTS} 人。", "en": f"At most {MOST_GUESTS} people."}
        return [Problem(text, "parties")]
    for invited in plan.parties:
        party = known.get(invited.party_id)
        if party is None:
            text = {
                "zh": "所选参会方不在这个地点，请重新选择。",
                "en": "A party that was chosen does not belong to this place: choose again.",
            }
            return [Problem(text, "parties")]
        staff = {guest.user_id for guest in party.guests}
        if any(g.user_id is not None and g.user_id not in staff for g in invited.guests):
            text = {
                "zh": f"所选人员现在不代表“{party.name}”，请重新选择。",
                "en": f"Somebody who was chosen does not speak for “{party.name}” now.",
            }
            return [Problem(text, "parties")]
    return []


def _bad_topics(session: Session, plan: Plan, actor: Viewer) -> list[Problem]:
    if len(plan.topics) > MOST_TOPICS:
        text = {"zh": f"最多 {MOST_TOPICS} 个议题。", "en": f"At most {MOST_TOPICS} items."}
        return [Problem(text, "topics")]
    about = {topic.case_id for topic in plan.topics if topic.case_id is not None}
    earlier = {topic.earlier_id for topic in plan.topics if topic.earlier_id is not None}
    cases_there = _seen(session, actor, m.Case, about)
    items_there = _seen(session, actor, m.AgendaItem, earlier)
    if about - cases_there or earlier - items_there:
        text = {
            "zh": "议题所指的事项不存在，或不在您的管辖范围内。",
            "en": "An item points to a case that is not there or lies outside your scope.",
        }
        return [Problem(text, "topics")]
    return []


def _seen(session: Session, actor: Viewer, model: type[Any], ids: set[int]) -> set[int]:
    """Those of ``ids`` that exist and that ``actor`` may see."""
    if not ids:
        return set()
    return set(session.scalars(sa.select(model.id).where(model.id.in_(ids), visible(actor, model))))


# --- the rows of the leg ------------------------------------------------------------------------


@leg("meeting")
def _write(step: Step, seed: Seed | None, extra: dict[str, Any]) -> None:
    """Write the meeting of a case just opened: as planned, or the four parties, now."""
    plan: Plan = extra.get("plan") or _usual(step)
    session, meeting_id = step.session, step.case.id
    share = plan.quorum_heads
    needed = len(plan.parties) if plan.quorum_parties is None else plan.quorum_parties
    session.execute(
        sa.insert(m.Meeting).values(
            case_id=meeting_id,
            scheduled_at=plan.scheduled_at,
            room=plan.room,
            quorum_parties=needed,
            quorum_heads=share.numerator,
            quorum_heads_over=share.denominator,
            decision_rule=plan.decision,
            voices=plan.voices,
            basis=plan.basis,
        )
    )
    parties = [
        {"meeting_id": meeting_id, "party_id": party.party_id, "position": position}
        for position, party in enumerate(plan.parties, 1)
    ]
    heads = [
        {"meeting_id": meeting_id, "party_id": party.party_id, "name": name, "user_id": user_id}
        for party in plan.parties
        for name, user_id in named(party.guests).items()
    ]
    items = [
        {
            "meeting_id": meeting_id,
            "position": position,
            "title": topic.title,
            "text": topic.text,
            "case_id": topic.case_id,
            "earlier_id": topic.earlier_id,
        }
        for position, topic in enumerate(plan.topics, 1)
    ]
    for model, rows in ((m.Invitation, parties), (m.Attendance, heads), (m.AgendaItem, items)):
        if rows:
            session.execute(sa.insert(model), rows)


def _usual(step: Step) -> Plan:
    found = candidates(step.session, SYSTEM, step.case.place_id, now=step.now)
    return Plan(
        title=step.case.title,
        place_id=step.case.place_id,
        scheduled_at=step.now,
        parties=tuple(Invited(party.id, party.guests) for party in found if party.usual),
    )
