"""Workflows in and out: import, export, the schema for editors, and what is different."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from app import clock
from app.cli.output import answering, as_json, language, say, text
from app.errors import MissingError, Problem, RefusedError
from app.extensions import db
from app.models import Workflow as Row
from app.services import arrivals, definitions, drafts, versions
from app.services.actors import SYSTEM
from app.transaction import unit_of_work
from app.workflows import contrast, files, sheet
from app.workflows.compare import Change, compare
from app.workflows.formats import FORMATS, written
from app.workflows.spec import Workflow

_path = click.Path(exists=True, dir_okay=False, path_type=Path)
_out = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there."
)
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def row(key: str) -> Row:
    """The workflow of that key. Raises MissingError."""
    found = db.session.query(Row).filter_by(key=key).one_or_none()
    if found is None:
        words = {"zh": f"没有流程“{key}”。", "en": f"There is no workflow “{key}”."}
        raise MissingError(Problem(words, "KEY"))
    return found


def _in_force(of: Row) -> Workflow:
    if of.current is None:
        words = {
            "zh": f"流程“{of.key}”没有生效的版本；用 --draft（或 {of.key}:draft）取草稿。",
            "en": f"No version of “{of.key}” is in force: use --draft (or {of.key}:draft).",
        }
        raise MissingError(Problem(words))
    return Workflow.model_validate(of.current.spec)


def meant(name: str) -> Workflow:
    """What a word of the command line stands for: a file, KEY, KEY@3, KEY@2@17 (the second of the
    place 17) or KEY:draft."""
    path = Path(name)
    return files.load(path) if path.is_file() else _stored(name)


@with_appcontext
def _stored(name: str) -> Workflow:
    key, _, number = name.partition("@")
    if number:
        return versions.side(db.session(), SYSTEM, row(key), number).spec
    if name.endswith(":draft"):
        return drafts.spec(row(name.removesuffix(":draft")))
    return _in_force(row(name))


def _told(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "part": change.part,
        "key": change.key,
        "what": change.what,
        "before": change.before,
        "after": change.after,
        "text": change.text.both(),
    }


def _line(change: dict[str, Any]) -> str:
    return f"{_SIGNS[change['kind']]} {text(change['text'])}"


def _write(shown: str, output: Path | None) -> None:
    if output is None:
        click.echo(shown, nl=bool(shown) and not shown.endswith("\n"))
    else:
        output.write_text(shown, "utf-8")


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=_path)
@click.option("--publish", is_flag=True, help="Publish what was imported.")
@click.option("--note", default="", help="What the new version changes.")
@click.option("--dry-run", is_flag=True, help="Only show what would be different.")
@click.option("--yes", is_flag=True, help="Change drafts that are there without asking.")
@as_json
@with_appcontext
@answering
def import_(
    paths: tuple[Path, ...], *, publish: bool, note: str, dry_run: bool, yes: bool, json_: bool
) -> None:
    """Store workflow FILES (YAML or JSON) as drafts: all of them, or none when one is faulty.

    Shows first what would be different in a draft that is there, and asks.
    """
    specs = [files.load(path) for path in paths]
    done = [_ahead(spec) for spec in specs]
    if not json_:
        for item in done:
            head = "new" if item["new"] else f"{len(item['changes'])} changes"
            say(None, [f"{item['key']}: {head}", *map(_line, item["changes"])], json_=False)
    if dry_run:
        say(done, (), json_=json_)
        return
    if not yes and any(item["changes"] for item in done):
        _ask(json_=json_)
    beside = {spec.key: spec for spec in specs}
    with unit_of_work(db.session()) as session:
        stored = [_take(session, spec, item) for spec, item in zip(specs, done, strict=True)]
        for one, item in zip(stored, done, strict=True):
            if publish:
                version = definitions.publish(
                    session, one, actor=SYSTEM, now=clock.now(), note=note, beside=beside
                )
                item["version"] = version.number
    say(done, (f"{d['key']}: {d['version'] or 'draft'}" for d in done), json_=json_)


def _ahead(spec: Workflow) -> dict[str, Any]:
    """What storing it would change in the draft of its key."""
    found = arrivals.look(db.session(), spec, actor=SYSTEM)
    changes = [_told(change) for change in found.changes]
    if found.broken:
        words = {
            "zh": "现有草稿不完整，无法比较；将被替换",
            "en": "the present draft is no whole workflow, and will be replaced",
        }
        changes = [{"kind": "changed", "part": "workflow", "key": spec.key, "text": words}]
    return {
        "key": spec.key,
        "new": found.new,
        "changes": changes,
        "draft": found.expected,
        "version": None,
    }


def _take(session: Session, spec: Workflow, item: dict[str, Any]) -> Row:
    """Over the draft that was compared with, however long the answer to the question took."""
    if not (item["new"] or item["changes"]):
        return row(spec.key)
    return arrivals.take(session, spec, expected=item["draft"], actor=SYSTEM, now=clock.now())


def _ask(*, json_: bool) -> None:
    if json_:
        words = {
            "zh": "现有草稿会被改动：加上 --yes 确认，或用 --dry-run 只看差别。",
            "en": "A draft would be changed: add --yes, or look first with --dry-run.",
        }
        raise RefusedError(Problem(words, "--yes"))
    words = {"zh": "改动以上草稿？", "en": "Change these drafts?"}
    click.confirm(text(words), abort=True, err=True)


@click.command("export")
@click.argument("key")
@click.option("--draft", is_flag=True, help="The draft instead of the published version.")
@click.option("--version", help="That version instead of the present one: 3, or 2@17 of a place.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="yaml")
@_out
@as_json
@with_appcontext
@answering
def export(
    key: str, *, draft: bool, version: str | None, format_: str, output: Path | None, json_: bool
) -> None:
    """Print workflow KEY as YAML, JSON, Mermaid text or an SVG picture."""
    found = row(key)
    if draft:
        spec = drafts.spec(found)
    elif version is not None:
        spec = versions.side(db.session(), SYSTEM, found, version).spec
    else:
        spec = _in_force(found)
    _write(written(spec, "json" if json_ else format_, language()), output)


@click.command("schema")
@_out
@answering
def schema(output: Path | None) -> None:
    """Print the JSON Schema of workflow files, for editors; needs no database."""
    _write(json.dumps(files.schema(), ensure_ascii=False, indent=2), output)


@click.command("diff")
@click.argument("before")
@click.argument("after")
@click.option("--format", "format_", type=click.Choice(["text", "svg"]), default="text")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything is different.")
@_out
@as_json
@answering
def diff(
    before: str, after: str, *, format_: str, exit_code: bool, output: Path | None, json_: bool
) -> None:
    """Say what is different from BEFORE to AFTER: each a file, KEY, KEY@3 or KEY:draft.

    Two files need no database.
    """
    old, new = meant(before), meant(after)
    found = [_told(change) for change in compare(old, new)]
    if json_:
        _write(json.dumps(found, ensure_ascii=False, indent=2), output)
    elif format_ == "svg":
        _write(sheet.alone(contrast.draw(old, new, language())), output)
    else:
        _write("".join(f"{_line(change)}\n" for change in found), output)
    if exit_code and found:
        raise SystemExit(1)
