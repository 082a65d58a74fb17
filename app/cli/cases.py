"""``sifang case``: move a case from a script."""

from __future__ import annotations

import json
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from flask_appbuilder.security.sqla.models import User

from app import clock
from app.cli.output import answering, as_json, say
from app.errors import InvalidError, MissingError, Problem
from app.extensions import db
from app.models import Case
from app.services import actors, cases, edge
from app.services.actors import SYSTEM, Viewer
from app.transaction import unit_of_work


@click.group()
def case() -> None:
    """Move cases."""


@case.command("fire")
@click.argument("number")
@click.argument("event")
@click.option("--as", "login", help="Login of the person who acts; without it: the system.")
@click.option("--form", default="{}", help="What is filled in, as a JSON object.")
@as_json
@with_appcontext
@answering
def fire(number: str, event: str, *, login: str | None, form: str, json_: bool) -> None:
    """Press button EVENT of the case NUMBER."""
    filled = _object(form)
    with unit_of_work(db.session()) as session:
        now = clock.now()
        case_id = session.scalar(sa.select(Case.id).where(Case.number == number))
        if case_id is None:
            raise MissingError(
                Problem(
                    {"zh": f"没有事项 {number}。", "en": f"There is no case {number}."}, "NUMBER"
                )
            )
        actor = SYSTEM if login is None else _viewer(login)
        fired = cases.fire(session, case_id, event, actor=actor, now=now, form=filled)
    data = {"number": number, "event": event, "from": fired.source, "to": fired.target}
    say(data, [f"{number}: {fired.source} → {fired.target}"], json_=json_)


def _object(form: str) -> dict[str, Any]:
    try:
        value = json.loads(form)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidError(
            Problem({"zh": "必须是 JSON 对象。", "en": "It must be a JSON object."}, "--form")
        )
    return value


def _viewer(login: str) -> Viewer:
    user = db.session.query(User).filter_by(username=login).one_or_none()
    if user is None:
        raise MissingError(
            Problem({"zh": f"没有用户“{login}”。", "en": f"There is no login “{login}”."}, "--as")
        )
    return actors.viewer(db.session(), user, today=edge.today(clock.now()))
