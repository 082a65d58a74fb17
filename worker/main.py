"""``python -m worker.main sweep`` and ``python -m worker.main work``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import config
from app.factory import create_app
from app.host import servers
from worker import context, heap, jobs, schedule

USAGE = """usage: python -m worker.main sweep | work

  sweep   looks for deadlines and notices that are due, and hands out the work
  work    does the work; run as many as you like, on as many hosts as you like
"""


def _sweep(settings: config.Settings) -> None:
    schedule.Sweep(settings).run()


COMMANDS: dict[str, Callable[[config.Settings], None]] = {"sweep": _sweep, "work": jobs.work}


def _settings() -> config.Settings:
    settings = servers.resolve(config.load())
    if settings.database_url is None:
        raise config.SettingError("DATABASE_URL", "is not set, and nothing runs on this folder")
    return settings


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(USAGE)
        return 2
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stdout,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("flask_appbuilder").setLevel(logging.WARNING)
    context.leave_on_signal()
    try:
        settings = _settings()
        app = create_app(settings)
        context.use(app)
        heap.settle()
        COMMANDS[arguments[0]](settings)
    except config.SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
