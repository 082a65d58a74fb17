"""What a worker process has one of: the app, and the wish to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from flask import Flask, current_app, has_app_context
from sqlalchemy.orm import Session

import config
from app.extensions import db


@dataclass(slots=True)
class _Process:
    app: Flask | None = None
    stopping: bool = False


_process = _Process()


def use(app: Flask) -> None:
    """Built once per process: a task only pushes its context."""
    _process.app = app


@contextmanager
def session() -> Iterator[Session]:
    """A session in an app context of its own; in a test that has one, in that."""
    if has_app_context():
        yield db.session()
        return
    if _process.app is None:
        raise RuntimeError("worker.context.use() was not called")
    with _process.app.app_context():
        yield db.session()


def settings() -> config.Settings:
    found: config.Settings = current_app.extensions["settings"]
    return found


def stop() -> None:
    """End as soon as what was begun is written down."""
    _process.stopping = True


def stopping() -> bool:
    return _process.stopping


def leave_on_signal() -> None:
    """SIGTERM and Ctrl-C end the process at once: for as long as it has nothing in hand."""

    def leave(signum: int, frame: FrameType | None) -> None:
        stop()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
