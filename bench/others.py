"""The peers: each a process of its own, in an environment of its own, on the same server."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import Cluster

FOLDER = Path(__file__).parent / "peers"
LOCK = FOLDER.parent.parent / "requirements" / "bench.txt"
HOME = Path(sys.prefix) / "peers"
PEERS = {
    "SpiffWorkflow, its JSON in one row": "spiff.py",
    "python-statemachine + SQLAlchemy": "statemachine_orm.py",
    "django-fsm-2 + log": "fsm.py",
}


def prepare() -> Path | None:
    """The peers' Python, installed if it isn't yet; None when that can't be done here."""
    python = HOME / "bin" / "python"
    stamp = HOME / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    if stamp.exists():
        return python
    print("installing the peers", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(HOME)],
        [*pip, "--require-hashes", "--requirement", str(LOCK)],
    ):
        if subprocess.run(command, check=False).returncode != 0:
            print("the peers can't be installed and are left out", file=sys.stderr)
            return None
    stamp.touch()
    return python


@dataclass(slots=True)
class Peer:
    """One of them, ready to work: called, it does a round and says how many steps a second."""

    process: subprocess.Popen[str]
    cases: int

    def __call__(self) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{self.cases}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextmanager
def running(cluster: Cluster, template: str, cases: int) -> Iterator[dict[str, Peer]]:
    """All peers that can be had, by name, each on a copy of database ``template``."""
    python = prepare()
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(_started(cluster, template, python, script, cases))
            for name, script in (PEERS.items() if python else ())
        }


@contextmanager
def _started(
    cluster: Cluster, template: str, python: Path, script: str, cases: int
) -> Iterator[Peer]:
    url = cluster.create(f"peer_{script.partition('.')[0]}", template)
    process = subprocess.Popen(
        [str(python), "-W", "ignore", str(FOLDER / script), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield Peer(process, cases)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
