"""What the households say: append-only versions, one vote per head, each visit on record.

A vote (agree, on a condition, disagree, abstain) takes the place of the head's earlier vote. A
visit that found nobody, or brought no answer, and the voice of one of several households in a
shared flat are recorded beside it: they never count, and they never take a vote away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import ConflictError, InvalidError, MissingError, Problem, RefusedError
from app.models import Consultation, Opinion, RollUnit, Voice
from app.services import attachments, cases, edge, rows, schemes
from app.services.actors import Viewer
from app.services.attachments import Kept
from app.services.scope import SHEET
from app.services.tally import VOTES

EVENT = "record_opinion"
"""The transition that the workflow declares: it decides who may record, and when."""

LONGEST_REASON = 2000
LONGEST_HOUSEHOLD = 60
FARTHEST_VISIT = timedelta(days=366)

VOICES: dict[str, dict[str, str]] = {
    Voice.AGREE: {"zh": "同意", "en": "agree"},
    Voice.CONDITION: {"zh": "附条件同意", "en": "agree on a condition"},
    Voice.DISAGREE: {"zh": "不同意", "en": "disagree"},
    Voice.ABSTAIN: {"zh": "弃权", "en": "abstain"},
    Voice.REFUSED: {"zh": "拒绝表态", "en": "would not say"},
    Voice.AWAY: {"zh": "家中无人", "en": "not at home"},
}


@dataclass(frozen=True, slots=True)
class Visit:
    """What the visit form brings. ``seen`` is the newest opinion of the head and ``scheme_id`` the
    scheme that the page showed: what came in between is never written over unseen."""

    unit_id: int
    voice: str
    household: str = ""
    """Named: one of several households of a shared flat speaks, not the owner."""
    reason: str = ""
    next_visit: date | None = None
    seen: int = 0
    scheme_id: int | None = None
    sheet: Kept | None = None
    """A photo of what the household signed."""

    @property
    def counts(self) -> bool:
        return self.voice in VOTES and not self.household


@dataclass(frozen=True, slots=True)
class Recorded:
    """``replayed``: the same form came twice, and the first one had done it already."""

    id: int
    replayed: bool = False


def record(
    session: Session, case_id: int, visit: Visit, *, actor: Viewer, now: datetime
) -> Recorded:
    """Write one visit and note it in the case's history; flushes.

    Raises MissingError (not visible), InvalidError (the form), RefusedError (the roll isn't
    frozen, the round is over, or the workflow says no), ConflictError (somebody was faster).
    """
    case = rows.load(session, case_id, actor, lock=True)
    visit = _tidy(visit, edge.today(now))
    consultation = open_round(session, case.id)
    unit = _unit(session, case.id, visit.unit_id)
    newest = _newest(session, unit.head_id)
    if newest is not None and newest.id != visit.seen:
        if _same(newest, visit, actor):
            return Recorded(newest.id, replayed=True)
        raise _overtaken(newest)
    scheme = schemes.current(session, case_id)
    if (scheme.id if scheme else None) != visit.scheme_id:
        raise ConflictError(
            Problem(
                {
                    "zh": "方案刚刚更新，请先向住户说明新方案，再登记意见。",
                    "en": "The scheme has just changed: explain the new one, then record.",
                }
            )
        )
    opinion = _insert(session, visit, unit, consultation, actor=actor, now=now)
    cases.fire(session, case_id, EVENT, actor=actor, now=now, record=_told(opinion, unit))
    return Recorded(opinion.id)


def open_round(session: Session, case_id: int) -> Consultation:
    """The consultation while opinions may still change; raises RefusedError before and after."""
    consultation = session.get(Consultation, case_id)
    if consultation is None:
        raise _missing()
    if consultation.frozen_at is None:
        raise RefusedError(
            Problem(
                {
                    "zh": "名册还没有锁定，表决开始后才能登记意见。",
                    "en": "The roll isn't frozen yet: opinions are recorded once the voting opens.",
                }
            )
        )
    if consultation.result_at is not None:
        raise RefusedError(
            Problem(
                {
                    "zh": "本轮结果已经锁定，不能再登记或更改意见。",
                    "en": "The result of this round is frozen: opinions can't change any more.",
                }
            )
        )
    return consultation


def _tidy(visit: Visit, today: date) -> Visit:
    household, reason = visit.household.strip(), visit.reason.strip()
    problems = []
    if visit.voice not in VOICES:
        problems.append(_problem("voice", "请选择一种意见。", "Choose one of the opinions."))
    if visit.voice == Voice.CONDITION and not reason:
        text = "请写明条件是什么。", "Say what the condition is."
        problems.append(_problem("reason", *text))
    for field, value, longest in (
        ("reason", reason, LONGEST_REASON),
        ("household", household, LONGEST_HOUSEHOLD),
    ):
        if len(value) > longest:
            text = f"最多 {longest} 个字。", f"At most {longest} characters."
            problems.append(_problem(field, *text))
        if "\x00" in value:
            text = "含有不能保存的字符。", "Holds a character that can't be stored."
            problems.append(_problem(field, *text))
    if visit.next_visit and not today <= visit.next_visit <= today + FARTHEST_VISIT:
        text = (
            "下次走访日期须在今天起一年之内。",
            "The next visit must be within a year from today.",
        )
        problems.append(_problem("next_visit", *text))
    if problems:
        raise InvalidError(*problems)
    return Visit(
        visit.unit_id,
        visit.voice,
        household,
        reason,
        visit.next_visit,
        visit.seen,
        visit.scheme_id,
        visit.sheet,
    )


def _problem(field: str, zh: str, en: str) -> Problem:
    return Problem({"zh": zh, "en": en}, field)


def _missing() -> MissingError:
    return MissingError(Problem({"zh": "没有这个协商。", "en": "There is no such consultation."}))


def _unit(session: Session, case_id: int, unit_id: int) -> RollUnit:
    unit = session.scalars(
        sa.select(RollUnit).where(RollUnit.consultation_id == case_id, RollUnit.unit_id == unit_id)
    ).one_or_none()
    if unit is None:
        raise InvalidError(
            _problem("unit", "这一户不在本次协商的名册上。", "This unit is not on the roll.")
        )
    return unit


def _newest(session: Session, head_id: int) -> Opinion | None:
    return session.scalars(
        sa.select(Opinion).where(Opinion.head_id == head_id).order_by(Opinion.id.desc()).limit(1)
    ).first()


def _same(opinion: Opinion, visit: Visit, actor: Viewer) -> bool:
    return (
        opinion.unit_id,
        opinion.voice.value,
        opinion.household,
        opinion.reason,
        opinion.next_visit,
        opinion.scheme_id,
        opinion.visited_by_id,
        opinion.attachment.sha256 if opinion.attachment else None,
    ) == (
        visit.unit_id,
        visit.voice,
        visit.household,
        visit.reason,
        visit.next_visit,
        visit.scheme_id,
        actor.user_id,
        visit.sheet.sha256 if visit.sheet else None,
    )


def _overtaken(newest: Opinion) -> ConflictError:
    at, voice = edge.shown(newest.at), VOICES[newest.voice]
    return ConflictError(
        Problem(
            {
                "zh": f"这位业主的意见在 {at} 已有新的登记（{voice['zh']}）。请看过后再登记。",
                "en": f"Something was recorded for this owner at {at} ({voice['en']}). Look at it "
                "first, then record.",
            }
        )
    )


def _insert(
    session: Session,
    visit: Visit,
    unit: RollUnit,
    consultation: Consultation,
    *,
    actor: Viewer,
    now: datetime,
) -> Opinion:
    if visit.counts:
        session.execute(
            sa.update(Opinion)
            .where(Opinion.head_id == unit.head_id, Opinion.latest, Opinion.counts)
            .values(latest=False)
        )
    sheet_id = None
    if visit.sheet is not None:
        (sheet_id,) = attachments.reserve(session, 1)
        files = [(sheet_id, SHEET, visit.sheet)]
        attachments.attach(session, consultation.case_id, files, actor=actor, now=now)
    opinion = Opinion(
        consultation_id=consultation.case_id,
        head_id=unit.head_id,
        unit_id=unit.unit_id,
        round=consultation.round,
        scheme_id=visit.scheme_id,
        voice=Voice(visit.voice),
        counts=visit.counts,
        household=visit.household,
        reason=visit.reason,
        next_visit=visit.next_visit,
        visited_by_id=actor.user_id,
        at=now,
        latest=visit.counts,
        attachment_id=sheet_id,
    )
    session.add(opinion)
    session.flush()
    return opinion


def _told(opinion: Opinion, unit: RollUnit) -> dict[str, Any]:
    """What the case's history says of it: where and what, no names and no reasons."""
    words = VOICES[opinion.voice]
    zh, en = ("（合住户）", " (one household)") if opinion.household else ("", "")
    return {
        "opinion": opinion.id,
        "text": {
            "zh": f"{unit.label}{zh}：{words['zh']}",
            "en": f"{unit.label}{en}: {words['en']}",
        },
    }


def history(session: Session, case_id: int, head_id: int) -> list[Opinion]:
    """Everything a head said, newest first, whoever of its units and households said it."""
    return list(
        session.scalars(
            sa.select(Opinion)
            .where(Opinion.consultation_id == case_id, Opinion.head_id == head_id)
            .order_by(Opinion.id.desc())
            .options(sa.orm.joinedload(Opinion.visited_by), sa.orm.joinedload(Opinion.attachment))
        )
    )
