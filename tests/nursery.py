"""Starts sweeps and workers by forking one process that has imported everything, which is five
times faster than starting each anew: ``start work`` answers with the pid, ``wait PID`` with the
exit code once it has ended. ``start work@300`` starts it on a host whose clock is 300 s ahead."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

import rq.utils

from app import clock
from tests import labour
from worker.main import main


def skew(seconds: float) -> None:
    """Whoever asks this process for the time of day gets a wrong one."""

    def wrong(asked: Callable[[], datetime]) -> Callable[[], datetime]:
        return lambda: asked() + timedelta(seconds=seconds)

    clock.now = wrong(clock.now)
    right = time.time  # noqa: TID251
    time.time = lambda: right() + seconds  # noqa: TID251
    now = rq.utils.now
    for module in [found for name, found in sys.modules.items() if name.startswith("rq")]:
        if getattr(module, "now", None) is now:
            module.now = wrong(now)


def start(argument: str) -> int:
    name, _, ahead = argument.partition("@")
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        skew(float(ahead or 0))
        code = main([name])
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    # The answers go to the pipe that was stdout; what the processes say goes to the log.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        word, argument = line.split()
        if word == "start":
            answer = start(argument)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(int(argument), 0)[1])
        answers.write(f"{answer}\n")


if __name__ == "__main__":
    labour.register()  # kinds of long work that the tests give out
    serve()
