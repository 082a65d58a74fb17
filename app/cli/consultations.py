"""``sifang consultation``: count again."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.cli.output import answering, as_json, say, text
from app.errors import MissingError, Problem
from app.extensions import db
from app.models import Case
from app.services import consultations


@click.group()
def consultation() -> None:
    """Consultations and their counts."""


@consultation.command("recount")
@click.argument("number")
@as_json
@with_appcontext
@answering
def recount(number: str, *, json_: bool) -> None:
    """Count NUMBER again from its frozen inputs; exits with 1 when the result differs."""
    case_id = db.session.scalar(
        sa.select(Case.id).where(Case.number == number, Case.leg == "consultation")
    )
    if case_id is None:
        words = {"zh": f"没有协商事项 {number}。", "en": f"There is no consultation {number}."}
        raise MissingError(Problem(words, "NUMBER"))
    found = consultations.recount(db.session(), case_id)
    say(found.data, (text(line) for line in found.lines), json_=json_)
    if not found.equal:
        raise SystemExit(1)
