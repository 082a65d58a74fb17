"""Getting the system up: schema, roles, library, demo data, processes."""

from __future__ import annotations

import click
import flask_migrate
from flask import current_app
from flask.cli import with_appcontext

from app import clock
from app.cli.output import answering, as_json, language, say, text
from app.errors import InvalidError, Problem
from app.extensions import db
from app.host import supervisor
from app.models import Place
from app.security.sync import sync
from app.services import audit, definitions, demo, rules
from app.services.actors import SYSTEM
from app.transaction import unit_of_work
from config import load


@click.command("up")
@answering
def up() -> None:
    """Start everything: servers, web, workers and the sweep, until Ctrl-C."""
    raise SystemExit(supervisor.run(load()))


@click.command("deploy")
@as_json
@with_appcontext
@answering
def deploy(*, json_: bool) -> None:
    """Bring database, roles, rule sets and library workflows to what the code says.

    Safe to run again, and by several hosts at once. Administrators' own changes of workflows are
    left alone.
    """
    flask_migrate.upgrade()
    grants = sync()
    with unit_of_work(db.session()) as session:
        sets = rules.load(session)
        fresh = definitions.load_library(session, actor=SYSTEM, now=clock.now())
        audit.anchor(session, clock.now())
    data = {"grants": grants, "rule_sets": sets, "workflows": fresh}
    say(data, [f"{key}: {value}" for key, value in data.items() if value], json_=json_)


@click.command("seed")
@click.option("--if-empty", is_flag=True, help="Do nothing when there are places already.")
@click.option("--communities", type=click.IntRange(1, 5000), help="For load: so many communities.")
@click.option("--cases", type=click.IntRange(0, 5_000_000), help="For load: so many cases.")
@as_json
@with_appcontext
@answering
def seed(*, if_empty: bool, communities: int | None, cases: int | None, json_: bool) -> None:
    """Fill the demo communities, or many generated cases for load (every person is made up)."""
    occupied = db.session.query(Place.id).first() is not None
    if communities is not None or cases is not None:
        with unit_of_work(db.session()) as session:
            report = demo.load(
                session, communities=communities or 10, cases=cases or 0, now=clock.now()
            )
        say(report, (f"{key}: {value}" for key, value in report.items()), json_=json_)
        return
    if occupied and if_empty:
        say({"seeded": False}, [], json_=json_)
        return
    if occupied:
        raise InvalidError(
            Problem(
                {
                    "zh": "数据库里已有数据，演示数据只能装入空库。",
                    "en": "There is data already: the demo goes into an empty database only.",
                }
            )
        )
    folder = current_app.extensions["settings"].files_dir
    with unit_of_work(db.session()) as session:
        report = demo.seed(session, clock.now(), folder)
    say(report, (f"{key}: {value}" for key, value in report.items()), json_=json_)


@click.command("demo-logins")
@as_json
@with_appcontext
@answering
def demo_logins(*, json_: bool) -> None:
    """Print the logins of the demo, if this database holds it."""
    found = demo.logins(db.session())
    data = [
        {"login": one.login, "password": one.password, "role": one.role, "place": one.place}
        for one in found
    ]
    lines = [
        f"  {one.login:<12} {one.password:<16} {text(one.role)} · {one.place}" for one in found
    ]
    title = {"zh": "演示账号（均为虚构）：", "en": "Demo logins (every person is made up):"}
    say(data, [title[language()], *lines] if lines else [], json_=json_)
