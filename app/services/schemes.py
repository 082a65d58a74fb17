"""Schemes: what the households are asked about. A change is a new version, never an edit.

A vote is for the version that it was given on: with a new one on the table, earlier votes stay on
record and no longer count, and a new round begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.errors import ConflictError, InvalidError, MissingError, Problem, RefusedError
from app.models import Consultation, Opinion, Scheme
from app.services import cases, rows
from app.services.actors import Viewer

EVENT = "add_scheme"
"""The transition that the workflow declares: it decides who may add one, and when."""

LONGEST_TITLE = 200
LONGEST_TEXT = 20000


@dataclass(frozen=True, slots=True)
class Draft:
    """``seen`` is the newest version that the page showed (0: none)."""

    title: str
    text: str
    seen: int = 0


def current(session: Session, case_id: int) -> Scheme | None:
    """The version on the table: the newest."""
    return session.scalars(
        sa.select(Scheme)
        .where(Scheme.consultation_id == case_id)
        .order_by(Scheme.version.desc())
        .limit(1)
    ).first()


def listed(session: Session, case_id: int) -> list[Scheme]:
    """All versions, newest first."""
    return list(
        session.scalars(
            sa.select(Scheme)
            .where(Scheme.consultation_id == case_id)
            .order_by(Scheme.version.desc())
            .options(joinedload(Scheme.written_by))
        )
    )


def add(session: Session, case_id: int, draft: Draft, *, actor: Viewer, now: datetime) -> Scheme:
    """Put a new version on the table and note it in the case's history; flushes.

    Raises MissingError, InvalidError, RefusedError (the result is frozen, or the workflow says
    no), ConflictError (another version came in between).
    """
    rows.load(session, case_id, actor, lock=True)
    title, text = _tidy(draft)
    consultation = session.get(Consultation, case_id)
    if consultation is None:
        raise MissingError(
            Problem({"zh": "没有这个协商。", "en": "There is no such consultation."})
        )
    if consultation.result_at is not None:
        raise RefusedError(
            Problem(
                {
                    "zh": "本轮结果已经锁定，不能再提新方案。",
                    "en": "The result of this round is frozen: no new scheme can be added.",
                }
            )
        )
    before = current(session, case_id)
    if before is not None and before.version != draft.seen:
        if (before.title, before.text, before.written_by_id) == (title, text, actor.user_id):
            return before
        raise ConflictError(
            Problem(
                {
                    "zh": f"刚刚已有人提交了第 {before.version} 版方案，请看过后再提交。",
                    "en": f"Version {before.version} was added meanwhile: look at it first.",
                }
            )
        )
    scheme = Scheme(
        consultation_id=case_id,
        version=before.version + 1 if before else 1,
        title=title,
        text=text,
        written_at=now,
        written_by_id=actor.user_id,
    )
    session.add(scheme)
    if _asked(session, consultation):
        consultation.round += 1
    session.flush()
    words = {
        "zh": f"方案第 {scheme.version} 版：{title}",
        "en": f"Scheme version {scheme.version}: {title}",
    }
    told = {"scheme": scheme.id, "round": consultation.round, "text": words}
    cases.fire(session, case_id, EVENT, actor=actor, now=now, record=told)
    return scheme


def _asked(session: Session, consultation: Consultation) -> bool:
    """Whether anybody was heard in the present round."""
    return (
        session.scalar(
            sa.select(
                sa.exists().where(
                    Opinion.consultation_id == consultation.case_id,
                    Opinion.round == consultation.round,
                )
            )
        )
        is True
    )


def _tidy(draft: Draft) -> tuple[str, str]:
    title, text = draft.title.strip(), draft.text.strip().replace("\r\n", "\n")
    problems = []
    for field, value, longest in (("title", title, LONGEST_TITLE), ("text", text, LONGEST_TEXT)):
        if not value:
            problems.append(Problem({"zh": "请填写此项。", "en": "Fill this in."}, field))
        elif len(value) > longest:
            said = {"zh": f"最多 {longest} 个字。", "en": f"At most {longest} characters."}
            problems.append(Problem(said, field))
        if "\x00" in value:
            said = {"zh": "含有不能保存的字符。", "en": "Holds a character that can't be stored."}
            problems.append(Problem(said, field))
    if problems:
        raise InvalidError(*problems)
    return title, text
