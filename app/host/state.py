"""Who runs the system in a ``var`` directory: one lock, and a record of the processes started.

The lock is the kernel's, so it never outlives its holder; the record does, and tells the next
start what a killed one has left running.
"""

from __future__ import annotations

import fcntl
import json
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from app.host.process import HostError, kill_group, send

LOCK = "lock"
RECORD = "run.json"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of a running system answer; with passwords."""

    database_url: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A started process; ``started`` tells it from a later one with the same number."""

    name: str
    pid: int
    started: float
    stop_signal: int

    def find(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) < 1.0:
                return process
        except psutil.Error:
            pass
        return None


@dataclass
class Claim:
    """The right to run the system in ``var_dir``; held until ``release``."""

    var_dir: Path
    file: IO[str]
    entries: dict[str, Entry] = field(default_factory=dict)
    addresses: Addresses | None = None

    def started(self, name: str, pid: int, stop_signal: signal.Signals) -> None:
        """Note a process, at once, so that the next start finds it whatever happens to us."""
        try:
            started = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        self.entries[name] = Entry(name, pid, started, int(stop_signal))
        self._save()

    def answering(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self._save()

    def release(self) -> None:
        (self.var_dir / RECORD).unlink(missing_ok=True)
        self.file.close()

    def end_left_over(self) -> list[str]:
        """End what a killed run left behind; the names of what still ran."""
        left = [(entry, process) for entry in _entries(self.var_dir) if (process := entry.find())]
        for entry, _ in reversed(left):
            send(entry.pid, signal.Signals(entry.stop_signal))
        psutil.wait_procs([process for _, process in left], timeout=4.0)
        for entry, process in left:
            if process.is_running():
                kill_group(entry.pid)
        psutil.wait_procs([process for _, process in left], timeout=2.0)
        return [entry.name for entry, _ in left]

    def _save(self) -> None:
        addresses = asdict(self.addresses) if self.addresses else None
        entries = [asdict(entry) for entry in self.entries.values()]
        draft = self.var_dir / f"{RECORD}.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({"addresses": addresses, "processes": entries}))
        draft.replace(self.var_dir / RECORD)


def claim(var_dir: Path) -> Claim:
    """Take the lock; raises HostError when somebody else has it."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        file = (var_dir / LOCK).open("a+", encoding="ascii")
    except OSError as error:
        raise HostError(f"SIFANG_VAR: {error.filename} can't be used ({error.strerror})") from None
    if not _lock(file):
        file.seek(0)
        holder = file.read().strip() or "?"
        file.close()
        raise HostError(
            f"the system already runs in {var_dir} (process {holder}): stop that one first, or"
            " name another directory by SIFANG_VAR and another PORT"
        )
    file.truncate(0)
    file.write(str(psutil.Process().pid))
    file.flush()
    return Claim(var_dir, file)


def _lock(file: IO[str]) -> bool:
    """Somebody who looks for addresses holds the lock for an instant: so try a few times."""
    for _ in range(10):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.03)
    return False


def addresses(var_dir: Path) -> Addresses | None:
    """Where the servers of the system that runs in ``var_dir`` answer; None if none runs."""
    try:
        with (var_dir / LOCK).open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        found = _read(var_dir).get("addresses")
        return Addresses(**found) if found else None
    except OSError:
        pass
    return None


def _entries(var_dir: Path) -> list[Entry]:
    try:
        return [Entry(**entry) for entry in _read(var_dir).get("processes", ())]
    except TypeError:  # written by another version
        return []


def _read(var_dir: Path) -> dict[str, Any]:
    try:
        found = json.loads((var_dir / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
