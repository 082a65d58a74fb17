"""A ledger as a CSV file for Excel: what the list shows under its filters, in scope, masked alike.

The file says who made it and when (its last line), and so does the access trail.
"""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

from flask import request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import AccessKind
from app.security import sessions
from app.services import edge
from app.services.actors import full_name
from app.transaction import unit_of_work
from app.views import access
from app.views.fields import clean
from app.views.ledger.listing import Ledger

MOST = 50_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def answer(view: Any) -> Response:
    """The file. At most MOST rows; the last line tells when there were more."""
    ledger = Ledger(view)
    query = ledger.read(request.args)
    names = ledger.shown(query)
    out = io.StringIO()
    out.write("\ufeff")  # without it Excel takes the file for something else than UTF-8
    writer = csv.writer(out)
    writer.writerow([str(view.label(name)) for name in names])
    count = 0
    for item in ledger.items(query, MOST + 1):
        count += 1
        if count <= MOST:
            writer.writerow([harmless(view.cell(item, name).text) for name in names])
    writer.writerow([_signature(min(count, MOST), cut=count > MOST)])
    _record(view, min(count, MOST))
    stamp = edge.local(access.now()).strftime("%Y%m%d-%H%M")
    name = quote(f"{view.list_title}-{stamp}.csv")
    return Response(
        out.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def harmless(text: str) -> str:
    """Text that a spreadsheet doesn't take for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _signature(count: int, *, cut: bool) -> str:
    said = _(
        "Exported by %(name)s at %(time)s: %(count)s rows.",
        name=full_name(current_user),
        time=edge.shown(access.now()),
        count=count,
    )
    more = _("There were more rows; narrow the list to get them.")
    return f"{said} {more}" if cut else str(said)


def _record(view: Any, count: int) -> None:
    asked = {clean(key)[:60]: clean(value)[:200] for key, value in request.args.items()}
    with unit_of_work(db.session()) as unit:
        sessions.record(
            unit,
            AccessKind.EXPORT,
            now=access.now(),
            user=current_user,
            address=request.remote_addr or "",
            detail={"ledger": type(view).__name__, "rows": count, "filter": asked},
        )
