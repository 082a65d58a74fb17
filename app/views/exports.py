"""Lists as workbooks: short ones at once, long ones as a job. The file says who made it, when and
with which filters, and so does the access trail."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import AccessKind
from app.security import sessions
from app.services import edge, jobs, sheets
from app.services.jobs import Order
from app.services.kinds import Ending, Step, Work, kind
from app.services.sheets import About, Column, Value
from app.transaction import unit_of_work
from app.views import access
from app.views.acting import acting
from app.views.fields import clean
from app.views.ledger.listing import Ledger, select
from app.views.lists import registry
from app.views.lists.listing import Listing
from app.views.lists.sheet import Sheet, sheet

pages = Blueprint("exports", __name__, url_prefix="/exports")
DIRECT = 2_000
"""Rows that are written while one waits; more are a job."""
MOST = 1_000_000
"""A sheet holds few more."""


def permitted(key: str) -> Listing:
    """The list, if this person may export it; aborts if not."""
    found = registry.find(key)
    if found is None or not found.allowed():
        abort(404)
    if not found.exportable():
        abort(403)
    return found


@pages.get("/<key>")
def download(key: str) -> Response | str:
    """The list that the address asks for, as a file; a long one is offered as a job."""
    listing, asked = permitted(key), request.args.to_dict()
    found = sheet(key, asked, most=DIRECT)
    rows = list(found.rows)
    if len(rows) > DIRECT:
        return render_template(
            "jobs/large.html", key=key, title=found.title, asked=asked, direct=DIRECT
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.xlsx"
        for _count in _written(path, listing, found, rows, asked):
            pass
        content = path.read_bytes()
    record({"ledger": key, "rows": len(rows), "filter": _trail(asked)})
    return Response(
        content,
        mimetype=sheets.TYPE,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_name(found.title))}"
        },
    )


@pages.post("/<key>")
def start(key: str) -> Response:
    """Make the file in the background; its owner is taken to where it can be watched."""
    listing = permitted(key)
    asked = {name: text for name, text in request.form.items() if name != "csrf_token"}
    parameters = {"list": key, "query": asked}
    with unit_of_work(db.session()) as session:
        order = Order("export", parameters, _label(listing), once=True)
        owner_id = access.viewer().user_id
        job = jobs.start(session, order, owner_id=owner_id or 0, now=access.now())
        job_id = job.id
    record({"ledger": key, "job": job_id, "filter": _trail(asked)})
    return redirect(url_for("jobs.show", job_id=job_id))


@kind("export", {"zh": "导出", "en": "Export"})
def export(work: Work) -> Generator[Step, None, Ending]:
    """In one go, so that it is one moment's list: taken up again it begins anew."""
    key, asked = work.parameters["list"], work.parameters["query"]
    for left in work.folder.iterdir():
        left.unlink()
    path = work.folder / "sheet.xlsx"
    with acting(work):
        found = sheet(key, asked, most=MOST)
        listing = permitted(key)
        total = _count(listing, asked)
        yield Step(0, total=total)
        count = 0
        for count in _written(path, listing, found, found.rows, asked):
            yield Step(count, total=total)
        yield Step(count, total=count)
        name = _name(found.title)
    file = {"path": path.name, "name": name, "type": sheets.TYPE, "size": path.stat().st_size}
    words = {"zh": f"共 {count} 行。", "en": f"{count} rows."}
    return Ending(words, {"file": file, "rows": count})


def _count(listing: Listing, asked: Mapping[str, str]) -> int | None:
    """How many rows there will be; None where counting would cost as much as writing."""
    if not isinstance(listing, Ledger):
        return None
    rows = select(listing.view, listing.read(asked))
    primary = sa.inspect(listing.view.model).primary_key[0]
    counted = rows.with_only_columns(primary).order_by(None).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(counted))


def _written(
    path: Path,
    listing: Listing,
    found: Sheet,
    rows: Iterable[Sequence[Value]],
    asked: Mapping[str, str],
) -> Iterator[int]:
    columns = [Column(each.label, each.kind) for each in found.columns]
    return sheets.write(path, columns, rows, _about(listing, found.title, asked))


def _about(listing: Listing, title: str, asked: Mapping[str, str]) -> About:
    viewer = access.viewer()
    lines = [
        (_("List"), title),
        (_("Exported by"), viewer.name),
        (_("Exported at"), edge.shown(access.now())),
        (_("Filters"), "\n".join(_filters(listing, asked)) or _("none")),
        (_("Please note"), _("It holds personal data: pass it on to nobody who needn't have it.")),
    ]
    return About(_("About this file"), title, lines, viewer.name, (_("Yes"), _("No")))


def _filters(listing: Listing, asked: Mapping[str, str]) -> Iterator[str]:
    query = listing.read(asked)
    if query.words:
        yield f"{_('Search')}: {query.words}"
    for each in query.filters:
        if each.on:
            yield f"{each.label}: {each.text}"


def _label(listing: Listing) -> dict[str, str]:
    label = {}
    for language in ("zh", "en"):
        with force_locale(language):
            label[language] = _("Export: %(title)s", title=str(listing.title))
    return label


def _name(title: str) -> str:
    at: datetime = edge.local(access.now())
    return f"{title}-{at:%Y%m%d-%H%M}.xlsx"


def _trail(asked: Mapping[str, str]) -> dict[str, str]:
    return {clean(key)[:60]: clean(value)[:200] for key, value in list(asked.items())[:40]}


def record(detail: dict[str, object]) -> None:
    """Put it into the access trail that this person takes data away."""
    with unit_of_work(db.session()) as session:
        sessions.record(
            session,
            AccessKind.EXPORT,
            now=access.now(),
            user=current_user,
            address=request.remote_addr or "",
            detail=detail,
        )
