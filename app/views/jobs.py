"""Long work on the screen: what is under way, how far it is, what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask import Blueprint, current_app, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.errors import MissingError, Problem
from app.extensions import db
from app.models import Job, JobOutcome, JobState
from app.services import campaigns, jobs, proposals, recounts
from app.services.jobs import Running
from app.transaction import unit_of_work
from app.views import access, exports, imports, labels

pages = Blueprint("jobs", __name__, url_prefix="/jobs")
ID = "<int(max=9223372036854775807):job_id>"

labels.ENUMS[JobState] = {
    JobState.WAITING: _l("Waiting"),
    JobState.RUNNING: _l("Under way"),
    JobState.DONE: _l("Done"),
    JobState.FAILED: _l("Failed"),
    JobState.CANCELLED: _l("Called off"),
}
labels.ENUMS[JobOutcome] = {
    JobOutcome.DONE: _l("Done"),
    JobOutcome.SAME: _l("Nothing to change"),
    JobOutcome.NOTED: _l("Please check"),
    JobOutcome.FAILED: _l("Not taken"),
}
TONES = {
    JobState.WAITING: "waiting",
    JobState.RUNNING: "open",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
_WORTH = (JobOutcome.FAILED, JobOutcome.NOTED)
_ALL = frozenset({recounts.KIND, proposals.TRIAL, campaigns.MOVE, campaigns.RESTORE})
"""Kinds of which every item is shown."""


@pages.get("/")
def index() -> str:
    """One's own jobs, newest first; the administrator's are everybody's."""
    number = request.args.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 1
    found = jobs.listed(db.session(), access.viewer(), max(page, 1))
    template = "jobs/rows.html" if access.is_partial() else "jobs/index.html"
    return render_template(
        template,
        jobs=found[: jobs.PAGE],
        page=page,
        more=len(found) > jobs.PAGE,
        all_=access.viewer().everywhere,
        may_import=imports.may_import("households"),
        moving=any(is_open(job) for job in found),
        **_words(),
    )


@pages.get(f"/{ID}")
def show(job_id: int) -> str:
    """How far it is; asked every second while it runs, it answers with the part that changes."""
    job = jobs.find(db.session(), job_id, access.viewer())
    template = "jobs/part.html" if access.is_partial() else "jobs/show.html"
    tally = jobs.tally(db.session(), job) if not is_open(job) else {}
    return render_template(
        template,
        job=job,
        partial=access.is_partial(),
        items=jobs.items(db.session(), job, () if job.kind in _ALL else _WORTH) if tally else (),
        tally=tally,
        mine=job.owner_id == access.viewer().user_id,
        file=file_of(job),
        most=jobs.ITEMS,
        **_words(),
    )


@pages.get(f"/{ID}/file")
def file(job_id: int) -> Response:
    """What the job has made, for its owner alone, and for as long as they may export that list;
    each download is on the record."""
    job = jobs.own(db.session(), job_id, access.viewer())
    if job.kind == "export":
        exports.permitted(job.parameters["list"])
    made = file_of(job)
    folder = jobs.folder(current_app.extensions["settings"].files_dir, job.id)
    path = folder / made["path"] if made else None
    if path is None or not path.is_file():
        raise MissingError(
            Problem(
                {
                    "zh": "文件已不在，请重新导出。",
                    "en": "The file isn't there any more: export it again.",
                }
            )
        )
    exports.record({"job": job.id, "rows": job.result.get("rows"), "file": made["name"]})
    response = send_file(path, mimetype=made["type"])
    name = quote(made["name"], safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.post(f"/{ID}/cancel")
def cancel(job_id: int) -> Response:
    with unit_of_work(db.session()) as session:
        jobs.cancel(session, job_id, access.viewer(), access.now())
    return redirect(url_for("jobs.show", job_id=job_id))


@pages.post(f"/{ID}/retry")
def retry(job_id: int) -> Response:
    """Go on where it stopped."""
    with unit_of_work(db.session()) as session:
        jobs.retry(session, job_id, access.viewer(), access.now())
    return redirect(url_for("jobs.show", job_id=job_id))


def is_open(job: Job) -> bool:
    return job.state in (JobState.WAITING, JobState.RUNNING)


def file_of(job: Job) -> dict[str, Any]:
    """The file that the job has made; empty for none."""
    found: dict[str, Any] = job.result.get("file") or {}
    return found if job.state is JobState.DONE else {}


def remaining(job: Job) -> str:
    """``About 2 minutes left``; empty where nobody can tell."""
    left = jobs.left(job, access.now())
    if left is None:
        return ""
    if left < timedelta(minutes=1):
        return str(_("Less than a minute left"))
    minutes = round(left.total_seconds() / 60)
    words = ngettext("About %(num)s minute left", "About %(num)s minutes left", max(minutes, 1))
    return str(words)


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(size // 1000, 1)} kB"


def _words() -> dict[str, Any]:
    return {
        "is_open": is_open,
        "remaining": remaining,
        "megabytes": megabytes,
        "tones": TONES,
        "days": current_app.extensions["settings"].job_days,
    }


@pages.app_template_global("running_jobs")
def running() -> Running | None:
    """What this person has under way, for the sign in the frame: one statement at most."""
    if not current_user.is_authenticated:
        return None
    return jobs.running(db.session(), current_user.id)
