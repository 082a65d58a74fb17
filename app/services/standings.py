"""How a consultation stands: its scheme and its four figures, now or as frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import MissingError, Problem
from app.models import Consultation, Opinion, RollHead, Scheme
from app.services import results, schemes, tally
from app.services.providers import Step
from app.services.tally import Tally


@dataclass(frozen=True, slots=True)
class Standing:
    """How a consultation stands: counted now, or as frozen. ``counted`` is None before the roll is
    frozen."""

    consultation: Consultation
    scheme: Scheme | None
    counted: Tally | None

    @property
    def frozen(self) -> bool:
        return self.consultation.result_at is not None


def standing(session: Session, case_id: int) -> Standing:
    """At most three statements, however large the roll. Raises MissingError."""
    consultation = session.get(Consultation, case_id)
    if consultation is None:
        raise MissingError(
            Problem({"zh": "没有这个协商。", "en": "There is no such consultation."})
        )
    scheme = schemes.current(session, case_id)
    counted = None
    if consultation.result is not None:
        counted = tally.tally(consultation.result["figures"])
    elif consultation.rule is not None:
        ballots = results.sums(session, case_id, scheme.id if scheme else None)
        counted = tally.count(ballots, tally.rule(consultation.rule))
    return Standing(consultation, scheme, counted)


def of_step(step: Step) -> Standing:
    """The standing of one step, counted once for all the facts that ask for it."""
    kept = step.session.info.get("standing")
    if kept is None or kept[0] is not step:
        kept = (step, standing(step.session, step.case.id))
        step.session.info["standing"] = kept
    found: Standing = kept[1]
    return found


def forget(step: Step) -> None:
    """An effect is about to change what was counted."""
    step.session.info.pop("standing", None)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many heads took part on the scheme on the table, of how many."""

    heads: int
    took_part: int


def progress(session: Session, case_ids: Iterable[int]) -> dict[int, Progress]:
    """Of each consultation with a frozen roll; one statement for a whole list."""
    newest = (
        sa.select(sa.func.max(Scheme.id))
        .where(Scheme.consultation_id == RollHead.consultation_id)
        .correlate(RollHead)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(RollHead.consultation_id, sa.func.count(), sa.func.count(Opinion.id))
        .outerjoin(
            Opinion,
            sa.and_(
                Opinion.head_id == RollHead.id,
                Opinion.latest,
                Opinion.counts,
                Opinion.scheme_id.is_not_distinct_from(newest),
            ),
        )
        .where(RollHead.consultation_id.in_(list(case_ids)))
        .group_by(RollHead.consultation_id)
    )
    return {case_id: Progress(heads, took_part) for case_id, heads, took_part in rows}
