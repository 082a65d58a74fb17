"""``sifang workflows``: which version holds where, an earlier one again, retiring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from app import clock
from app.cli.exchange import row
from app.cli.output import answering, as_json, say
from app.extensions import db
from app.models import Variation
from app.services import edge
from app.services import variations as varied
from app.services import versions as known
from app.services.actors import SYSTEM
from app.services.publications import Made
from app.services.versions import Line
from app.transaction import unit_of_work

_note = click.option("--note", default="", help="Why; it is kept on record.")


@click.command("versions")
@click.argument("key")
@click.option("--place", type=int, help="The versions of this place instead of the template's.")
@as_json
@with_appcontext
@answering
def versions(key: str, *, place: int | None, json_: bool) -> None:
    """List the versions of workflow KEY, latest first, with the cases that run on each."""
    lines = known.listed(db.session(), SYSTEM, row(key), place)
    data = [_version(line) for line in lines]
    say(data, map(_line, data), json_=json_)


def _version(line: Line) -> dict[str, Any]:
    version = line.version
    return {
        "name": known.name_of(version),
        "in_force": line.current,
        "running": line.running,
        "published_at": version.published_at.isoformat(),
        "published_by": str(version.published_by or ""),
        "note": version.note,
        "checksum": version.checksum,
        "based_on": version.based_on.number if version.based_on else None,
    }


def _line(data: dict[str, Any]) -> str:
    sign = "*" if data["in_force"] else " "
    at, note = data["published_at"][:16], " ".join(data["note"].split())
    return f"{sign} {data['name']}\t{at}\t{data['running']}\t{data['checksum'][:8]}\t{note}"


@click.command("rollback")
@click.argument("key")
@click.argument("number", type=click.IntRange(1))
@_note
@as_json
@with_appcontext
@answering
def rollback(key: str, number: int, *, note: str, json_: bool) -> None:
    """Check version NUMBER of workflow KEY and put it in force again."""
    _act(key, note, json_=json_, act=lambda session, made: known.restore(session, number, made))


@click.command("retire")
@click.argument("key")
@_note
@as_json
@with_appcontext
@answering
def retire(key: str, *, note: str, json_: bool) -> None:
    """Open no new cases of workflow KEY; those that run go on."""
    _act(key, note, json_=json_, act=known.retire)


@click.command("revive")
@click.argument("key")
@_note
@as_json
@with_appcontext
@answering
def revive(key: str, *, note: str, json_: bool) -> None:
    """Bring workflow KEY back with the version that was in force last."""
    _act(key, note, json_=json_, act=known.revive)


def _act(key: str, note: str, *, json_: bool, act: Callable[[Session, Made], object]) -> None:
    with unit_of_work(db.session()) as session:
        found = row(key)
        act(session, Made(found, SYSTEM, clock.now(), note))
        session.refresh(found)
        number = found.current.number if found.current else None
        retired = edge.shown(found.retired_at) or None
    data = {"key": key, "version": number, "retired_at": retired}
    say(data, [f"{key}: {number or '-'}"], json_=json_)


@click.command("places")
@click.argument("key")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a place can't follow.")
@as_json
@with_appcontext
@answering
def places(key: str, *, exit_code: bool, json_: bool) -> None:
    """List the places that vary workflow KEY, those that can't follow the template first."""
    data = [_place(own) for own in varied.listed(db.session(), SYSTEM, row(key).id)]
    say(data, map(_place_line, data), json_=json_)
    if exit_code and any(item["problems"] for item in data):
        raise SystemExit(1)


def _place(own: Variation) -> dict[str, Any]:
    current = own.current
    return {
        "place": own.place_id,
        "name": own.place.name,
        "version": known.name_of(current) if current else None,
        "based_on": current.based_on.number if current and current.based_on else None,
        "changes": own.changes,
        "problems": own.problems,
    }


def _place_line(data: dict[str, Any]) -> str:
    sign = "!" if data["problems"] else " "
    based = f"<- {data['based_on']}" if data["based_on"] else ""
    return f"{sign} {data['place']}\t{data['name']}\t{data['version'] or '-'} {based}".rstrip()
