"""What all pages of a workflow share: the blueprint, the workflow itself, and who may do what."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, abort
from flask.blueprints import BlueprintSetupState

from app.extensions import db
from app.models import Workflow
from app.services import reach
from app.views import access, labels

VIEW = "WorkflowView"
pages = Blueprint("definitions", __name__, url_prefix="/workflows")


READING = frozenset({"can_list", "can_show"})


def may(permission: str, row: Workflow | None = None) -> bool:
    """Whether this person's roles grant it; what changes ``row``, only to those whose scope covers
    the place that owns it."""
    if not access.may(permission, VIEW):
        return False
    if row is None or permission in READING:
        return True
    return reach.covers(db.session(), access.viewer(), row.place)


def must(permission: str, row: Workflow | None = None) -> None:
    if not may(permission, row):
        abort(403)


def row_of(workflow_id: int) -> Workflow:
    row = db.session.get(Workflow, workflow_id)
    if row is None:
        abort(404)
    return row


@pages.record
def _install(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["may_workflow"] = may
    state.app.jinja_env.filters["role"] = labels.of_role


def whole(text: str | None) -> int | None:
    """A number or id as a form or an address carries it; None for everything else."""
    digits = (text or "").strip()
    known = digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(digits) if known else None


def joined(texts: Iterable[str]) -> str:
    return ("、" if labels.language() == "zh" else ", ").join(texts)
