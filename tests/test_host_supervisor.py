"""The supervisor: starts in order, revives, stops in time, and recovers from its own death."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

import config
from app.host import plan, servers, state
from app.host.process import HostError
from app.host.stamp import digest
from tests.servers import ROOT

PROMPT = 20.0
"""Seconds in which whoever is willing has ended also where the machine is busy, and long before
anybody is killed on a patient stage."""


class Stage:
    """A supervisor in a process of its own, and what it has said so far."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.stage", str(folder), *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            process_group=0,
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            for line in pipe:
                self.said += line

    def hears(self, text: str, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < end, f"{text!r} not in:\n{self.said}"
            assert self.process.poll() is None or text in self.said, self.said
            time.sleep(0.01)

    def ends(self, number: signal.Signals, seconds: float = 30.0) -> float:
        """Send the signal; the seconds until everything has ended."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(seconds)
        self._reader.join(seconds)
        assert not self._reader.is_alive(), "somebody still holds the output open"
        return time.monotonic() - began

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        for process in [*self.children()] if self.process.poll() is None else []:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.kill()
        self.process.wait()
        self._reader.join(30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def stages(folder: Path) -> Iterator[list[Stage]]:
    started: list[Stage] = []
    yield started
    for stage in started:
        stage.close()


@pytest.fixture
def play(folder: Path, stages: list[Stage]):
    def start(*names: str) -> Stage:
        stages.append(Stage(folder, *names))
        return stages[-1]

    return start


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=30.0)[1]


def test_steps_come_before_programs_and_each_line_bears_its_name(play) -> None:
    stage = play("steady")
    stage.hears("up")
    stage.hears("steady   | here")
    assert stage.said.index("step     | done") < stage.said.index("steady   | here")
    assert "\x1b" not in stage.said, "no colours where nobody looks"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_at_once(play, folder: Path, number: signal.Signals) -> None:
    stage = play("steady", "parent", "patient")
    stage.hears("child")
    children = stage.children()
    assert stage.ends(number) < PROMPT
    assert stage.process.returncode == 0
    assert alive(children) == []
    assert not (folder / "run.json").exists()


def test_ctrl_c_at_a_terminal_ends_all_in_order_and_lines_are_coloured(folder: Path) -> None:
    """The terminal sends Ctrl-C to everybody in its foreground group: that is only us."""
    ours, theirs = os.openpty()
    take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    take += "os.execv(sys.executable, [sys.executable, '-m', 'tests.stage', *sys.argv[1:]])"
    process = subprocess.Popen(
        [sys.executable, "-c", take, str(folder), "steady", "parent", "patient"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=config.environment({"TERM": "xterm", "NO_COLOR": ""}),
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    while b"child" not in said or b"here" not in said:
        said += os.read(ours, 4096)
    began = time.monotonic()
    os.write(ours, b"\x03")
    assert process.wait(30) == 0
    assert time.monotonic() - began < PROMPT
    os.close(ours)
    for name in (b"steady", b"parent"):
        assert re.search(rb"\x1b\[3[1-6]m%s +\|\x1b\[0m " % name, said)


@pytest.mark.faults
def test_a_child_that_will_not_end_is_killed_in_time(play) -> None:
    stage = play("stubborn")
    stage.hears("deaf")
    children = stage.children()
    assert 2.5 < stage.ends(signal.SIGTERM) < PROMPT
    assert alive(children) == []


@pytest.mark.faults
def test_asking_twice_takes_no_more_patience(play) -> None:
    stage = play("stubborn", "patient")
    stage.hears("deaf")
    stage.process.send_signal(signal.SIGINT)
    stage.hears("| no")
    assert stage.ends(signal.SIGINT) < PROMPT


def test_who_dies_is_started_again_after_longer_and_longer_pauses(play) -> None:
    stage = play("mortal", "steady")
    stage.hears("ended (exit code 3); starts again in 2.0 s")
    assert re.findall(r"again in ([\d.]+)", stage.said) == ["0.5", "1.0", "2.0"]
    assert stage.said.count("steady   | here") == 1, "the others run on"


@pytest.mark.faults
def test_a_killed_child_is_started_again(play) -> None:
    stage = play("steady")
    stage.hears("steady   | here")
    stage.children()[0].kill()
    stage.hears("steady   | ended (signal SIGKILL); starts again in 0.5 s")
    end = time.monotonic() + 30
    while stage.said.count("| here") < 2:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_steps_are_left_out_while_nothing_has_changed(play, folder: Path) -> None:
    for steps in (1, 0):
        stage = play("steady", "stamp")
        stage.hears("up\nlast words\n")
        assert stage.said.count("step     | done") == steps
        stage.ends(signal.SIGTERM)
    (folder / "stamp").write_text("{}")
    stage = play("steady", "stamp")
    stage.hears("up\nlast words\n")
    assert "step     | done" in stage.said


def test_a_change_anywhere_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "app" / "deep").mkdir(parents=True)
    (tmp_path / "config.py").write_text("1")
    seen = set()
    for name, content in (("a.py", "1"), ("a.py", "2"), ("b.py", "2"), ("deep/c.yaml", "")):
        (tmp_path / "app" / name).write_text(content)
        seen.add(digest(tmp_path, ("app", "config.py")))
    (tmp_path / "app" / "a.pyc").write_text("compiled")
    seen.add(digest(tmp_path, ("app", "config.py")))
    assert len(seen) == 4


def test_odd_output_is_passed_on_line_by_line(play) -> None:
    stage = play("chatty")
    stage.hears("chatty   | xyy")
    assert "chatty   | 半行\nchatty   | \ufffd\nchatty   | xyy" in stage.said


def test_a_failing_step_ends_the_start_and_says_so(play) -> None:
    stage = play("broken", "steady")
    stage.process.wait(30)
    stage.ends(signal.SIGTERM)
    assert stage.process.returncode == 1
    assert "broken   | no\nbroken failed: exit code 1" in stage.said
    assert "here" not in stage.said


def test_a_second_start_in_the_same_directory_is_refused(play, folder: Path) -> None:
    first = play("steady")
    first.hears("up")
    second = play("steady")
    second.process.wait(30)
    second.hears(f"the system already runs in {folder} (process {first.process.pid})")
    assert second.process.returncode == 1
    assert first.process.poll() is None


if sys.platform == "linux":  # elsewhere the next start ends them

    @pytest.mark.faults
    def test_children_end_with_a_killed_supervisor(play) -> None:
        stage = play("servers", "steady")
        stage.hears("steady   | here")
        children = stage.children()
        assert len(children) > 3
        stage.ends(signal.SIGKILL)
        assert alive(children) == []


@pytest.mark.faults
def test_everything_killed_at_once_comes_up_again_with_what_was_committed(
    play, folder: Path
) -> None:
    stage = play("servers", "steady")
    stage.hears("steady   | here")
    kept = state.addresses(folder)
    assert kept is not None
    with psycopg.connect(kept.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    with Redis.from_url(kept.redis_url) as redis:
        redis.set("kept", "42")
    for process in [psutil.Process(stage.process.pid), *stage.children()]:
        with suppress(psutil.NoSuchProcess):  # a child ends by itself when its parent is gone
            process.kill()
    stage.ends(signal.SIGKILL)
    assert (folder / "postgres" / "data" / "postmaster.pid").exists()

    again = play("servers", "steady")
    again.hears("steady   | here")
    with psycopg.connect(kept.database_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    with Redis.from_url(kept.redis_url) as redis:
        assert redis.get("kept") == b"42"
    assert again.ends(signal.SIGTERM) < PROMPT


def test_children_learn_where_the_servers_answer(play, folder: Path) -> None:
    stage = play("servers", "asks")
    stage.hears("asks     | postgresql+psycopg://sifang:")
    stage.hears(" unix://")
    found = servers.resolve(config.load({"SIFANG_VAR": str(folder)}))
    assert found.database_url == state.addresses(folder).database_url
    stage.ends(signal.SIGTERM)
    assert state.addresses(folder) is None


def test_one_command_runs_with_the_servers_around_it(folder: Path) -> None:
    script = "import config; s = config.load(); print(bool(s.database_url and s.redis_url))"
    result = subprocess.run(
        [sys.executable, "-m", "app.host", "run", sys.executable, "-c", script],
        env=config.environment({"SIFANG_VAR": str(folder)}),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (result.returncode, result.stdout) == (0, "True\n"), result.stderr
    assert state.addresses(folder) is None
    assert not (folder / "postgres" / "data" / "postmaster.pid").exists()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], process_group=0
    )
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def claim(folder: Path) -> Iterator[Callable[[], state.Claim]]:
    """Take the lock as the next run does, after the former one was killed: its record stays."""
    taken: list[state.Claim] = []

    def take() -> state.Claim:
        for former in taken:
            former.file.close()
        taken.append(state.claim(folder))
        return taken[-1]

    yield take
    for former in taken:
        former.file.close()


def test_what_an_earlier_run_left_behind_is_ended(
    claim: Callable[[], state.Claim], sleeper: subprocess.Popen[bytes]
) -> None:
    first = claim()
    first.started("sleeper", sleeper.pid, signal.SIGTERM)
    assert claim().end_left_over() == ["sleeper"]
    assert sleeper.poll() is not None


def test_a_stranger_with_the_number_of_a_former_child_is_left_alone(
    claim: Callable[[], state.Claim], sleeper: subprocess.Popen[bytes]
) -> None:
    first = claim()
    first.started("gone", sleeper.pid, signal.SIGKILL)
    first.entries["gone"] = replace(first.entries["gone"], started=1.0)
    first.started("gone too", 2**22 + 1, signal.SIGKILL)
    first._save()
    assert claim().end_left_over() == []
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"processes": [{"unknown": 1}]}'])
def test_a_spoilt_record_stops_nobody_from_starting(
    claim: Callable[[], state.Claim], folder: Path, text: str
) -> None:
    folder.mkdir()
    (folder / "run.json").write_text(text)
    assert claim().end_left_over() == []


def test_a_port_in_use_is_named_before_anything_starts(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = config.load({"SIFANG_VAR": str(folder), "PORT": str(port)})
        with pytest.raises(HostError, match=f"^PORT: {port} on 127.0.0.1 is in use .* PORT="):
            plan.refuse_taken(settings)
    plan.refuse_taken(settings)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1"])
def test_a_foreign_host_is_named(folder: Path, host: str) -> None:
    settings = config.load({"SIFANG_VAR": str(folder), "HOST": host})
    with pytest.raises(HostError, match=r"^HOST: "):
        plan.refuse_taken(settings)
