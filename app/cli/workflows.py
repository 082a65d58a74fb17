"""``sifang workflows``: check, import, export, publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from app import clock
from app.cli.output import answering, as_json, fail, say, text
from app.errors import MissingError, Problem
from app.extensions import db
from app.models import Workflow as Row
from app.services import definitions, drafts
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


@workflows.command("import")
@click.argument("paths", nargs=-1, required=True, type=_path)
@click.option("--publish", is_flag=True, help="Publish what was imported.")
@click.option("--note", default="", help="What the new version changes.")
@as_json
@with_appcontext
@answering
def import_(paths: tuple[Path, ...], *, publish: bool, note: str, json_: bool) -> None:
    """Store workflow FILES as drafts: all of them, or none when one is faulty."""
    specs = [files.load(path) for path in paths]
    beside = {spec.key: spec for spec in specs}
    done: list[dict[str, Any]] = []
    with unit_of_work(db.session()) as session:
        rows = [drafts.store(session, spec) for spec in specs]
        for row in rows:
            number = None
            if publish:
                version = definitions.publish(
                    session, row, actor=SYSTEM, now=clock.now(), note=note, beside=beside
                )
                number = version.number
            done.append({"key": row.key, "version": number})
    say(done, (f"{d['key']}: {d['version'] or 'draft'}" for d in done), json_=json_)


@workflows.command("export")
@click.argument("key")
@click.option("--draft", is_flag=True, help="The draft instead of the published version.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there.")
@as_json
@with_appcontext
@answering
def export(key: str, *, draft: bool, output: Path | None, json_: bool) -> None:
    """Print workflow KEY as YAML (or JSON)."""
    row = _row(key)
    if draft:
        spec = drafts.spec(row)
    elif row.current is None:
        raise MissingError(
            Problem(
                {
                    "zh": f"流程“{key}”还没有发布；用 --draft 导出草稿。",
                    "en": f"Workflow “{key}” isn't published: use --draft for its draft.",
                }
            )
        )
    else:
        spec = Workflow.model_validate(row.current.spec)
    plain = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    shown = json.dumps(plain, ensure_ascii=False, indent=2) if json_ else files.write(spec)
    if output is None:
        click.echo(shown, nl=not shown.endswith("\n"))
    else:
        output.write_text(shown, "utf-8")


@workflows.command("publish")
@click.argument("key")
@click.option("--note", default="", help="What the new version changes.")
@as_json
@with_appcontext
@answering
def publish(key: str, *, note: str, json_: bool) -> None:
    """Check the draft of workflow KEY and freeze it as its next version."""
    with unit_of_work(db.session()) as session:
        version = definitions.publish(session, _row(key), actor=SYSTEM, now=clock.now(), note=note)
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
        {"key": r.key, "label": r.label_zh, "version": r.current.number if r.current else None}
        for r in rows
    ]
    say(data, (f"{d['key']}\t{d['version'] or '-'}\t{d['label']}" for d in data), json_=json_)


def _row(key: str) -> Row:
    row = db.session.query(Row).filter_by(key=key).one_or_none()
    if row is None:
        fail([Problem({"zh": f"没有流程“{key}”。", "en": f"There is no workflow “{key}”."}, "KEY")])
    return row
