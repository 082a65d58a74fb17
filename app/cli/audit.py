"""``sifang audit``: is the history what it was?"""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app import clock
from app.cli.output import answering, as_json, say, text
from app.extensions import db
from app.services import audit as service
from app.transaction import unit_of_work


@click.group()
def audit() -> None:
    """Check and seal the history."""


@audit.command("verify")
@as_json
@with_appcontext
@answering
def verify(*, json_: bool) -> None:
    """Recompute every hash of the history; names each change and exits with 1."""
    faults = list(service.verify(db.session()))
    data = [{"number": f.number, "seq": f.seq, "code": f.code, "text": f.text} for f in faults]
    good = {"zh": "历史记录完整，没有发现改动。", "en": "The history is whole: no change found."}
    lines = [f"{f.number}#{f.seq}: {text(f.text)}" for f in faults] or [text(good)]
    say(data, lines, json_=json_)
    if faults:
        raise SystemExit(1)


@audit.command("anchor")
@as_json
@with_appcontext
@answering
def anchor(*, json_: bool) -> None:
    """Seal all events since the last anchor."""
    with unit_of_work(db.session()) as session:
        sealed = service.anchor(session, clock.now())
        data = None if sealed is None else {"events": sealed.events, "upto": sealed.last_event_id}
    say(data, [str(data["events"]) if data else "0"], json_=json_)
