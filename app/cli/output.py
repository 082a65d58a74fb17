"""How commands speak: text for people, JSON for scripts, errors in the set language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
from flask import current_app, has_app_context
from sqlalchemy.exc import OperationalError

from app.errors import Problem, SifangError
from config import SettingError, load

P = ParamSpec("P")
R = TypeVar("R")

as_json = click.option("--json", "json_", is_flag=True, help="Print the answer as JSON.")


def language() -> str:
    """Which of zh and en to speak: the setting SIFANG_LANGUAGE."""
    if has_app_context():
        return str(current_app.extensions["settings"].language)
    return load().language


def text(words: dict[str, str]) -> str:
    return words.get(language()) or words.get("zh", "")


def say(data: Any, lines: Iterable[str], *, json_: bool) -> None:
    """Print ``data`` as JSON or else the lines."""
    if json_:
        click.echo(json.dumps(data, ensure_ascii=False, default=str, indent=2))
        return
    for line in lines:
        click.echo(line)


def fail(problems: Iterable[Problem], *, json_: bool = False) -> NoReturn:
    """Say each problem with the input that it is about, and leave with 1."""
    listed = list(problems)
    if json_:
        click.echo(
            json.dumps(
                {"problems": [{"field": p.field, "text": p.text} for p in listed]},
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        for problem in listed:
            where = f"{problem.field}: " if problem.field else ""
            click.echo(f"{where}{text(problem.text)}", err=True)
    raise SystemExit(1)


def answering(command: Callable[P, R]) -> Callable[P, R]:
    """Turn our errors into messages and exit code 1: never a traceback for what a caller did."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        json_ = bool(kwargs.get("json_"))
        try:
            return command(*args, **kwargs)
        except SifangError as error:
            fail(error.problems, json_=json_)
        except SettingError as error:
            fail([Problem({"zh": str(error), "en": str(error)})], json_=json_)
        except OperationalError:
            fail([_unreachable()], json_=json_)

    return run


def _unreachable() -> Problem:
    return Problem(
        {
            "zh": "连不上数据库。请先运行 make run，或检查 DATABASE_URL。",
            "en": "The database can't be reached. Run make run first, or check DATABASE_URL.",
        }
    )
