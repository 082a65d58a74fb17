"""Figures of a workflow: where its cases are and wait, how long steps take, what nobody uses."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Workflow, WorkflowVersion
from app.services import definitions, edge, sheets, traffic
from app.services.sheets import About, Column
from app.services.traffic import Question, Traffic
from app.views import access, heatmaps
from app.views.designing.frame import must, pages, row_of
from app.workflows.engine import Compiled

BY = ("now", "time")
"""What the picture shows: how many there are, or how long they take."""
LISTS = {
    "grievance": "grievances.index",
    "meeting": "meetings.index",
    "consultation": "consultations.index",
}
"""Lists of cases that can be narrowed to a state."""
SHOWN = 12
"""Steps that the table shows before it is unfolded."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; ``version`` None: all of them."""

    row: Workflow
    compiled: Compiled
    question: Question
    version: int | None
    by: str

    def query(self, **changes: Any) -> dict[str, Any]:
        found = {"days": self.question.days, "version": self.version, "by": self.by, **changes}
        return {key: value for key, value in found.items() if value is not None}


@pages.get("/<int:workflow_id>/figures")
def figures(workflow_id: int) -> str:
    row = row_of(workflow_id)
    must("can_show", row)
    versions = _versions(row)
    if not versions:
        return render_template("definitions/traffic.html", row=row, asked=None)
    asked = _asked(row, versions)
    found = traffic.count(db.session(), access.viewer(), asked.question, access.now())
    spec = asked.compiled.spec
    return render_template(
        "definitions/traffic.html",
        row=row,
        asked=asked,
        found=found,
        versions=versions,
        windows=traffic.WINDOWS,
        picture=heatmaps.drawn(spec, found, asked.by),
        states=heatmaps.states(spec, found, _list_of(asked), access.now()),
        steps=heatmaps.steps(spec, found),
        unused=heatmaps.unused(spec, found),
        shown=SHOWN,
        cases=heatmaps.number(found.cases, exact=not found.sampled),
        export=url_for("definitions.figures_export", workflow_id=row.id, **asked.query()),
        made=edge.shown(found.at),
    )


@pages.get("/<int:workflow_id>/figures/excel")
def figures_export(workflow_id: int) -> Response:
    """States and steps as a workbook, times in hours."""
    row = row_of(workflow_id)
    must("can_show", row)
    asked = _asked(row, _versions(row))
    found = traffic.count(db.session(), access.viewer(), asked.question, access.now())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.xlsx"
        for _count in sheets.write(path, _columns(), _cells(asked, found), _about(asked, found)):
            pass
        content = io.BytesIO(path.read_bytes())
    name = f"{_('Traffic')}-{row.key}-{edge.today(found.at)}.xlsx"
    return send_file(content, mimetype=sheets.TYPE, as_attachment=True, download_name=name)


def _versions(row: Workflow) -> Sequence[WorkflowVersion]:
    """From the newest to the oldest, without their specs."""
    return db.session.scalars(
        sa.select(WorkflowVersion)
        .where(WorkflowVersion.workflow_id == row.id)
        .options(sa.orm.defer(WorkflowVersion.spec), sa.orm.joinedload(WorkflowVersion.place))
        .order_by(WorkflowVersion.id.desc())
    ).all()


def _asked(row: Workflow, versions: Sequence[WorkflowVersion]) -> Asked:
    """What nobody can mean (another window, a version that isn't there) is the usual."""
    if not versions:
        abort(404)
    days = request.args.get("days", "")
    window = next((w for w in traffic.WINDOWS if str(w) == days), Question(0).days)
    chosen = next((v for v in versions if str(v.id) == request.args.get("version", "")), None)
    shown = chosen.id if chosen else row.current_id or versions[0].id
    by = request.args.get("by", "")
    return Asked(
        row=row,
        compiled=definitions.compiled(db.session(), shown),
        question=Question(row.id, window, chosen.id if chosen else None),
        version=chosen.id if chosen else None,
        by=by if by in BY else BY[0],
    )


def _list_of(asked: Asked) -> str:
    """The list of these cases, for those who may open one."""
    endpoint = LISTS.get(asked.compiled.spec.leg)
    if endpoint is None or not access.may("can_list", "CaseView"):
        return ""
    return url_for(endpoint)


# --- the workbook -------------------------------------------------------------------------------


def _columns() -> Sequence[Column]:
    texts = (_("State"), _("Button"), _("Leads to"))
    numbers = (_("Cases now"), _("Times"), _("By the system"), _("By a deadline"))
    times = (_("Median, hours"), _("Nine of ten within, hours"))
    return [
        *(Column(str(text)) for text in texts),
        *(Column(str(text), "number") for text in numbers),
        *(Column(str(text), "decimal") for text in times),
    ]


def _cells(asked: Asked, found: Traffic) -> Iterator[Sequence[sheets.Value]]:
    """The states first, then the steps; none is left out because nobody used it."""
    names = heatmaps.Names(asked.compiled.spec)
    for key in names.all_states(found):
        spot = found.spots.get(key, traffic.Spot())
        hours = heatmaps.hours(spot.stays)
        yield [names.state(key), "", "", spot.now, spot.stays.count, None, None, *hours]
    used = {(u.source, u.target, u.event): u for u in found.steps}
    for way in names.all_steps(found):
        step = used.get(way, traffic.Used(*way, traffic.Times()))
        yield [
            names.state(step.source),
            names.button(step.event),
            names.state(step.target),
            None,
            step.times.count,
            step.system,
            step.deadline,
            *heatmaps.hours(step.times),
        ]


def _about(asked: Asked, found: Traffic) -> About:
    viewer = access.viewer()
    version = str(asked.version) if asked.version is not None else str(_("all"))
    read = f"{found.read} / {found.cases}"
    lines = [
        (str(_("Workflow")), asked.row.key),
        (str(_("Version")), version),
        (str(_("Days")), str(found.days)),
        (str(_("Cases read")), read),
        (str(_("Exported by")), viewer.name),
        (str(_("Exported at")), edge.shown(found.at)),
    ]
    flags = (str(_("Yes")), str(_("No")))
    return About(str(_("About this file")), str(_("Traffic")), lines, viewer.name, flags)
