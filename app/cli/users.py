"""``sifang users``: logins from the command line."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from werkzeug.security import generate_password_hash

from app import clock
from app.cli.output import answering, as_json, say
from app.errors import InvalidError, MissingError, Problem
from app.extensions import db
from app.models import Party, Place, Staff
from app.permissions import LABELS, Role
from app.services import edge
from app.transaction import unit_of_work

_LEAST = 10


@click.group()
def users() -> None:
    """Create logins, list them, set passwords, bind them to places."""


@users.command("list")
@as_json
@with_appcontext
@answering
def list_(*, json_: bool) -> None:
    """List the logins with their roles."""
    data = [
        {
            "login": user.username,
            "name": f"{user.last_name}{user.first_name}",
            "active": user.active,
            "roles": sorted(role.name for role in user.roles),
        }
        for user in db.session.query(User).order_by(User.username)
    ]
    say(data, (f"{d['login']}\t{d['name']}\t{','.join(d['roles'])}" for d in data), json_=json_)


@users.command("create")
@click.argument("login")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--family-name", required=True)
@click.option("--given-name", required=True)
@click.option("--email", required=True)
@click.option("--place", type=int, help="Id of the place that the login is bound to.")
@click.option("--party", type=int, help="Id of the party that it speaks for.")
@click.password_option()
@as_json
@with_appcontext
@answering
def create(login: str, *, password: str, json_: bool, **given: str | int | None) -> None:
    """Create LOGIN with one role, bound to a place (and party) from today."""
    _long_enough(password)
    with unit_of_work(db.session()) as session:
        if session.scalar(sa.select(User.id).where(User.username == login)) is not None:
            words = {"zh": f"登录名“{login}”已存在。", "en": f"The login “{login}” exists."}
            raise InvalidError(Problem(words, "LOGIN"))
        _must_exist(Place, given["place"], "--place")
        _must_exist(Party, given["party"], "--party")
        role = session.scalars(
            sa.select(RoleRow).where(RoleRow.name == given["role"])
        ).one_or_none()
        if role is None:
            words = {"zh": "请先运行 sifang deploy。", "en": "Run sifang deploy first."}
            raise MissingError(Problem(words, "--role"))
        user = User(
            username=login,
            first_name=given["given_name"],
            last_name=given["family_name"],
            email=given["email"],
            active=True,
            password=generate_password_hash(password),
            roles=[role],
        )
        session.add(user)
        session.flush()
        if given["place"] is not None:
            session.add(
                Staff(
                    user_id=user.id,
                    place_id=given["place"],
                    party_id=given["party"],
                    since=edge.today(clock.now()),
                )
            )
        label = LABELS[str(given["role"])]
        data = {"login": login, "role": given["role"]}
    say(data, [f"{login}: {label['zh']} / {label['en']}"], json_=json_)


@users.command("password")
@click.argument("login")
@click.password_option()
@as_json
@with_appcontext
@answering
def password_(login: str, *, password: str, json_: bool) -> None:
    """Set the password of LOGIN."""
    _long_enough(password)
    manager = current_app.extensions["appbuilder"].sm
    user = db.session.query(User).filter_by(username=login).one_or_none()
    if user is None:
        words = {"zh": f"没有用户“{login}”。", "en": f"There is no login “{login}”."}
        raise MissingError(Problem(words, "LOGIN"))
    manager.reset_password(user.id, password)
    say({"login": login}, [login], json_=json_)


def _long_enough(password: str) -> None:
    if len(password) < _LEAST:
        words = {
            "zh": f"密码至少要 {_LEAST} 个字符。",
            "en": f"A password needs at least {_LEAST} characters.",
        }
        raise InvalidError(Problem(words, "--password"))


def _must_exist(model: type[Place | Party], key: str | int | None, option: str) -> None:
    if key is not None and db.session.get(model, key) is None:
        words = {"zh": f"没有编号 {key}。", "en": f"There is no id {key}."}
        raise MissingError(Problem(words, option))
