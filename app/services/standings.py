"""How a consultation stands: its scheme and its four figures, now or as frozen."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.errors import MissingError, Problem
from app.models import Consultation, Scheme
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
