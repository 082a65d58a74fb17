"""Leg three: what hangs on a consultation's case, and what its workflow may do to it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.errors import InvalidError, Problem, RefusedError
from app.models import (
    Consultation,
    Place,
    PlaceKind,
    RuleSet,
    Unit,
)
from app.services import opinions, results, rolls, schemes, tally
from app.services.boards import natural
from app.services.consent import explained
from app.services.providers import Seed, Step, effect, leg, own, source
from app.services.results import Recount
from app.services.standings import forget

__all__ = ["Recount", "recount"]

recount = results.recount

own("consultation", opinions.EVENT, schemes.EVENT)

# --- the leg ------------------------------------------------------------------------------------


@leg("consultation")
def _open(step: Step, seed: Seed | None, extra: dict[str, Any]) -> None:
    """``extra``: ``scope_id`` (else the case's place) and ``rule_set`` (key). A child takes its
    scope from the seed and its rule set from the parent, unless ``extra`` names one."""
    scope_id = (seed.scope_id if seed else None) or extra.get("scope_id") or step.case.place_id
    _check_scope(step, int(scope_id))
    step.session.add(
        Consultation(
            case_id=step.case.id, scope_id=int(scope_id), rule_set_id=_rule_set(step, extra)
        )
    )
    step.session.flush()


def _check_scope(step: Step, scope_id: int) -> None:
    session = step.session
    own = sa.select(Place.path).where(Place.id == step.case.place_id).scalar_subquery()
    inside = session.scalar(
        sa.select(sa.func.starts_with(Place.path, own)).where(Place.id == scope_id)
    )
    if not inside:
        raise InvalidError(
            Problem(
                {
                    "zh": "协商范围须是事项所在地点或其下级。",
                    "en": "The scope must be the place of the case, or lie below it.",
                },
                "scope_id",
            )
        )


def _rule_set(step: Step, extra: dict[str, Any]) -> int:
    key = extra.get("rule_set")
    query = sa.select(RuleSet.id).where(RuleSet.key == str(key or ""))
    if not key and step.case.parent_id is not None:
        query = sa.select(Consultation.rule_set_id).where(
            Consultation.case_id == step.case.parent_id
        )
    found = step.session.scalar(query)
    if found is None:
        raise InvalidError(
            Problem(
                {
                    "zh": "请选择按哪一套规则计算（一般事项、特别事项或本社区规则）。",
                    "en": "Choose the rule set to count by: ordinary, special, or a local one.",
                },
                "rule_set",
            )
        )
    return found


@source("entrances")
def _entrances(step: Step) -> list[Seed]:
    """Entrances within the scope that have units: one without could never be decided."""
    scope = (
        sa.select(Place.path)
        .join(Consultation, Consultation.scope_id == Place.id)
        .where(Consultation.case_id == step.case.id)
        .scalar_subquery()
    )
    building, inner = aliased(Place), aliased(Place)
    settled = sa.exists().where(
        Unit.place_id == inner.id, sa.func.starts_with(inner.path, Place.path)
    )
    found = step.session.execute(
        sa.select(Place.id, Place.name, building.name, building.kind)
        .outerjoin(building, building.id == Place.parent_id)
        .where(Place.kind == PlaceKind.ENTRANCE, sa.func.starts_with(Place.path, scope), settled)
    ).all()
    if not found:
        raise RefusedError(
            Problem(
                {
                    "zh": "协商范围内没有登记了房屋的单元，无法按单元分别协商。",
                    "en": "No entrance in the scope has units on record, so there is nothing to "
                    "split into.",
                }
            )
        )
    named = [(row[0], row[1], row[2] if row[3] is PlaceKind.BUILDING else "") for row in found]
    return [
        Seed(f"place:{place_id}", _title(step, name, above), place_id=place_id, scope_id=place_id)
        for place_id, name, above in sorted(
            named, key=lambda one: (natural(one[2]), natural(one[1]), one[0])
        )
    ]


def _title(step: Step, entrance: str, building: str) -> str:
    where = f"{building} {entrance}".strip()
    return f"{step.case.title[: 197 - len(where)]} · {where}"[:200]


# --- effects ------------------------------------------------------------------------------------


def _own(step: Step) -> Consultation:
    forget(step)
    return step.session.get_one(Consultation, step.case.id)


@effect("roll.freeze")
def _freeze_roll(step: Step) -> dict[str, Any]:
    consultation = _own(step)
    size = rolls.freeze(step.session, consultation, step.now)
    area = size.area
    assert consultation.rule is not None
    return {
        "units": size.units,
        "heads": size.heads,
        "area": area,
        "rule": consultation.rule["key"],
        "text": {
            "zh": f"名册锁定：{size.units} 户、{size.heads} 人、{area} 平方米",
            "en": f"Roll frozen: {size.units} units, {size.heads} heads, {area} m²",
        },
    }


@effect("result.freeze")
def _freeze_result(step: Step) -> dict[str, Any]:
    consultation = _own(step)
    counted = results.freeze(step.session, consultation, step.now)
    told = explained(counted, tally.FIGURES)
    verdict = ("通过", "passed") if counted.passed else ("未通过", "not passed")
    return {
        "round": consultation.round,
        "passed": counted.passed,
        "figures": counted.record(),
        "hash": consultation.result_hash,
        "text": {"zh": f"{verdict[0]}：{told.zh}", "en": f"{verdict[1]}: {told.text('en')}"},
    }


@effect("round.open")
def _open_round(step: Step) -> dict[str, Any]:
    """The votes stand; what was frozen of the last round stays in the event that froze it."""
    consultation = _own(step)
    if consultation.result_at is None:
        raise RefusedError(
            Problem(
                {"zh": "本轮结果还没有锁定。", "en": "The result of this round isn't frozen yet."}
            )
        )
    number = consultation.round + 1
    step.session.execute(
        sa.update(Consultation)
        .where(Consultation.case_id == step.case.id)
        .values(round=number, result=sa.null(), result_hash=None, result_at=None)
    )
    return {"round": number, "text": {"zh": f"第 {number} 轮", "en": f"Round {number}"}}
