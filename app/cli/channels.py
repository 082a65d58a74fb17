"""``sifang channels``: what is set up, and its secrets under the present key."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.output import answering, as_json, say, text
from app.extensions import db
from app.services import gateways
from app.services.actors import SYSTEM
from app.transaction import unit_of_work


@click.group()
def channels() -> None:
    """Groups, providers and programs that notices go to."""


@channels.command("list")
@as_json
@with_appcontext
@answering
def listed(*, json_: bool) -> None:
    """Every channel that is set up; never a secret."""
    rows = [
        {
            "id": row.id,
            "kind": row.kind,
            "name": row.name,
            "place": row.place.name if row.place else None,
            "active": row.active,
            "secrets": sorted(gateways.secrets(row)),
        }
        for row in gateways.listed(db.session(), SYSTEM)
    ]
    lines = [f"{r['id']}\t{r['kind']}\t{r['name']}\t{r['place'] or '*'}" for r in rows]
    say(rows, lines, json_=json_)


@channels.command("seal")
@as_json
@with_appcontext
@answering
def seal(*, json_: bool) -> None:
    """Encrypt all secrets anew with the first ENCRYPTION_KEY; then the old one may go.

    Exits with 1 and names those that none of the keys opens: their secrets are to be entered again.
    """
    with unit_of_work(db.session(), poke=False) as session:
        count, lost = gateways.seal_anew(session)
    data = {"sealed": count, "lost": lost}
    done = {"zh": f"重新加密 {count} 个渠道的密钥。", "en": f"The secrets of {count} sealed anew."}
    unknown = {"zh": "没有能解开它的密钥", "en": "none of the keys opens it"}
    say(data, [text(done), *(f"{name}: {text(unknown)}" for name in lost)], json_=json_)
    if lost:
        raise SystemExit(1)
