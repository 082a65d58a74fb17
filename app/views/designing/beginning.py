"""A workflow begun from nothing: its name, who works with it, and the smallest whole draft."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem
from app.extensions import db
from app.permissions import LABELS, Role
from app.services import drafts, reach
from app.transaction import unit_of_work
from app.views import access, labels
from app.views.designing.frame import must, pages
from app.views.errors import said
from app.workflows import files
from app.workflows.terms import KEY_PATTERN

_OFFERED = [str(role) for role in LABELS if role not in (Role.ADMIN, Role.WORKFLOW_ADMIN)]
_FIRST = (str(Role.COMMITTEE_STAFF),)


@pages.get("/new")
def begin() -> str:
    must("can_edit")
    return _form({"roles": list(_FIRST)}, ())


@pages.post("/new")
def begin_() -> Response | tuple[str, int]:
    """Make it and open the designer; what is wrong comes back beside its field."""
    must("can_edit")
    typed: dict[str, Any] = {
        name: request.form.get(name, "").strip()[:500] for name in ("label_zh", "label_en", "key")
    }
    typed["roles"] = [role for role in _OFFERED if role in request.form.getlist("roles")]
    if problems := tuple(_wrong(typed)):
        return _form(typed, problems), 422
    try:
        with unit_of_work(db.session()) as session:
            spec = files.parse(_smallest(typed), typed["key"])
            row = drafts.begin(session, spec, actor=access.viewer(), now=access.now())
            row.place = reach.home(session, access.viewer())
            session.flush()
            key = row.id
    except InvalidError as error:
        return _form(typed, error.problems), 422
    flash(_("The workflow is there. Draw it, then publish it."), "success")
    return redirect(url_for("definitions.draw", workflow_id=key))


def _wrong(typed: dict[str, Any]) -> list[Problem]:
    found = []
    if not typed["label_zh"] or len(typed["label_zh"]) > 200:
        text = {"zh": "请用 1 到 200 个字写明名称。", "en": "Give a name of 1 to 200 characters."}
        found.append(Problem(text, "label_zh"))
    if not re.fullmatch(KEY_PATTERN, typed["key"]):
        text = {
            "zh": "标识用字母、汉字、数字和下划线，不以数字开头，最多 60 个字符，不能有空格。",
            "en": "A key is letters, digits and _, not beginning with a digit, 60 at most.",
        }
        found.append(Problem(text, "key"))
    if not typed["roles"]:
        text = {"zh": "请至少选择一个角色。", "en": "Tick one role at least."}
        found.append(Problem(text, "roles"))
    return found


def _smallest(typed: dict[str, Any]) -> dict[str, Any]:
    """One state to work in, one end, one step between; who opens a case also ends it."""
    return {
        "key": typed["key"],
        "label": {"zh": typed["label_zh"], "en": typed["label_en"]},
        "openers": typed["roles"],
        "start": "state_1",
        "states": [
            {"key": "state_1", "label": {"zh": "办理中", "en": "In progress"}},
            {"key": "state_2", "label": {"zh": "已办结", "en": "Done"}, "kind": "done"},
        ],
        "transitions": [
            {
                "key": "step_1",
                "label": {"zh": "办结", "en": "Finish"},
                "from": ["state_1"],
                "to": "state_2",
                "roles": typed["roles"],
                "primary": True,
            }
        ],
    }


def _form(typed: dict[str, Any], problems: tuple[Problem, ...]) -> str:
    return render_template(
        "definitions/new.html",
        typed=typed,
        errors={problem.field: said(problem) for problem in problems},
        roles=[(role, labels.of_role(role)) for role in _OFFERED],
    )
