"""Numbers of residents: shown masked, in full to those whose work needs it, and never unnoticed."""

from __future__ import annotations

from app.permissions import Role
from app.services.actors import Viewer

_NEED = frozenset({Role.SECRETARY, Role.COMMITTEE_STAFF, Role.GRID_WORKER})


def masked(number: str) -> str:
    """``138****5678``; of short numbers the last two digits stay."""
    digits = len(number)
    if digits >= 11:
        return f"{number[: digits - 8]}****{number[-4:]}"
    if digits >= 7:
        return f"{number[: digits - 6]}****{number[-2:]}"
    return "*" * max(digits - 2, 0) + number[-2:] if digits > 2 else "*" * digits


def may_reveal(viewer: Viewer, assignee_id: int | None) -> bool:
    """Whether this person's work on the case needs the whole number; that they see the case at all
    is asked elsewhere."""
    if viewer.kind != "user":
        return False
    return bool(viewer.roles & _NEED) or (assignee_id is not None and assignee_id == viewer.user_id)


def may_search(viewer: Viewer) -> bool:
    """Whether this person may look residents up by their number. Only who may see it in full:
    for others, digits that fit or not would be a way to learn the rest of a masked one."""
    return viewer.everywhere or bool(viewer.roles & _NEED)


TAIL = 4
"""Digits by which somebody is looked up at least, and as many as go on record."""


def looked_up(viewer: Viewer, text: str) -> str:
    """The last digits of the number by which ``text`` looks somebody up; empty: it doesn't, or
    this person's searches never look at numbers."""
    digits = "".join(text.split()).replace("-", "").removeprefix("+86")
    if len(digits) < TAIL or not (digits.isascii() and digits.isdecimal()):
        return ""
    return digits[-TAIL:] if may_search(viewer) else ""
