"""``sifang workflows``: check, publish, list; the rest is in ``exchange`` and ``versions``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from app import clock
from app.cli.exchange import diff, export, import_, row, schema
from app.cli.moving import migrate, migrations_, undo
from app.cli.output import answering, as_json, say, text
from app.cli.plays import test
from app.cli.traffic import figures, outlook
from app.cli.versions import places, retire, revive, rollback, versions
from app.extensions import db
from app.models import Workflow as Row
from app.services import definitions, edge
from app.services.actors import SYSTEM
from app.transaction import unit_of_work
from app.workflows import files
from app.workflows.check import Finding, check
from app.workflows.faults import Fault
from app.workflows.spec import Workflow

_path = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def workflows() -> None:
    """Check, import, export and publish workflow files."""


@workflows.command("check")
@click.argument("paths", nargs=-1, required=True, type=_path)
@as_json
@answering
def check_(paths: tuple[Path, ...], *, json_: bool) -> None:
    """Check workflow FILES; needs no database. Exits with 1 when any has an error.

    Files that name each other as children are checked together with the library.
    """
    read: dict[Path, Workflow] = {}
    report: list[dict[str, Any]] = []
    for path in paths:
        try:
            read[path] = files.load(path)
        except files.FileError as error:
            report += [_fault(path, fault) for fault in error.faults]
    known = {**files.library(), **{spec.key: spec for spec in read.values()}}
    for path, spec in read.items():
        report += [_found(path, finding) for finding in check(spec, known=known)]
    say(report, (_line(item) for item in report), json_=json_)
    if any(item["level"] == "error" for item in report):
        raise SystemExit(1)


def _fault(path: Path, fault: Fault) -> dict[str, Any]:
    return {
        "file": str(path),
        "level": "error",
        "code": "format",
        "path": fault.path,
        "line": fault.line,
        "text": {"zh": fault.text.zh, "en": fault.text.text("en")},
    }


def _found(path: Path, finding: Finding) -> dict[str, Any]:
    return {
        "file": str(path),
        "level": str(finding.level),
        "code": finding.code,
        "path": finding.path,
        "text": {"zh": finding.text.zh, "en": finding.text.text("en")},
        "suggestion": {"zh": finding.suggestion.zh, "en": finding.suggestion.text("en")},
    }


def _line(item: dict[str, Any]) -> str:
    where = ":".join(str(item[k]) for k in ("file", "line") if item.get(k))
    suggestion = f" → {text(item['suggestion'])}" if item.get("suggestion") else ""
    path = f" {item['path']}" if item.get("path") else ""
    return f"{where}: {item['level']} [{item['code']}]{path}: {text(item['text'])}{suggestion}"


@workflows.command("publish")
@click.argument("key")
@click.option("--note", default="", help="What the new version changes.")
@as_json
@with_appcontext
@answering
def publish(key: str, *, note: str, json_: bool) -> None:
    """Check the draft of workflow KEY and freeze it as its next version."""
    with unit_of_work(db.session()) as session:
        version = definitions.publish(session, row(key), actor=SYSTEM, now=clock.now(), note=note)
        data = {"key": key, "version": version.number, "checksum": version.checksum}
    say(data, [f"{key}: {data['version']}"], json_=json_)


@workflows.command("list")
@as_json
@with_appcontext
@answering
def list_(*, json_: bool) -> None:
    """List the workflows and their current versions."""
    rows = db.session.query(Row).order_by(Row.key).all()
    data = [
        {
            "key": r.key,
            "label": r.label_zh,
            "version": r.current.number if r.current else None,
            "retired_at": edge.shown(r.retired_at) or None,
            "place": r.place.name if r.place else None,
        }
        for r in rows
    ]
    say(data, (f"{d['key']}\t{d['version'] or '-'}\t{d['label']}" for d in data), json_=json_)


for _command in (import_, export, schema, diff, versions, rollback, retire, revive, places):
    workflows.add_command(_command)
for _command in (migrate, migrations_, undo):
    workflows.add_command(_command)

workflows.add_command(test)
workflows.add_command(figures)
workflows.add_command(outlook)
