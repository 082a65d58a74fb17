"""What all pages of a consultation share: the case within the viewer's scope, and its links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.errors import InvalidError, MissingError, Problem, SifangError
from app.extensions import db
from app.permissions import Role
from app.services import cases
from app.services.actors import Viewer
from app.services.cases import Shown
from app.services.scope import COMMUNITY_ROLES
from app.views import access, errors
from app.workflows.engine import Choice

STANCES: dict[str, tuple[str, str]] = {
    "agree": ("✓", "agree"),
    "condition": ("◐", "condition"),
    "disagree": ("✗", "disagree"),
    "abstain": ("○", "abstain"),
    "refused": ("…", "refused"),
    "away": ("⌂", "away"),
    "lapsed": ("↻", "lapsed"),
    "silent": ("", "silent"),
}
"""By stance: the sign that says it without colour, and the class that colours it."""


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    url: str
    current: bool


def load(case_id: int) -> Shown:
    """The consultation with its buttons; MissingError for what isn't one, or isn't visible."""
    shown = cases.choices(db.session(), case_id, actor=access.viewer(), now=access.now())
    if shown.case.leg != "consultation":
        raise MissingError(
            Problem({"zh": "没有这个协商。", "en": "There is no such consultation."})
        )
    return shown


def choice(shown: Shown, event: str) -> Choice | None:
    """The button ``event`` in the present state; None where the state has none."""
    return next((c for c in shown.choices if c.transition.key == event), None)


def knows_names(viewer: Viewer) -> bool:
    """Who may read owners' names: those who work for the community, and the administrator."""
    return bool(viewer.roles & (COMMUNITY_ROLES | {Role.ADMIN}))


def chips(case_id: int, current: str) -> list[Chip]:
    """The way between the pages of one consultation."""
    places = {
        "board": _("Board"),
        "schemes": _("Schemes"),
        "result": _("Figures"),
    }
    return [
        Chip(label, url_for(f"consultations.{name}", case_id=case_id), current=name == current)
        for name, label in places.items()
    ]


def by_field(error: SifangError) -> dict[str, str]:
    """The first problem of each field in the reader's language; ``""`` for the form as a whole."""
    found: dict[str, str] = {}
    for problem in error.problems:
        found.setdefault(problem.field or "", errors.said(problem))
    return found


def whole(text: Any, field: str) -> int:
    """A whole number out of a form; raises InvalidError naming the field."""
    digits = str(text or "").strip()
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        said = {"zh": "请从列表中选择。", "en": "Choose from the list."}
        raise InvalidError(Problem(said, field))
    return int(digits)
