"""What a meeting has to deal with, and what becomes of it: agenda facts, follow-ups, and what the
next meeting opens with."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app import models as m
from app.errors import InvalidError, Problem
from app.services.actors import Viewer
from app.services.providers import Seed, Step, fact, source
from app.services.scope import visible
from app.workflows.engine import Fact
from app.workflows.spec import Label

MOST_PROPOSALS = 30


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is not yet done: a follow-up still open (``case_id``), or an item of an earlier meeting
    that was put off or never reached (``earlier_id``)."""

    title: str
    text: str
    why: Label
    case_id: int | None = None
    earlier_id: int | None = None

    @property
    def key(self) -> str:
        return f"case:{self.case_id}" if self.case_id else f"item:{self.earlier_id}"


def proposals(session: Session, viewer: Viewer, place_id: int) -> list[Proposal]:
    """What the next meeting in this place should open with, as far as ``viewer`` may see it; the
    oldest promises first."""
    return [
        *_open_followups(session, viewer, place_id),
        *_unsettled(session, viewer, place_id),
    ]


def _open_followups(session: Session, viewer: Viewer, place_id: int) -> list[Proposal]:
    case, meeting = m.Case, aliased(m.Case)
    rows = session.execute(
        sa.select(case.id, case.number, case.title, case.state_label, meeting.title.label("of"))
        .join(meeting, meeting.id == case.parent_id)
        .where(
            meeting.leg == "meeting",
            meeting.place_id == place_id,
            case.child_ref.like("decision:%"),
            case.closed_at.is_(None),
            visible(viewer, m.Case),
        )
        .order_by(case.id)
        .limit(MOST_PROPOSALS)
    )
    return [
        Proposal(
            title=row.title,
            text="",
            why=Label(
                zh=f"决议跟进 {row.number}，现为“{row.state_label.get('zh', '')}”",
                en=f"follow-up {row.number}, now “{row.state_label.get('en', '')}”",
            ),
            case_id=row.id,
        )
        for row in rows
    ]


def _unsettled(session: Session, viewer: Viewer, place_id: int) -> list[Proposal]:
    item, later = m.AgendaItem, aliased(m.AgendaItem)
    rows = session.execute(
        sa.select(item.id, item.title, item.text, item.adjourned_why, m.Case.number)
        .join(m.Case, m.Case.id == item.meeting_id)
        .where(
            m.Case.place_id == place_id,
            m.Case.leg == "meeting",
            sa.or_(item.adjourned_at.is_not(None), m.Case.closed_at.is_not(None)),
            ~sa.exists().where(m.Decision.item_id == item.id),
            ~sa.exists().where(later.earlier_id == item.id),
            visible(viewer, m.Case),
        )
        .order_by(item.id)
        .limit(MOST_PROPOSALS)
    )
    return [
        Proposal(
            title=row.title,
            text=row.text,
            why=Label(
                zh=f"会议 {row.number} 未议决" + (f"：{row.adjourned_why}" * bool(row[3])),
                en=f"left open by {row.number}" + (f": {row.adjourned_why}" * bool(row[3])),
            ),
            earlier_id=row.id,
        )
        for row in rows
    ]


# --- facts of the agenda, and the source of the follow-ups ------------------------------------


def _tally(step: Step) -> tuple[int, int, list[str]]:
    """How many items there are, how many of them are decided, and the titles of the open ones."""
    item = m.AgendaItem
    rows = step.session.execute(
        sa.select(item.title, item.adjourned_at, m.Decision.id)
        .outerjoin(m.Decision, m.Decision.item_id == item.id)
        .where(item.meeting_id == step.case.id)
        .order_by(item.position)
    ).all()
    decided = sum(row.id is not None for row in rows)
    return (
        len(rows),
        decided,
        [row.title for row in rows if row.id is None and row.adjourned_at is None],
    )


@fact("agenda.count")
def _count(step: Step) -> Fact:
    return Fact(_tally(step)[0])


@fact("agenda.decided")
def _decided(step: Step) -> Fact:
    return Fact(_tally(step)[1])


@fact("agenda.open")
def _open(step: Step) -> Fact:
    titles = _tally(step)[2]
    if not titles:
        return Fact(0)
    zh, en = "、".join(titles)[:1900], ", ".join(titles)[:1900]
    return Fact(len(titles), Label(zh=f"未议决：{zh}", en=f"still open: {en}"))


@source("decisions")
def _decisions(step: Step) -> list[Seed]:
    """One follow-up for each decision, with its owner and due date."""
    decision, item = m.Decision, m.AgendaItem
    rows = step.session.execute(
        sa.select(
            decision.id,
            decision.text,
            decision.owner_party_id,
            decision.owner_id,
            decision.due_on,
            item.title,
        )
        .join(item, item.id == decision.item_id)
        .where(item.meeting_id == step.case.id)
        .order_by(item.position)
    )
    seeds = []
    for row in rows:
        data = {
            "decision": row.text,
            "owner": row.owner_id,
            "owner_party": row.owner_party_id,
            "due_date": row.due_on.isoformat() if row.due_on else None,
        }
        seeds.append(
            Seed(
                ref=f"decision:{row.id}",
                title=row.title,
                party_id=row.owner_party_id,
                assignee_id=row.owner_id,
                data={key: value for key, value in data.items() if value is not None},
            )
        )
    return seeds


def numbered(session: Session, viewer: Viewer, number: str) -> int:
    """The case with that number, as typed. Raises InvalidError when ``viewer`` can't see one."""
    plain = unicodedata.normalize("NFKC", number).strip().upper()
    case_id = None
    if plain.isprintable():
        query = sa.select(m.Case.id).where(m.Case.number == plain, visible(viewer, m.Case))
        case_id = session.scalar(query)
    if case_id is None:
        text = {
            "zh": f"没有编号为“{plain[:30]}”的事项，或不在您的管辖范围内。",
            "en": f"There is no case “{plain[:30]}”, or it lies outside your scope.",
        }
        raise InvalidError(Problem(text, "number"))
    return case_id
