"""Screens of leg three: the list, opening, the board, door to door, schemes, figures."""

from __future__ import annotations

from app.views.consultation import opening, panel, visits
from app.views.consultation.pages import pages

__all__ = ["opening", "pages", "panel", "visits"]
