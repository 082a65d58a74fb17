"""Child processes: what to run, how to start it, how to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import config

LAUNCHER = Path(__file__).with_name("launch.py")
Output = int | IO[bytes]


class HostError(RuntimeError):
    """A server or a program can't be run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a program runs as when we are root; ``reach``: see ``launch.py``."""

    uid: int
    reach: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """One process that is to run. ``prepare`` is called before each start, ``ready`` polled after.

    ``stop_signal`` asks it to end in good order; it also gets it when its parent dies.
    """

    name: str
    command: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    prepare: Callable[[], None] | None = None
    ready: Callable[[], bool] | None = None
    ready_seconds: float = 30.0

    def start(self, output: Output | None = None) -> subprocess.Popen[bytes]:
        """Start it in a process group of its own, so that Ctrl-C reaches only the supervisor."""
        if self.prepare is not None:
            self.prepare()
        return subprocess.Popen(  # noqa: S603
            launcher(self.command, self.account, self.stop_signal),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            env=config.environment(self.environment),
            process_group=0,
        )


def launcher(
    command: Iterable[str],
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> list[str]:
    """The command line that starts ``command`` by way of ``launch.py``."""
    uid = "-" if account is None else str(account.uid)
    reach = "1" if account is not None and account.reach else "0"
    start = (sys.executable, "-I", "-S", str(LAUNCHER))
    return [*start, str(os.getpid()), str(int(stop_signal)), uid, reach, *command]


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Poll until ``ready`` holds; False when the process ended or the time is over first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        if ready():
            return True
        time.sleep(0.01)
    return False


def stop(process: subprocess.Popen[bytes], asked: signal.Signals, seconds: float) -> None:
    """Ask the process to end and kill its whole group when it hasn't after ``seconds``."""
    if process.poll() is None:
        send(process.pid, asked)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_group(process.pid)
    process.wait()


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def kill_group(pid: int) -> None:
    """End what is left of the group that the process led; nothing if all of it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
