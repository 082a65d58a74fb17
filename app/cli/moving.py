"""``sifang workflows migrate``: running cases moved to another version, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from app import clock
from app.cli.exchange import row
from app.cli.output import answering, as_json, say, text
from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import Migration, MoveOutcome, Workflow
from app.services import campaigns, edge, forecasts, migrations, passages
from app.services.actors import SYSTEM
from app.services.forecasts import Forecast, Line, Preview
from app.services.migrations import Plan, Version
from app.services.passages import Act
from app.services.transfers import Result
from app.transaction import unit_of_work
from app.workflows.transfer import Rule

RULES: tuple[Rule, ...] = ("shift", "keep", "restart")
_yes = click.option("--yes", is_flag=True, help="Don't ask.")


@click.command("migrate")
@click.argument("key")
@click.option("--from", "sources", multiple=True, help="Version that cases come from; else all.")
@click.option("--to", "target", default="", help="Version that they go to; else the one in force.")
@click.option("--map", "mapped", multiple=True, help="old=new; old= keeps the cases of a state.")
@click.option("--clocks", type=click.Choice(RULES), default="shift", help="Changed deadlines.")
@click.option("--reason", required=True, help="Why; it is kept in the history of each case.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@_yes
@as_json
@with_appcontext
@answering
def migrate(  # noqa: PLR0913  a parameter for each option
    key: str,
    sources: tuple[str, ...],
    target: str,
    mapped: tuple[str, ...],
    clocks: Rule,
    reason: str,
    *,
    dry_run: bool,
    yes: bool,
    json_: bool,
) -> None:
    """Move the running cases of workflow KEY to another version.

    States go where it is proposed unless --map says otherwise. Exits with 1 when a case stays.
    """
    session, found = db.session(), row(key)
    known = migrations.versions(session, found.id)
    plan = Plan(
        found.id,
        *_mapping(session, found, known, (sources, target), mapped),
        rule=clocks,
        reason=reason,
    )
    terms = migrations.terms(session, plan)
    preview = forecasts.preview(session, terms, found.id, viewer=SYSTEM, now=clock.now(), most=None)
    if dry_run:
        say(_data(preview), _lines(preview), json_=json_)
        raise SystemExit(1 if preview.refused else 0)
    if not json_:
        say(None, _lines(preview), json_=False)
    _confirm(yes=yes, json_=json_)
    with ExitStack() as stack:
        with unit_of_work(session, poke=False):
            made = campaigns.record(session, plan, actor=SYSTEM, now=clock.now())
            stack.enter_context(campaigns.by_hand(session, found.id))
            migration_id, count = made.id, made.running
        results = _through(session, *passages.moving(session, made), count)
    _report(migration_id, results, json_=json_)


@click.command("undo-migration")
@click.argument("migration_id", type=int, metavar="ID")
@_yes
@as_json
@with_appcontext
@answering
def undo(migration_id: int, *, yes: bool, json_: bool) -> None:
    """Undo the move ID of running cases, within a day. Exits with 1 when a case stays."""
    session = db.session()
    made = campaigns.found(session, migration_id, SYSTEM)
    _confirm(yes=yes, json_=json_)
    with ExitStack() as stack:
        with unit_of_work(session, poke=False):
            campaigns.undo(session, made, actor=SYSTEM, now=clock.now())
            stack.enter_context(campaigns.by_hand(session, made.workflow_id))
            count = made.running
        results = _through(session, *passages.returning(session, made), count)
    _report(migration_id, results, json_=json_)


@click.command("migrations")
@click.argument("key")
@as_json
@with_appcontext
@answering
def migrations_(key: str, *, json_: bool) -> None:
    """List the moves of running cases of workflow KEY, newest first."""
    session, found = db.session(), row(key)
    past = campaigns.listed(session, found.id, SYSTEM)
    tallies = campaigns.tallies(session, [made.id for made in past])
    names = {v.id: v.name for v in migrations.versions(session, found.id).values()}
    data = [_past(made, names[made.target_id], tallies[made.id]) for made in past]
    say(
        data,
        (
            f"#{d['id']}\t{edge.shown(d['at'])}\t{', '.join(d['from'])} → {d['to']}\t"
            f"{d['moved']}/{d['running']}\t{d['reason']}" + (" ✗" if d["undone_at"] else "")
            for d in data
        ),
        json_=json_,
    )


def _past(made: Migration, target: str, tally: campaigns.Tally) -> dict[str, Any]:
    return {
        "id": made.id,
        "at": made.at,
        "from": made.sources,
        "to": target,
        "clocks": made.clocks.value,
        "reason": made.reason,
        "running": made.running,
        "moved": tally.get((False, MoveOutcome.MOVED), 0),
        "undone_at": made.undone_at,
        "restored": tally.get((True, MoveOutcome.MOVED), 0),
    }


def _mapping(
    session: Session,
    found: Workflow,
    known: dict[str, Version],
    ends: tuple[tuple[str, ...], str],
    mapped: Sequence[str],
) -> tuple[str, dict[str, dict[str, str | None]]]:
    """The target, and by version where the cases of each state go."""
    given, name = ends
    in_force = next((v.name for v in known.values() if v.id == found.current_id), "")
    target = name or in_force
    chosen = dict(_pair(word) for word in mapped)
    standings = migrations.standings(session, found.id)
    usual = [s.version.name for s in standings if s.count and s.version.name != target]
    sources = [known[n] for n in given or usual if n in known]
    if len(sources) < len(given) or target not in known:
        return target, {n: {} for n in given or usual}  # to be told by the plan's own check
    proposals = migrations.proposed(session, sources, known[target])
    states = {state for one in proposals.values() for state in one}
    if unknown := sorted(chosen.keys() - states):
        raise InvalidError(_no_state(unknown))
    return target, {
        version: {state: chosen.get(state, p.target) for state, p in one.items()}
        for version, one in proposals.items()
    }


def _pair(word: str) -> tuple[str, str | None]:
    old, sign, new = word.partition("=")
    if not sign or not old.strip():
        raise InvalidError(
            Problem(
                {
                    "zh": f"读不懂“{word}”，请写成 旧状态=新状态。",
                    "en": f"“{word}” can't be read: write old=new.",
                },
                "--map",
            )
        )
    return old.strip(), new.strip() or None


def _no_state(unknown: Sequence[str]) -> Problem:
    words = ", ".join(unknown)
    text_ = {
        "zh": f"转出的版本没有这些在办状态：{words}。",
        "en": f"The versions to move from have no such running states: {words}.",
    }
    return Problem(text_, "--map")


def _confirm(*, yes: bool, json_: bool) -> None:
    if yes:
        return
    if json_:
        words = {
            "zh": "--json 不会提问：请加上 --yes，或先用 --dry-run 试算。",
            "en": "--json asks nothing: add --yes, or try it with --dry-run.",
        }
        raise InvalidError(Problem(words, "--yes"))
    click.confirm(text({"zh": "确定吗？", "en": "Go on?"}), abort=True, err=True)


def _through(session: Session, ids: Iterator[int], act: Act, count: int) -> list[Result]:
    """Each case in a transaction of its own."""
    found = []
    with click.progressbar(ids, length=count, file=sys.stderr) as bar:
        for case_id in bar:
            with unit_of_work(session, poke=False):
                found.append(act(session, case_id, SYSTEM, clock.now()))
    return found


def _report(migration_id: int, results: Sequence[Result], *, json_: bool) -> None:
    counts = {o.value: sum(r.outcome is o for r in results) for o in MoveOutcome}
    cases = [
        {"number": r.number, "outcome": r.outcome.value, "late": r.late, "text": r.text}
        for r in results
    ]
    figures = (migration_id, counts["moved"], counts["refused"], counts["left"])
    zh = "第 {} 次转版：已处理 {} 个，{} 个保持原样，{} 个无需处理。"
    en = "Move {}: {} done, {} stay as they are, {} had no need."
    lines = [f"{r.number}: {text(r.text)}" for r in results if r.outcome is not MoveOutcome.MOVED]
    lines.append(text({"zh": zh.format(*figures), "en": en.format(*figures)}))
    say({"migration": migration_id, **counts, "cases": cases}, lines, json_=json_)
    if counts["refused"]:
        raise SystemExit(1)


def _data(preview: Preview) -> dict[str, Any]:
    figures = ("running", "looked", "moved", "refused", "lossy", "late", "relieved", "at_once")
    return {
        **{name: getattr(preview, name) for name in figures},
        "clocks": dict(preview.fates),
        "cases": [{**asdict(one), "late": one.late} for one in preview.listed],
    }


def _lines(preview: Preview) -> Iterator[str]:
    for one in preview.listed:
        yield f"{one.number} {_went(one)}"
    names = ("running", "moved", "refused", "late", "relieved", "lossy", "at_once")
    figures = [getattr(preview, name) for name in names]
    zh = (
        "在办 {} 个：可转 {} 个，不转 {} 个；{} 个因此超期，{} 个不再超期；"
        "{} 个有新版没有的内容；{} 条提醒将立即发出。"
    )
    en = (
        "{} running: {} would move, {} stay; {} late by it, {} no longer late; "
        "{} lose values; {} reminders go out at once."
    )
    yield text({"zh": zh.format(*figures), "en": en.format(*figures)})


def _went(one: Forecast) -> str:
    if one.refused:
        return f"{text(one.source)}: {text(one.refused)}"
    parts = [f"{text(one.source)} → {text(one.target or {})}"]
    parts += [_clock(line) for line in one.clocks]
    parts += [f"− {text(value)}" for value in one.lost]
    return "; ".join(parts)


def _clock(line: Line) -> str:
    late = text({"zh": "（因此超期）", "en": " (late by it)"}) if line.look == "late" else ""
    before, after = edge.shown(line.before) or "—", edge.shown(line.after) or "—"
    return f"{text(line.label)} [{line.fate}] {before} → {after}{late}"
