"""The whole system as ``make run`` starts it: comes up, survives SIGKILL, ends in time."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

import config
from app.host import state
from tests.servers import ROOT


def free_port() -> int:
    """One that the kernel gives to nobody meanwhile: it is taken only when the system is up."""
    for port in random.sample(range(20_000, 30_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("all ports are taken")


class System:
    """``make run`` without make, with its output in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.output = folder.with_suffix(".log")

    def start(self) -> str:
        """Start it; what it said until it was up."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.host", "up"],
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=config.environment(
                    {
                        "SIFANG_VAR": str(self.folder),
                        "PORT": str(self.port),
                        "DATABASE_URL": "",
                        "REDIS_URL": "",
                    }
                ),
            )
        end = time.monotonic() + 280
        while "Ctrl-C" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.1)
        return self.said()

    def said(self) -> str:
        return self.output.read_text()

    def page(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login/", timeout=20) as answer:
            return str(answer.read().decode())

    def count(self, table: str) -> int:
        addresses = state.addresses(self.folder)
        assert addresses is not None
        with psycopg.connect(addresses.database_url) as connection:
            row = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        assert row is not None
        return int(row[0])

    def end(self, number: signal.Signals) -> float:
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - began


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_it_comes_up_with_the_demo_survives_a_kill_and_ends_in_time(tmp_path: Path) -> None:
    system = System(tmp_path / "var")
    try:
        said = system.start()
        assert "seed     | " in said
        assert "sifang-demo" in said, "the demo's logins"
        assert 'lang="zh' in system.page()
        cases, events = system.count("case"), system.count("event")
        assert cases > 50

        system.end(signal.SIGKILL)
        said = system.start()
        assert "seed     | " not in said, "nothing has changed, so nothing is prepared"
        assert "sifang-demo" in said
        assert 'lang="zh' in system.page()
        assert (system.count("case"), system.count("event") >= events) == (cases, True)

        assert system.end(signal.SIGINT) < 20.0
        assert system.process.returncode == 0
    finally:
        system.process.kill()
        system.process.wait()
