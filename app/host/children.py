"""The running children of a supervisor: their output, their deaths, their end.

One thread and one selector; signals wake it up through a socket. So nothing here is shared, and
starting a child never forks a process with threads.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from app.host.logs import Lines, Log
from app.host.process import HostError, Program, kill_group, send
from app.host.state import Claim

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""A child that ran for so many seconds is started again after the first, short pause."""


class Stopped(Exception):  # noqa: N818
    """Somebody asked the supervisor to end."""


@dataclass
class Child:
    program: Program
    process: subprocess.Popen[bytes]
    began: float
    lines: Lines = field(default_factory=Lines)
    pause: float = FIRST_PAUSE
    again_at: float | None = None
    kept: list[str] | None = None
    """Its lines, for a child whose words are wanted rather than written."""

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None


class Children:
    def __init__(self, claim: Claim, log: Log) -> None:
        self.claim = claim
        self.log = log
        self.asked = 0
        self._running: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals that end us, and those of dying children, for as long as it lasts."""
        inner, outer = socket.socketpair()
        for end in (inner, outer):
            end.setblocking(False)
        previous_descriptor = signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
        previous = {number: signal.signal(number, self._hear) for number in ENDING}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(inner, selectors.EVENT_READ)
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous_descriptor)
            self._selector.close()
            inner.close()
            outer.close()

    def start(self, program: Program) -> Child:
        process = program.start(subprocess.PIPE)
        self.claim.started(program.name, process.pid, program.stop_signal)
        child = Child(program, process, time.monotonic())
        self._running[program.name] = child
        self._listen(child)
        return child

    def until(self, reached: Callable[[], bool], seconds: float | None = None) -> bool:
        """Pass output on until ``reached`` holds or the time is over; Stopped when asked to end."""
        end = None if seconds is None else time.monotonic() + seconds
        while not reached():
            if end is not None and time.monotonic() >= end:
                return False
            self.pass_on(0.02 if end is not None else 0.5)
            if self.asked:
                raise Stopped
        return True

    def pass_on(self, seconds: float) -> None:
        """Write what the children say within the time; returns at the first thing that happens."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with suppress(BlockingIOError):
                    key.fileobj.recv(4096)  # type: ignore[union-attr]
            else:
                self._read(key.data)

    def await_ready(self, child: Child) -> None:
        """Wait until the child is ready, if it can tell; HostError when it isn't in time."""
        program = child.program
        if program.ready is None:
            return
        ready = program.ready
        self.until(lambda: child.ended or ready(), program.ready_seconds)
        if child.ended:
            self._drain(child)
            raise HostError(f"{program.name} ended at once: {_fate(child.process.returncode)}")
        if not ready():
            raise HostError(f"{program.name} is not ready after {program.ready_seconds:.0f} s")

    def complete(self, program: Program, *, keep: bool = False) -> list[str]:
        """Run it to its end; HostError when that is not a good one. ``keep``: give its lines back
        instead of writing them.
        """
        child = self.start(program)
        child.kept = [] if keep else None
        self.until(lambda: child.ended)
        self._drain(child)
        del self._running[program.name]
        if child.process.returncode != 0:
            raise HostError(f"{program.name} failed: {_fate(child.process.returncode)}")
        return child.kept or []

    def revive(self) -> None:
        """Start again who died, each time after a longer pause."""
        now = time.monotonic()
        for child in list(self._running.values()):
            if not child.ended:
                continue
            if child.again_at is None:
                self._drain(child)
                steady = now - child.began >= STEADY
                child.pause = FIRST_PAUSE if steady else child.pause
                child.again_at = now + child.pause
                fate = _fate(child.process.returncode)
                self.log.write(child.name, f"ended ({fate}); starts again in {child.pause:.1f} s")
            elif now >= child.again_at:
                fresh = self.start(child.program)
                fresh.pause = min(child.pause * 2, LONGEST_PAUSE)

    def stop(self, names: Iterable[str], until: float) -> None:
        """Ask the named children to end, and kill those that haven't at the instant ``until``."""
        ending = [self._running.pop(name) for name in names if name in self._running]
        for child in ending:
            send(child.process.pid, child.program.stop_signal)
        heard = self.asked
        while not all(child.ended for child in ending) and time.monotonic() < until:
            self.pass_on(0.05)
            if self.asked > heard:
                break  # asked once more: no more patience
        for child in ending:
            kill_group(child.process.pid)
            child.process.wait()
            self._drain(child)

    def names(self) -> list[str]:
        return list(self._running)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1

    def _listen(self, child: Child) -> None:
        pipe = child.process.stdout
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, child)

    def _read(self, child: Child) -> bool:
        """Write what the pipe holds at present; False when nothing came."""
        pipe = child.process.stdout
        if pipe is None or pipe.closed:
            return False
        try:
            data = os.read(pipe.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
        self._write(child, child.lines.feed(data) if data else child.lines.end())
        return bool(data)

    def _write(self, child: Child, lines: list[str]) -> None:
        if child.kept is not None:
            child.kept += lines
            return
        for line in lines:
            self.log.write(child.name, line)

    def _drain(self, child: Child) -> None:
        """Write the last words of a dead child; a grandchild may still hold the pipe."""
        while self._read(child):
            pass
        self._write(child, child.lines.end())
        if child.process.stdout is not None and not child.process.stdout.closed:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()


def _fate(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
