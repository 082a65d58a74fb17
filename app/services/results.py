"""Results: the four figures frozen with all that they were counted from, and the recount."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import MissingError, Problem, RefusedError
from app.models import Consultation, Opinion, RollHead, RollUnit, Scheme
from app.services import schemes, tally
from app.services.tally import Ballot, Tally

FORMAT = 1
LANGUAGES = ("zh", "en")
NAMES = {
    "participation_area": {"zh": "参与面积", "en": "participating area"},
    "participation_heads": {"zh": "参与人数", "en": "participating owners"},
    "approval_area": {"zh": "同意面积", "en": "agreeing area"},
    "approval_heads": {"zh": "同意人数", "en": "agreeing owners"},
}


@dataclass(frozen=True, slots=True)
class Recount:
    """A frozen result beside a fresh count; ``differences`` says in zh and en what is not equal."""

    frozen: Tally
    counted: Tally
    differences: tuple[dict[str, str], ...]

    @property
    def equal(self) -> bool:
        return not self.differences

    @property
    def data(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "equal": self.equal,
            "passed": self.counted.passed,
            "frozen": self.frozen.record(),
            "counted": self.counted.record(),
            "differences": list(self.differences),
        }

    @property
    def lines(self) -> list[dict[str, str]]:
        """For people, in zh and en: the fresh figures, then whether they are the frozen ones."""
        figures = self.counted.figures()
        said = [
            {language: f"{NAMES[name][language]} {figure.text[language]}" for language in LANGUAGES}
            for name, figure in figures.items()
        ]
        if self.equal:
            return [*said, {"zh": "与存档一致。", "en": "Equal to what was frozen."}]
        return [*said, *self.differences]


def sums(session: Session, case_id: int, scheme_id: int | None) -> list[Ballot]:
    """The present ballots, summed up by voice: one row per voice, however large the roll."""
    rows = session.execute(
        sa.select(Opinion.voice, sa.func.sum(RollHead.area), sa.func.count())
        .select_from(RollHead)
        .outerjoin(
            Opinion,
            sa.and_(
                Opinion.head_id == RollHead.id,
                Opinion.latest,
                Opinion.counts,
                Opinion.scheme_id.is_not_distinct_from(scheme_id),
            ),
        )
        .where(RollHead.consultation_id == case_id)
        .group_by(Opinion.voice)
    )
    return [
        Ballot(tally.cents(area), voice.value if voice else None, heads)
        for voice, area, heads in rows
    ]


def inputs(
    session: Session, case_id: int, scheme_id: int | None, *, upto: int | None = None
) -> dict[str, Any]:
    """All that is counted, head by head: each one's newest vote on the scheme, of those not newer
    than opinion ``upto``. Read from the versions themselves, not from their ``latest`` flag."""
    votes = sa.select(Opinion.id, Opinion.voice).where(
        Opinion.head_id == RollHead.id,
        Opinion.counts,
        Opinion.scheme_id.is_not_distinct_from(scheme_id),
    )
    if upto is not None:
        votes = votes.where(Opinion.id <= upto)
    newest = votes.order_by(Opinion.id.desc()).limit(1).lateral("newest")
    heads = session.execute(
        sa.select(RollHead.id, RollHead.owners, RollHead.area, newest.c.id, newest.c.voice)
        .outerjoin(newest, sa.true())
        .where(RollHead.consultation_id == case_id)
        .order_by(RollHead.id)
    )
    units = session.execute(
        sa.select(RollUnit.unit_id, RollUnit.head_id, RollUnit.area)
        .where(RollUnit.consultation_id == case_id)
        .order_by(RollUnit.unit_id)
    )
    return {
        "heads": [
            [head, owners, tally.cents(area), opinion, voice.value if voice else None]
            for head, owners, area, opinion, voice in heads
        ],
        "units": [[unit, head, tally.cents(area)] for unit, head, area in units],
    }


def ballots(heads: Iterable[list[Any]]) -> list[Ballot]:
    return [Ballot(cents, voice) for _, _, cents, _, voice in heads]


def freeze(session: Session, consultation: Consultation, now: datetime) -> Tally:
    """Count and keep the result with its inputs and its hash. Flushes."""
    if consultation.frozen_at is None or consultation.rule is None:
        raise RefusedError(
            Problem({"zh": "名册还没有锁定，无法计算结果。", "en": "The roll isn't frozen yet."})
        )
    if consultation.result_at is not None:
        raise RefusedError(Problem({"zh": "结果已经锁定。", "en": "The result is frozen already."}))
    scheme = schemes.current(session, consultation.case_id)
    found = inputs(session, consultation.case_id, scheme.id if scheme else None)
    counted = tally.count(ballots(found["heads"]), tally.rule(consultation.rule))
    last = sa.select(sa.func.max(Opinion.id)).where(Opinion.consultation_id == consultation.case_id)
    consultation.result = {
        "format": FORMAT,
        "case": consultation.case_id,
        "round": consultation.round,
        "at": now.isoformat(),
        "rule": consultation.rule,
        "scheme": _scheme(scheme),
        "last_opinion": session.scalar(last) or 0,
        "passed": counted.passed,
        "figures": counted.record(),
        **found,
    }
    consultation.result_hash = fingerprint(consultation.result)
    consultation.result_at = now
    session.flush()
    return counted


def _scheme(scheme: Scheme | None) -> dict[str, Any] | None:
    if scheme is None:
        return None
    text = f"{scheme.title}\n{scheme.text}"
    return {
        "id": scheme.id,
        "version": scheme.version,
        "title": scheme.title,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def fingerprint(result: dict[str, Any]) -> str:
    """SHA-256 of the result as canonical JSON."""
    text = json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def recount(session: Session, case_id: int) -> Recount:
    """Count again from the roll and the opinions as they were recorded, and compare with what was
    frozen. Later votes, changed owners, areas and rule sets make no difference; a tampered row
    does. Raises MissingError, RefusedError (nothing is frozen)."""
    consultation = session.get(Consultation, case_id)
    if consultation is None:
        raise MissingError(
            Problem({"zh": "没有这个协商。", "en": "There is no such consultation."})
        )
    frozen = consultation.result
    if frozen is None:
        raise RefusedError(
            Problem(
                {"zh": "结果还没有锁定，无从核对。", "en": "No result is frozen: nothing to check."}
            )
        )
    scheme_id = frozen["scheme"]["id"] if frozen["scheme"] else None
    found = inputs(session, case_id, scheme_id, upto=frozen["last_opinion"])
    counted = tally.count(ballots(found["heads"]), tally.rule(frozen["rule"]))
    return Recount(
        tally.tally(frozen["figures"]),
        counted,
        tuple(_differences(session, consultation, frozen, found, counted)),
    )


def _differences(
    session: Session,
    consultation: Consultation,
    frozen: dict[str, Any],
    found: dict[str, Any],
    counted: Tally,
) -> list[dict[str, str]]:
    texts = []
    if fingerprint(frozen) != consultation.result_hash:
        texts.append(
            {"zh": "存档的结果与其校验值不符", "en": "the stored result and its hash differ"}
        )
    if frozen["rule"] != consultation.rule:
        texts.append({"zh": "规则集与存档不符", "en": "the rule set differs from the stored one"})
    if _scheme_now(session, frozen) != frozen["scheme"]:
        texts.append({"zh": "方案文本与存档不符", "en": "the scheme's text differs"})
    for name, zh, en in (("heads", "业主", "heads"), ("units", "房屋", "units")):
        known = {row[0]: row for row in frozen[name]}
        now = {row[0]: row for row in found[name]}
        changed = sorted(i for i in known.keys() | now.keys() if known.get(i) != now.get(i))
        if changed:
            few = ", ".join(map(str, changed[:10]))
            texts.append(
                {
                    "zh": f"{len(changed)} 个{zh}与存档不符（编号 {few}）",
                    "en": f"{len(changed)} {en} differ (ids {few})",
                }
            )
    if counted.record() != frozen["figures"] or counted.passed is not frozen["passed"]:
        texts.append({"zh": "重新计算的数字与存档不符", "en": "the figures differ"})
    return texts


def _scheme_now(session: Session, frozen: dict[str, Any]) -> dict[str, Any] | None:
    if frozen["scheme"] is None:
        return None
    return _scheme(session.get(Scheme, frozen["scheme"]["id"]))
