"""What the ledgers of a draft's rows share.

A row is checked as it is saved (does it say something that a workflow file may say?); whether the
whole draft makes a workflow is the checker's business, on the page where it is published.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field

from app.errors import ForbiddenError, InvalidError, Problem
from app.extensions import db
from app.models import Workflow
from app.services import drafts, reach
from app.views import access
from app.views.base import WRITE, GuardedView
from app.views.errors import said
from app.views.ledger.data import YamlField
from app.workflows import files

HEAD = ("workflow", "position", "key", "label_zh", "label_en")
RENAMED = {"from": "source", "to": "target", "workflow": "child_workflow", "label": "label_zh"}


def lists(**options: Any) -> Field:
    return YamlField(**options, shape=list)


class DraftView(GuardedView):
    """What the six kinds of rows share."""

    part = ""
    """Where the rows stand in a file: ``states``, ``transitions`` …"""
    abilities = WRITE
    list_columns: tuple[str, ...] = ("key", "label_zh", "label_en", "position", "workflow")
    search_columns = ("workflow",)
    order_columns = ("id", "key", "position")
    base_order = ("position", False)
    description_columns = {
        "key": _l("A word without blanks; it outlives the name."),
        "position": _l("Smaller numbers come first."),
    }

    def frozen(self, item: Any) -> str:
        return foreign(item.workflow)

    def before_save(self, item: Any, form: Any, *, creating: bool) -> None:
        reach.require(db.session(), access.viewer(), item.workflow.place)

    def before_delete(self, item: Any) -> None:
        drafts.touch(item.workflow, access.viewer(), access.now())

    def after_save(self, item: Any, form: Any, *, creating: bool) -> None:
        session = db.session()
        workflow = item.workflow
        drafts.touch(workflow, access.viewer(), access.now())
        session.flush()
        session.expire(workflow)
        index = [row.id for row in getattr(workflow, self.part)].index(item.id)
        refuse_faults(workflow, f"{self.part}[{index}]", form)


def foreign(workflow: Workflow) -> str:
    """Why this person may not change the workflow, though they may change others."""
    try:
        reach.require(db.session(), access.viewer(), workflow.place)
    except ForbiddenError as error:
        return said(error.problems[0])
    return ""


def refuse_faults(workflow: Workflow, where: str, form: Any) -> None:
    """Raise InvalidError for what is wrong in this part; the rest may be unfinished."""
    try:
        drafts.spec(workflow)
    except files.FileError as error:
        found = [f for f in error.faults if f.path == where or f.path.startswith(f"{where}.")]
        if found:
            raise InvalidError(
                *(
                    Problem(
                        {"zh": fault.text.zh, "en": fault.text.text("en")},
                        _field(fault.path.removeprefix(where).lstrip("."), form),
                    )
                    for fault in found
                )
            ) from None


def _field(path: str, form: Any) -> str | None:
    """The field of the form for the first step of the path in the file."""
    step = path.split(".")[0].split("[")[0]
    name = RENAMED.get(step, step)
    for candidate in (name, f"{name}_zh"):
        if candidate in form:
            return candidate
    return None
