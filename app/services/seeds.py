"""What children a case brings forth: items of a form field, or of a registered source."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app import models as m
from app.services.providers import SOURCES, Seed, Step
from app.workflows.engine import Compiled
from app.workflows.spec import Child, FieldType


def fresh(step: Step, compiled: Compiled, child: Child) -> list[Seed]:
    """The seeds of ``child`` that have no case yet."""
    if child.per.startswith("field."):
        found = _of_field(step, compiled, child.per.removeprefix("field."))
    else:
        found = SOURCES[child.per](step)
    if not found:
        return []
    there = set(
        step.session.scalars(
            sa.select(m.Case.child_ref).where(
                m.Case.parent_id == step.case.id,
                m.Case.child_key == child.key,
                # one that was cancelled may come again
                m.Case.state_kind != "cancelled",
            )
        )
    )
    return [seed for seed in found if seed.ref not in there]


def _of_field(step: Step, compiled: Compiled, key: str) -> list[Seed]:
    value: Any = step.data.get(key)
    ids = [int(item) for item in (value if isinstance(value, list) else [value]) if item]
    if compiled.fields[key].type is FieldType.PLACE:
        places = step.session.scalars(sa.select(m.Place).where(m.Place.id.in_(ids)))
        return [
            Seed(
                f"place:{p.id}", f"{step.case.title} · {p.name}"[:200], place_id=p.id, scope_id=p.id
            )
            for p in places
        ]
    parties = step.session.scalars(sa.select(m.Party).where(m.Party.id.in_(ids)))
    return [Seed(f"party:{p.id}", _title(step, p.name), party_id=p.id) for p in parties]


def _title(step: Step, name: str) -> str:
    return f"{step.case.title} · {name}"[:200]
