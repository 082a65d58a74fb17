"""What a community is judged by, counted from clocks and cases; defined in docs/figures.md."""

from __future__ import annotations

from app.services.figures.curve import Day, curve
from app.services.figures.keys import By
from app.services.figures.rates import Group, Rate, Rates, grouped, trend, versus
from app.services.figures.span import Kind, Span
from app.services.figures.standing import Load, spread, standing
from app.services.figures.within import PARTY_ROLES, READERS, Within

__all__ = [
    "PARTY_ROLES",
    "READERS",
    "By",
    "Day",
    "Group",
    "Kind",
    "Load",
    "Rate",
    "Rates",
    "Span",
    "Within",
    "curve",
    "grouped",
    "spread",
    "standing",
    "trend",
    "versus",
]
