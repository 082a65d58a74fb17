"""What should be looked at in a row that could be taken as it is."""

from __future__ import annotations

from decimal import Decimal

from app.services.imports import Finding

LARGE = 2000
"""A unit of more square metres than that is rarely one."""


def area(before: Decimal, after: Decimal) -> Finding:
    text = {
        "zh": f"面积将由 {before} 改为 {after}。",
        "en": f"The area changes from {before} to {after}.",
    }
    return Finding(text, "area", bad=False)


def large() -> Finding:
    text = {
        "zh": f"面积超过 {LARGE} 平方米，请核对。",
        "en": f"More than {LARGE} m²: please check.",
    }
    return Finding(text, "area", bad=False)


def namesake(name: str, row: int) -> Finding:
    text = {
        "zh": f"“{name}”在第 {row} 行也有，都没有电话，将算作两位业主。若是同一人，请填上电话。",
        "en": f"“{name}” stands in row {row} too, without a telephone: they count as two owners. "
        "If it is one person, give the number.",
    }
    return Finding(text, "owners", bad=False)
