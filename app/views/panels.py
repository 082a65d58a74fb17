"""What a leg shows on the case page beside what every case has."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from app.services.actors import Viewer
from app.services.cases import Shown

Panel = Callable[[Shown, Viewer], str]
"""Draws a leg's part of the case page (HTML of a template) for a case that the viewer may see."""

PANELS: dict[str, Panel] = {}


def panel(leg: str) -> Callable[[Panel], Panel]:
    """Register the panel of ``leg``; twice is a mistake."""

    def keep(code: Panel) -> Panel:
        if leg in PANELS:
            raise ValueError(f"the panel of {leg} is registered twice")
        PANELS[leg] = code
        return code

    return keep


def drawn(shown: Shown, viewer: Viewer) -> Markup:
    """The panel of the case's leg; empty for a plain case."""
    code = PANELS.get(shown.case.leg)
    return Markup("") if code is None else Markup(code(shown, viewer))  # noqa: S704  our templates
